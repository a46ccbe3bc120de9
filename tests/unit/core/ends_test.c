/* SPDX-License-Identifier: MIT */
/* What ends promise: all workers or none, parked ones used again, counts that balance. */
#include "core/ends.h"

#include <stdalign.h>

#include "support/failing_allocator.h"
#include "support/fixtures.h"

struct fixture {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    troupe_log log;
    tr_stacks *stacks;
    tr_system system;
    tr_ends ends;
};

static uint64_t stopped_clock(void *context)
{
    (void) context;
    return 1000;
}

static bool carries_nothing(void *context, tr_worker *from, uint32_t to, const tr_batch *batch)
{
    (void) context;
    (void) from;
    (void) to;
    (void) batch;
    return false;
}

/* A system of two regular workers and two more ends. */
static int make_system(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture) {.memory = TR_FAILING_ALLOCATOR_INIT};
    fixture.allocator = tr_failing_allocator_port(&fixture.memory);
    assert_ok(tr_stacks_create(&fixture.allocator, NULL, &fixture.stacks));
    const tr_ports ports = {.allocator = &fixture.allocator,
                            .log = &fixture.log,
                            .clock = {.now_ns = stopped_clock},
                            .stacks = fixture.stacks,
                            .carry = carries_nothing};
    const tr_system_options options = {.node_id = 1,
                                       .memory_budget = 1000,
                                       .workers = 2,
                                       .ends_max = 4,
                                       .actors_max = 10,
                                       .mailbox_capacity_default = 4,
                                       .turn_messages = 4};
    assert_ok(tr_system_init(&fixture.system, &options, &ports));
    *state = &fixture;
    return 0;
}

static int make_ends(void **state)
{
    make_system(state);
    struct fixture *fixture = *state;
    assert_ok(tr_ends_init(&fixture->ends, &fixture->system));
    return 0;
}

static int drop(void **state)
{
    struct fixture *fixture = *state;
    tr_ends_fini(&fixture->ends);
    tr_system_fini(&fixture->system);
    tr_stacks_destroy(&fixture->stacks);
    assert_int_equal(tr_failing_allocator_live(&fixture->memory), 0);
    return 0;
}

#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, make_ends, drop)

static void has_the_regular_workers_from_the_start(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture->ends.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        tr_worker *worker = tr_ends_worker(&fixture->ends, i);
        assert_ptr_equal(tr_system_worker(&fixture->system, i), worker);
        assert_int_equal(worker->index, i);
        assert_false(worker->is_own_thread);
        assert_int_equal((uintptr_t) worker % alignof(tr_worker), 0);
    }
    assert_null(tr_system_worker(&fixture->system, 2));
}

static void makes_more_up_to_the_limit(void **state)
{
    struct fixture *fixture = *state;
    uint32_t index = 99;
    bool is_new = false;

    assert_ok(tr_ends_take(&fixture->ends, &index, &is_new));
    assert_true(index == 2 && is_new && tr_ends_worker(&fixture->ends, 2)->is_own_thread);
    assert_ok(tr_ends_take(&fixture->ends, &index, &is_new));
    assert_true(index == 3 && is_new);

    assert_fails(tr_ends_take(&fixture->ends, &index, &is_new), LIMIT_REACHED);
    assert_int_equal(index, 3);
}

static void uses_a_parked_one_again(void **state)
{
    struct fixture *fixture = *state;
    uint32_t index = 99;
    bool is_new = false;
    assert_ok(tr_ends_take(&fixture->ends, &index, &is_new));
    const tr_worker *worker = tr_ends_worker(&fixture->ends, index);

    tr_ends_park(&fixture->ends, index);
    assert_ok(tr_ends_take(&fixture->ends, &index, &is_new));

    assert_true(index == 2 && !is_new);
    assert_ptr_equal(tr_ends_worker(&fixture->ends, index), worker);
}

static void takes_a_new_one_back(void **state)
{
    struct fixture *fixture = *state;
    uint32_t index = 99;
    bool is_new = false;
    assert_ok(tr_ends_take(&fixture->ends, &index, &is_new));

    tr_ends_undo(&fixture->ends, index);

    assert_int_equal(fixture->ends.count, 2);
    assert_null(tr_system_worker(&fixture->system, 2));
    assert_ok(tr_ends_take(&fixture->ends, &index, &is_new));
    assert_true(index == 2 && is_new);
}

static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    struct fixture *fixture = *state;
    const int64_t before = tr_failing_allocator_live(&fixture->memory);
    troupe_error error = TROUPE_ERROR_NO_MEMORY;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        assert_int_equal(tr_failing_allocator_live(&fixture->memory), before);
        tr_failing_allocator_fail_after(&fixture->memory, allowed);
        error = tr_ends_init(&fixture->ends, &fixture->system);
    }

    assert_ok(error);
    tr_failing_allocator_fail_never(&fixture->memory);
}

static void changes_nothing_when_there_is_no_memory_for_one_more(void **state)
{
    struct fixture *fixture = *state;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    uint32_t index = 99;
    bool is_new = false;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        assert_int_equal(fixture->ends.count, 2);
        tr_failing_allocator_fail_after(&fixture->memory, allowed);
        error = tr_ends_take(&fixture->ends, &index, &is_new);
    }

    assert_ok(error);
    assert_int_equal(index, 2);
    tr_failing_allocator_fail_never(&fixture->memory);
}

static void sums_over_all_workers(void **state)
{
    struct fixture *fixture = *state;
    troupe_counts counts;

    tr_ledger_add(&tr_ends_worker(&fixture->ends, 0)->ledger, TR_COUNT_ACCEPTED, 3);
    tr_ledger_add(&tr_ends_worker(&fixture->ends, 1)->ledger, TR_COUNT_ACCEPTED, 4);
    tr_ledger_add(&tr_ends_worker(&fixture->ends, 1)->ledger, TR_COUNT_SPAWNED, 5);
    tr_ends_count(&fixture->ends, &counts);

    assert_int_equal(counts.accepted, 7);
    assert_int_equal(troupe_counts_held(&counts), 7);
    assert_int_equal(counts.spawned, 5);
    tr_ledger_add(&tr_ends_worker(&fixture->ends, 0)->ledger, TR_COUNT_ACCEPTED, (uint64_t) -7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ENDS(has_the_regular_workers_from_the_start),
        WITH_ENDS(makes_more_up_to_the_limit),
        WITH_ENDS(uses_a_parked_one_again),
        WITH_ENDS(takes_a_new_one_back),
        cmocka_unit_test_setup_teardown(is_whole_or_not_at_all_when_memory_is_out, make_system,
                                        drop),
        WITH_ENDS(changes_nothing_when_there_is_no_memory_for_one_more),
        WITH_ENDS(sums_over_all_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
