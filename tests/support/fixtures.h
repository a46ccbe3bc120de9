/* SPDX-License-Identifier: MIT */
/* fixtures: cmocka, included in the order it needs, and the assertions of this project.
 *
 * An assertion is made on the test's own thread, never in an actor or on a coroutine's stack: what
 * happens there is collected and looked at here. A test that holds a promise of docs/promises.md
 * has the comment "Promise: ID" directly above its function. One group of tests per program.
 * Threads: the test's own. */
#ifndef TR_TESTS_SUPPORT_FIXTURES_H
#define TR_TESTS_SUPPORT_FIXTURES_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <troupe/error.h>

/* The call returns TROUPE_OK; otherwise the error's name is printed. */
#define assert_ok(call) tr_assert_error(#call, (call), TROUPE_OK, __FILE__, __LINE__)

/* The call returns this error: assert_fails(troupe_send(...), MAILBOX_FULL). */
#define assert_fails(call, CODE)                                                                   \
    tr_assert_error(#call, (call), TROUPE_ERROR_##CODE, __FILE__, __LINE__)

/* Ends the test as skipped. The reason is shown by tests/run, which knows the skips that are
 * planned (tests/planned_skips.txt). */
#define skip_because(reason)                                                                       \
    do {                                                                                           \
        (void) fprintf(stderr, "SKIP %s: %s\n", __func__, (reason));                               \
        skip();                                                                                    \
    } while (0)

static inline void tr_assert_error(const char *call, troupe_error actual, troupe_error expected,
                                   const char *file, int line)
{
    char text[512];
    (void) snprintf(text, sizeof text, "%s\n    returned %s, expected %s", call,
                    troupe_error_name(actual), troupe_error_name(expected));
    _assert_true(actual == expected, text, file, line);
}

#endif
