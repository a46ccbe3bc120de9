/* SPDX-License-Identifier: MIT */
/* What is left of a run that needs only some of what it had. The run is a model. */
#include "simulation/shrink.h"

#include "support/fixtures.h"

#define MS UINT64_C(1000000)

/* Fails with these faults (0: none), with as many nodes, with time enough. */
struct model {
    uint64_t needs[3];
    uint32_t nodes_needed;
    uint64_t ms_needed;
    uint32_t faults;
    uint32_t runs;
    uint32_t runs_left;
    uint32_t more; /* faults, with nodes left out */
};

static bool fails(void *context, const tr_sieve *sieve, tr_failing *failing)
{
    struct model *model = context;
    model->runs++;
    *failing = (tr_failing) {.nodes = sieve->nodes != 0 ? sieve->nodes : 8, .nodes_least = 2};
    failing->ran_ns = sieve->end_ns != 0 ? sieve->end_ns : 1000 * MS;
    for (uint32_t i = 1; i <= model->faults + (sieve->nodes != 0 ? model->more : 0); i++) {
        if (tr_sieve_keeps(sieve, i)) {
            tr_fault_set_put(&failing->faults, i);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (model->needs[i] != 0 && !tr_fault_set_has(&failing->faults, model->needs[i])) {
            return false;
        }
    }
    return failing->nodes >= model->nodes_needed && failing->ran_ns >= model->ms_needed * MS;
}

static bool is_over(void *context)
{
    const struct model *model = context;
    return model->runs >= model->runs_left;
}

static tr_failing shrink(struct model *model, tr_sieve *sieve, uint32_t runs_max)
{
    tr_failing failing;
    *sieve = (tr_sieve) {0};
    assert_true(fails(model, sieve, &failing));
    model->runs = 0;
    const uint32_t runs =
        tr_shrink(&(const tr_shrinker) {.fails = fails,
                                        .is_over = model->runs_left != 0 ? is_over : NULL,
                                        .context = model,
                                        .runs_max = runs_max},
                  sieve, &failing);
    assert_int_equal(runs, model->runs);
    assert_true(runs <= runs_max);
    tr_failing again;
    assert_true(fails(model, sieve, &again)); /* what is left fails */
    return failing;
}

/* Promise: SHRINK-LEAST */
static void leaves_what_is_needed(void **state)
{
    (void) state;
    static const uint32_t faults[] = {4, 40, 300};
    for (size_t i = 0; i < 3; i++) {
        struct model model = {.needs = {2, faults[i] / 2, faults[i]},
                              .faults = faults[i],
                              .nodes_needed = 3,
                              .ms_needed = 100};
        tr_sieve sieve;
        const tr_failing failing = shrink(&model, &sieve, 200);
        assert_int_equal(tr_fault_set_count(&sieve.faults), (i == 0 ? 2 : 3));
        assert_true(tr_sieve_keeps(&sieve, 2) && tr_sieve_keeps(&sieve, faults[i]));
        assert_in_range(failing.nodes, 3, 5);
        assert_in_range(sieve.end_ns, 100 * MS, 120 * MS);
    }
}

/* Promise: SHRINK-MANY */
static void leaves_out_faults_of_any_number(void **state)
{
    (void) state;
    struct model model = {.needs = {5000, 60000}, .faults = 100000};
    tr_sieve sieve;
    const tr_failing failing = shrink(&model, &sieve, 200);
    assert_int_equal(tr_fault_set_count(&failing.faults), 2);
    assert_false(tr_sieve_keeps(&sieve, 100000));
    model = (struct model) {.needs = {70000}, .faults = 100000};
    const tr_failing other = shrink(&model, &sieve, 200);
    assert_int_equal(tr_fault_set_count(&other.faults), 1);
    assert_true(tr_sieve_keeps(&sieve, 70000));
}

static void leaves_out_all_if_nothing_is_needed(void **state)
{
    (void) state;
    struct model model = {.faults = 100};
    tr_sieve sieve;
    const tr_failing failing = shrink(&model, &sieve, 200);
    assert_true(sieve.has_faults);
    assert_int_equal(tr_fault_set_count(&sieve.faults), 0);
    assert_int_equal(failing.nodes, 2);
    assert_in_range(model.runs, 1, 20);
}

/* Promise: SHRINK-BOUNDED */
static void ends_when_runs_or_time_are_used_up(void **state)
{
    (void) state;
    struct model model = {.needs = {1, 150, 300}, .faults = 300, .nodes_needed = 8};
    tr_sieve sieve;
    (void) shrink(&model, &sieve, 10);
    model.runs_left = 7;
    (void) shrink(&model, &sieve, 200);
    assert_int_equal(model.runs, 8); /* and the last one of this test */
}

static void is_not_led_to_more(void **state)
{
    (void) state;
    struct model model = {.needs = {1, 2, 3}, .faults = 3, .more = 4};
    tr_sieve sieve;
    tr_failing failing = shrink(&model, &sieve, 1); /* with fewer nodes */
    assert_int_equal(tr_fault_set_count(&failing.faults), 3);
    assert_int_equal(failing.nodes, 8);
    failing = shrink(&model, &sieve, 200);
    assert_int_equal(tr_fault_set_count(&failing.faults), 3);
}

static void likens_faults_but_for_numbers(void **state)
{
    (void) state;
    assert_true(tr_shrink_is_like("", ""));
    assert_true(tr_shrink_is_like("12 of a, 3 of b", "7 of a, 1234 of b"));
    assert_false(tr_shrink_is_like("12 of a", "12 of b"));
    assert_false(tr_shrink_is_like("12 of a", "of a"));
    assert_false(tr_shrink_is_like("a", "ab"));
    assert_false(tr_shrink_is_like("ab", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_what_is_needed),
        cmocka_unit_test(leaves_out_faults_of_any_number),
        cmocka_unit_test(leaves_out_all_if_nothing_is_needed),
        cmocka_unit_test(ends_when_runs_or_time_are_used_up),
        cmocka_unit_test(is_not_led_to_more),
        cmocka_unit_test(likens_faults_but_for_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
