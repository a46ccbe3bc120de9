/* SPDX-License-Identifier: MIT */
/* Crowds that promise each other things, wait too briefly, change their minds, are cancelled,
 * stopped and moved at random moments: what was promised is taken or discarded once, and nothing is
 * left. */
#include <string.h>
#include <troupe/troupe.h>

#include "base/random.h"
#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define PLAYERS 24
#define THINGS 6

struct thing {
    troupe_promise *promise; /* NULL: not made, or kept */
    unsigned made;
    unsigned kept;
    unsigned taken;
    unsigned discarded;
};

struct player {
    struct thing things[THINGS];
    uint64_t seed;
    troupe_ref ref;
};

static struct player players[PLAYERS];

static void discard(void *result)
{
    struct thing *thing = result;
    thing->discarded++;
}

static void keep_some(tr_random *random)
{
    struct thing *thing =
        &players[tr_random_below(random, PLAYERS)].things[tr_random_below(random, THINGS)];
    if (thing->promise == NULL) {
        return;
    }
    if (tr_random_chance(random, 1, 8)) {
        troupe_promise_destroy(&thing->promise);
    } else if (troupe_promise_complete(&thing->promise, thing, discard) == TROUPE_OK) {
        thing->kept++;
    }
}

static troupe_timeout some_timeout(tr_random *random)
{
    return tr_random_chance(random, 1, 4) ? TROUPE_FOREVER
                                          : TROUPE_WITHIN_US(tr_random_below(random, 4000));
}

static void take(struct thing *thing, troupe_error error, const void *result)
{
    if (error == TROUPE_OK) {
        thing->taken += result == thing ? 1 : 1000; /* another's is noticed */
    }
}

static troupe_error play_random(troupe_self *self, void *argument)
{
    struct player *player = argument;
    tr_random random;
    tr_random_seed(&random, player->seed);
    for (unsigned i = 0; i < THINGS; i++) {
        struct thing *thing = &player->things[i];
        TROUPE_AUTO(troupe_future) *future = NULL;
        troupe_error error = troupe_future_create(self, &future, &thing->promise);
        thing->made += error == TROUPE_OK ? 1 : 0;
        while (future != NULL && error == TROUPE_OK) {
            void *result = NULL;
            error = troupe_future_wait(self, &future, some_timeout(&random), &result);
            take(thing, error, result);
            if (error == TROUPE_ERROR_CANCELLED) {
                return error;
            }
            if (tr_random_chance(&random, 1, 3)) {
                keep_some(&random);
            }
            error = tr_random_chance(&random, 1, 3) ? TROUPE_OK : error;
        }
    }
    return TROUPE_OK;
}

static troupe_error resolved(troupe_self *self, void *state, troupe_error error, void *result,
                             void *context)
{
    (void) self;
    (void) state;
    take(context, error, result);
    return TROUPE_OK;
}

static troupe_error start_random(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    tr_random random;
    (void) state;
    tr_random_seed(&random, player->seed);
    for (unsigned i = 0; i < THINGS; i++) {
        struct thing *thing = &player->things[i];
        TROUPE_AUTO(troupe_future) *future = NULL;
        if (troupe_future_create(self, &future, &thing->promise) == TROUPE_OK) {
            thing->made++;
            /* What is refused is destroyed. */
            (void) troupe_future_then(self, &future, some_timeout(&random), resolved, thing);
        }
    }
    return TROUPE_OK;
}

static const troupe_behavior random_behavior =
    TROUPE_BEHAVIOR(.name = "random", .start = start_random);

static void signal_some(tr_world *world, tr_random *random)
{
    const struct player *player = &players[tr_random_below(random, PLAYERS)];
    const tr_address address = {.slot = player->ref.slot, .generation = player->ref.generation};
    if (address.generation != 0) {
        /* It may have ended. */
        (void) tr_actor_signal(tr_world_worker(world, 0), address,
                               tr_random_chance(random, 1, 2) ? TR_SIGNAL_CANCEL : TR_SIGNAL_STOP);
    }
}

static void spawn_all(tr_world *world, tr_random *random)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i].seed = tr_random_next(random);
        const troupe_spawn_options options = {.size = sizeof options,
                                              .body = i % 2 == 0 ? play_random : NULL,
                                              .behavior = i % 2 == 0 ? NULL : &random_behavior,
                                              .argument = &players[i],
                                              .place = TROUPE_PLACE_ANY};
        if (tr_world_spawn(world, &options, &players[i].ref) != TROUPE_OK) {
            players[i].ref = troupe_ref_none();
        }
        tr_world_advance(world, tr_random_below(random, MS));
        if (tr_random_chance(random, 1, 3)) {
            signal_some(world, random);
        }
        for (unsigned j = 0; j < 4; j++) {
            keep_some(random);
        }
    }
}

static void destroy_promises(void)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        for (unsigned j = 0; j < THINGS; j++) {
            troupe_promise_destroy(&players[i].things[j].promise);
        }
    }
}

/* Promises of those left are kept too, so that the stop finds nobody who waits for ever. */
static void end_world(tr_world *world, uint64_t seed, tr_random *random)
{
    for (unsigned i = 0; i < 100; i++) {
        keep_some(random);
        tr_world_advance(world, MS / 10);
    }
    if (seed % 3 == 0) {
        tr_world_destroy(&world); /* as it is */
        return;
    }
    for (unsigned i = 0; i < THINGS + 1; i++) {
        destroy_promises();
        tr_world_run(world);
    }
    drop_world(&world);
}

static void run(uint64_t seed, void *context)
{
    unsigned *kept = context;
    tr_random random;
    memset(players, 0, sizeof players);
    tr_random_seed(&random, seed);
    const tr_world_options options = {.seed = seed,
                                      .workers = 3,
                                      .delay_ns_max = MS,
                                      .moves_percent = (uint32_t) tr_random_below(&random, 20),
                                      .refuse_chance_percent = 10};
    /* One that is destroyed as it is may leave promises behind, which a shaken one may not. */
    tr_world *world = seed % 3 == 0 ? a_world_of(&options) : a_shaken_world_of(&options);
    spawn_all(world, &random);
    end_world(world, seed, &random);
    destroy_promises();
    for (unsigned i = 0; i < PLAYERS; i++) {
        for (unsigned j = 0; j < THINGS; j++) {
            const struct thing *thing = &players[i].things[j];
            assert_int_equal(thing->taken + thing->discarded, thing->kept);
            assert_true(thing->made <= 1 && thing->kept <= thing->made);
            *kept += thing->taken;
        }
    }
}

/* Promise: FUTURE-DROPPED, FUTURE-CANCEL-SAFE, FUTURE-MOVES */
static void gives_or_discards_what_was_promised_once(void **state)
{
    unsigned taken = 0;
    (void) state;
    for_each_seed(300, run, &taken);
    assert_true(taken > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_or_discards_what_was_promised_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
