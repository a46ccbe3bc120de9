/* SPDX-License-Identifier: MIT */
#include "integration/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixtures.h"

/* A file that is only in memory. */
static int open_store(void)
{
    const int fd = memfd_create("output", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static char *read_store(int fd)
{
    const off_t size = lseek(fd, 0, SEEK_END);
    assert_true(size >= 0);
    char *text = calloc(1, (size_t) size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t) size, 0), size);
    assert_int_equal(close(fd), 0);
    return text;
}

static pid_t start(const char *command, int out, int err)
{
    char text[4096];
    assert_true(snprintf(text, sizeof text, "%s", command) < (int) sizeof text);
    char *arguments[] = {(char[]) {"timeout"},
                         (char[]) {"--kill-after=5"},
                         (char[]) {"60"},
                         (char[]) {"bash"},
                         (char[]) {"-c"},
                         text,
                         NULL};

    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO), 0);

    pid_t pid = 0;
    assert_int_equal(posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ), 0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    return pid;
}

struct program program_run(const char *command)
{
    const int out = open_store();
    const int err = open_store();
    const pid_t pid = start(command, out, err);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);

    struct program program = {.status = WEXITSTATUS(status)};
    if (!WIFEXITED(status)) {
        program.status = 128 + WTERMSIG(status);
    }
    program.out = read_store(out);
    program.err = read_store(err);
    return program;
}

void program_fini(struct program *program)
{
    free(program->out);
    free(program->err);
    *program = (struct program) {0};
}
