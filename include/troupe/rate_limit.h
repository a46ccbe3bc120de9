/* SPDX-License-Identifier: MIT */
/* rate_limit: a bucket of tokens, filled at a steady rate, emptied by what it limits.
 *
 * A bucket holds at most `burst` tokens and begins full; what does not fit is not kept. In any span
 * of t seconds it so gives at most burst + rate * t of them. It counts in thousand-millionths of a
 * token and forgets none between two looks. Times are of one monotonic clock, such as
 * troupe_self_now_ns; a time before that of the last call counts as that one.
 * Owns:    the struct is the user's, and needs no clean-up. Its fields are the library's.
 * Threads: one at a time; one actor's, all its tasks may share it. */
#ifndef TROUPE_RATE_LIMIT_H
#define TROUPE_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_rate_limit {
    int64_t level;       /* thousand-millionths of a token; below 0: promised to those who wait */
    uint64_t updated_ns; /* when the level was that */
    uint32_t rate;
    uint32_t burst;
} troupe_rate_limit;

/* Makes a full bucket; `rate` is in tokens per second.
 * Errors: BAD_ARGUMENT if either is 0. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_rate_limit_init(troupe_rate_limit *limit,
                                                                 uint32_t rate, uint32_t burst);

/* Takes `count` tokens if they are there; false, and takes none, if not. */
TROUPE_API bool troupe_rate_limit_try(troupe_rate_limit *limit, uint32_t count, uint64_t now_ns);

/* How long until `count` tokens are there, if nobody else takes any: 0 if they are now, UINT64_MAX
 * if they never will, being more than `burst`. */
TROUPE_API uint64_t troupe_rate_limit_wait_ns(troupe_rate_limit *limit, uint32_t count,
                                              uint64_t now_ns);

/* Takes `count` tokens, after a sleep if need be. They are promised at once, so that those who come
 * later wait behind; one that gives up gives its tokens back. For coroutines, if it has to wait.
 * Waits:       until the tokens are there; not at all if that lies beyond `timeout` (not given: no
 *              limit).
 * Cancel-safe: the tokens are taken, or none is. Tokens that were due when the cancel came are
 *              taken.
 * Errors:      TIMED_OUT, at once, if they will not be there in time; LIMIT_REACHED if so many are
 *              promised already that the level cannot be told; STOPPING, CANCELLED, CANNOT_WAIT as
 *              troupe_sleep; BAD_ARGUMENT if count is more than burst. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_rate_limit_take(troupe_self *self,
                                                                 troupe_rate_limit *limit,
                                                                 uint32_t count,
                                                                 troupe_timeout timeout);

TROUPE_END

#endif
