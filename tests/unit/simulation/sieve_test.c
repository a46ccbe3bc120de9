/* SPDX-License-Identifier: MIT */
/* What a sieve keeps, and how it stands in the environment. */
#include "simulation/sieve.h"

#include <string.h>

#include "support/fixtures.h"

static void keeps_all_unless_it_says_which(void **state)
{
    (void) state;
    tr_sieve sieve = {0};
    assert_true(tr_sieve_keeps(&sieve, 5));
    assert_true(tr_sieve_read_faults(&sieve, "3,64-66,4096"));
    assert_int_equal(tr_fault_set_count(&sieve.faults), 5);
    assert_true(tr_sieve_keeps(&sieve, 3));
    assert_false(tr_sieve_keeps(&sieve, 4));
    assert_false(tr_sieve_keeps(&sieve, 63));
    assert_true(tr_sieve_keeps(&sieve, 64));
    assert_true(tr_sieve_keeps(&sieve, 66));
    assert_false(tr_sieve_keeps(&sieve, 67));
    assert_true(tr_sieve_keeps(&sieve, 4096));
    assert_false(tr_sieve_keeps(&sieve, 4097));
    tr_fault_set_remove(&sieve.faults, 64);
    assert_false(tr_sieve_keeps(&sieve, 64));
}

/* Promise: SHRINK-MANY */
static void has_those_above_a_number_as_one(void **state)
{
    (void) state;
    tr_sieve sieve = {.has_faults = true};
    tr_fault_set_put(&sieve.faults, TR_FAULTS_SINGLE);
    assert_true(tr_sieve_keeps(&sieve, TR_FAULTS_SINGLE));
    assert_false(tr_sieve_keeps(&sieve, TR_FAULTS_SINGLE + 1));
    assert_false(tr_sieve_keeps(&sieve, UINT64_MAX));
    tr_fault_set_put(&sieve.faults, 1000000);
    assert_true(tr_sieve_keeps(&sieve, TR_FAULTS_SINGLE + 1));
    assert_true(tr_sieve_keeps(&sieve, UINT64_MAX));
    assert_int_equal(tr_fault_set_count(&sieve.faults), 2);
    assert_true(tr_sieve_read_faults(&sieve, "3,70000"));
    assert_true(tr_sieve_keeps(&sieve, TR_FAULTS_SINGLE + 1));
    assert_false(tr_sieve_keeps(&sieve, TR_FAULTS_SINGLE));
    assert_true(tr_sieve_read_faults(&sieve, "3,7-"));
    assert_false(tr_sieve_keeps(&sieve, 6));
    assert_true(tr_sieve_keeps(&sieve, 7) && tr_sieve_keeps(&sieve, UINT64_MAX));
}

static void is_printed_as_it_is_read(void **state)
{
    (void) state;
    static const char *const texts[] = {"none",    "1",  "3,7-9",  "1,2,5",
                                        "1-65536", "5-", "65536-", "7,65537-"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tr_sieve sieve = {0};
        char text[64];
        assert_true(tr_sieve_read_faults(&sieve, texts[i]));
        assert_true(tr_sieve_print(&sieve, text, sizeof text));
        assert_true(strncmp(text, "TROUPE_FAULTS=", 14) == 0);
        assert_string_equal(text + 14, texts[i]);
    }
    tr_sieve sieve = {.nodes = 2, .course = 9, .end_ns = UINT64_C(3000000)};
    char text[64];
    assert_true(tr_sieve_print(&sieve, text, sizeof text));
    assert_string_equal(text, "TROUPE_NODES=2 TROUPE_COURSE=9 TROUPE_END_MS=3");
    assert_true(tr_sieve_read_faults(&sieve, "2"));
    assert_true(tr_sieve_print(&sieve, text, sizeof text));
    assert_string_equal(text, "TROUPE_FAULTS=2 TROUPE_NODES=2 TROUPE_COURSE=9 TROUPE_END_MS=3");
    assert_false(tr_sieve_print(&sieve, text, 20));
}

static void is_refused_if_it_is_anything_else(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "", "x", "0", "1,", ",1", "3-2", "1--", "-1", "1 2", "0-3", "18446744073709551616", "1-3x"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tr_sieve sieve = {0};
        assert_false(tr_sieve_read_faults(&sieve, texts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_all_unless_it_says_which),
        cmocka_unit_test(has_those_above_a_number_as_one),
        cmocka_unit_test(is_printed_as_it_is_read),
        cmocka_unit_test(is_refused_if_it_is_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
