/* SPDX-License-Identifier: MIT */
#include "support/child.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixtures.h"

static size_t read_all(int from, char *text, size_t size)
{
    char rest[256];
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0) {
        const bool has_room = length + 1 < size;
        got = has_room ? read(from, text + length, size - 1 - length)
                       : read(from, rest, sizeof rest); /* or the child waits for ever */
        length += has_room && got > 0 ? (size_t) got : 0;
    }
    text[length] = '\0';
    return length;
}

int status_of_child(void (*run)(void *context), void *context, char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void) dup2(ends[1], STDERR_FILENO);
        (void) signal(SIGABRT, SIG_DFL); /* not cmocka's */
        run(context);
        _exit(0);
    }
    (void) close(ends[1]);
    (void) read_all(ends[0], text, size);
    (void) close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

void tr_assert_child_aborts(void (*run)(void *context), void *context, const char *expected,
                            const char *file, int line)
{
    char text[4096];
    const int status = status_of_child(run, context, text, sizeof text);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strstr(text, expected) == NULL) {
        print_error("the child ended with status %x and said, instead of '%s':\n%s\n",
                    (unsigned) status, expected, text);
        _fail(file, line);
    }
}

void tr_assert_child_returns(void (*run)(void *context), void *context, const char *file, int line)
{
    char text[4096];
    const int status = status_of_child(run, context, text, sizeof text);
    if (status != 0) {
        print_error("the child ended with status %x and said:\n%s\n", (unsigned) status, text);
        _fail(file, line);
    }
}
