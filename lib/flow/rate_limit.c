/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <troupe/rate_limit.h>

#include "base/assert.h"

/* In the units of the level. At most 2^32 tokens fit into 63 bits. */
#define TOKEN INT64_C(1000000000)
/* As deep as a level may be: so deep that one more burst does not overflow. */
#define LEVEL_MIN (INT64_MIN / 2)

static int64_t full(const troupe_rate_limit *limit)
{
    return (int64_t) limit->burst * TOKEN;
}

troupe_error troupe_rate_limit_init(troupe_rate_limit *limit, uint32_t rate, uint32_t burst)
{
    TR_REQUIRE(limit != NULL && rate > 0 && burst > 0, BAD_ARGUMENT);
    *limit = (troupe_rate_limit) {.rate = rate, .burst = burst};
    limit->level = full(limit);
    return TROUPE_OK;
}

/* What `rate` tokens a second bring in a nanosecond are `rate` units of the level: exact. */
static void fill(troupe_rate_limit *limit, uint64_t now_ns)
{
    if (now_ns <= limit->updated_ns) {
        return;
    }
    const uint64_t elapsed_ns = now_ns - limit->updated_ns;
    const uint64_t missing = (uint64_t) full(limit) - (uint64_t) limit->level; /* below 2^64 */
    limit->updated_ns = now_ns;
    if (elapsed_ns > missing / limit->rate) {
        limit->level = full(limit);
    } else {
        limit->level += (int64_t) (elapsed_ns * limit->rate);
    }
}

/* How long until the level is at least this, rounded up. */
static uint64_t time_until(const troupe_rate_limit *limit, int64_t level)
{
    if (limit->level >= level) {
        return 0;
    }
    const uint64_t missing = (uint64_t) level - (uint64_t) limit->level;
    return (missing - 1) / limit->rate + 1;
}

bool troupe_rate_limit_try(troupe_rate_limit *limit, uint32_t count, uint64_t now_ns)
{
    if (limit == NULL || count > limit->burst) {
        return false;
    }
    fill(limit, now_ns);
    if (limit->level < (int64_t) count * TOKEN) {
        return false;
    }
    limit->level -= (int64_t) count * TOKEN;
    return true;
}

uint64_t troupe_rate_limit_wait_ns(troupe_rate_limit *limit, uint32_t count, uint64_t now_ns)
{
    if (limit == NULL || count > limit->burst) {
        return UINT64_MAX;
    }
    fill(limit, now_ns);
    return time_until(limit, (int64_t) count * TOKEN);
}

troupe_error troupe_rate_limit_take(troupe_self *self, troupe_rate_limit *limit, uint32_t count,
                                    troupe_timeout timeout)
{
    TR_REQUIRE(self != NULL && limit != NULL && count <= limit->burst, BAD_ARGUMENT);
    const uint64_t now_ns = troupe_self_now_ns(self);
    const int64_t cost = (int64_t) count * TOKEN;
    const uint64_t wait_ns = troupe_rate_limit_wait_ns(limit, count, now_ns);
    TR_REQUIRE(wait_ns == 0 || timeout.ns == 0 || wait_ns <= timeout.ns, TIMED_OUT);
    TR_REQUIRE(limit->level >= LEVEL_MIN + full(limit), LIMIT_REACHED);
    limit->level -= cost;
    if (wait_ns == 0) {
        return TROUPE_OK;
    }

    /* A timeout of one nanosecond says not to wait at all. */
    const troupe_error error = troupe_sleep(self, troupe_timeout_of(wait_ns > 1 ? wait_ns : 2, 1));
    const uint64_t woken_ns = troupe_self_now_ns(self);
    if (error == TROUPE_OK || woken_ns >= now_ns + wait_ns) {
        return TROUPE_OK;
    }
    fill(limit, woken_ns);
    limit->level += cost;
    if (limit->level > full(limit)) {
        limit->level = full(limit);
    }
    return error;
}
