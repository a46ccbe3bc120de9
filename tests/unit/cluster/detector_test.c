/* SPDX-License-Identifier: MIT */
#include "cluster/detector.h"

#include "support/fixtures.h"

#define MS UINT64_C(1000000)

static tr_detector a_detector(void)
{
    tr_detector detector = {.step_ns = 100 * MS, .suspect_ns = 300 * MS, .dead_ns = 1000 * MS};
    tr_detector_start(&detector, 5 * MS);
    return detector;
}

/* Promise: SESSION-DETECTOR */
static void suspects_before_it_says_dead(void **state)
{
    (void) state;
    tr_detector detector = a_detector();
    tr_verdict verdict = TR_VERDICT_LIVES;
    uint64_t suspect_ns = 0;
    while (verdict != TR_VERDICT_DEAD) {
        verdict = tr_detector_look(&detector, tr_detector_due_ns(&detector));
        if (verdict == TR_VERDICT_SUSPECT && suspect_ns == 0) {
            suspect_ns = detector.looked_ns;
        }
    }
    assert_int_equal(suspect_ns, 305 * MS);
    assert_int_equal(detector.looked_ns, 1005 * MS);
}

static void forgets_the_silence_when_something_is_heard(void **state)
{
    (void) state;
    tr_detector detector = a_detector();
    for (unsigned i = 0; i < 100; i++) {
        for (unsigned looks = 0; looks < 9; looks++) {
            assert_true(tr_detector_look(&detector, tr_detector_due_ns(&detector)) !=
                        TR_VERDICT_DEAD);
        }
        tr_detector_heard(&detector, detector.looked_ns);
    }
    assert_int_equal(detector.silence_ns, 0);
}

/* Promise: SESSION-DOUBT */
static void doubts_itself_first_when_it_was_stalled(void **state)
{
    (void) state;
    tr_detector detector = a_detector();
    assert_int_equal(tr_detector_look(&detector, 60005 * MS), TR_VERDICT_LIVES);
    assert_int_equal(detector.silence_ns, 150 * MS);
    assert_int_equal(detector.lag_ns, 59850 * MS);
    /* And gives the other its whole time. */
    assert_int_equal(tr_detector_look(&detector, 60105 * MS), TR_VERDICT_LIVES);
    assert_int_equal(tr_detector_look(&detector, 60205 * MS), TR_VERDICT_SUSPECT);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(tr_detector_look(&detector, tr_detector_due_ns(&detector)),
                         TR_VERDICT_SUSPECT);
    }
    assert_int_equal(tr_detector_look(&detector, tr_detector_due_ns(&detector)), TR_VERDICT_DEAD);
}

static void bears_a_clock_that_stands_still(void **state)
{
    (void) state;
    tr_detector detector = a_detector();
    assert_int_equal(tr_detector_look(&detector, 5 * MS), TR_VERDICT_LIVES);
    assert_int_equal(tr_detector_look(&detector, 1 * MS), TR_VERDICT_LIVES);
    assert_int_equal(detector.silence_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suspects_before_it_says_dead),
        cmocka_unit_test(forgets_the_silence_when_something_is_heard),
        cmocka_unit_test(doubts_itself_first_when_it_was_stalled),
        cmocka_unit_test(bears_a_clock_that_stands_still),
    };
    return cmocka_run_group_tests_name("A detector", tests, NULL, NULL);
}
