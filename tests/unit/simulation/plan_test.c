/* SPDX-License-Identifier: MIT */
/* What a plan promises: each line at its time, and its end when that has come. */
#include "simulation/plan.h"

#include <string.h>

#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct stage {
    tr_world *world;
    tr_plan plan;
};

static uint32_t find(void *context, const char *name)
{
    (void) context;
    return name[0] >= 'a' && name[0] <= 'c' && name[1] == '\0' ? (uint32_t) (name[0] - 'a')
                                                               : TR_PLAN_ALL;
}

static troupe_error start(void *context, uint32_t node)
{
    struct stage *stage = context;
    return tr_world_raise(stage->world, node);
}

static uint64_t next_due_ns(void *context)
{
    return tr_plan_next_due_ns(&((struct stage *) context)->plan);
}

static void happen(void *context)
{
    tr_plan_happen(&((struct stage *) context)->plan);
}

static int make(void **state)
{
    static struct stage stage;
    uint32_t index = 0;
    stage.world = a_world(1, 1);
    assert_ok(tr_world_add(stage.world, NULL, &index));
    assert_ok(tr_world_add(stage.world, NULL, &index));
    tr_plan_init(&stage.plan, stage.world);
    stage.plan.find = find;
    stage.plan.start = start;
    stage.plan.context = &stage;
    tr_world_set_others(
        stage.world,
        &(const tr_world_others) {.context = &stage, .next_due_ns = next_due_ns, .happen = happen});
    *state = &stage;
    return 0;
}

static int drop(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(stage->plan.failed, TROUPE_OK);
    tr_plan_fini(&stage->plan);
    drop_world(&stage->world);
    return 0;
}

static const tr_berth *berth(const struct stage *stage, uint32_t node)
{
    return tr_fleet_berth(tr_world_fleet(stage->world), node);
}

static bool is_connected(const struct stage *stage, uint32_t at, uint32_t other)
{
    return tr_network_are_connected(tr_world_network(stage->world), at, other);
}

/* Promise: PLAN-TIMES */
static void does_each_thing_at_its_time_and_ends_it(void **state)
{
    struct stage *stage = *state;
    assert_ok(tr_plan_read(&stage->plan,
                           "at 10 ms crash b for 5 ms; stall c for 8 ms\n"
                           "# and more\n"
                           "at 12 ms skew c by 1000 ppm"));
    tr_world_advance(stage->world, 9 * MS);
    assert_non_null(berth(stage, 1)->node);
    assert_true(berth(stage, 2)->stalled_until_ns < tr_world_now_ns(stage->world));
    tr_world_advance(stage->world, 2 * MS);
    assert_null(berth(stage, 1)->node);
    tr_world_advance(stage->world, 5 * MS);
    assert_non_null(berth(stage, 1)->node);
    assert_int_equal(berth(stage, 1)->identity.incarnation, 1);
    assert_int_equal(tr_virtual_node_identity(berth(stage, 2)->node)->skew.ppm, 1000);
    assert_true(tr_plan_next_due_ns(&stage->plan) == TR_NEVER);
}

static void cuts_and_heals(void **state)
{
    struct stage *stage = *state;
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(tr_network_keep(tr_world_network(stage->world), i, (i + 1) % 3));
    }
    tr_world_advance(stage->world, 500 * MS);
    assert_ok(tr_plan_read(&stage->plan, "cut a for 2 s; cut c to b for 2 s"));
    tr_world_advance(stage->world, 1500 * MS);
    assert_false(is_connected(stage, 0, 1) || is_connected(stage, 2, 0));
    assert_false(is_connected(stage, 1, 2));
    tr_world_advance(stage->world, 1500 * MS);
    assert_true(is_connected(stage, 0, 1) && is_connected(stage, 2, 0));
    assert_true(is_connected(stage, 1, 2));
    assert_ok(tr_plan_read(&stage->plan, "cut a from b; at 2 s heal all"));
    tr_world_advance(stage->world, 1500 * MS);
    assert_false(is_connected(stage, 0, 1));
    tr_world_advance(stage->world, 1500 * MS);
    assert_true(is_connected(stage, 0, 1));
}

static void lets_memory_fail(void **state)
{
    struct stage *stage = *state;
    assert_ok(tr_plan_read(&stage->plan,
                           "limit b to 77 bytes; fail one in 9 of c; fail allocation "
                           "5000 of b; at 3 s crash a"));
    tr_world_advance(stage->world, MS);
    assert_int_equal(berth(stage, 1)->memory.bytes_max, 77);
    assert_int_equal(berth(stage, 2)->memory.one_in, 9);
    assert_int_equal(berth(stage, 1)->memory.until_one, 5000);
    tr_plan_clear(&stage->plan);
    tr_world_advance(stage->world, 4000 * MS);
    assert_non_null(berth(stage, 0)->node);
    tr_virtual_memory_heal((tr_virtual_memory *) (uintptr_t) &berth(stage, 1)->memory);
    tr_virtual_memory_heal((tr_virtual_memory *) (uintptr_t) &berth(stage, 2)->memory);
}

/* Promise: SHRINK-MANY */
static void remembers_faults_and_of_those_that_are_one_the_first(void **state)
{
    struct stage *stage = *state;
    static tr_sieve sieve = {.has_faults = true};
    stage->plan.faults = TR_FAULTS_SINGLE - 1;
    assert_ok(tr_plan_read(&stage->plan, "skew a by 1 ppm; skew a by 2 ppm; skew a by 3 ppm"));
    tr_world_advance(stage->world, MS);
    assert_int_equal(stage->plan.done_count, 2);
    assert_int_equal(stage->plan.done[0].fault, TR_FAULTS_SINGLE);
    assert_int_equal(stage->plan.done[1].fault, TR_FAULTS_LAST);
    assert_int_equal(tr_virtual_node_identity(berth(stage, 0)->node)->skew.ppm, 3);

    stage->plan.sieve = &sieve; /* which has none */
    assert_ok(tr_plan_read(&stage->plan, "skew a by 4 ppm"));
    tr_world_advance(stage->world, MS);
    assert_int_equal(tr_virtual_node_identity(berth(stage, 0)->node)->skew.ppm, 3);
    tr_fault_set_put(&sieve.faults, TR_FAULTS_LAST);
    assert_ok(tr_plan_read(&stage->plan, "skew a by 5 ppm"));
    tr_world_advance(stage->world, MS);
    assert_int_equal(tr_virtual_node_identity(berth(stage, 0)->node)->skew.ppm, 5);
    assert_int_equal(stage->plan.done_count, 2);
}

static void says_which_line_is_wrong(void **state)
{
    struct stage *stage = *state;
    char line[400];
    assert_fails(tr_plan_read(&stage->plan, "stall a for 1 ms; stall b"), BAD_ARGUMENT);
    assert_non_null(strstr(stage->plan.fault, "stall b"));
    assert_int_equal(stage->plan.agenda.count, 1);
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    assert_fails(tr_plan_read(&stage->plan, line), BAD_ARGUMENT);
    assert_non_null(strstr(stage->plan.fault, "399 characters"));
}

int main(void)
{
#define WITH_PLAN(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_PLAN(does_each_thing_at_its_time_and_ends_it),
        WITH_PLAN(cuts_and_heals),
        WITH_PLAN(lets_memory_fail),
        WITH_PLAN(remembers_faults_and_of_those_that_are_one_the_first),
        WITH_PLAN(says_which_line_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
