/* SPDX-License-Identifier: MIT */
/* What the admission word promises to all threads. */
#include "core/slot.h"

#include <pthread.h>

#include "support/fixtures.h"

struct table {
    tr_slots slots;
    tr_slot *slot;
    uint32_t generation;
};

/* One slot of capacity 4 and 1000 bytes, open. */
static int make_slot(void **state)
{
    static struct table table;
    table = (struct table) {0};
    assert_ok(tr_slots_init(&table.slots, 3));
    table.slot = tr_slots_take(&table.slots);
    assert_non_null(table.slot);
    table.generation = tr_slot_generation(table.slot);
    atomic_store(&table.slot->capacity, 4);
    atomic_store(&table.slot->bytes_limit, 1000);
    tr_slot_open(table.slot);
    *state = &table;
    return 0;
}

static int drop_slot(void **state)
{
    struct table *table = *state;
    tr_slots_fini(&table->slots);
    return 0;
}

static uint32_t depth_of(tr_slot *slot)
{
    return (uint32_t) (atomic_load(&slot->admission) & TR_SLOT_DEPTH_MASK);
}

static tr_admission admit(const struct table *table, uint32_t margin, uint32_t count,
                          uint32_t *out_count)
{
    return tr_slot_admit(table->slot, table->generation, 4, margin, count, out_count);
}

/* Promise: MAILBOX-BOUND */
static void admits_up_to_the_limit_and_not_one_more(void **state)
{
    struct table *table = *state;
    uint32_t count = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(admit(table, 0, 1, &count), TR_ADMITTED);
        assert_int_equal(count, 1);
    }
    assert_int_equal(admit(table, 0, 1, &count), TR_FULL);
    assert_int_equal(depth_of(table->slot), 4);

    (void) tr_slot_release(table->slot, 1);
    assert_int_equal(admit(table, 0, 1, &count), TR_ADMITTED);
}

/* Promise: MAILBOX-BOUND */
static void gives_as_many_places_as_there_are(void **state)
{
    struct table *table = *state;
    uint32_t count = 0;
    assert_int_equal(admit(table, 0, 3, &count), TR_ADMITTED);
    assert_int_equal(count, 3);
    assert_int_equal(admit(table, 0, 3, &count), TR_ADMITTED);
    assert_int_equal(count, 1);
    assert_int_equal(admit(table, 0, 3, &count), TR_FULL);
}

/* Promise: SEND-MARGIN */
static void keeps_the_margin(void **state)
{
    struct table *table = *state;
    uint32_t count = 0;
    assert_int_equal(admit(table, 3, 2, &count), TR_ADMITTED);
    assert_int_equal(count, 1);
    assert_int_equal(admit(table, 3, 1, &count), TR_FULL);
    assert_int_equal(admit(table, UINT32_MAX, 1, &count), TR_FULL);
    assert_int_equal(admit(table, 0, 1, &count), TR_ADMITTED);
}

static void tells_ended_actors_from_those_that_never_were(void **state)
{
    struct table *table = *state;
    uint32_t count = 0;
    tr_slot *slot = table->slot;
    const uint32_t generation = table->generation;
    assert_int_equal(tr_slot_admit(slot, generation + 1, 4, 0, 1, &count), TR_UNKNOWN);
    assert_int_equal(tr_slot_admit(slot, 0, 4, 0, 1, &count), TR_UNKNOWN);

    (void) tr_slot_close(slot, 0);
    assert_int_equal(tr_slot_admit(slot, generation, 4, 0, 1, &count), TR_CLOSED);
    tr_slots_give(&table->slots, slot);
    assert_ptr_equal(tr_slots_take(&table->slots), slot);
    tr_slot_open(slot);
    assert_int_equal(tr_slot_admit(slot, generation, 4, 0, 1, &count), TR_CLOSED);
    assert_int_equal(tr_slot_admit(slot, generation + 1, 4, 0, 1, &count), TR_ADMITTED);
}

/* Promise: LINE-ORDER */
static void admits_nobody_past_those_who_wait(void **state)
{
    struct table *table = *state;
    uint32_t count = 0;
    assert_false(tr_slot_set_waiting(table->slot, table->generation, 4)); /* there is room */
    assert_int_equal(admit(table, 0, 4, &count), TR_ADMITTED);
    assert_true(tr_slot_set_waiting(table->slot, table->generation, 4));
    assert_true(tr_slot_set_waiting(table->slot, table->generation, 4));

    const uint64_t before = tr_slot_release(table->slot, 2);
    assert_true((before & TR_SLOT_WAITING) != 0);
    assert_int_equal(admit(table, 0, 1, &count), TR_FULL);
    assert_true(tr_slot_admit_waiter(table->slot));

    tr_slot_clear_waiting(table->slot);
    assert_int_equal(admit(table, 0, 1, &count), TR_ADMITTED);
    assert_false(tr_slot_admit_waiter(table->slot));
}

static void waits_for_nothing_once_it_is_closed(void **state)
{
    struct table *table = *state;
    (void) tr_slot_close(table->slot, 0);
    assert_false(tr_slot_set_waiting(table->slot, table->generation, 0));
    assert_false(tr_slot_admit_waiter(table->slot));
}

/* Promise: MAILBOX-BYTES */
static void takes_bytes_up_to_the_limit(void **state)
{
    struct table *table = *state;
    assert_true(tr_slot_take_bytes(table->slot, 600));
    assert_false(tr_slot_take_bytes(table->slot, 401));
    assert_true(tr_slot_take_bytes(table->slot, 400));
    assert_false(tr_slot_take_bytes(table->slot, 1));
    assert_false(tr_slot_take_bytes(table->slot, UINT64_MAX));

    tr_slot_return_bytes(table->slot, 1000);
    assert_true(tr_slot_take_bytes(table->slot, 1000));
}

static void gives_slots_back_with_the_next_generation(void **state)
{
    struct table *table = *state;
    tr_slot *second = tr_slots_take(&table->slots);
    tr_slot *third = tr_slots_take(&table->slots);
    assert_non_null(third);
    assert_null(tr_slots_take(&table->slots));
    assert_null(tr_slots_at(&table->slots, 3));

    tr_slots_give(&table->slots, second);
    tr_slot *again = tr_slots_take(&table->slots);
    assert_ptr_equal(again, second);
    assert_int_equal(tr_slot_generation(again), 2);
    assert_int_equal(atomic_load(&again->admission) & TR_SLOT_CLOSED, TR_SLOT_CLOSED);
}

/* Promise: REF-RETIRED */
static void retires_a_slot_whose_generations_are_used_up(void **state)
{
    struct table *table = *state;
    tr_slot *slot = tr_slots_take(&table->slots);
    atomic_store(&slot->admission, ((uint64_t) UINT32_MAX - 1) << 32 | TR_SLOT_CLOSED);
    tr_slots_give(&table->slots, slot);
    assert_ptr_equal(tr_slots_take(&table->slots), slot);
    assert_int_equal(tr_slot_generation(slot), UINT32_MAX);

    tr_slots_give(&table->slots, slot);

    assert_ptr_not_equal(tr_slots_take(&table->slots), slot);
    assert_null(tr_slots_take(&table->slots));
}

static void takes_each_signal_once(void **state)
{
    struct table *table = *state;
    tr_slot *slot = table->slot;
    const uint32_t generation = table->generation;
    assert_true(tr_slot_signal(slot, generation, TR_SIGNAL_STOP));
    assert_false(tr_slot_signal(slot, generation, TR_SIGNAL_STOP));
    assert_true(tr_slot_signal(slot, generation, TR_SIGNAL_CANCEL));
    assert_false(tr_slot_signal(slot, generation + 1, TR_SIGNAL_CANCEL));

    assert_int_equal(tr_slot_take_signals(slot, generation + 1), 0);
    assert_int_equal(tr_slot_take_signals(slot, generation), TR_SIGNAL_STOP | TR_SIGNAL_CANCEL);
    assert_int_equal(tr_slot_take_signals(slot, generation), 0);
    assert_true(tr_slot_signal(slot, generation, TR_SIGNAL_STOP));
}

#define ROUNDS 200000

struct racer {
    struct table *table;
    uint64_t admitted;
    uint64_t too_deep;
};

/* A sender: what it takes it gives back, one after the other. */
static void *race(void *argument)
{
    struct racer *racer = argument;
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t count = 0;
        if (admit(racer->table, 0, 1 + (uint32_t) i % 3, &count) == TR_ADMITTED) {
            racer->admitted += count;
            racer->too_deep += depth_of(racer->table->slot) > 4 ? 1 : 0;
            (void) tr_slot_release(racer->table->slot, count);
        }
        if (tr_slot_take_bytes(racer->table->slot, 501)) {
            tr_slot_return_bytes(racer->table->slot, 501);
        }
    }
    return NULL;
}

/* Promise: MAILBOX-BOUND, MAILBOX-BYTES */
static void keeps_the_bound_between_two_threads(void **state)
{
    struct table *table = *state;
    struct racer racers[2] = {{.table = table}, {.table = table}};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, race, &racers[1]), 0);
    (void) race(&racers[0]);
    assert_int_equal(pthread_join(other, NULL), 0);

    assert_int_equal(racers[0].too_deep + racers[1].too_deep, 0);
    assert_true(racers[0].admitted > 0 && racers[1].admitted > 0);
    assert_int_equal(depth_of(table->slot), 0);
    assert_int_equal(atomic_load(&table->slot->bytes), 0);
}

#define WITH_SLOT(test) cmocka_unit_test_setup_teardown(test, make_slot, drop_slot)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SLOT(admits_up_to_the_limit_and_not_one_more),
        WITH_SLOT(gives_as_many_places_as_there_are),
        WITH_SLOT(keeps_the_margin),
        WITH_SLOT(tells_ended_actors_from_those_that_never_were),
        WITH_SLOT(admits_nobody_past_those_who_wait),
        WITH_SLOT(waits_for_nothing_once_it_is_closed),
        WITH_SLOT(takes_bytes_up_to_the_limit),
        WITH_SLOT(gives_slots_back_with_the_next_generation),
        WITH_SLOT(retires_a_slot_whose_generations_are_used_up),
        WITH_SLOT(takes_each_signal_once),
        WITH_SLOT(keeps_the_bound_between_two_threads),
    };
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
