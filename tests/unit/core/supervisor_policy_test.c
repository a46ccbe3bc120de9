/* SPDX-License-Identifier: MIT */
/* What a supervisor decides: the next thing to do, the pauses, when it is too much. */
#include "core/supervisor_policy.h"
#include "support/fixtures.h"

#define MS UINT64_C(1000000)
#define COUNT 4

struct row {
    tr_list list;
    tr_plan_child children[COUNT];
};

static void set_up(struct row *row, tr_stand stand)
{
    *row = (struct row) {0};
    tr_list_init(&row->list);
    for (size_t i = 0; i < COUNT; i++) {
        row->children[i].stand = stand;
        row->children[i].was_up = stand != TR_STAND_NEW;
        tr_list_push_back(&row->list, &row->children[i].link);
    }
}

struct next {
    tr_action action;
    size_t index; /* of the child; 0 for nothing */
};

static struct next next_of(struct row *row, troupe_strategy strategy, bool is_ending,
                           uint64_t now_ns)
{
    tr_plan_child *child = NULL;
    const tr_action action = tr_plan_next(&row->list, strategy, is_ending, now_ns, &child);
    return (struct next) {
        .action = action,
        .index = action != TR_ACTION_NOTHING ? (size_t) (child - row->children) : 0,
    };
}

#define assert_next(row, strategy, is_ending, now_ns, wanted, of_child)                            \
    do {                                                                                           \
        const struct next found = next_of((row), (strategy), (is_ending), (now_ns));               \
        if (found.action != (wanted) || found.index != (of_child)) {                               \
            fail_msg("action %d of child %zu, not %d of %zu", (int) found.action, found.index,     \
                     (int) (wanted), (size_t) (of_child));                                         \
        }                                                                                          \
    } while (false)

static void starts_one_after_the_other(void **state)
{
    (void) state;
    for (int strategy = TROUPE_ONE_FOR_ONE; strategy <= TROUPE_REST_FOR_ONE; strategy++) {
        struct row row;
        set_up(&row, TR_STAND_NEW);
        for (size_t i = 0; i < COUNT; i++) {
            assert_next(&row, (troupe_strategy) strategy, false, 0, TR_ACTION_SPAWN, i);
            row.children[i].stand = TR_STAND_STARTING;
            assert_next(&row, (troupe_strategy) strategy, false, 0, TR_ACTION_NOTHING, 0);
            assert_false(tr_plan_is_done(&row.list));
            row.children[i].stand = TR_STAND_UP;
            row.children[i].was_up = true;
        }
        assert_next(&row, (troupe_strategy) strategy, false, 0, TR_ACTION_NOTHING, 0);
        assert_true(tr_plan_is_done(&row.list));
    }
}

static void ends_in_reverse(void **state)
{
    (void) state;
    struct row row;
    set_up(&row, TR_STAND_UP);
    tr_plan_end(&row.list);
    for (size_t i = COUNT; i > 0; i--) {
        assert_next(&row, TROUPE_ONE_FOR_ONE, true, 0, TR_ACTION_END, i - 1);
        row.children[i - 1].stand = TR_STAND_ENDING;
        assert_next(&row, TROUPE_ONE_FOR_ONE, true, 0, TR_ACTION_NOTHING, 0);
        if (i == 2) {
            row.children[1].is_stuck = true; /* not waited for any more */
        } else {
            row.children[i - 1].stand = TR_STAND_GONE;
        }
    }
    assert_true(tr_plan_is_done(&row.list));
}

static void restarts_one_without_the_others(void **state)
{
    (void) state;
    struct row row;
    set_up(&row, TR_STAND_UP);
    row.children[1].stand = TR_STAND_RESTING;
    row.children[2].stand = TR_STAND_RESTING;
    tr_plan_restart(&row.list, TROUPE_ONE_FOR_ONE, &row.children[1], 20);
    tr_plan_restart(&row.list, TROUPE_ONE_FOR_ONE, &row.children[2], 10);
    assert_next(&row, TROUPE_ONE_FOR_ONE, false, 5, TR_ACTION_PAUSE, 2); /* the earlier one */
    assert_next(&row, TROUPE_ONE_FOR_ONE, false, 10, TR_ACTION_RESTART, 2);
    row.children[2].stand = TR_STAND_STARTING;
    assert_next(&row, TROUPE_ONE_FOR_ONE, false, 20, TR_ACTION_RESTART, 1);
}

static void restarts_the_rest_in_order(void **state)
{
    (void) state;
    struct row row;
    set_up(&row, TR_STAND_UP);
    row.children[1].stand = TR_STAND_RESTING;
    tr_plan_restart(&row.list, TROUPE_REST_FOR_ONE, &row.children[1], 10);
    assert_next(&row, TROUPE_REST_FOR_ONE, false, 10, TR_ACTION_REST, 3);
    row.children[3].stand = TR_STAND_FALLING;
    assert_next(&row, TROUPE_REST_FOR_ONE, false, 10, TR_ACTION_NOTHING, 0);
    row.children[3].stand = TR_STAND_RESTING;
    assert_next(&row, TROUPE_REST_FOR_ONE, false, 10, TR_ACTION_REST, 2);
    row.children[2].stand = TR_STAND_RESTING;
    for (size_t i = 1; i < COUNT; i++) {
        assert_next(&row, TROUPE_REST_FOR_ONE, false, 10, TR_ACTION_RESTART, i);
        row.children[i].stand = TR_STAND_STARTING;
        assert_next(&row, TROUPE_REST_FOR_ONE, false, 10, TR_ACTION_NOTHING, 0);
        row.children[i].stand = TR_STAND_UP;
    }
}

static void ends_one_that_falls_for_good(void **state)
{
    (void) state;
    struct row row;
    set_up(&row, TR_STAND_UP);
    row.children[3].stand = TR_STAND_FALLING;
    tr_plan_end(&row.list);
    assert_next(&row, TROUPE_ONE_FOR_ALL, true, 0, TR_ACTION_END, 3);
}

static void looks_at_a_dynamic_one_alone(void **state)
{
    (void) state;
    tr_plan_child child = {.stand = TR_STAND_RESTING, .want = TR_WANT_REST, .due_ns = 7};
    assert_int_equal(tr_plan_one(&child, 6), TR_ACTION_PAUSE);
    assert_int_equal(tr_plan_one(&child, 7), TR_ACTION_RESTART);
    child.want = TR_WANT_GONE;
    assert_int_equal(tr_plan_one(&child, 7), TR_ACTION_END);
}

static void pauses_twice_as_long_up_to_the_most(void **state)
{
    (void) state;
    troupe_child_spec given =
        TROUPE_CHILD(.actor = TROUPE_SPAWN(.name = "any"), .backoff_max = TROUPE_WITHIN_MS(300));
    troupe_child_spec spec;
    assert_true(tr_policy_complete_child(&given, &spec));
    tr_plan_child child = {.stand = TR_STAND_STARTING};
    const uint64_t expected_ms[] = {50, 100, 200, 300, 300};
    for (size_t i = 0; i < 5; i++) {
        const uint64_t most_ns = expected_ms[i] * MS;
        tr_plan_child copy = child;
        assert_int_equal(tr_policy_pause_ns(&spec, &copy, 0, 0), most_ns / 5 * 4);
        copy = child;
        assert_int_equal(tr_policy_pause_ns(&spec, &copy, 0, most_ns / 5 * 2), most_ns / 5 * 6);
        assert_int_equal(tr_policy_pause_ns(&spec, &child, 0, most_ns / 5), most_ns);
    }
    child.stand = TR_STAND_UP;
    assert_int_equal(tr_policy_pause_ns(&spec, &child, spec.healthy_after.ns, 10 * MS), 50 * MS);
    spec.backoff_start = TROUPE_NOW;
    assert_int_equal(tr_policy_pause_ns(&spec, &child, 0, 5), 0);
}

static void counts_in_a_sliding_window(void **state)
{
    (void) state;
    uint64_t times[2];
    tr_intensity intensity = {.times = times, .limit = 2, .window_ns = 100};
    assert_true(tr_intensity_note(&intensity, 1000));
    assert_true(tr_intensity_note(&intensity, 1050));
    assert_false(tr_intensity_note(&intensity, 1100));
    assert_true(tr_intensity_note(&intensity, 1101));
    assert_false(tr_intensity_note(&intensity, 1150));
    assert_true(tr_intensity_note(&intensity, 1151));
    intensity.limit = 0;
    assert_false(tr_intensity_note(&intensity, 9999));
}

static void restarts_by_kind(void **state)
{
    (void) state;
    assert_true(tr_policy_restarts(TROUPE_PERMANENT, TROUPE_OK));
    assert_true(tr_policy_restarts(TROUPE_PERMANENT, TROUPE_ERROR_FAILED));
    assert_false(tr_policy_restarts(TROUPE_TRANSIENT, TROUPE_OK));
    assert_true(tr_policy_restarts(TROUPE_TRANSIENT, TROUPE_ERROR_FAILED));
    assert_false(tr_policy_restarts(TROUPE_TEMPORARY, TROUPE_ERROR_FAILED));
}

static void refuses_specs_that_cannot_be_right(void **state)
{
    (void) state;
    troupe_child_spec out;
    troupe_supervisor_spec whole;
    const troupe_spawn_options *any = TROUPE_SPAWN(.name = "any");
    const troupe_child_spec neither = TROUPE_CHILD(.id = "x");
    const troupe_child_spec kind = TROUPE_CHILD(.actor = any, .kind = (troupe_child_kind) 3);
    const troupe_child_spec jitter = TROUPE_CHILD(.actor = any, .jitter_percent = 101);
    const troupe_supervisor_spec none = TROUPE_SUPERVISOR(.child_count = 1);
    const troupe_supervisor_spec wild = TROUPE_SUPERVISOR(.strategy = (troupe_strategy) 9);
    const troupe_supervisor_spec within = TROUPE_SUPERVISOR(.children = &neither, .child_count = 1);
    assert_false(tr_policy_complete_child(&neither, &out));
    assert_false(tr_policy_complete_child(&kind, &out));
    assert_false(tr_policy_complete_child(&jitter, &out));
    assert_false(tr_policy_complete(&none, &whole));
    assert_false(tr_policy_complete(&wild, &whole));
    assert_false(tr_policy_complete(&within, &whole));
    assert_false(tr_policy_complete(NULL, &whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_one_after_the_other),
        cmocka_unit_test(ends_in_reverse),
        cmocka_unit_test(restarts_one_without_the_others),
        cmocka_unit_test(restarts_the_rest_in_order),
        cmocka_unit_test(ends_one_that_falls_for_good),
        cmocka_unit_test(looks_at_a_dynamic_one_alone),
        cmocka_unit_test(pauses_twice_as_long_up_to_the_most),
        cmocka_unit_test(counts_in_a_sliding_window),
        cmocka_unit_test(restarts_by_kind),
        cmocka_unit_test(refuses_specs_that_cannot_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
