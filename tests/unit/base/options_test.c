/* SPDX-License-Identifier: MIT */
/* What options promise between versions: old programs get defaults, new wishes are not ignored. */
#include "base/options.h"
#include "support/fixtures.h"

struct old {
    size_t size;
    uint64_t first;
};

struct known {
    size_t size;
    uint64_t first;
    uint64_t second;
};

struct newer {
    size_t size;
    uint64_t first;
    uint64_t second;
    uint64_t third;
};

TR_OPTIONS_HAVE_NO_TAIL_PADDING(struct known, second);

static void are_all_zero_when_none_are_given(void **state)
{
    (void) state;
    struct known known = {.first = 9, .second = 9};

    assert_true(tr_options_read(&known, sizeof known, NULL));

    assert_int_equal(known.first, 0);
    assert_int_equal(known.second, 0);
}

static void are_read_as_they_are(void **state)
{
    (void) state;
    const struct known given = {.size = sizeof given, .first = 1, .second = 2};
    struct known known;

    assert_true(tr_options_read(&known, sizeof known, &given));

    assert_int_equal(known.first, 1);
    assert_int_equal(known.second, 2);
}

static void get_defaults_where_an_older_program_has_no_field(void **state)
{
    (void) state;
    const struct old given = {.size = sizeof given, .first = 1};
    struct known known = {.second = 9};

    assert_true(tr_options_read(&known, sizeof known, &given));

    assert_int_equal(known.first, 1);
    assert_int_equal(known.second, 0);
}

static void may_be_longer_if_the_rest_is_zero(void **state)
{
    (void) state;
    const struct newer given = {.size = sizeof given, .first = 1, .second = 2, .third = 0};
    struct known known;

    assert_true(tr_options_read(&known, sizeof known, &given));

    assert_int_equal(known.second, 2);
}

static void are_refused_if_they_ask_for_what_is_not_known(void **state)
{
    (void) state;
    const struct newer given = {.size = sizeof given, .third = 1};
    struct known known;

    assert_false(tr_options_read(&known, sizeof known, &given));
}

static void are_refused_without_a_size(void **state)
{
    (void) state;
    const struct known given = {.size = 0, .first = 1};
    struct known known;

    assert_false(tr_options_read(&known, sizeof known, &given));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_all_zero_when_none_are_given),
        cmocka_unit_test(are_read_as_they_are),
        cmocka_unit_test(get_defaults_where_an_older_program_has_no_field),
        cmocka_unit_test(may_be_longer_if_the_rest_is_zero),
        cmocka_unit_test(are_refused_if_they_ask_for_what_is_not_known),
        cmocka_unit_test(are_refused_without_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
