/* SPDX-License-Identifier: MIT */
/* What the clock promises: time never goes back, and a timeout gives the deadline it means. */
#include "base/clock.h"
#include "support/fixtures.h"

#define NOW_NS UINT64_C(5000)

static void never_goes_back(void **state)
{
    (void) state;
    const tr_clock clock = tr_clock_real();
    uint64_t before_ns = clock.now_ns(clock.context);
    for (int i = 0; i < 1000; i++) {
        const uint64_t now_ns = clock.now_ns(clock.context);
        assert_true(now_ns >= before_ns);
        before_ns = now_ns;
    }
}

static void adds_a_timeout_to_now(void **state)
{
    (void) state;
    assert_int_equal(tr_deadline_of(NOW_NS, TROUPE_WITHIN_US(2)), NOW_NS + 2000);
}

static void has_no_deadline_for_no_timeout(void **state)
{
    (void) state;
    const troupe_timeout not_given = {0};
    assert_true(tr_deadline_of(NOW_NS, not_given) == TR_NEVER);
}

static void has_no_deadline_for_forever(void **state)
{
    (void) state;
    assert_true(tr_deadline_of(NOW_NS, TROUPE_FOREVER) == TR_NEVER);
}

static void does_not_wait_for_now(void **state)
{
    (void) state;
    assert_int_equal(tr_deadline_of(NOW_NS, TROUPE_NOW), NOW_NS);
    assert_int_equal(tr_deadline_of(NOW_NS, TROUPE_WITHIN_S(0)), NOW_NS);
}

static void stays_finite_for_a_very_long_timeout(void **state)
{
    (void) state;
    assert_true(tr_deadline_of(NOW_NS, TROUPE_WITHIN_S(UINT64_MAX)) == TR_NEVER - 1);
    assert_true(tr_deadline_of(TR_NEVER - 2, TROUPE_WITHIN_S(1)) == TR_NEVER - 1);
    assert_true(tr_deadline_of(TR_NEVER - 1, TROUPE_WITHIN_S(1)) == TR_NEVER - 1);
}

static const troupe_timeout constants[] = {
    TROUPE_CONSTANT_NOW,   TROUPE_CONSTANT_FOREVER, TROUPE_CONSTANT_NS(7), TROUPE_CONSTANT_US(7),
    TROUPE_CONSTANT_MS(7), TROUPE_CONSTANT_S(7),    TROUPE_CONSTANT_S(0)};

static void has_constants_for_data_that_say_the_same(void **state)
{
    (void) state;
    const troupe_timeout alike[] = {TROUPE_NOW,          TROUPE_FOREVER,      {.ns = 7},
                                    TROUPE_WITHIN_US(7), TROUPE_WITHIN_MS(7), TROUPE_WITHIN_S(7),
                                    TROUPE_WITHIN_S(0)};
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        assert_true(constants[i].ns == alike[i].ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_goes_back),
        cmocka_unit_test(adds_a_timeout_to_now),
        cmocka_unit_test(has_no_deadline_for_no_timeout),
        cmocka_unit_test(has_no_deadline_for_forever),
        cmocka_unit_test(does_not_wait_for_now),
        cmocka_unit_test(has_constants_for_data_that_say_the_same),
        cmocka_unit_test(stays_finite_for_a_very_long_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
