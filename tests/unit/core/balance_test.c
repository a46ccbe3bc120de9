/* SPDX-License-Identifier: MIT */
/* What balance promises: equal loads, those who talk much together, and rest when it is done. */
#include "core/balance.h"

#include <stdlib.h>
#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define US UINT64_C(1000)
#define SEEDS 20

static tr_world *a_balanced_world(uint64_t seed, uint32_t workers)
{
    return a_world_of(&(const tr_world_options) {.seed = seed,
                                                 .workers = workers,
                                                 .delay_ns_max = 10 * US,
                                                 .pass_ns = 100,
                                                 .has_balance = true});
}

static uint32_t worker_of(tr_world *world, troupe_ref ref)
{
    return tr_way_from(atomic_load(&slot_of(world, ref)->way));
}

/* Those that went to another worker by themselves. */
static uint64_t moves_of(tr_world *world)
{
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_true(counts.taken == counts.given);
    return counts.given + counts.drawn;
}

/* Computes in pieces of 100 us, as long as it lives. */
static troupe_error crunch(troupe_self *self, void *world)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK &&
           troupe_receive(self, &message, TROUPE_NOW) != TROUPE_ERROR_STOPPING) {
        tr_world_spend(world, 100 * US);
        error = troupe_yield(self);
    }
    return TROUPE_OK;
}

static void add_crunchers(tr_world *world, uint32_t count, troupe_ref *refs)
{
    for (uint32_t i = 0; i < count; i++) {
        refs[i] = a_root(world, TROUPE_SPAWN(.body = crunch, .argument = world));
    }
}

static void count_by_worker(tr_world *world, const troupe_ref *refs, uint32_t count,
                            uint32_t *by_worker)
{
    for (uint32_t i = 0; i < count; i++) {
        by_worker[worker_of(world, refs[i])]++;
    }
}

static void share_out(uint64_t seed, uint32_t workers, uint32_t actors, uint32_t difference_max)
{
    troupe_ref refs[32];
    uint32_t by_worker[4] = {0};
    tr_world *world = a_balanced_world(seed, workers);
    add_crunchers(world, actors, refs);

    tr_world_advance(world, 500 * MS); /* in turns: one thread runs them all */

    count_by_worker(world, refs, actors, by_worker);
    for (uint32_t i = 0; i < workers; i++) {
        for (uint32_t k = 0; k < workers; k++) {
            assert_in_range(by_worker[i], 1, by_worker[k] + difference_max);
        }
    }
    drop_world(&world);
}

static void run_two(uint64_t seed, void *context)
{
    (void) context;
    share_out(seed, 2, 8, 0);
}

static void run_more(uint64_t seed, void *context)
{
    (void) context;
    share_out(seed, 3, 12, 1);
    share_out(seed, 4, 30, 1);
}

/* Promise: BALANCE-LOAD */
static void gives_half_of_those_that_compute_to_an_idle_worker(void **state)
{
    (void) state;
    for_each_seed(SEEDS, run_two, NULL);
}

/* Promise: BALANCE-LOAD */
static void evens_out_the_loads_of_many_workers(void **state)
{
    (void) state;
    for_each_seed(SEEDS, run_more, NULL);
}

/* Promise: BALANCE-REST */
static void stays_as_it_is_when_the_loads_are_even(void **state)
{
    (void) state;
    troupe_ref refs[9];
    tr_world *world = a_balanced_world(1, 3);
    add_crunchers(world, 9, refs);
    tr_world_advance(world, 200 * MS);
    const uint64_t moves = moves_of(world);

    tr_world_advance(world, 2000 * MS);

    assert_true(moves >= 6);
    assert_int_equal(moves_of(world), moves);
    drop_world(&world);
}

static troupe_error sit(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) argument;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        /* Till it is told to stop. */
    }
    return TROUPE_OK;
}

/* Promise: BALANCE-IDLE */
static void leaves_an_idle_node_asleep(void **state)
{
    (void) state;
    troupe_counts before;
    troupe_counts after;
    tr_world *world = a_balanced_world(1, 4);
    for (uint32_t i = 0; i < 8; i++) {
        (void) a_root(world, TROUPE_SPAWN(.body = sit));
    }
    tr_world_run(world);
    tr_world_counts(world, &before);

    for (uint32_t i = 0; i < 4; i++) {
        assert_true(tr_worker_next_due_ns(tr_world_worker(world, i)) == TR_NEVER);
    }
    for (uint32_t i = 0; i < 100; i++) {
        tr_world_advance(world, 100 * MS); /* each looks at all workers once */
    }
    tr_world_counts(world, &after);
    assert_int_equal(after.batches_sent, before.batches_sent);
    drop_world(&world);
}

/* Promise: BALANCE-FIXED */
static void leaves_those_where_they_are_that_are_fixed(void **state)
{
    (void) state;
    troupe_ref fixed[6];
    tr_world *world = a_balanced_world(1, 2);
    for (uint32_t i = 0; i < 6; i += 3) {
        fixed[i] = a_root(world, TROUPE_SPAWN(.body = crunch, .argument = world, .pinned = 1));
        fixed[i + 1] = a_root(world, TROUPE_SPAWN(.body = crunch, .argument = world,
                                                  .place = TROUPE_PLACE_WORKER, .place_worker = 0));
        fixed[i + 2] = a_root(world, TROUPE_SPAWN(.body = crunch, .argument = world,
                                                  .place = TROUPE_PLACE_BY_KEY, .place_key = 7));
    }
    const uint32_t key_worker = worker_of(world, fixed[2]);
    const troupe_ref free = a_root(world, TROUPE_SPAWN(.body = crunch, .argument = world));

    tr_world_advance(world, 500 * MS);

    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(worker_of(world, fixed[i]), i % 3 == 2 ? key_worker : 0);
    }
    assert_int_equal(worker_of(world, free), 1); /* the only one that may go */
    assert_int_equal(moves_of(world), 1);
    drop_world(&world);
}

/* Two that send each other a ball. */

struct game {
    tr_world *world;
    troupe_ref first;
    troupe_ref second;
    uint64_t hop_ns; /* that a message takes its handler */
};

struct player {
    const struct game *game;
};

static troupe_error hit(troupe_self *self, const struct game *game, troupe_ref to)
{
    tr_world_spend(game->world, game->hop_ns);
    return troupe_send_struct(self, to, &item_type, &(const uint64_t) {0});
}

static troupe_error enter(troupe_self *self, void *state, void *argument)
{
    struct player *player = state;
    player->game = argument;
    return troupe_ref_is_none(player->game->first) ? TROUPE_OK
                                                   : hit(self, player->game, player->game->first);
}

static troupe_error hit_back(troupe_self *self, void *state, troupe_message **message)
{
    const struct player *player = state;
    return hit(self, player->game, troupe_message_sender(*message));
}

static const troupe_handles hits[] = {{.type = &item_type, .handler = hit_back}, {0}};
static const troupe_behavior player_behavior =
    TROUPE_BEHAVIOR(.name = "player", .state_size = sizeof(struct player), .start = enter,
                    .handlers = hits);

static void begin_game(tr_world *world, struct game *game, uint32_t pinned)
{
    game->world = world;
    game->hop_ns = game->hop_ns != 0 ? game->hop_ns : 500;
    game->first = troupe_ref_none();
    game->first = a_root(world, TROUPE_SPAWN(.behavior = &player_behavior, .argument = game,
                                             .place = TROUPE_PLACE_ANY, .pinned = pinned));
    game->second = a_root(
        world, TROUPE_SPAWN(.behavior = &player_behavior, .argument = game, .pinned = pinned));
    assert_int_not_equal(worker_of(world, game->first), worker_of(world, game->second));
}

static bool is_together(void *context)
{
    const struct game *game = context;
    return worker_of(game->world, game->first) == worker_of(game->world, game->second);
}

static void play_one(uint64_t seed, void *context)
{
    (void) context;
    struct game game = {.hop_ns = 500};
    tr_world *world = a_balanced_world(seed, 2);
    begin_game(world, &game, 0);

    assert_true(tr_world_until(world, is_together, &game, 1000 * MS));

    const uint64_t moves = moves_of(world);
    assert_int_equal(moves, 1);
    tr_world_advance(world, 300 * MS);
    assert_int_equal(moves_of(world), moves);
    drop_world(&world);
}

/* Promise: BALANCE-TALK, BALANCE-REST */
static void draws_together_two_that_talk_much(void **state)
{
    (void) state;
    for_each_seed(SHAKES ? 2 : 10, play_one, NULL);
}

/* Promise: BALANCE-FIXED */
static void draws_nobody_who_is_pinned(void **state)
{
    (void) state;
    struct game game = {.hop_ns = 500};
    tr_world *world = a_balanced_world(1, 2);
    begin_game(world, &game, 1);

    assert_false(tr_world_until(world, is_together, &game, 500 * MS));

    assert_int_equal(moves_of(world), 0);
    drop_world(&world);
}

/* Promise: BALANCE-TALK */
static void leaves_two_apart_that_compute_more_than_they_talk(void **state)
{
    (void) state;
    struct game game = {.hop_ns = 1500};
    tr_world *world = a_balanced_world(1, 2);
    begin_game(world, &game, 0);

    assert_false(tr_world_until(world, is_together, &game, 500 * MS));

    assert_int_equal(moves_of(world), 0);
    drop_world(&world);
}

/* The one that is pinned cannot be drawn; the other must not be. */
static void play_beside_crunchers(uint64_t seed, void *context)
{
    (void) context;
    struct game game = {.hop_ns = 500};
    tr_world *world = a_balanced_world(seed, 2);
    begin_game(world, &game, 0);
    const uint32_t busy = worker_of(world, game.first);
    for (uint32_t i = 0; i < 4; i++) {
        (void) a_root(world, TROUPE_SPAWN(.body = crunch, .argument = world,
                                          .place = TROUPE_PLACE_WORKER, .place_worker = busy));
    }
    for (uint32_t i = 0; i < 50; i++) {
        tr_world_advance(world, 10 * MS);
        assert_int_not_equal(worker_of(world, game.second), busy);
    }
    drop_world(&world);
}

/* Promise: BALANCE-TALK */
static void draws_nobody_to_a_worker_that_has_much_to_do(void **state)
{
    (void) state;
    for_each_seed(5, play_beside_crunchers, NULL);
}

/* Policy. */

static void asks_the_one_that_has_most_to_give(void **state)
{
    (void) state;
    const tr_load loads[] = {
        {.standing = 3, .offer = 3}, {0}, {.standing = 9, .offer = 0}, {.standing = 5, .offer = 5}};
    uint32_t who = 0;

    assert_int_equal(tr_balance_decide(loads, 4, 1, 0, &who), TR_BALANCE_ASKS);
    assert_int_equal(who, 3);
    assert_int_equal(tr_balance_decide(loads, 4, 0, 3, &who), TR_BALANCE_ASKS);
    assert_int_equal(who, 3);
}

static void wakes_an_idle_one_when_it_has_much_itself(void **state)
{
    (void) state;
    const tr_load loads[] = {
        {.standing = 1, .offer = 1}, {.standing = 4, .offer = 4}, {.standing = 4, .offer = 0}, {0}};
    uint32_t who = 0;

    assert_int_equal(tr_balance_decide(loads, 4, 1, 4, &who), TR_BALANCE_WAKES);
    assert_int_equal(who, 3);
    assert_int_equal(tr_balance_decide(loads, 4, 2, 4, &who), TR_BALANCE_NOTHING);
}

static void does_nothing_for_a_difference_of_one(void **state)
{
    (void) state;
    const tr_load loads[] = {{.standing = 3, .offer = 3}, {.standing = 4, .offer = 4}};
    uint32_t who = 0;

    assert_int_equal(tr_balance_decide(loads, 2, 0, 3, &who), TR_BALANCE_NOTHING);
    assert_int_equal(tr_balance_decide(loads, 2, 1, 4, &who), TR_BALANCE_NOTHING);
    assert_int_equal(tr_balance_share(4, 3), 0);
    assert_int_equal(tr_balance_share(3, 4), 0);
    assert_int_equal(tr_balance_share(8, 1), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_half_of_those_that_compute_to_an_idle_worker),
        cmocka_unit_test(evens_out_the_loads_of_many_workers),
        cmocka_unit_test(stays_as_it_is_when_the_loads_are_even),
        cmocka_unit_test(leaves_an_idle_node_asleep),
        cmocka_unit_test(leaves_those_where_they_are_that_are_fixed),
        cmocka_unit_test(draws_together_two_that_talk_much),
        cmocka_unit_test(draws_nobody_who_is_pinned),
        cmocka_unit_test(leaves_two_apart_that_compute_more_than_they_talk),
        cmocka_unit_test(draws_nobody_to_a_worker_that_has_much_to_do),
        cmocka_unit_test(asks_the_one_that_has_most_to_give),
        cmocka_unit_test(wakes_an_idle_one_when_it_has_much_itself),
        cmocka_unit_test(does_nothing_for_a_difference_of_one),
    };
    return cmocka_run_group_tests_name("balance", tests, NULL, NULL);
}
