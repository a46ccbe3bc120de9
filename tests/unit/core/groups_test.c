/* SPDX-License-Identifier: MIT */
/* The table of groups by itself. */
#include "core/groups.h"

#include <string.h>

#include "core/system.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static tr_system *system_of(void *state)
{
    return tr_world_worker(state, 0)->system;
}

static troupe_ref far_ref(uint64_t node, uint32_t slot)
{
    return (troupe_ref) {.node = node, .slot = slot, .generation = 1};
}

static void has_each_member_once(void **state)
{
    tr_system *system = system_of(*state);
    troupe_ref members[4];
    assert_ok(tr_groups_join(system, "x", far_ref(5, 1)));
    assert_ok(tr_groups_join(system, "x", far_ref(5, 1)));
    assert_ok(tr_groups_join(system, "x", far_ref(5, 2)));
    assert_ok(tr_groups_join(system, "y", far_ref(5, 1)));
    assert_int_equal(tr_groups_list(system, "x", members, 4), 2);
    assert_int_equal(tr_groups_list(system, "y", members, 4), 1);
    assert_int_equal(tr_groups_list(system, "z", members, 4), 0);
    assert_true(tr_groups_leave(system, "x", far_ref(5, 1)));
    assert_false(tr_groups_leave(system, "x", far_ref(5, 1)));
    assert_false(tr_groups_leave(system, "z", far_ref(5, 1)));
    assert_int_equal(tr_groups_list(system, "x", members, 4), 1);
    tr_groups_leave_all(system, far_ref(5, 1));
    tr_groups_leave_all(system, far_ref(5, 2));
    assert_int_equal(system->groups.member_count, 0);
    assert_int_equal(system->groups.by_name.count, 0); /* nothing is left of them */
}

static void drops_whom_their_node_does_not_name_again(void **state)
{
    tr_system *system = system_of(*state);
    troupe_ref members[4];
    for (uint32_t i = 1; i <= 3; i++) {
        assert_ok(tr_groups_join(system, "x", far_ref(5, i)));
    }
    assert_ok(tr_groups_join(system, "x", far_ref(6, 1)));
    tr_groups_doubt(system, 5);
    assert_ok(tr_groups_join(system, "x", far_ref(5, 2)));
    assert_int_equal(tr_groups_list(system, "x", members, 4), 4);
    tr_groups_drop_stale(system, 5);
    assert_int_equal(tr_groups_list(system, "x", members, 4), 2);
    tr_groups_doubt(system, 5);
    tr_groups_doubt(system, 6);
    tr_groups_drop_stale(system, 5);
    tr_groups_drop_stale(system, 6);
    assert_int_equal(system->groups.by_name.count, 0);
}

/* Promise: GROUPS-ROUTE */
static void picks_in_turn_and_by_key(void **state)
{
    tr_system *system = system_of(*state);
    uint32_t picked[4] = {0};
    uint32_t moved = 0;
    uint32_t before[64];
    for (uint32_t i = 0; i < 4; i++) {
        assert_ok(tr_groups_join(system, "x", far_ref(5 + i, i)));
    }
    for (uint32_t i = 0; i < 12; i++) {
        picked[tr_groups_pick(system, "x", TROUPE_GROUP_IN_TURN, 0).slot]++;
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(picked[i], 3);
    }
    for (uint32_t key = 0; key < 64; key++) {
        before[key] = tr_groups_pick(system, "x", TROUPE_GROUP_BY_KEY, key).slot;
    }
    assert_true(tr_groups_leave(system, "x", far_ref(5, 0)));
    for (uint32_t key = 0; key < 64; key++) {
        const uint32_t after = tr_groups_pick(system, "x", TROUPE_GROUP_BY_KEY, key).slot;
        moved += before[key] == 0 ? 1 : 0;
        assert_true(before[key] == 0 || after == before[key]);
    }
    assert_true(moved > 4 && moved < 32);
    assert_true(troupe_ref_is_none(tr_groups_pick(system, "z", TROUPE_GROUP_IN_TURN, 0)));
    for (uint32_t i = 1; i < 4; i++) {
        tr_groups_leave_all(system, far_ref(5 + i, i));
    }
}

/* Promise: GROUPS-BOUND */
static void has_so_many_members_at_most(void **state)
{
    tr_system *system = system_of(*state);
    for (uint32_t i = 0; i < TR_GROUP_MEMBERS_MAX; i++) {
        assert_ok(tr_groups_join(system, i % 2 != 0 ? "x" : "y", far_ref(5, i)));
    }
    assert_int_equal(tr_groups_join(system, "x", far_ref(6, 1)), TROUPE_ERROR_LIMIT_REACHED);
    assert_int_equal(tr_groups_join(system, "new", far_ref(6, 1)), TROUPE_ERROR_LIMIT_REACHED);
    assert_int_equal(system->groups.by_name.count, 2);
    tr_groups_doubt(system, 5);
    tr_groups_drop_stale(system, 5);
    assert_int_equal(system->groups.member_count, 0);
}

static void keeps_changes_of_own_ones_for_the_actor(void **state)
{
    tr_system *system = system_of(*state);
    const troupe_ref own = tr_system_ref(system, system->guardian);
    tr_group_change changes[4];
    assert_ok(tr_groups_join(system, "x", own));
    assert_int_equal(tr_groups_take_changes(system, changes, 4), 0); /* nobody to tell */
    tr_groups_set_actor(system, own);
    assert_true(tr_groups_leave(system, "x", own));
    assert_ok(tr_groups_join(system, "x", own));
    assert_ok(tr_groups_join(system, "x", far_ref(5, 1)));
    assert_true(troupe_ref_is_same(tr_groups_call(system), own));
    assert_true(troupe_ref_is_none(tr_groups_call(system))); /* once, until it looks */
    assert_int_equal(tr_groups_take_changes(system, changes, 4), 2);
    assert_true(!changes[0].has_joined && changes[1].has_joined);
    assert_int_equal(tr_groups_own(system, 0, changes, 4), 1);
    assert_int_equal(tr_groups_own(system, changes[0].number, changes, 4), 0);
    assert_true(tr_groups_leave(system, "x", own)); /* and is never told: freed in the end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(has_each_member_once),
        WITH_WORLD(drops_whom_their_node_does_not_name_again),
        WITH_WORLD(picks_in_turn_and_by_key),
        WITH_WORLD(has_so_many_members_at_most),
        WITH_WORLD(keeps_changes_of_own_ones_for_the_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
