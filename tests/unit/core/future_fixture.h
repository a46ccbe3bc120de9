/* SPDX-License-Identifier: MIT */
/* future_fixture: an actor of a test of futures, and what it shares with the test.
 *
 * Threads: the test's, and its world's. */
#ifndef TR_TESTS_UNIT_CORE_FUTURE_FIXTURE_H
#define TR_TESTS_UNIT_CORE_FUTURE_FIXTURE_H

#include <troupe/troupe.h>

#include "support/probe.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* A test's actor, its futures and what they get. */
struct player {
    struct probe *seen;
    tr_world *world;
    troupe_ref ref;
    troupe_timeout timeout;
    troupe_future *future;
    troupe_promise *promises[3];
    unsigned discarded;
    unsigned value; /* of its address is what is promised */
};

static unsigned *discards; /* of the player that plays */

static inline void discard(void *result)
{
    (void) result;
    ++*discards;
}

static inline void make(struct player *player, uint64_t seed)
{
    *player = (struct player) {.seen = a_probe(), .timeout = TROUPE_FOREVER};
    player->world = a_world(seed, 2);
    discards = &player->discarded;
}

static inline void drop(struct player *player)
{
    drop_world(&player->world);
    drop_probe(&player->seen);
}

static inline void say(const struct player *player, const char *what, troupe_error error,
                       const void *result)
{
    probe_say(player->seen, "%s %s%s", what, troupe_error_name(error),
              result == &player->value ? " value" : "");
}

static inline troupe_error wait_for_it(troupe_self *self, struct player *player)
{
    void *result = NULL;
    const troupe_error error = troupe_future_wait(self, &player->future, player->timeout, &result);
    say(player, "wait", error, result);
    return error;
}

static inline void complete(struct player *player)
{
    assert_ok(troupe_promise_complete(&player->promises[0], &player->value, discard));
    assert_null(player->promises[0]);
}

#endif
