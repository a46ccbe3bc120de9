/* SPDX-License-Identifier: MIT */
/* The root of the tree: it stops all, children first, and reports how the roots ended. */
#include "core/guardian.h"

#include "core/actor.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* Says when it is stopped, and how. */
struct member {
    const struct cast *cast;
};

static void says_stop(troupe_self *self, void *state, troupe_error reason)
{
    const struct member *member = state;
    (void) self;
    (void) tell(member->cast, "stop", reason);
}

static troupe_error remembers(troupe_self *self, void *state, void *argument)
{
    struct member *member = state;
    (void) self;
    member->cast = argument;
    return TROUPE_OK;
}

static const troupe_behavior stopping =
    TROUPE_BEHAVIOR(.name = "stopping", .state_size = sizeof(struct member), .start = remembers,
                    .stop = says_stop);

static troupe_error has_children(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.behavior = &stopping, .argument = argument, .place = TROUPE_PLACE_ANY),
        &ref);
    error = error ? error
                  : troupe_spawn(self,
                                 TROUPE_SPAWN(.behavior = &stopping, .argument = argument,
                                              .place = TROUPE_PLACE_ANY),
                                 &ref);
    error = error ? error : play_idle(self, NULL);
    (void) tell(cast, "parent", error);
    return error;
}

/* Spawns when it is told to stop. */
static troupe_error breeds_at_last(troupe_self *self, void *argument)
{
    troupe_ref ref;
    (void) tell(argument, "slept", troupe_sleep(self, TROUPE_FOREVER));
    return tell(argument, "spawned",
                troupe_spawn_nowait(self, TROUPE_SPAWN(.body = play_idle), &ref));
}

/* Promise: STOP-CROWD */
static void lets_nobody_spawn_once_they_are_told_to_stop(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = breeds_at_last, .argument = &cast));
    assert_true(tr_world_stop(*state));
    assert_said(cast.seen, "slept STOPPING", "spawned STOPPING");
    drop_probe(&cast.seen);
}

/* Promise: ACTOR-STOP */
static void stops_all_when_the_node_stops(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = has_children, .argument = &cast));
    tr_world_run(*state);
    assert_true(tr_world_stop(*state));
    assert_said(cast.seen, "parent STOPPING", "stop OK", "stop OK");
    assert_int_equal(tr_world_roots_ended(*state), 1);
    assert_int_equal(tr_world_root_error(*state), TROUPE_OK);
    drop_probe(&cast.seen);
}

static void cancels_all(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = has_children, .argument = &cast));
    tr_world_run(*state); /* until it has both its children */
    tr_guardian_cancel(tr_world_worker(*state, 0));
    tr_world_run(*state);
    assert_said(cast.seen, "parent CANCELLED", "stop CANCELLED", "stop CANCELLED");
    assert_int_equal(tr_world_root_error(*state), TROUPE_ERROR_CANCELLED);
    drop_probe(&cast.seen);
}

static void spawns_nothing_after_a_stop(void **state)
{
    troupe_ref ref;
    assert_true(tr_world_stop(*state));
    assert_fails(tr_world_spawn(*state, TROUPE_SPAWN(.body = play_idle), &ref), STOPPING);
    tr_guardian_stop(tr_world_worker(*state, 0)); /* again: nothing */
    tr_world_run(*state);
}

static troupe_error fails_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_ERROR_PROTOCOL;
}

static void reports_the_starts_of_roots(void **state)
{
    troupe_ref ref = {.slot = 77};
    assert_fails(tr_world_spawn(*state, TROUPE_SPAWN(.body = fails_at_once), &ref), PROTOCOL);
    assert_fails(tr_world_spawn(*state, TROUPE_SPAWN(.name = "neither"), &ref), BAD_ARGUMENT);
    assert_int_equal(ref.slot, 77);
    assert_int_equal(tr_world_root_error(*state), TROUPE_ERROR_PROTOCOL);
    (void) a_root(*state, TROUPE_SPAWN(.body = play_idle));
    assert_fails(
        tr_world_spawn(*state,
                       TROUPE_SPAWN(.body = play_sleeper, .ready_when = TROUPE_READY_WHEN_SAID,
                                    .start_timeout = TROUPE_WITHIN_MS(10)),
                       &ref),
        TIMED_OUT);
    tr_world_run(*state);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(lets_nobody_spawn_once_they_are_told_to_stop),
        IN_WORLDS(stops_all_when_the_node_stops),
        IN_WORLDS(cancels_all),
        IN_WORLDS(spawns_nothing_after_a_stop),
        IN_WORLDS(reports_the_starts_of_roots),
    };
    return cmocka_run_group_tests_name("guardian", tests, NULL, NULL);
}
