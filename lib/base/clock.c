/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include "base/assert.h"

#include <stddef.h>
#include <time.h>

static uint64_t monotonic_now_ns(void *context)
{
    (void) context;
    struct timespec now = {0};
    const int result = clock_gettime(CLOCK_MONOTONIC, &now);
    TR_ASSERT(result == 0);
    return (uint64_t) now.tv_sec * UINT64_C(1000000000) + (uint64_t) now.tv_nsec;
}

tr_clock tr_clock_real(void)
{
    return (tr_clock) {.now_ns = monotonic_now_ns, .context = NULL};
}

uint64_t tr_deadline_of(uint64_t now_ns, troupe_timeout timeout)
{
    TR_ASSERT(now_ns < TR_NEVER);
    if (timeout.ns == 0 || timeout.ns == TROUPE_FOREVER.ns) {
        return TR_NEVER;
    }
    if (timeout.ns == TROUPE_NOW.ns) {
        return now_ns;
    }
    return timeout.ns < TR_NEVER - 1 - now_ns ? now_ns + timeout.ns : TR_NEVER - 1;
}
