/* SPDX-License-Identifier: MIT */
/* What is read in a line of a plan. */
#include "simulation/plan_text.h"

#include <string.h>

#include "support/fixtures.h"

static uint32_t find(void *context, const char *name)
{
    (void) context;
    return strcmp(name, "a") == 0 ? 0 : strcmp(name, "b") == 0 ? 1 : TR_PLAN_ALL;
}

static tr_act read_well(const char *line)
{
    tr_plan plan = {.find = find};
    tr_act act;
    bool is_empty = false;
    if (!tr_plan_text_read(&plan, line, &act, &is_empty)) {
        fail_msg("%s", plan.fault);
    }
    assert_false(is_empty);
    return act;
}

static void is_understood(void **state)
{
    (void) state;
    tr_act act = read_well("at 3 s cut a from b for 10 s");
    assert_int_equal(act.date.due_ns, UINT64_C(3000000000));
    assert_int_equal(act.deed, TR_DEED_CUT);
    assert_true(act.node == 0 && act.other == 1 && !act.is_one_way);
    assert_int_equal(act.for_ns, UINT64_C(10000000000));
    act = read_well("  cut b to a # and more");
    assert_true(act.node == 1 && act.other == 0 && act.is_one_way && act.for_ns == 0);
    act = read_well("cut a");
    assert_true(act.node == 0 && act.other == TR_PLAN_ALL);
    act = read_well("heal all");
    assert_true(act.deed == TR_DEED_HEAL && act.node == TR_PLAN_ALL);
    act = read_well("stall b for 500 us");
    assert_true(act.deed == TR_DEED_STALL && act.node == 1 && act.for_ns == 500000);
    act = read_well("skew a by -200 ppm");
    assert_true(act.deed == TR_DEED_SKEW && act.number == -200);
    act = read_well("skew a ahead 3 ms");
    assert_true(act.deed == TR_DEED_SKEW && act.number == 0 && act.for_ns == 3000000);
    act = read_well("fail allocation 30 of b");
    assert_true(act.deed == TR_DEED_FAIL_NTH && act.number == 30 && act.node == 1);
    act = read_well("fail one in 100 of a");
    assert_true(act.deed == TR_DEED_FAIL_ONE_IN && act.number == 100 && act.node == 0);
    act = read_well("limit a to 1000 bytes");
    assert_true(act.deed == TR_DEED_LIMIT && act.number == 1000);
    act = read_well("limit b to 0 descriptors");
    assert_true(act.deed == TR_DEED_LIMIT_DESCRIPTORS && act.number == 0 && act.node == 1);
    assert_int_equal(read_well("crash a for 7 ns").for_ns, 7);
    assert_int_equal(read_well("drop a").deed, TR_DEED_DROP);
    assert_int_equal(read_well("start a").deed, TR_DEED_START);
}

static const char *name(void *context, uint32_t node)
{
    (void) context;
    return node == 0 ? "a" : "b";
}

static void is_written_as_it_is_read(void **state)
{
    (void) state;
    static const char *const lines[] = {
        "at 3 s cut a from b for 10 s",
        "at 1500 us cut b to a",
        "at 0 s cut a",
        "at 1 ns heal all",
        "at 2 ms heal a from b",
        "at 2 ms crash a for 7 ns",
        "at 2 ms drop b",
        "at 2 ms start a",
        "at 2 ms stall b for 500 us",
        "at 2 ms skew a by -200 ppm",
        "at 2 ms skew a ahead 3 ms",
        "at 2 ms fail allocation 30 of b",
        "at 2 ms fail one in 100 of a",
        "at 2 ms limit a to 1000 bytes",
        "at 2 ms limit a to 3 descriptors for 1 s",
        "at 2 ms lose 5000 ppm of a from b for 2 s",
        "at 2 ms repeat 1 ppm of a to b",
        "at 2 ms reorder 1000000 ppm of all",
        "at 2 ms delay a from b by 1 ms to 20 ms",
        "at 2 ms delay a by 5 us to 5 us for 1 s",
        "at 2 ms pass 1000 bytes of a to b",
        "at 2 ms queue 64 frames of a",
        "at 2 ms queue 65536 bytes of all",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const tr_act act = read_well(lines[i]);
        char text[128];
        tr_plan_text_write(&act, name, NULL, text, sizeof text);
        assert_string_equal(text, lines[i]);
    }
}

static void is_understood_of_how_frames_go(void **state)
{
    (void) state;
    tr_act act = read_well("lose 5 percent of a to b for 2 s");
    assert_true(act.deed == TR_DEED_SHAPE && act.trait == TR_WIRE_LOSS && act.number == 50000);
    assert_true(act.node == 0 && act.other == 1 && act.is_one_way);
    assert_int_equal(act.for_ns, UINT64_C(2000000000));
    act = read_well("repeat 2000 ppm of b from a");
    assert_true(act.trait == TR_WIRE_REPETITION && act.number == 2000);
    assert_true(act.node == 1 && act.other == 0 && !act.is_one_way);
    act = read_well("reorder 100 percent of all");
    assert_true(act.trait == TR_WIRE_REORDERING && act.number == 1000000);
    assert_true(act.node == TR_PLAN_ALL);
    act = read_well("delay a by 1 ms to 20 ms");
    assert_true(act.trait == TR_WIRE_DELAY && act.number == 1000000 && act.most == 20000000);
    assert_true(act.node == 0 && act.other == TR_PLAN_ALL);
    act = read_well("delay a to b by 5 us");
    assert_true(act.is_one_way && act.number == 5000 && act.most == 5000);
    act = read_well("pass 1000 bytes of all");
    assert_true(act.trait == TR_WIRE_SPEED && act.number == 1000);
    act = read_well("queue 64 frames of a to b");
    assert_true(act.trait == TR_WIRE_QUEUE_FRAMES && act.number == 64);
    act = read_well("queue 65536 bytes of a");
    assert_true(act.trait == TR_WIRE_QUEUE_BYTES && act.number == 65536);
}

static void may_be_empty(void **state)
{
    (void) state;
    static const char *const lines[] = {"", "   ", "# nothing"};
    for (size_t i = 0; i < 3; i++) {
        tr_plan plan = {.find = find};
        tr_act act;
        bool is_empty = false;
        assert_true(tr_plan_text_read(&plan, lines[i], &act, &is_empty));
        assert_true(is_empty);
    }
}

static void is_refused_with_what_would_be_right(void **state)
{
    (void) state;
    static const char *const lines[][2] = {
        {"burn a", "cut, heal,"},
        {"crash c", "the name of a node"},
        {"at 3 h crash a", "ns, us, ms or s"},
        {"at x s crash a", "a whole number"},
        {"at -1 s crash a", "ns, us, ms or s"},
        {"crash a for", "a whole number"},
        {"crash a now", "the end of the line"},
        {"stall a", "for T"},
        {"skew a by 500001 ppm", "from -500000"},
        {"skew a by 5", "ppm"},
        {"skew a", "by N ppm"},
        {"fail a", "allocation N of"},
        {"fail one of a", "'in'"},
        {"fail allocation 3 a", "'of'"},
        {"limit a", "to N bytes"},
        {"limit a to 3", "'bytes'"},
        {"cut a from", "the name of a node"},
        {"cut all", "the name of a node"},
        {"lose 101 percent of a", "from 0 to all"},
        {"lose -1 ppm of a", "from 0 to all"},
        {"lose 5 of a", "percent or ppm"},
        {"lose 5 percent a", "'of'"},
        {"delay a", "'by T'"},
        {"delay a by 0 ms", "times above 0"},
        {"delay a by 5 ms to 4 ms", "times above 0"},
        {"pass 0 bytes of a", "behind a number above 0"},
        {"pass 5 frames of a", "'bytes'"},
        {"queue 5 of a", "'frames' or 'bytes'"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        tr_plan plan = {.find = find};
        tr_act act;
        bool is_empty = false;
        assert_false(tr_plan_text_read(&plan, lines[i][0], &act, &is_empty));
        assert_non_null(strstr(plan.fault, lines[i][0]));
        assert_non_null(strstr(plan.fault, lines[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_understood),
        cmocka_unit_test(is_written_as_it_is_read),
        cmocka_unit_test(is_understood_of_how_frames_go),
        cmocka_unit_test(may_be_empty),
        cmocka_unit_test(is_refused_with_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
