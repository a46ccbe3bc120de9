/* SPDX-License-Identifier: MIT */
/* What a table promises: an id leads to its own value or to nothing, and there is a limit. */
#include "base/random.h"
#include "base/table.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#include <string.h>

#define LIMIT 50
#define STEPS 20000

struct fixture {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    tr_table table;
    int values[LIMIT + 1]; /* what ids lead to; only their addresses count */
};

static int make_table(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    fixture.memory = (tr_failing_allocator) TR_FAILING_ALLOCATOR_INIT;
    fixture.allocator = tr_failing_allocator_port(&fixture.memory);
    tr_table_init(&fixture.table, &fixture.allocator, LIMIT);
    *state = &fixture;
    return 0;
}

static int drop_table(void **state)
{
    struct fixture *fixture = *state;
    const bool is_sound = tr_table_is_sound(&fixture->table);
    tr_table_fini(&fixture->table);
    return is_sound && tr_failing_allocator_live(&fixture->memory) == 0 ? 0 : 1;
}

static uint64_t add(struct fixture *fixture, size_t value)
{
    uint64_t id = 0;
    assert_ok(tr_table_add(&fixture->table, &fixture->values[value], &id));
    assert_true(id != 0);
    return id;
}

static void takes_no_memory_until_the_first_add(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(tr_failing_allocator_live(&fixture->memory), 0);
    assert_null(tr_table_find(&fixture->table, 1));

    (void) add(fixture, 0);

    assert_int_equal(tr_failing_allocator_live(&fixture->memory), 1);
}

static void finds_the_value_of_an_id(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t first = add(fixture, 0);
    const uint64_t second = add(fixture, 1);

    assert_ptr_equal(tr_table_find(&fixture->table, first), &fixture->values[0]);
    assert_ptr_equal(tr_table_find(&fixture->table, second), &fixture->values[1]);
}

static void forgets_an_id_for_good(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t id = add(fixture, 0);

    assert_ptr_equal(tr_table_remove(&fixture->table, id), &fixture->values[0]);

    assert_null(tr_table_remove(&fixture->table, id));
    for (int i = 0; i < 3 * LIMIT; i++) {
        const uint64_t later = add(fixture, 1);
        assert_true(later != id);
        assert_null(tr_table_find(&fixture->table, id));
        assert_non_null(tr_table_remove(&fixture->table, later));
    }
}

static void takes_any_number_for_an_id(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t id = add(fixture, 0);

    assert_null(tr_table_find(&fixture->table, 0));
    assert_null(tr_table_find(&fixture->table, id + 1));
    assert_null(tr_table_find(&fixture->table, id + (UINT64_C(1) << 32)));
    assert_null(tr_table_find(&fixture->table, UINT64_MAX));
    assert_null(tr_table_remove(&fixture->table, UINT64_MAX));
}

static void refuses_more_than_its_limit(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < LIMIT; i++) {
        (void) add(fixture, i);
    }

    uint64_t id = 7;
    assert_fails(tr_table_add(&fixture->table, &fixture->values[LIMIT], &id), LIMIT_REACHED);

    assert_int_equal(id, 7);
    assert_int_equal(fixture->table.count, LIMIT);
}

static void has_room_again_after_a_removal(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ids[LIMIT];
    for (size_t i = 0; i < LIMIT; i++) {
        ids[i] = add(fixture, i);
    }

    assert_non_null(tr_table_remove(&fixture->table, ids[10]));
    const uint64_t id = add(fixture, LIMIT);

    assert_ptr_equal(tr_table_find(&fixture->table, id), &fixture->values[LIMIT]);
    assert_ptr_equal(tr_table_find(&fixture->table, ids[11]), &fixture->values[11]);
}

static void uses_again_first_what_was_freed_first(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ids[4];
    for (size_t i = 0; i < 4; i++) {
        ids[i] = add(fixture, i);
    }
    (void) tr_table_remove(&fixture->table, ids[2]);
    (void) tr_table_remove(&fixture->table, ids[0]);

    assert_int_equal((uint32_t) add(fixture, 5), (uint32_t) ids[2]);
    assert_int_equal((uint32_t) add(fixture, 6), (uint32_t) ids[0]);
}

static void can_be_of_no_use_at_all(void **state)
{
    struct fixture *fixture = *state;
    tr_table table;
    tr_table_init(&table, &fixture->allocator, 0);
    uint64_t id = 0;

    assert_fails(tr_table_add(&table, &fixture->values[0], &id), LIMIT_REACHED);
    tr_table_fini(&table);
}

static void is_unchanged_when_memory_is_out(void **state)
{
    struct fixture *fixture = *state;
    uint64_t id = 0;
    tr_failing_allocator_fail_after(&fixture->memory, 0);
    assert_fails(tr_table_add(&fixture->table, &fixture->values[0], &id), NO_MEMORY);

    tr_failing_allocator_fail_after(&fixture->memory, 1);
    for (size_t i = 0; i < 4; i++) {
        id = add(fixture, i);
    }
    uint64_t refused = 0;
    assert_fails(tr_table_add(&fixture->table, &fixture->values[4], &refused), NO_MEMORY);

    assert_int_equal(fixture->table.count, 4);
    assert_ptr_equal(tr_table_find(&fixture->table, id), &fixture->values[3]);
    tr_failing_allocator_fail_never(&fixture->memory);
    (void) add(fixture, 4);
}

static void lets_all_be_removed_on_the_way_through(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 20; i++) {
        const uint64_t id = add(fixture, i);
        if (i % 3 == 0) {
            (void) tr_table_remove(&fixture->table, id);
        }
    }

    uint32_t count = 0;
    uint64_t id = 0;
    for (void *value = tr_table_next(&fixture->table, &id); value != NULL;
         value = tr_table_next(&fixture->table, &id)) {
        assert_ptr_equal(tr_table_remove(&fixture->table, id), value);
        count++;
    }

    assert_int_equal(count, 13);
    assert_int_equal(fixture->table.count, 0);
}

/* Every id that was ever given, and what it should lead to. */
struct history {
    uint64_t ids[STEPS];
    void *values[STEPS];
    size_t count;
};

static void step_with(struct fixture *fixture, struct history *history, tr_random *random)
{
    if (fixture->table.count < LIMIT && tr_random_chance(random, 11, 20)) {
        const size_t value = tr_random_below(random, LIMIT);
        history->ids[history->count] = add(fixture, value);
        history->values[history->count] = &fixture->values[value];
        history->count++;
        return;
    }
    if (history->count > 0) {
        const uint64_t recent = history->count < LIMIT ? history->count : LIMIT;
        const size_t at = history->count - 1 - tr_random_below(random, recent);
        assert_ptr_equal(tr_table_remove(&fixture->table, history->ids[at]), history->values[at]);
        history->values[at] = NULL;
    }
}

static void agrees_with_its_history(void **state)
{
    static struct history history;
    struct fixture *fixture = *state;
    tr_random random;
    tr_random_seed(&random, 1);
    for (int step = 0; step < STEPS; step++) {
        step_with(fixture, &history, &random);
    }

    assert_true(history.count > STEPS / 8);
    for (size_t i = 0; i < history.count; i++) {
        assert_ptr_equal(tr_table_find(&fixture->table, history.ids[i]), history.values[i]);
    }
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, make_table, drop_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(takes_no_memory_until_the_first_add),
        WITH_TABLE(finds_the_value_of_an_id),
        WITH_TABLE(forgets_an_id_for_good),
        WITH_TABLE(takes_any_number_for_an_id),
        WITH_TABLE(refuses_more_than_its_limit),
        WITH_TABLE(has_room_again_after_a_removal),
        WITH_TABLE(uses_again_first_what_was_freed_first),
        WITH_TABLE(can_be_of_no_use_at_all),
        WITH_TABLE(is_unchanged_when_memory_is_out),
        WITH_TABLE(lets_all_be_removed_on_the_way_through),
        WITH_TABLE(agrees_with_its_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
