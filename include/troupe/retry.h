/* SPDX-License-Identifier: MIT */
/* retry: does again what failed, after a while, if that is worth it and within a budget.
 *
 * Between two attempts lies a back-off: first_delay, doubled each time up to delay_max, less a part
 * that chance takes away, so that those who failed together do not come back together. It is
 * worth it where the error says that nothing was done and that this may change: MAILBOX_FULL,
 * OVERLOADED, EXPIRED, NO_SUCH_ACTOR and STALE (of a name that is looked up in each attempt),
 * LIMIT_REACHED, NO_MEMORY; for calls that are declared idempotent also where the outcome is not
 * known: TIMED_OUT, HANDLER_FAILED, NO_REPLY, NODE_LOST, KILLED, WOULD_DEADLOCK. Never past the
 * deadline of the message that is being handled or of the scope, nor once either is cancelled, or
 * the actor stopped.
 *
 *     static troupe_error look_up(troupe_self *self, const troupe_retry *retry, void *context)
 *     {
 *         struct search *search = context;
 *         return troupe_ask(self, search->to, &search->query.base,
 *                           troupe_retry_remaining(self, retry), &search->reply);
 *     }
 *     ...
 *     error = troupe_retry_call(self, TROUPE_RETRY(.timeout = TROUPE_WITHIN_S(2),
 *                                                  .is_idempotent = 1), look_up, &search);
 *
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_RETRY_H
#define TROUPE_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* What retries many calls may make together: each call pays in `percent` of one, a retry costs a
 * whole one, and at most `reserve` are kept. So there are never more retries than `reserve` and
 * `percent` in a hundred calls; when the other side is down that keeps the extra load small. It
 * begins with the reserve. (As the retry budget of Twitter's Finagle.)
 * Owns:    the struct is the user's, and needs no clean-up; one actor's, all its tasks may share
 *          it. Its counts may be read. */
typedef struct troupe_retry_budget {
    uint64_t balance; /* hundredths of a retry */
    uint32_t percent;
    uint32_t reserve;
    uint64_t calls;
    uint64_t retries;
    uint64_t refused; /* retries that would have been worth it */
} troupe_retry_budget;

/* Both may be 0: 10 percent, a reserve of 10. Errors: BAD_ARGUMENT if percent is above 1000. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_retry_budget_init(troupe_retry_budget *budget,
                                                                   uint32_t percent,
                                                                   uint32_t reserve);

/* Whether to do it again after this error, instead of what is said above. */
typedef bool troupe_retry_is_worth(troupe_error error, void *context);

/* Zero means the default of each field. */
typedef struct troupe_retry_options {
    size_t size;                     /* set by TROUPE_RETRY */
    troupe_retry_budget *budget;     /* NULL: none; borrowed */
    troupe_retry_is_worth *is_worth; /* NULL: as said above */
    void *context;                   /* of is_worth; borrowed */
    troupe_timeout timeout;          /* for all attempts together; not given: no limit */
    troupe_timeout first_delay;      /* not given: 20 ms */
    troupe_timeout delay_max;        /* not given: 2 s, or first_delay if that is longer */
    uint32_t attempts;               /* in all; 0: 3 */
    uint32_t jitter_percent;         /* of a delay, at most taken away; 0: 50; at most 100 */
    uint32_t is_idempotent;          /* 1: doing it twice is as good as once */
    uint32_t reserved;               /* 0 */
} troupe_retry_options;

#define TROUPE_RETRY(...)                                                                          \
    (&(const troupe_retry_options) {.size = sizeof(troupe_retry_options), __VA_ARGS__})

/* One call with its attempts. Its fields are the library's; `attempt` may be read. */
typedef struct troupe_retry {
    troupe_retry_options options;
    uint64_t deadline_ns;
    uint64_t delay_ns; /* the next one, before chance */
    uint32_t attempt;  /* counts from 1 */
    uint32_t reserved;
} troupe_retry;

/* Begins a call; `options` may be NULL. What it borrows has to live as long.
 * Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_retry_init(troupe_self *self,
                                                            const troupe_retry_options *options,
                                                            troupe_retry *out_retry);

/* What is left of the timeout, for an attempt; TROUPE_FOREVER without one. */
TROUPE_API troupe_timeout troupe_retry_remaining(const troupe_self *self,
                                                 const troupe_retry *retry);

/* An attempt has ended with this error: whether to make another, and after how long. Counts the
 * attempt and pays for it. Never waits: a behavior sets a timer. */
TROUPE_API bool troupe_retry_decide(troupe_self *self, troupe_retry *retry, troupe_error error,
                                    troupe_timeout *out_delay);

/* The same, and sleeps. True: make another attempt. False: *error is how the call has ended: what
 * it was, or CANCELLED or STOPPING if that came during the sleep. For coroutines.
 *
 *     do {
 *         error = ...;
 *     } while (troupe_retry_next(self, &retry, &error));
 */
TROUPE_API bool troupe_retry_next(troupe_self *self, troupe_retry *retry, troupe_error *error);

/* Makes one attempt. */
typedef troupe_error troupe_attempt(troupe_self *self, const troupe_retry *retry, void *context);

/* Makes attempts until one succeeds or no other is worth it. For coroutines.
 * Waits:       for what the attempts wait for, and between them.
 * Cancel-safe: a cancel between two attempts means that all before have failed.
 * Errors:      of the last attempt; CANCELLED, STOPPING, between two; CANNOT_WAIT; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_retry_call(troupe_self *self,
                                                            const troupe_retry_options *options,
                                                            troupe_attempt *attempt, void *context);

TROUPE_END

#endif
