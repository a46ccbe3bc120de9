/* SPDX-License-Identifier: MIT */
/* What a worker promises: turns in order and of bounded length; the same run for the same seed. */
#include "core/worker.h"

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define BUDGET 10

/* How often others ran while one waited for its turn. */
struct fair {
    uint64_t turns_of_busy;
    uint64_t longest;
};

/* Sends to itself without end, in the place of what it handles. */
static troupe_error goes_on(troupe_self *self, void *state, troupe_message **message)
{
    struct fair *fair = *(struct fair **) state;
    fair->turns_of_busy++;
    return fair->turns_of_busy < 5000 ? troupe_continue(self, message) : TROUPE_OK;
}

static troupe_error knows_fair(troupe_self *self, void *state, void *argument)
{
    *(void **) state = argument;
    return send_figure(self, troupe_self_ref(self), 1);
}

static const troupe_behavior busy =
    TROUPE_BEHAVIOR(.name = "busy", .state_size = sizeof(struct fair *), .start = knows_fair,
                    .other = goes_on);

/* The same as a coroutine. */
static troupe_error keeps_busy(troupe_self *self, void *argument)
{
    struct fair *fair = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = send_figure(self, troupe_self_ref(self), 1);
    while (error == TROUPE_OK && fair->turns_of_busy < 5000) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_continue(self, &message);
        fair->turns_of_busy++;
    }
    return error;
}

/* Yields, and looks how much the other did meanwhile. */
static troupe_error wants_its_turn(troupe_self *self, void *argument)
{
    struct fair *fair = argument;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && fair->turns_of_busy < 5000) {
        const uint64_t before = fair->turns_of_busy;
        error = troupe_yield(self);
        const uint64_t meanwhile = fair->turns_of_busy - before;
        fair->longest = meanwhile > fair->longest ? meanwhile : fair->longest;
    }
    return error;
}

static void check_fairness(const troupe_spawn_options *options)
{
    struct fair fair = {0};
    tr_world *world = a_world_of(&(const tr_world_options) {.turn_messages = BUDGET});
    troupe_spawn_options given = *options;
    given.argument = &fair;
    (void) a_root(world, TROUPE_SPAWN(.body = wants_its_turn, .argument = &fair));
    (void) a_root(world, &given);
    tr_world_run(world);
    assert_int_equal(fair.turns_of_busy, 5000);
    assert_true(fair.longest > 0);
    assert_true(fair.longest <= 2 * BUDGET);
    drop_world(&world);
}

/* Promise: ACTOR-FAIRNESS */
static void lets_others_run_after_a_budget(void **state)
{
    (void) state;
    check_fairness(TROUPE_SPAWN(.behavior = &busy));
    check_fairness(TROUPE_SPAWN(.body = keeps_busy));
}

/* Members who send, ask and sleep at random. */
struct crowd {
    troupe_ref refs[5];
};

static troupe_error mingles(troupe_self *self, void *argument)
{
    const struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
    for (unsigned i = 0; i < 30 && error == TROUPE_OK; i++) {
        const troupe_ref to = crowd->refs[troupe_self_random(self) % 5];
        const troupe_timeout soon = TROUPE_WITHIN_US(troupe_self_random(self) % 2000);
        (void) ask_figure(self, to, i, soon, NULL); /* whatever comes of it */
        error = troupe_receive(self, &message, soon);
        error = error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
    }
    return error;
}

static uint64_t hash_of_run(uint64_t seed)
{
    struct crowd crowd;
    tr_world *world = a_world(seed, 3);
    for (unsigned i = 0; i < 5; i++) {
        crowd.refs[i] =
            a_root(world, TROUPE_SPAWN(.body = mingles, .argument = &crowd, .mailbox_capacity = 2,
                                       .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, 1000 * MS);
    const uint64_t hash = tr_world_trace_hash(world);
    drop_world(&world);
    return hash;
}

/* Promise: ACTOR-DETERMINISM */
static void runs_the_same_for_the_same_seed(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const uint64_t hash = hash_of_run(seed);
        assert_int_equal(hash_of_run(seed), hash);
        assert_int_not_equal(hash_of_run(seed + 1), hash);
    }
}

static troupe_error sends_thousand(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 1000 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

static troupe_error counts_in_order(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_S(1)) == TROUPE_OK) {
        cast->count += figure_of(message) == cast->count + 1 ? 1 : 0;
    }
    return TROUPE_OK;
}

static void run_refusing(uint64_t seed, void *context)
{
    (void) context;
    struct cast cast = {0};
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = seed, .workers = 2, .delay_ns_max = MS, .refuse_chance_percent = 80});
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = counts_in_order, .argument = &cast));
    (void) a_root(world, TROUPE_SPAWN(.body = sends_thousand, .argument = &cast,
                                      .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    tr_world_advance(world, 60000 * MS);
    assert_int_equal(cast.count, 1000);
    drop_world(&world);
}

static void keeps_order_when_batches_are_not_taken_at_once(void **state)
{
    (void) state;
    for_each_seed(20, run_refusing, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_others_run_after_a_budget),
        cmocka_unit_test(runs_the_same_for_the_same_seed),
        cmocka_unit_test(keeps_order_when_batches_are_not_taken_at_once),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
