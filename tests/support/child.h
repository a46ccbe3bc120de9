/* SPDX-License-Identifier: MIT */
/* child: code that is to end its process, run in one of its own.
 *
 * Threads: the test's own, and no other must be running. */
#ifndef TR_TESTS_SUPPORT_CHILD_H
#define TR_TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* Runs run(context) in a child process and fills `text` with what that wrote to standard error, cut
 * to `size`. Returns how it ended, as waitpid does; a child whose run returns exits with 0. */
int status_of_child(void (*run)(void *context), void *context, char *text, size_t size);

/* The child ends by abort after having written a line that contains `expected`. */
#define assert_child_aborts(run, context, expected)                                                \
    tr_assert_child_aborts((run), (context), (expected), __FILE__, __LINE__)
void tr_assert_child_aborts(void (*run)(void *context), void *context, const char *expected,
                            const char *file, int line);

/* The child's run returns. */
#define assert_child_returns(run, context)                                                         \
    tr_assert_child_returns((run), (context), __FILE__, __LINE__)
void tr_assert_child_returns(void (*run)(void *context), void *context, const char *file, int line);

#endif
