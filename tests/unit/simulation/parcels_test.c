/* SPDX-License-Identifier: MIT */
/* What parcels promise: per pair of workers the order of sending, at their times, nothing lost. */
#include "simulation/parcels.h"

#include "core/message.h"
#include "support/fixtures.h"

static int make_for_three(void **state)
{
    static tr_parcels parcels;
    *state = &parcels;
    return tr_parcels_init(&parcels, 3) == TROUPE_OK ? 0 : -1;
}

static int drop(void **state)
{
    tr_parcels_fini(*state);
    return 0;
}

#define WITH_PARCELS(test) cmocka_unit_test_setup_teardown(test, make_for_three, drop)

/* A batch that is known by its count. */
static void add(tr_parcels *parcels, uint32_t from, uint32_t to, uint32_t count, uint64_t due_ns)
{
    assert_ok(tr_parcels_add(parcels, from, to, &(const tr_batch) {.count = count}, due_ns));
}

static uint32_t take(tr_parcels *parcels, uint64_t now_ns, uint32_t choice, uint32_t to)
{
    tr_batch batch;
    assert_int_equal(tr_parcels_take(parcels, now_ns, choice, &batch), to);
    return batch.count;
}

static void keeps_the_order_of_a_pair_whatever_the_times(void **state)
{
    tr_parcels *parcels = *state;

    add(parcels, 0, 1, 11, 500);
    add(parcels, 0, 1, 12, 100);

    assert_int_equal(tr_parcels_due_count(parcels, 499), 0);
    assert_int_equal(take(parcels, 500, 0, 1), 11);
    assert_int_equal(take(parcels, 500, 0, 1), 12);
}

static void lets_different_pairs_race(void **state)
{
    tr_parcels *parcels = *state;

    add(parcels, 0, 1, 11, 500);
    add(parcels, 2, 1, 12, 100);
    add(parcels, 0, 2, 13, 100);

    assert_int_equal(tr_parcels_next_due_ns(parcels), 100);
    assert_int_equal(tr_parcels_due_count(parcels, 100), 2);
    assert_int_equal(take(parcels, 100, 1, 2), 13);
    assert_int_equal(take(parcels, 100, 0, 1), 12);
    assert_int_equal(take(parcels, 500, 0, 1), 11);
}

static void has_nothing_due_when_nothing_is_under_way(void **state)
{
    const tr_parcels *parcels = *state;

    assert_true(tr_parcels_next_due_ns(parcels) == TR_NEVER);
    assert_int_equal(tr_parcels_due_count(parcels, TR_NEVER), 0);
}

static void counts_what_the_ledger_holds(void **state)
{
    tr_parcels *parcels = *state;
    troupe_message second = {.flags = TR_MESSAGE_ACCEPTED};
    troupe_message first = {.next = &second};
    const tr_batch batch = {.head = &first, .tail = &second, .count = 2};

    assert_ok(tr_parcels_add(parcels, 0, 1, &batch, 0));

    assert_int_equal(tr_parcels_held(parcels), 1);
    assert_int_equal(take(parcels, 0, 0, 1), 2);
    assert_int_equal(tr_parcels_held(parcels), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PARCELS(keeps_the_order_of_a_pair_whatever_the_times),
        WITH_PARCELS(lets_different_pairs_race),
        WITH_PARCELS(has_nothing_due_when_nothing_is_under_way),
        WITH_PARCELS(counts_what_the_ledger_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
