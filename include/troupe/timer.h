/* SPDX-License-Identifier: MIT */
/* timer: messages to oneself, later.
 *
 * A timer that is due puts a message into its actor's mailbox, in room of its own. If the one
 * before is still queued it is skipped and counted in `missed`. Timers end with their actor.
 * Threads: the handler or body that self was given to. None of these waits. */
#ifndef TROUPE_TIMER_H
#define TROUPE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_timer {
    uint64_t id; /* 0: none; never used again by this actor */
} troupe_timer;

typedef struct troupe_timer_options {
    size_t size;             /* set by TROUPE_TIMER */
    troupe_timeout after;    /* until the first time; not given: `every` */
    troupe_timeout every;    /* from each to the next, without drift; not given: once */
    const troupe_type *type; /* of the message, which has a troupe_tick body; NULL:
                              * troupe_tick_type */
    uint64_t key;            /* handed through */
} troupe_timer_options;

#define TROUPE_TIMER(...)                                                                          \
    (&(const troupe_timer_options) {.size = sizeof(troupe_timer_options), __VA_ARGS__})

/* The body of a timer's message. */
typedef struct troupe_tick {
    troupe_timer timer;
    uint64_t key;
    uint64_t missed; /* times skipped since the last one */
} troupe_tick;
extern TROUPE_API const troupe_type troupe_tick_type;

/* Errors: LIMIT_REACHED (timers_max); NO_MEMORY; BAD_ARGUMENT if neither `after` nor `every` is
 *         given, or the type's body is not a troupe_tick. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_timer_start(troupe_self *self,
                                                             const troupe_timer_options *options,
                                                             troupe_timer *out_timer);

/* After this no message of the timer is handled, not even one that was queued.
 * Returns whether the timer was still going to fire or its message was queued. */
TROUPE_API bool troupe_timer_cancel(troupe_self *self, troupe_timer timer);

TROUPE_END

#endif
