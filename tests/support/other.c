/* SPDX-License-Identifier: MIT */
#include "support/other.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixtures.h"

struct other *an_other(const char *role, const char *argument)
{
    struct other *other = calloc(1, sizeof *other);
    int ins[2];
    int outs[2];
    assert_non_null(other);
    assert_int_equal(pipe2(ins, O_CLOEXEC), 0);
    assert_int_equal(pipe2(outs, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ins[0], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, outs[1], STDOUT_FILENO), 0);
    char role_text[64];
    char argument_text[128];
    (void) snprintf(role_text, sizeof role_text, "%s", role);
    (void) snprintf(argument_text, sizeof argument_text, "%s", argument);
    char *arguments[] = {(char[]) {"other"}, role_text, argument_text, NULL};
    assert_int_equal(posix_spawn(&other->pid, "/proc/self/exe", &actions, NULL, arguments, environ),
                     0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    (void) close(ins[0]);
    (void) close(outs[1]);
    other->to = fdopen(ins[1], "w");
    other->from = fdopen(outs[0], "r");
    assert_true(other->to != NULL && other->from != NULL);
    (void) setvbuf(other->to, NULL, _IOLBF, 0);
    return other;
}

void other_say(struct other *other, const char *line)
{
    assert_true(fprintf(other->to, "%s\n", line) > 0);
}

const char *other_hears_back(struct other *other)
{
    assert_non_null(fgets(other->line, sizeof other->line, other->from));
    other->line[strcspn(other->line, "\n")] = '\0';
    return other->line;
}

const char *other_asked(struct other *other, const char *line)
{
    other_say(other, line);
    return other_hears_back(other);
}

void other_signal(const struct other *other, int signal)
{
    assert_int_equal(kill(other->pid, signal), 0);
}

static int end(struct other **in_other)
{
    struct other *other = *in_other;
    *in_other = NULL;
    int status = 0;
    (void) fclose(other->to);
    assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
    (void) fclose(other->from);
    free(other);
    return status;
}

void kill_other(struct other **in_other)
{
    other_signal(*in_other, SIGKILL);
    const int status = end(in_other);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

void drop_other(struct other **in_other)
{
    assert_int_equal(end(in_other), 0);
}

const char *line_for_other(void)
{
    static char line[256];
    if (fgets(line, sizeof line, stdin) == NULL) {
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

void say_as_other(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void) vprintf(format, arguments);
    va_end(arguments);
    (void) printf("\n");
    (void) fflush(stdout);
}
