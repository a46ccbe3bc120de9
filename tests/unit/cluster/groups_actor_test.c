/* SPDX-License-Identifier: MIT */
/* Groups over several nodes: each comes to know the same members, whatever happens between. */
#include <string.h>
#include <troupe/groups.h>

#include "cluster/groups_word.h"
#include "core/actor.h"
#include "core/groups.h"
#include "support/cast.h"
#include "support/fleet.h"
#include "support/world_fixture.h"

#define GROUPS 3
#define MEMBERS_MAX 512
static const char *const names[GROUPS] = {"red", "green", "blue"};

/* What is so: who is in which group. */
static struct truth {
    troupe_ref ref;
    bool is_in[GROUPS];
    bool has_ended;
} truths[MEMBERS_MAX];
static uint32_t truth_count;
static uint32_t per_node;
static uint32_t changes; /* that each makes */

static troupe_error change(troupe_self *self, struct truth *truth, uint32_t group)
{
    const troupe_ref own = troupe_self_ref(self);
    const troupe_error error = truth->is_in[group] ? troupe_group_leave(self, names[group], own)
                                                   : troupe_group_join(self, names[group], own);
    truth->is_in[group] = error == TROUPE_OK ? !truth->is_in[group] : truth->is_in[group];
    return error;
}

static troupe_error is_member(troupe_self *self, void *argument)
{
    (void) argument;
    if (truth_count == MEMBERS_MAX) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    struct truth *truth = &truths[truth_count++];
    *truth = (struct truth) {.ref = troupe_self_ref(self)};
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < changes && error == TROUPE_OK; i++) {
        error = change(self, truth, (uint32_t) (troupe_self_random(self) % GROUPS));
        error =
            error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(troupe_self_random(self) % 4000));
    }
    if (error == TROUPE_OK && changes > 0 && troupe_self_random(self) % 3 != 0) {
        error = troupe_sleep(self, TROUPE_FOREVER);
    }
    truth->has_ended = true; /* in whatever groups it is */
    return error;
}

static troupe_error start_members(troupe_simulation *simulation, uint32_t node, void *context)
{
    (void) context;
    troupe_ref ref;
    troupe_error error = troupe_simulation_spawn(simulation, node, TROUPE_GROUPS, &ref);
    for (uint32_t i = 0; i < per_node && error == TROUPE_OK; i++) {
        error = troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = is_member), &ref);
    }
    return error;
}

static void begin(uint64_t seed, uint32_t nodes, uint32_t members)
{
    fleet_clear();
    memset(truths, 0, sizeof truths);
    truth_count = 0;
    per_node = members;
    changes = 12;
    fleet.start_each = start_members;
    fleet_begin(seed, nodes);
}

static tr_system *system_at(uint32_t node)
{
    const tr_berth *berth = tr_fleet_berth(tr_world_fleet(fleet.simulation->world), node);
    return berth->node != NULL ? tr_virtual_node_ends(berth->node)->system : NULL;
}

static bool lives(const struct truth *truth)
{
    for (uint32_t i = 0; i < fleet.count; i++) {
        if (truth->ref.node == fleet_id(i)) {
            return !truth->has_ended && troupe_simulation_is_up(fleet.simulation, i);
        }
    }
    return false;
}

static bool knows(const troupe_ref *members, size_t count, troupe_ref ref)
{
    for (size_t i = 0; i < count; i++) {
        if (troupe_ref_is_same(members[i], ref)) {
            return true;
        }
    }
    return false;
}

/* Whether this node's list of this group is right: no more than those that are, and no less. */
static bool is_right_at(uint32_t node, uint32_t group)
{
    troupe_ref members[MEMBERS_MAX];
    const size_t count = tr_groups_list(system_at(node), names[group], members, MEMBERS_MAX);
    size_t expected = 0;
    for (uint32_t i = 0; i < truth_count; i++) {
        if (truths[i].is_in[group] && lives(&truths[i])) {
            expected++;
            if (!knows(members, count, truths[i].ref)) {
                return false;
            }
        }
    }
    return count == expected;
}

static bool is_right(troupe_simulation *simulation, void *context)
{
    (void) context;
    for (uint32_t node = 0; node < fleet.count; node++) {
        for (uint32_t group = 0; group < GROUPS; group++) {
            if (troupe_simulation_is_up(simulation, node) && !is_right_at(node, group)) {
                return false;
            }
        }
    }
    return true;
}

static void assert_right(void)
{
    assert_true(is_right(fleet.simulation, NULL));
}

/* Node "a" knows no member of that node. */
static void assert_none_of(uint32_t node)
{
    troupe_ref members[MEMBERS_MAX];
    for (uint32_t group = 0; group < GROUPS; group++) {
        const size_t count = tr_groups_list(system_at(0), names[group], members, MEMBERS_MAX);
        for (size_t i = 0; i < count; i++) {
            assert_true(members[i].node != fleet_id(node));
        }
    }
}

/* Promise: GROUPS-CONVERGE */
static void all_nodes_come_to_know_the_same(void **state)
{
    (void) state;
    begin(1, 4, 10);
    fleet_run(60000); /* all changes are made */
    assert_right();
    assert_int_equal(truth_count, 40);
    fleet_end();
}

/* Promise: GROUPS-LOSS */
static void members_go_with_their_node_and_come_back(void **state)
{
    (void) state;
    begin(2, 3, 6);
    fleet_run(60000);
    assert_right();
    fleet_script("crash b for 10 s");
    fleet_run(8000);
    assert_right(); /* without those of "b" */
    fleet_run(70000);
    assert_right(); /* with the new ones */
    fleet_stop_node(2);
    fleet_run(5000);
    assert_none_of(2);
    fleet_end();
}

/* Promise: GROUPS-HEAL */
static void views_are_the_same_again_after_a_cut(void **state)
{
    (void) state;
    begin(3, 4, 6);
    fleet_run(2000);
    fleet_script(
        "cut a from c for 20 s; cut a from d for 20 s; cut b from c for 20 s; "
        "cut b to d for 20 s");
    fleet_run(15000);
    assert_false(is_right(fleet.simulation, NULL)); /* each side knows its own */
    fleet_run(60000);
    assert_right();
    fleet_end();
}

/* While the way is cut: more changes than words can be under way, and then who is here leaves. */
static troupe_error is_restless(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_ref own = troupe_self_ref(self);
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(5100));
    for (uint32_t i = 0; i < 1200 && error == TROUPE_OK; i++) {
        error = troupe_group_join(self, "restless", own);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(500));
        error = error ? error : troupe_group_leave(self, "restless", own);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(500));
    }
    for (uint32_t i = 0; i < truth_count && error == TROUPE_OK; i++) {
        if (truths[i].ref.node == own.node && !truths[i].has_ended) {
            const uint32_t group = truths[i].is_in[0] ? 0 : truths[i].is_in[1] ? 1 : 2;
            truths[i].is_in[group] = false;
            error = troupe_group_leave(self, names[group], truths[i].ref);
        }
    }
    return error;
}

/* Promise: GROUPS-CONVERGE */
static void what_cannot_be_told_is_told_later(void **state)
{
    (void) state;
    troupe_ref ref;
    troupe_counts counts;
    begin(4, 2, 8);
    changes = 1;
    assert_ok(
        troupe_simulation_spawn(fleet.simulation, 0, TROUPE_SPAWN(.body = is_restless), &ref));
    fleet_script("at 5 s cut a to b for 2 s");
    fleet_run(6800);
    assert_false(is_right(fleet.simulation, NULL));
    troupe_simulation_counts(fleet.simulation, 0, &counts);
    assert_true(counts.refused > 0); /* words */
    fleet_run(20000);
    assert_right();
    fleet_end();
}

/* Its actor ends, and another takes its place. */
static troupe_error replaces_the_actor(troupe_self *self, void *argument)
{
    const bool is_again = argument != NULL;
    troupe_ref ref;
    if (is_again) {
        troupe_error error = troupe_spawn(self, TROUPE_GROUPS, &ref);
        return error ? error : troupe_sleep(self, TROUPE_FOREVER);
    }
    const troupe_error error = troupe_lookup(self, "troupe.groups", &ref);
    return error ? error : troupe_stop(self, ref);
}

/* Promise: GROUPS-LOSS */
static void members_go_with_the_actor_that_tells_of_them(void **state)
{
    (void) state;
    troupe_ref ref;
    begin(5, 3, 6);
    fleet_run(60000);
    assert_right();
    assert_ok(troupe_simulation_spawn(fleet.simulation, 1, TROUPE_SPAWN(.body = replaces_the_actor),
                                      &ref));
    fleet_run(1000);
    assert_none_of(1);
    assert_ok(troupe_simulation_spawn(
        fleet.simulation, 1, TROUPE_SPAWN(.body = replaces_the_actor, .argument = &ref), &ref));
    fleet_run(1000);
    assert_right();
    fleet_end();
}

/* Says in the name of many nodes that there are none of. */
static troupe_error says_what_is_not_so(troupe_self *self, void *argument)
{
    const tr_group_change change = {
        .ref = {.node = 0, .slot = 3, .generation = 2}, .group = "red", .has_joined = true};
    troupe_ref groups;
    (void) argument;
    troupe_error error =
        troupe_lookup_on(self, fleet_id(1), "troupe.groups", TROUPE_WITHIN_S(1), &groups);
    for (uint64_t i = 1; i <= 200 && error == TROUPE_OK; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        tr_group_change said = change;
        said.ref.node = i << 40;
        error = tr_groups_word_make(self, &said, 1, true, true, &message);
        error = error ? error : tr_message_extend(&self->actor->worker->pool, &message);
        if (error == TROUPE_OK) {
            tr_message_extended(message)->node = said.ref.node;
            tr_message_extended(message)->from = (tr_address) {.slot = 2, .generation = 1};
            error = troupe_send_message(self, groups, &message);
        }
    }
    return error;
}

/* Promise: GROUPS-HOSTILE */
static void nothing_is_kept_of_nodes_that_there_are_not(void **state)
{
    (void) state;
    troupe_ref ref;
    size_t peers = 0;
    begin(6, 2, 4);
    fleet_run(60000);
    assert_right();
    assert_ok(troupe_simulation_spawn(fleet.simulation, 0,
                                      TROUPE_SPAWN(.body = says_what_is_not_so), &ref));
    fleet_run(1000);
    const tr_list *list = &system_at(1)->groups.peers;
    for (tr_list *at = tr_list_first(list); at != NULL; at = tr_list_next(list, at)) {
        peers++;
    }
    assert_int_equal(peers, 1);
    assert_right();
    fleet_end();
}

static void live_through(uint64_t seed, void *context)
{
    (void) context;
    begin(seed, 4, 1 + (uint32_t) (seed % 8));
    assert_ok(troupe_simulation_rate(
        fleet.simulation,
        TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_S(8), .crash_for = TROUPE_WITHIN_S(6),
                                .cut_every = TROUPE_WITHIN_S(3), .cut_for = TROUPE_WITHIN_S(6),
                                .stall_every = TROUPE_WITHIN_S(7),
                                .stall_for = TROUPE_WITHIN_S(5))));
    fleet_run(30000);
    const troupe_error error =
        troupe_simulation_settle(fleet.simulation, is_right, NULL, TROUPE_WITHIN_S(90));
    if (error != TROUPE_OK) {
        print_error("%s\n", troupe_simulation_fault(fleet.simulation));
    }
    assert_ok(error);
    fleet_run(60000);
    assert_right();
    fleet_end();
}

/* Promise: GROUPS-RANDOM */
static void views_converge_whatever_happens(void **state)
{
    (void) state;
    for_each_seed(40, live_through, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_nodes_come_to_know_the_same),
        cmocka_unit_test(members_go_with_their_node_and_come_back),
        cmocka_unit_test(views_are_the_same_again_after_a_cut),
        cmocka_unit_test(what_cannot_be_told_is_told_later),
        cmocka_unit_test(members_go_with_the_actor_that_tells_of_them),
        cmocka_unit_test(nothing_is_kept_of_nodes_that_there_are_not),
        cmocka_unit_test(views_converge_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
