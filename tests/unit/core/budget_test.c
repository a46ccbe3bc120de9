/* SPDX-License-Identifier: MIT */
/* What the node's bytes promise: they are never exceeded, and who waits for them gets them. */
#include "core/budget.h"

#include "core/far_window.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define BUDGET 1000

static int make_small_world(void **state)
{
    *state = a_world_of(
        &(const tr_world_options) {.seed = 1, .memory_budget = BUDGET, .delay_ns_max = MS});
    return 0;
}

static int make_small_world_of_two(void **state)
{
    *state = a_world_of(&(const tr_world_options) {
        .seed = 1, .memory_budget = BUDGET, .delay_ns_max = MS, .workers = 2});
    return 0;
}

static uint64_t left_of(const tr_world *world)
{
    uint64_t left = atomic_load(&tr_world_worker(world, 0)->system->budget_left);
    for (uint32_t i = 0; i < tr_world_worker_count(world); i++) {
        left += tr_world_worker(world, i)->budget;
    }
    return left;
}

static void charges_the_mailbox_and_the_node_or_neither(void **state)
{
    tr_worker *worker = tr_world_worker(*state, 0);
    tr_slot slot = {0};
    atomic_store(&slot.bytes_limit, 2000);

    assert_int_equal(tr_budget_take(worker, &slot, 600), TR_BYTES_TAKEN);
    assert_int_equal(left_of(*state), BUDGET - 600);
    assert_int_equal(tr_budget_take(worker, &slot, 401), TR_BYTES_NODE_FULL);
    assert_int_equal(atomic_load(&slot.bytes), 600);
    assert_int_equal(tr_budget_take(worker, &slot, 1401), TR_BYTES_MAILBOX_FULL);
    assert_int_equal(left_of(*state), BUDGET - 600);

    tr_budget_return(worker, &slot, 600);
    tr_budget_settle(worker);
    assert_int_equal(atomic_load(&worker->system->budget_left), BUDGET);
    assert_int_equal(worker->budget, 0);
}

/* A window may end after the carrier whose bytes it counts in. */
static void charges_nobody_who_came_after_the_pool(void **state)
{
    tr_worker *worker = tr_world_worker(*state, 0);
    tr_slots *slots = &worker->system->slots;
    tr_slot window = {0};
    tr_slot *pool = tr_slots_take(slots);
    assert_non_null(pool);
    const tr_address carrier = {.slot = (uint32_t) (pool - slots->table),
                                .generation = tr_slot_generation(pool)};
    atomic_store(&window.bytes_limit, 500);
    atomic_store(&pool->bytes_limit, 500);
    tr_far_window_found(&window, carrier);
    assert_int_equal(tr_budget_take(worker, &window, 300), TR_BYTES_TAKEN);
    assert_int_equal(atomic_load(&pool->bytes), 300);

    tr_slots_give(slots, pool);
    assert_ptr_equal(tr_slots_take(slots), pool);
    assert_int_equal(tr_budget_take(worker, &window, 200), TR_BYTES_TAKEN);
    tr_budget_return(worker, &window, 500);
    assert_int_equal(atomic_load(&window.bytes), 0);
    assert_int_equal(atomic_load(&pool->bytes), 0);
    tr_slots_give(slots, pool);
}

static void gives_a_surplus_back_to_the_node(void **state)
{
    tr_worker *worker = tr_world_worker(*state, 0);
    const uint64_t before = left_of(*state);
    tr_slot slot = {0};
    atomic_store(&slot.bytes_limit, UINT64_MAX);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(tr_budget_take(worker, &slot, TR_BUDGET_PIECE), TR_BYTES_TAKEN);
    }
    for (int i = 0; i < 8; i++) {
        tr_budget_return(worker, &slot, TR_BUDGET_PIECE);
        assert_true(worker->budget <= 2 * TR_BUDGET_PIECE);
    }
    assert_int_equal(left_of(*state), before);
}

static troupe_error send_two_bulks(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    const troupe_send_options *at_once = TROUPE_SEND(.timeout = TROUPE_NOW);
    say_error(script->seen, "first", send_bulk(self, script->to, 256 + 800, NULL));
    say_error(script->seen, "second", send_bulk(self, script->other, 256 + 201, at_once));
    say_error(script->seen, "small", send_bulk(self, script->other, 256, at_once));
    say_error(script->seen, "too large", send_bulk(self, script->other, 256 + BUDGET + 1, NULL));
    say_error(script->seen, "waits", send_bulk(self, script->other, 256 + 201, NULL));
    return TROUPE_OK;
}

/* Promise: MAILBOX-NODE-BYTES */
static void meets_full_when_the_nodes_bytes_are_spent_and_is_served_later(void **state)
{
    struct probe *seen = a_probe();
    struct receiver first = {.seen = seen, .pause_ms = 10};
    struct receiver second = {.seen = NULL};
    struct script script = {.seen = seen};
    script.to = a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &first));
    script.other = a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &second,
                                               .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_two_bulks, .argument = &script));

    tr_world_advance(*state, 100 * MS);

    assert_said(seen, "first OK", "second MAILBOX_FULL", "small OK", "too large TOO_LARGE", "1056",
                "waits OK");
    assert_int_equal(second.count, 2);
    assert_int_equal(left_of(*state), BUDGET);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(charges_the_mailbox_and_the_node_or_neither,
                                        make_small_world, drop_made_world),
        cmocka_unit_test_setup_teardown(charges_nobody_who_came_after_the_pool, make_small_world,
                                        drop_made_world),
        WITH_WORLD(gives_a_surplus_back_to_the_node),
        cmocka_unit_test_setup_teardown(
            meets_full_when_the_nodes_bytes_are_spent_and_is_served_later, make_small_world,
            drop_made_world),
        cmocka_unit_test_setup_teardown(
            meets_full_when_the_nodes_bytes_are_spent_and_is_served_later, make_small_world_of_two,
            drop_made_world),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
