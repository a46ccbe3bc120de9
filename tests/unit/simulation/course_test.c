/* SPDX-License-Identifier: MIT */
/* What a course promises: a number that depends on all that was noted, and the last of it. */
#include "simulation/course.h"

#include "support/fixtures.h"

static tr_course *make(void)
{
    static tr_course course;
    course = (tr_course) {0};
    tr_course_init(&course, 7);
    return &course;
}

static void has_a_hash_of_order_node_and_numbers(void **state)
{
    (void) state;
    uint64_t hashes[5];
    for (uint32_t i = 0; i < 5; i++) {
        tr_course *course = make();
        tr_course_note(course, i == 1 ? 1 : 0, TR_EVENT_PASS, i == 2 ? 9 : 1, i == 3 ? 9 : 2);
        tr_course_note(course, 0, i == 4 ? TR_EVENT_DELIVER : TR_EVENT_PASS, 1, 2);
        hashes[i] = course->hash;
        for (uint32_t other = 0; other < i; other++) {
            assert_true(hashes[i] != hashes[other]);
        }
    }
}

/* Integers only: the same on every machine and in every build. */
static void has_the_same_hash_everywhere(void **state)
{
    (void) state;
    tr_course *course = make();
    for (uint32_t i = 0; i < 100; i++) {
        course->now_ns += tr_random_below(&course->random, 1000);
        tr_course_note(course, i % 3, TR_EVENT_TIME, course->now_ns, i);
    }
    assert_true(course->hash == UINT64_C(0xa8f9fc70df94cb8));
}

static void keeps_the_last(void **state)
{
    (void) state;
    tr_course *course = make();
    assert_null(tr_course_last(course, 0));
    for (uint32_t i = 0; i < TR_COURSE_KEPT + 5; i++) {
        tr_course_note(course, 2, TR_EVENT_SENT, 3, i);
    }
    assert_int_equal(tr_course_last(course, 0)->second, TR_COURSE_KEPT + 4);
    assert_int_equal(tr_course_last(course, TR_COURSE_KEPT - 1)->second, 5);
    assert_null(tr_course_last(course, TR_COURSE_KEPT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_hash_of_order_node_and_numbers),
        cmocka_unit_test(has_the_same_hash_everywhere),
        cmocka_unit_test(keeps_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
