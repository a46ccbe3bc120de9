/* SPDX-License-Identifier: MIT */
/* clock: the port through which all time comes, so that it can be virtual.
 *
 * Owns:    nothing; the context belongs to whoever made the clock.
 * Threads: the real clock any; a virtual one as its maker says. */
#ifndef TR_BASE_CLOCK_H
#define TR_BASE_CLOCK_H

#include <stdint.h>
#include <troupe/time.h>

/* A point in time that does not come. */
#define TR_NEVER UINT64_MAX

/* Nanoseconds since some fixed point; never goes back. */
typedef struct tr_clock {
    uint64_t (*now_ns)(void *context);
    void *context;
} tr_clock;

/* The kernel's CLOCK_MONOTONIC. */
tr_clock tr_clock_real(void);

/* The deadline that a timeout given at now_ns means; TR_NEVER for one without limit or not given.
 * A finite timeout gives a finite deadline. */
uint64_t tr_deadline_of(uint64_t now_ns, troupe_timeout timeout);

#endif
