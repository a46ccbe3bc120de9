/* SPDX-License-Identifier: MIT */
/* admission: refuses work when what is queued waits too long, so that the rest is served in time.
 *
 * A queue that empties now and then is a good one, however long it is in between; one of which
 * every message of a whole `interval` had waited longer than `target` stands, and helps nobody.
 * Then, until an interval is better, what has waited longer than twice the target is refused. What
 * is still admitted waits at most that long, whatever comes in. (The measure is that of CoDel: K.
 * Nichols and V. Jacobson, RFC 8289; that all over the limit is refused, not some at a growing
 * rate, is from servers, whose clients do not slow down for a loss: B. Maurer, Fail at Scale, ACM
 * Queue 13, 8, 2015.)
 *
 * For an actor's mailbox say .admission_target when spawning: the runtime then measures and
 * refuses. The functions here are for queues of a program's own.
 * Owns:    the struct is the user's, and needs no clean-up. Its counts may be read.
 * Threads: one at a time. */
#ifndef TROUPE_ADMISSION_H
#define TROUPE_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Zero means the default of each field. */
typedef struct troupe_admission_options {
    size_t size;             /* set by TROUPE_ADMISSION */
    troupe_timeout target;   /* longer than one message takes to handle; not given: 5 ms */
    troupe_timeout interval; /* not given: 100 ms */
} troupe_admission_options;

#define TROUPE_ADMISSION(...)                                                                      \
    (&(const troupe_admission_options) {.size = sizeof(troupe_admission_options), __VA_ARGS__})

typedef struct troupe_admission {
    uint64_t target_ns;
    uint64_t interval_ns;
    uint64_t interval_end_ns;
    uint64_t delay_ns_min; /* of this interval */
    uint64_t admitted;
    uint64_t refused;
    uint32_t is_standing; /* 1: the queue stood for the whole of the last interval */
    uint32_t reserved;
} troupe_admission;

/* `options` may be NULL. Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_admission_init(troupe_admission *admission, const troupe_admission_options *options);

/* Whether to do what has just been taken from the queue, where it had waited so long; false:
 * refuse it, with TROUPE_ERROR_OVERLOADED. Give a delay of 0 for the last one in the queue: nothing
 * stands behind it. Times are of one monotonic clock. */
TROUPE_API bool troupe_admission_decide(troupe_admission *admission, uint64_t delay_ns,
                                        uint64_t now_ns);

TROUPE_END

#endif
