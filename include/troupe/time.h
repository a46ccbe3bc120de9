/* SPDX-License-Identifier: MIT */
/* time: how long a call may wait.
 *
 * A timeout is relative; the call makes a deadline of it by the node's clock, which is monotonic
 * and may be virtual. Where a scope has a deadline of its own, the earlier of the two holds.
 * Threads: any. */
#ifndef TROUPE_TIME_H
#define TROUPE_TIME_H

#include <stdint.h>
#include <troupe/api.h>

TROUPE_BEGIN

/* A value of its own type, so that no bare number can be mistaken for it. All zero means "not
 * given": the default that the call or the option documents. */
typedef struct troupe_timeout {
    uint64_t ns; /* 0: not given; 1: do not wait; UINT64_MAX: no limit */
} troupe_timeout;

static inline troupe_timeout troupe_timeout_of_ns(uint64_t ns)
{
    troupe_timeout timeout;
    timeout.ns = ns;
    return timeout;
}

/* n * unit, saturating; 0 means do not wait. */
static inline troupe_timeout troupe_timeout_of(uint64_t count, uint64_t unit_ns)
{
    if (count == 0) {
        return troupe_timeout_of_ns(1);
    }
    return troupe_timeout_of_ns(count < UINT64_MAX / unit_ns ? count * unit_ns : UINT64_MAX - 1);
}

/* For calls, and for what is set up while the program runs. */
#define TROUPE_NOW (troupe_timeout_of_ns(1))
#define TROUPE_FOREVER (troupe_timeout_of_ns(UINT64_MAX))
#define TROUPE_WITHIN_US(count) (troupe_timeout_of((count), UINT64_C(1000)))
#define TROUPE_WITHIN_MS(count) (troupe_timeout_of((count), UINT64_C(1000000)))
#define TROUPE_WITHIN_S(count) (troupe_timeout_of((count), UINT64_C(1000000000)))

/* For constant data, such as the spec of a supervisor: .window = TROUPE_CONSTANT_S(10). They are
 * initializers, of what fits 64 bits of nanoseconds. */
#define TROUPE_CONSTANT_NOW                                                                        \
    {                                                                                              \
        1                                                                                          \
    }
#define TROUPE_CONSTANT_FOREVER                                                                    \
    {                                                                                              \
        UINT64_MAX                                                                                 \
    }
#define TROUPE_CONSTANT_NS(ns)                                                                     \
    {                                                                                              \
        (ns) == 0 ? UINT64_C(1) : UINT64_C(1) * (ns)                                               \
    }
#define TROUPE_CONSTANT_US(count) TROUPE_CONSTANT_NS(UINT64_C(1000) * (count))
#define TROUPE_CONSTANT_MS(count) TROUPE_CONSTANT_NS(UINT64_C(1000000) * (count))
#define TROUPE_CONSTANT_S(count) TROUPE_CONSTANT_NS(UINT64_C(1000000000) * (count))

TROUPE_END

#endif
