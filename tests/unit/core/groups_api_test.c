/* SPDX-License-Identifier: MIT */
/* What actors can do with groups: send to one, to all, and hear of changes; own node first. */
#include <string.h>
#include <troupe/groups.h>

#include "support/cast.h"
#include "support/fleet.h"

#define MEMBERS_MAX 16

/* By the order in which they came. */
static struct {
    troupe_ref refs[MEMBERS_MAX];
    uint32_t got[MEMBERS_MAX];
    uint32_t count;
    uint32_t events;
    uint32_t members; /* as the last event said */
    troupe_error errors[MEMBERS_MAX];
    size_t outcomes;
    troupe_group_rule rule;
} stage;

static troupe_error is_member(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const uint32_t index = stage.count++;
    troupe_error error = troupe_group_join(self, "it", troupe_self_ref(self));
    stage.refs[index] = troupe_self_ref(self);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        stage.got[index] += error == TROUPE_OK ? 1 : 0;
        if (error == TROUPE_OK && figure_of(message) == 99) {
            return TROUPE_OK;
        }
    }
    return error;
}

static troupe_error watches(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_watch_group(self, "it");
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_group_event *event =
            message != NULL ? troupe_message_struct(message, &troupe_group_event_type) : NULL;
        if (error == TROUPE_OK && event != NULL) {
            stage.events++;
            stage.members = event->members;
        }
    }
    return error;
}

static troupe_error start_groups(troupe_simulation *simulation, uint32_t node, void *context)
{
    (void) context;
    troupe_ref ref;
    const troupe_error error = troupe_simulation_spawn(simulation, node, TROUPE_GROUPS, &ref);
    return error || node != 0
               ? error
               : troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = watches), &ref);
}

static troupe_error sends(troupe_self *self, void *argument)
{
    const uint32_t count = *(const uint32_t *) argument;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t figure = i;
        TROUPE_AUTO(troupe_message) *message = NULL;
        stage.errors[0] = troupe_message_create(self, &figure_type, &figure, &message);
        stage.errors[0] = stage.errors[0]
                              ? stage.errors[0]
                              : troupe_group_send(self, "it", stage.rule, i % 4, &message);
    }
    return TROUPE_OK;
}

static troupe_error broadcasts(troupe_self *self, void *argument)
{
    const uint64_t *figure = argument;
    troupe_group_outcome outcomes[MEMBERS_MAX];
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_message_create(self, &figure_type, figure, &message);
    troupe_group_report report = {.outcomes = outcomes, .room = MEMBERS_MAX};
    error = error ? error : troupe_group_broadcast(self, "it", message, NULL, &report);
    stage.outcomes = report.count;
    for (size_t i = 0; i < stage.outcomes; i++) {
        stage.errors[i] = outcomes[i].error;
    }
    return error;
}

static void spawn(uint32_t node, troupe_body *body, void *argument)
{
    troupe_ref ref;
    assert_ok(troupe_simulation_spawn(fleet.simulation, node,
                                      TROUPE_SPAWN(.body = body, .argument = argument), &ref));
    fleet_run(200);
}

/* `members[i]` of them on node i. */
static void begin(uint64_t seed, const uint32_t *members, uint32_t nodes)
{
    fleet_clear();
    memset(&stage, 0, sizeof stage);
    fleet.start_each = start_groups;
    fleet_begin(seed, nodes);
    fleet_run(1000);
    for (uint32_t i = 0; i < nodes; i++) {
        for (uint32_t k = 0; k < members[i]; k++) {
            spawn(i, is_member, NULL);
        }
    }
}

static uint32_t got_in_all(void)
{
    uint32_t got = 0;
    for (uint32_t i = 0; i < stage.count; i++) {
        got += stage.got[i];
    }
    return got;
}

/* Promise: GROUPS-ROUTE */
static void go_to_members_of_the_same_node_first(void **state)
{
    (void) state;
    uint32_t twelve = 12;
    const uint32_t members[] = {2, 3, 0};
    begin(1, members, 3);
    spawn(0, sends, &twelve);
    assert_ok(stage.errors[0]);
    assert_int_equal(stage.got[0], 6);
    assert_int_equal(stage.got[1], 6);
    spawn(2, sends, &twelve); /* which has none */
    assert_ok(stage.errors[0]);
    assert_int_equal(got_in_all(), 24);
    fleet_end();
}

/* Promise: GROUPS-ROUTE */
static void go_in_turn_or_by_key(void **state)
{
    (void) state;
    uint32_t twenty = 20;
    const uint32_t members[] = {2, 3};
    uint32_t before[MEMBERS_MAX];
    begin(2, members, 2);
    stage.rule = TROUPE_GROUP_IN_TURN;
    spawn(0, sends, &twenty);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(stage.got[i], 4);
    }
    memset(stage.got, 0, sizeof stage.got);
    stage.rule = TROUPE_GROUP_BY_KEY;
    spawn(0, sends, &twenty);
    memcpy(before, stage.got, sizeof before);
    assert_int_equal(got_in_all(), 20);
    spawn(1, sends, &twenty); /* on every node the same */
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(stage.got[i], 2 * before[i]);
    }
    fleet_end();
}

/* Promise: GROUPS-BROADCAST */
static void go_to_all_and_each_outcome_is_told(void **state)
{
    (void) state;
    uint64_t figure = 1;
    const uint32_t members[] = {1, 2, 1};
    begin(3, members, 3);
    spawn(0, broadcasts, &figure);
    assert_int_equal(stage.outcomes, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_ok(stage.errors[i]);
        assert_int_equal(stage.got[i], 1);
    }
    fleet_end();
}

/* Promise: GROUPS-EVENTS */
static void tell_who_watches_that_they_have_changed(void **state)
{
    (void) state;
    uint64_t end = 99;
    const uint32_t members[] = {1, 2};
    begin(4, members, 2);
    assert_int_equal(stage.members, 3);
    assert_true(stage.events >= 3);
    const uint32_t events = stage.events;
    fleet_script("crash b");
    fleet_run(8000);
    assert_int_equal(stage.members, 1);
    spawn(0, broadcasts, &end);
    assert_int_equal(stage.members, 0);
    assert_int_equal(stage.events, events + 2);
    stage.errors[0] = TROUPE_OK;
    uint32_t one = 1;
    spawn(0, sends, &one);
    assert_int_equal(stage.errors[0], TROUPE_ERROR_NO_SUCH_ACTOR);
    fleet_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go_to_members_of_the_same_node_first),
        cmocka_unit_test(go_in_turn_or_by_key),
        cmocka_unit_test(go_to_all_and_each_outcome_is_told),
        cmocka_unit_test(tell_who_watches_that_they_have_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
