/* SPDX-License-Identifier: MIT */
/* Which window is whose. */
#include "core/far_window.h"

#include "base/memory.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

enum {
    WINDOWS = 40
};

static tr_address an_actor(uint32_t slot)
{
    return (tr_address) {.slot = slot, .generation = 7};
}

static void make(tr_system *system, tr_far_windows *windows, tr_far_window made[WINDOWS])
{
    tr_far_windows_init(windows, tr_allocator_default());
    windows->common = (tr_address) {.slot = 99, .generation = 1};
    for (uint32_t i = 0; i < WINDOWS; i++) {
        made[i] = (tr_far_window) {.outlet = {.slot = 100 + i, .generation = 1}};
        tr_list_init(&made[i].ready);
        assert_ok(tr_far_windows_add(system, windows, &made[i]));
    }
}

/* Promise: CREDIT-BOUND */
static void are_given_to_one_receiver_each_and_one_to_all_others(void **state)
{
    tr_system *system = tr_world_worker(*state, 0)->system;
    tr_far_windows windows;
    tr_far_window made[WINDOWS];
    uint32_t missed = 0;
    make(system, &windows, made);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < WINDOWS; i++) {
            const tr_address outlet = tr_far_windows_pick(system, &windows, an_actor(i));
            assert_int_equal(outlet.slot, 100 + i);
        }
    }
    assert_int_equal(tr_far_windows_pick(system, &windows, an_actor(1000)).slot, 99);
    assert_int_equal(tr_far_windows_look(system, &windows, &missed), 0);
    assert_int_equal(missed, 1);
    assert_true(tr_map_is_sound(&windows.bound));
    tr_far_windows_fini(&windows);
}

/* Promise: CREDIT-BOUND */
static void pass_to_another_receiver(void **state)
{
    tr_system *system = tr_world_worker(*state, 0)->system;
    tr_far_windows windows;
    tr_far_window made[WINDOWS];
    uint64_t uses = 0;
    uint32_t missed = 0;
    make(system, &windows, made);
    (void) tr_far_windows_pick(system, &windows, an_actor(1));
    (void) tr_far_windows_pick(system, &windows, an_actor(1));
    assert_true(tr_far_windows_is_bound(system, &made[0], &uses));
    assert_int_equal(uses, 2);
    tr_far_windows_unbind(system, &windows, &made[0], true);
    tr_far_windows_unbind(system, &windows, &made[1], false); /* which was ready */
    assert_false(tr_far_windows_is_bound(system, &made[0], &uses));
    assert_int_equal(tr_far_windows_look(system, &windows, &missed), WINDOWS - 1);
    for (uint32_t i = 2; i < WINDOWS; i++) {
        assert_int_equal(tr_far_windows_pick(system, &windows, an_actor(i)).slot, 100 + i);
    }
    assert_int_equal(tr_far_windows_pick(system, &windows, an_actor(1)).slot, 100);
    assert_int_equal(tr_far_windows_pick(system, &windows, an_actor(0)).slot, 99);
    tr_far_windows_fini(&windows);
}

/* Promise: CREDIT-BOUND */
static void are_known_until_something_changes(void **state)
{
    tr_system *system = tr_world_worker(*state, 0)->system;
    tr_far_windows windows;
    tr_far_window made[WINDOWS];
    tr_far_ways ways = {0};
    tr_address found = {0};
    const troupe_ref to = {.node = 5, .slot = 1, .generation = 7};
    make(system, &windows, made);
    assert_false(tr_far_ways_know(&ways, system, to, &found));
    const tr_address outlet = tr_far_windows_pick(system, &windows, an_actor(1));
    tr_far_ways_note(&ways, system, to, outlet);
    assert_false(tr_far_ways_know(&ways, system, (troupe_ref) {.node = 5, .slot = 1}, &found));
    assert_false(tr_far_ways_know(&ways, system,
                                  (troupe_ref) {.node = 13, .slot = 1, .generation = 7}, &found));
    for (unsigned i = 0; i < TR_FAR_WAY_USES; i++) {
        assert_true(tr_far_ways_know(&ways, system, to, &found));
        assert_true(tr_address_is_same(found, outlet));
    }
    assert_false(tr_far_ways_know(&ways, system, to, &found)); /* its use is to be counted */
    tr_far_ways_note(&ways, system, to, outlet);
    tr_far_windows_share(system, &windows, an_actor(98));
    assert_false(tr_far_ways_know(&ways, system, to, &found));
    tr_far_ways_note(&ways, system, to, outlet);
    tr_far_windows_unbind(system, &windows, &made[0], true);
    assert_false(tr_far_ways_know(&ways, system, to, &found));
    tr_far_windows_fini(&windows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(are_given_to_one_receiver_each_and_one_to_all_others),
        WITH_WORLD(pass_to_another_receiver),
        WITH_WORLD(are_known_until_something_changes),
    };
    return cmocka_run_group_tests_name("far_window", tests, NULL, NULL);
}
