/* SPDX-License-Identifier: MIT */
/* What the ledger promises: each message accepted ends in one counted outcome, by type too. */
#include "core/ledger.h"

#include <string.h>

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define CROWD 12

/* A crowd that does all sorts of things at random, and dies of it. */
struct crowd {
    troupe_ref refs[CROWD];
};

static troupe_error acts_at_random(troupe_self *self, const struct crowd *crowd)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_ref to = crowd->refs[troupe_self_random(self) % CROWD];
    troupe_ref ref;
    troupe_timer timer;
    troupe_monitor_id monitor;
    const troupe_timeout soon = TROUPE_WITHIN_US(troupe_self_random(self) % 3000);
    const troupe_on_full policy = (troupe_on_full) (troupe_self_random(self) % 5);
    troupe_error error = a_figure(self, 1, &message);
    switch (error ? 99 : troupe_self_random(self) % 10) {
    case 0:
    case 1:
        return troupe_send_message_with(self, to, &message,
                                        TROUPE_SEND(.on_full = policy, .expires = soon));
    case 2:
        return troupe_send_message_with(self, to, &message, TROUPE_SEND(.timeout = soon));
    case 3:
        return ask_figure(self, to, 1, soon, NULL);
    case 4:
        return troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(1)), &timer);
    case 5:
        return troupe_monitor(self, to, &monitor);
    case 6:
        return troupe_spawn_nowait(
            self, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY), &ref);
    case 7:
        return troupe_self_random(self) % 16 == 0 ? troupe_cancel(self, to) : TROUPE_OK;
    case 8:
        return troupe_self_random(self) % 8 == 0 ? troupe_stop(self, to) : TROUPE_OK;
    default:
        return troupe_sleep(self, soon);
    }
}

/* What becomes of a message that it has got. */
static troupe_error treat(troupe_self *self, const struct crowd *crowd, troupe_message **message)
{
    switch (troupe_self_random(self) % 5) {
    case 0:
        return reply_figure(self, *message, 1);
    case 1:
        return troupe_forward(self, crowd->refs[troupe_self_random(self) % CROWD], message);
    case 2:
        return troupe_stash(self, message);
    case 3:
        (void) troupe_unstash(self, 1 + troupe_self_random(self) % 3);
        return TROUPE_OK;
    default:
        return troupe_self_random(self) % 100 == 0 ? TROUPE_ERROR_FAILED : TROUPE_OK;
    }
}

static troupe_error lives_at_random(troupe_self *self, void *argument)
{
    const struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(50)); /* until all are there */
    for (unsigned i = 0; i < 60 && error != TROUPE_ERROR_CANCELLED; i++) {
        (void) acts_at_random(self, crowd); /* whatever comes of it */
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(1));
        if (error == TROUPE_OK && treat(self, crowd, &message) == TROUPE_ERROR_FAILED) {
            return TROUPE_ERROR_FAILED;
        }
        if (error == TROUPE_ERROR_STOPPING) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error handles_at_random(troupe_self *self, void *state, troupe_message **message)
{
    const struct crowd *crowd = *(const struct crowd **) state;
    (void) acts_at_random(self, crowd); /* what waits fails, what is full is parked */
    return treat(self, crowd, message) == TROUPE_ERROR_FAILED ? TROUPE_ERROR_FAILED : TROUPE_OK;
}

static troupe_error knows_crowd(troupe_self *self, void *state, void *argument)
{
    troupe_timer timer;
    *(struct crowd **) state = argument;
    return troupe_timer_start(
        self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(50), .every = TROUPE_WITHIN_MS(1)), &timer);
}

static const troupe_behavior random_behavior =
    TROUPE_BEHAVIOR(.name = "random", .state_size = sizeof(struct crowd *), .start = knows_crowd,
                    .other = handles_at_random);

static void run_crowd(uint64_t seed, void *context)
{
    uint64_t *outcomes = context;
    struct crowd crowd;
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 1 + (uint32_t) (seed % 4),
                                                            .delay_ns_max = MS / 2,
                                                            .refuse_chance_percent = 10});
    for (uint32_t i = 0; i < CROWD; i++) {
        troupe_spawn_options options = {.size = sizeof options,
                                        .argument = &crowd,
                                        .mailbox_capacity = 1 + i % 3,
                                        .on_full = (troupe_on_full) (1 + i % 6),
                                        .place = TROUPE_PLACE_ANY};
        options.body = i % 3 != 0 ? lives_at_random : NULL;
        options.behavior = i % 3 != 0 ? NULL : &random_behavior;
        crowd.refs[i] = a_root(world, &options);
    }
    for (unsigned i = 0; i < 20; i++) {
        tr_world_advance(world, 7 * MS);
        assert_sound(world);
    }
    troupe_counts counts;
    tr_world_counts(world, &counts);
    for (unsigned i = 0; i < TROUPE_OUTCOME_COUNT; i++) {
        outcomes[i] += counts.outcomes[i];
    }
    drop_world(&world);
}

/* Promise: LEDGER-IDENTITY */
static void balances_whatever_the_actors_do(void **state)
{
    (void) state;
    uint64_t outcomes[TROUPE_OUTCOME_COUNT] = {0};
    for_each_seed(300, run_crowd, outcomes);
    for (unsigned i = 0; i < TROUPE_OUTCOME_QUARANTINED; i++) {
        assert_true(outcomes[i] > 100); /* each way of ending was gone */
    }
}

static troupe_error sends_some(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t number = 7;
    TROUPE_AUTO(troupe_message) *other = NULL;
    troupe_error error = send_figure(self, cast->refs[0], 1);
    error = error ? error : send_figure(self, cast->refs[0], 2);
    error = error ? error : troupe_message_create(self, &other_figure_type, &number, &other);
    error = error ? error : troupe_send_message(self, cast->refs[0], &other);
    return error;
}

/* Promise: LEDGER-TYPE */
static void counts_by_type_and_outcome(void **state)
{
    struct cast cast = {0};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_idle));
    (void) a_root(*state, TROUPE_SPAWN(.body = sends_some, .argument = &cast));
    tr_world_run(*state);
    assert_true(tr_world_stop(*state));

    troupe_snapshot *snapshot = NULL;
    assert_ok(tr_world_snapshot(*state, &snapshot));
    uint64_t figures = 0;
    uint64_t others = 0;
    for (size_t i = 0; i < snapshot->type_count; i++) {
        const troupe_type_counts *type = &snapshot->types[i];
        figures += strcmp(type->type, "figure") == 0 ? type->outcomes[TROUPE_OUTCOME_HANDLED] : 0;
        others += strcmp(type->type, "other") == 0 ? type->outcomes[TROUPE_OUTCOME_HANDLED] : 0;
    }
    assert_int_equal(figures, 2);
    assert_int_equal(others, 1);
    assert_int_equal(troupe_counts_held(&snapshot->node), 0);
    troupe_snapshot_destroy(&snapshot);
}

static void counts_what_is_held(void **state)
{
    struct cast cast = {0};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 8));
    (void) a_root(*state, TROUPE_SPAWN(.body = sends_some, .argument = &cast));
    tr_world_run(*state);
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(troupe_counts_held(&counts), 3);
}

/* Promise: LEDGER-IDENTITY */
static void goes_on_counting_without_memory(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    struct cast cast = {0};
    tr_world *world = a_world_of(&(const tr_world_options) {.allocator = &allocator});
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 8));
    (void) a_root(world, TROUPE_SPAWN(.body = sends_some, .argument = &cast));
    tr_world_run(world);
    if (SHAKES) { /* each message is an allocation, and to be told to stop takes one */
        tr_failing_allocator_fail_at_random(&memory, 1, 2);
    } else {
        tr_failing_allocator_fail_after(&memory, 0);
    }
    drop_world(&world); /* stops it: three dead letters */
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balances_whatever_the_actors_do),
        WITH_WORLD(counts_by_type_and_outcome),
        WITH_WORLD(counts_what_is_held),
        cmocka_unit_test(goes_on_counting_without_memory),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
