/* SPDX-License-Identifier: MIT */
/* circuit_breaker: leaves alone for a while what keeps failing.
 *
 * Closed, it lets all calls through and counts how they end. When `failures_in_row` have failed in
 * a row, or failure_percent of the calls of the last `window`, of which there have to be calls_min,
 * it opens: it refuses all for `open_for`. Then it is half-open: it lets probes_max calls at once
 * through. When probes_needed of them have succeeded it closes, and all is forgotten; one that
 * fails opens it again, for twice as long, up to open_for_max. A probe that nobody records counts
 * as failed after open_for_max. (The pattern: M. Nygard, Release It!, 2007.)
 *
 *     const troupe_circuit_permit permit = troupe_circuit_breaker_allow(&breaker, now_ns);
 *     if (permit.epoch == 0) {
 *         return TROUPE_ERROR_OVERLOADED;
 *     }
 *     error = troupe_ask(...);
 *     troupe_circuit_breaker_record(&breaker, permit, troupe_circuit_result_of(error), now_ns);
 *
 * Times are of one monotonic clock, such as troupe_self_now_ns.
 * Owns:    the struct is the user's, and needs no clean-up. Its fields are the library's, but for
 *          the counts, which may be read.
 * Threads: one at a time; one actor's, all its tasks may share it. */
#ifndef TROUPE_CIRCUIT_BREAKER_H
#define TROUPE_CIRCUIT_BREAKER_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef enum troupe_circuit_state {
    TROUPE_CIRCUIT_CLOSED,
    TROUPE_CIRCUIT_OPEN,
    TROUPE_CIRCUIT_HALF_OPEN
} troupe_circuit_state;

typedef enum troupe_circuit_result {
    TROUPE_CIRCUIT_SUCCESS,
    TROUPE_CIRCUIT_FAILURE,
    TROUPE_CIRCUIT_IGNORED /* says nothing of the other side, such as a call that was cancelled */
} troupe_circuit_result;

/* Told of each change, from within allow, record or state; not to call those in turn. */
typedef void troupe_circuit_changed(void *context, troupe_circuit_state state);

/* Zero means the default of each field. */
typedef struct troupe_circuit_options {
    size_t size;                     /* set by TROUPE_CIRCUIT */
    troupe_timeout window;           /* what failure_percent looks at; not given: 10 s */
    troupe_timeout open_for;         /* the first time; not given: 1 s */
    troupe_timeout open_for_max;     /* not given: 60 s, or open_for if that is longer */
    troupe_circuit_changed *changed; /* NULL: nobody is told */
    void *context;                   /* of `changed`; borrowed */
    uint32_t failures_in_row;        /* 0: 5; UINT32_MAX: does not open it */
    uint32_t failure_percent;        /* 0: 50; above 100: does not open it */
    uint32_t calls_min;              /* 0: 20 */
    uint32_t probes_max;             /* at once; 0: 1 */
    uint32_t probes_needed;          /* 0: 1 */
    uint32_t reserved;               /* 0 */
} troupe_circuit_options;

#define TROUPE_CIRCUIT(...)                                                                        \
    (&(const troupe_circuit_options) {.size = sizeof(troupe_circuit_options), __VA_ARGS__})

/* The window is counted in so many parts; the oldest leaves it as a whole. */
#define TROUPE_CIRCUIT_PARTS 10

typedef struct troupe_circuit_breaker {
    troupe_circuit_options options;
    uint64_t epoch;    /* counts the changes of state, from 1 */
    uint64_t until_ns; /* open: until then */
    uint64_t probe_ns; /* half-open: when the last probe was let through */
    uint64_t part;     /* of time, counted from 0: the newest in the window */
    uint64_t succeeded[TROUPE_CIRCUIT_PARTS];
    uint64_t failed[TROUPE_CIRCUIT_PARTS];
    troupe_circuit_state state;
    uint32_t in_row;
    uint32_t opened_in_row; /* times since it was last closed */
    uint32_t probes;        /* under way */
    uint32_t probes_succeeded;
    uint32_t reserved;
    uint64_t allowed; /* counts for people */
    uint64_t refused;
    uint64_t opened;
} troupe_circuit_breaker;

/* To be handed back with the result of the call. A result of before the last change of state is
 * not counted. */
typedef struct troupe_circuit_permit {
    uint64_t epoch; /* 0: refused */
} troupe_circuit_permit;

/* Makes a closed one; `options` may be NULL.
 * Errors: BAD_ARGUMENT if options ask for what is not known, or open_for_max is below open_for. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_circuit_breaker_init(troupe_circuit_breaker *breaker, const troupe_circuit_options *options);

/* Asks for a call to be let through. Never waits. */
TROUPE_API troupe_circuit_permit troupe_circuit_breaker_allow(troupe_circuit_breaker *breaker,
                                                              uint64_t now_ns);

/* Says how the call ended; once for each that was let through. */
TROUPE_API void troupe_circuit_breaker_record(troupe_circuit_breaker *breaker,
                                              troupe_circuit_permit permit,
                                              troupe_circuit_result result, uint64_t now_ns);

TROUPE_API troupe_circuit_state troupe_circuit_breaker_state(troupe_circuit_breaker *breaker,
                                                             uint64_t now_ns);

/* What an error says of the other side: nothing if the call was cancelled, could not be made, or
 * found none to speak to because this side is stopping. */
TROUPE_API troupe_circuit_result troupe_circuit_result_of(troupe_error error);

TROUPE_END

#endif
