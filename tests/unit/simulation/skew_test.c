/* SPDX-License-Identifier: MIT */
/* What a skewed clock promises: its pace, no step back, and the way from one time to the other. */
#include "simulation/skew.h"

#include "base/clock.h"
#include "base/random.h"
#include "support/fixtures.h"

#define S UINT64_C(1000000000)

static void is_the_worlds_unless_told(void **state)
{
    (void) state;
    const tr_skew skew = {0};
    assert_int_equal(tr_skew_own_ns(&skew, 5 * S + 1), 5 * S + 1);
    assert_int_equal(tr_skew_world_ns(&skew, 5 * S + 1), 5 * S + 1);
    assert_true(tr_skew_world_ns(&skew, TR_NEVER) == TR_NEVER);
}

static void goes_faster_slower_and_ahead(void **state)
{
    (void) state;
    tr_skew skew = {0};
    tr_skew_set(&skew, S, 100, 0);
    assert_int_equal(tr_skew_own_ns(&skew, 11 * S), 11 * S + 1000000);
    tr_skew_set(&skew, 11 * S, -100, 5 * S);
    assert_int_equal(tr_skew_own_ns(&skew, 11 * S), 16 * S + 1000000);
    assert_int_equal(tr_skew_own_ns(&skew, 21 * S), 26 * S);
}

/* A timer fires at the first moment at which it is due, and not before. */
static void finds_the_first_moment_of_a_time(void **state)
{
    (void) state;
    tr_random random;
    tr_random_seed(&random, 3);
    for (uint32_t i = 0; i < 10000; i++) {
        tr_skew skew = {0};
        const int32_t ppm =
            (int32_t) tr_random_below(&random, 2 * TR_SKEW_PPM_MAX + 1) - TR_SKEW_PPM_MAX;
        tr_skew_set(&skew, tr_random_below(&random, S), ppm, tr_random_below(&random, S));
        const uint64_t own_ns = skew.own_ns + 1 + tr_random_below(&random, 1000000 * S);
        const uint64_t world_ns = tr_skew_world_ns(&skew, own_ns);
        assert_true(tr_skew_own_ns(&skew, world_ns) >= own_ns);
        assert_true(tr_skew_own_ns(&skew, world_ns - 1) < own_ns);
    }
    const tr_skew fast = {.ppm = -TR_SKEW_PPM_MAX};
    assert_true(tr_skew_world_ns(&fast, TR_NEVER - 2) == TR_NEVER - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_worlds_unless_told),
        cmocka_unit_test(goes_faster_slower_and_ahead),
        cmocka_unit_test(finds_the_first_moment_of_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
