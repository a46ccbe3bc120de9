/* SPDX-License-Identifier: MIT */
/* assert: what must be true if our code is right, and what a caller must keep to.
 *
 * Owns:    nothing.
 * Threads: any. */
#ifndef TR_BASE_ASSERT_H
#define TR_BASE_ASSERT_H

#include <stdbool.h>
#include <stddef.h>
#include <troupe/error.h>

#define TR_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define TR_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Always on. States what our own code guarantees, never what the world may do. */
#define TR_ASSERT(condition)                                                                       \
    (TR_LIKELY(condition) ? (void) 0 : tr_assert_failed(__FILE__, __LINE__, #condition))

/* At the border: returns TROUPE_ERROR_<code> to a caller that broke the contract. The one macro
 * that may hide a return. */
#define TR_REQUIRE(condition, code)                                                                \
    do {                                                                                           \
        if (TR_UNLIKELY(!(condition))) {                                                           \
            return TROUPE_ERROR_##code;                                                            \
        }                                                                                          \
    } while (false)

/* The struct of `type` whose `member` is at `pointer`; refuses to compile if that is of another
 * type. The conditional is there for that check only. */
#define TR_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *) (void *) ((char *) (true ? (pointer) : &((type *) 0)->member) -                      \
                        offsetof(type, member)))

/* The same for a pointer to const. */
#define TR_CONTAINER_OF_CONST(pointer, type, member)                                               \
    ((const type *) (const void *) ((const char *) (true ? (pointer)                               \
                                                         : &((const type *) 0)->member) -          \
                                    offsetof(type, member)))

/* Prints "file:line: broken invariant: expression" to standard error and aborts. */
__attribute__((cold, noreturn)) void tr_assert_failed(const char *file, int line,
                                                      const char *expression);

/* Prints "function: called with what it must not be: what" to standard error and aborts; for the
 * checks of debug builds. */
__attribute__((cold, noreturn, format(printf, 2, 3))) void tr_misused(const char *function,
                                                                      const char *format, ...);

#endif
