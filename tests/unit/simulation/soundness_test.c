/* SPDX-License-Identifier: MIT */
/* What the walk over a node finds: a miscount, a place or a block that was forgotten. */
#include "simulation/soundness.h"

#include <string.h>

#include "core/ledger.h"
#include "support/world_fixture.h"

static troupe_error waiter(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {}
    return TROUPE_OK;
}

static int make_world_with_an_actor(void **state)
{
    tr_world *world = a_world(1, 2);
    *state = world;
    a_root(world, TROUPE_SPAWN(.body = waiter, .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    return 0;
}

#define WITH_ACTOR(test)                                                                           \
    cmocka_unit_test_setup_teardown(test, make_world_with_an_actor, drop_made_world)

static bool fault_has(const tr_world *world, const char *words)
{
    return strstr(tr_world_fault(world), words) != NULL;
}

static void finds_nothing_in_a_world_at_rest(void **state)
{
    assert_true(tr_world_is_sound(*state));
    assert_string_equal(tr_world_fault(*state), "");
}

/* Promise: WORLD-SOUND */
static void finds_a_message_that_was_counted_and_is_nowhere(void **state)
{
    tr_world *world = *state;
    tr_ledger *ledger = &tr_world_worker(world, 1)->ledger;

    tr_ledger_add(ledger, TR_COUNT_ACCEPTED, 1);

    assert_false(tr_world_is_sound(world));
    assert_true(fault_has(world, "are held"));
    tr_ledger_add(ledger, TR_COUNT_ACCEPTED, UINT64_MAX);
}

/* Promise: WORLD-SOUND */
static void finds_a_place_that_was_never_given_back(void **state)
{
    tr_world *world = *state;
    assert_true(tr_world_stop(world));
    tr_slot *slot = tr_slots_at(&tr_world_worker(world, 0)->system->slots, 1);

    atomic_fetch_add(&slot->admission, 1);

    assert_false(tr_world_is_sound(world));
    assert_true(fault_has(world, "depth 1"));
    atomic_fetch_sub(&slot->admission, 1);
}

/* Promise: WORLD-SOUND */
static void finds_a_flag_that_was_never_cleared(void **state)
{
    tr_world *world = *state;
    assert_true(tr_world_stop(world));
    tr_slot *slot = tr_slots_at(&tr_world_worker(world, 0)->system->slots, 1);

    atomic_fetch_or(&slot->admission, TR_SLOT_WAITING);

    assert_false(tr_world_is_sound(world));
    assert_true(fault_has(world, "flags 0x3"));
    atomic_fetch_and(&slot->admission, ~TR_SLOT_WAITING);
}

/* Promise: WORLD-SOUND */
static void finds_a_block_that_never_came_home(void **state)
{
    tr_world *world = *state;
    assert_true(tr_world_stop(world));
    tr_pool *pool = &tr_world_worker(world, 1)->pool;

    void *block = tr_pool_take(pool, 64);

    assert_false(tr_world_is_sound(world));
    assert_true(fault_has(world, "1 blocks"));
    tr_pool_give(pool, block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ACTOR(finds_nothing_in_a_world_at_rest),
        WITH_ACTOR(finds_a_message_that_was_counted_and_is_nowhere),
        WITH_ACTOR(finds_a_place_that_was_never_given_back),
        WITH_ACTOR(finds_a_flag_that_was_never_cleared),
        WITH_ACTOR(finds_a_block_that_never_came_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
