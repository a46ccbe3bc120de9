/* SPDX-License-Identifier: MIT */
/* What the generator promises: the published numbers for a seed, and no favourites. */
#include "base/random.h"
#include "support/fixtures.h"

static void gives_the_numbers_of_the_published_algorithm(void **state)
{
    (void) state;
    /* The state 1, 2, 3, 4, worked out with the authors' xoshiro256starstar.c. */
    tr_random random = {.state = {1, 2, 3, 4}};

    assert_true(tr_random_next(&random) == UINT64_C(11520));
    assert_true(tr_random_next(&random) == 0);
    assert_true(tr_random_next(&random) == UINT64_C(1509978240));
    assert_true(tr_random_next(&random) == UINT64_C(1215971899390074240));
}

static void is_seeded_by_the_published_algorithm(void **state)
{
    (void) state;
    /* The first numbers of the authors' splitmix64.c for 1234567. */
    tr_random random;
    tr_random_seed(&random, 1234567);

    assert_true(random.state[0] == UINT64_C(6457827717110365317));
    assert_true(random.state[1] == UINT64_C(3203168211198807973));
    assert_true(random.state[2] == UINT64_C(9817491932198370423));
    assert_true(random.state[3] == UINT64_C(4593380528125082431));
}

static void repeats_itself_for_the_same_seed(void **state)
{
    (void) state;
    tr_random one;
    tr_random other;
    tr_random_seed(&one, 0);
    tr_random_seed(&other, 0);

    for (int i = 0; i < 1000; i++) {
        assert_true(tr_random_next(&one) == tr_random_next(&other));
    }
}

static void differs_for_another_seed(void **state)
{
    (void) state;
    tr_random one;
    tr_random other;
    tr_random_seed(&one, 1);
    tr_random_seed(&other, 2);

    assert_true(tr_random_next(&one) != tr_random_next(&other));
}

static void stays_below_the_limit_and_reaches_every_number(void **state)
{
    (void) state;
    tr_random random;
    tr_random_seed(&random, 3);
    int counts[6] = {0};

    for (int i = 0; i < 6000; i++) {
        counts[tr_random_below(&random, 6)]++;
    }

    for (int i = 0; i < 6; i++) {
        assert_in_range(counts[i], 850, 1150);
    }
}

static void favours_no_half_under_a_large_limit(void **state)
{
    (void) state;
    /* A plain modulo would give the lower half of these two times in three. */
    const uint64_t limit = UINT64_C(3) << 62;
    tr_random random;
    tr_random_seed(&random, 4);
    int lower = 0;

    for (int i = 0; i < 6000; i++) {
        lower += tr_random_below(&random, limit) < limit / 2 ? 1 : 0;
    }

    assert_in_range(lower, 2800, 3200);
    assert_int_equal(tr_random_below(&random, 1), 0);
}

static void takes_chances_as_often_as_asked(void **state)
{
    (void) state;
    tr_random random;
    tr_random_seed(&random, 5);
    int taken = 0;

    for (int i = 0; i < 10000; i++) {
        taken += tr_random_chance(&random, 1, 10) ? 1 : 0;
        assert_true(tr_random_chance(&random, 10, 10));
        assert_false(tr_random_chance(&random, 0, 10));
    }

    assert_in_range(taken, 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_numbers_of_the_published_algorithm),
        cmocka_unit_test(is_seeded_by_the_published_algorithm),
        cmocka_unit_test(repeats_itself_for_the_same_seed),
        cmocka_unit_test(differs_for_another_seed),
        cmocka_unit_test(stays_below_the_limit_and_reaches_every_number),
        cmocka_unit_test(favours_no_half_under_a_large_limit),
        cmocka_unit_test(takes_chances_as_often_as_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
