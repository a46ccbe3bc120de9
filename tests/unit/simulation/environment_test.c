/* SPDX-License-Identifier: MIT */
/* What stands in the environment is read as it is meant, or refused in words that help. */
#include "simulation/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"

static const char *const names[] = {"TROUPE_SEED", "TROUPE_FAULTS", "TROUPE_NODES", "TROUPE_COURSE",
                                    "TROUPE_END_MS"};

static int forget_all(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(unsetenv(names[i]), 0); /* NOLINT(concurrency-mt-unsafe) */
    }
    return 0;
}

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static void reads_what_is_there(void **state)
{
    (void) state;
    tr_repetition repetition;
    assert_true(tr_environment_read(&repetition, NULL));
    assert_false(repetition.has_seed || repetition.has_sieve || repetition.sieve.has_faults);

    set("TROUPE_SEED", "18446744073709551615");
    assert_true(tr_environment_read(&repetition, NULL));
    assert_true(repetition.has_seed && !repetition.has_sieve);
    assert_true(repetition.seed == UINT64_MAX);

    set("TROUPE_SEED", "0");
    set("TROUPE_NODES", "3");
    set("TROUPE_COURSE", "4");
    set("TROUPE_END_MS", "5");
    set("TROUPE_FAULTS", "6");
    assert_true(tr_environment_read(&repetition, NULL));
    assert_true(repetition.has_seed && repetition.has_sieve && repetition.sieve.has_faults);
    assert_true(repetition.seed == 0);
    assert_int_equal(repetition.sieve.nodes, 3);
    assert_int_equal(repetition.sieve.course, 4);
    assert_true(repetition.sieve.end_ns == UINT64_C(5000000));
    assert_true(tr_sieve_keeps(&repetition.sieve, 6) && !tr_sieve_keeps(&repetition.sieve, 5));
}

struct bad {
    const char *name;
    const char *value;
    const char *right; /* as it is told */
};

/* Promise: SIMULATE-ENVIRONMENT */
static void refuses_what_is_not_right_and_says_what_is(void **state)
{
    (void) state;
    static const struct bad all[] = {
        {"TROUPE_SEED", "", "from 0 to 18446744073709551615"},
        {"TROUPE_SEED", "x", "from 0 to 18446744073709551615"},
        {"TROUPE_SEED", "4x", "from 0 to 18446744073709551615"},
        {"TROUPE_SEED", "-1", "from 0 to 18446744073709551615"},
        {"TROUPE_SEED", " 1", "from 0 to 18446744073709551615"},
        {"TROUPE_SEED", "18446744073709551616", "from 0 to 18446744073709551615"},
        {"TROUPE_NODES", "0", "from 1 to 4294967295"},
        {"TROUPE_NODES", "two", "from 1 to 4294967295"},
        {"TROUPE_NODES", "4294967296", "from 1 to 4294967295"},
        {"TROUPE_COURSE", "0", "from 1 to 4294967295"},
        {"TROUPE_COURSE", "4294967296", "from 1 to 4294967295"},
        {"TROUPE_END_MS", "0", "from 1 to 18446744073709"},
        {"TROUPE_END_MS", "1.5", "from 1 to 18446744073709"},
        {"TROUPE_END_MS", "18446744073710", "from 1 to 18446744073709"},
        {"TROUPE_FAULTS", "", "'none', or numbers of faults from 1"},
        {"TROUPE_FAULTS", "all", "'none', or numbers of faults from 1"},
        {"TROUPE_FAULTS", "3,0", "'none', or numbers of faults from 1"},
    };
    struct probe *seen = a_probe();
    const troupe_log log = log_of(seen);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char is[64];
        tr_repetition repetition;
        (void) snprintf(is, sizeof is, "%s is '%s'; there should be", all[i].name, all[i].value);
        set(all[i].name, all[i].value);
        assert_false(tr_environment_read(&repetition, &log));
        assert_int_equal(probe_count(seen), 1);
        assert_non_null(strstr(probe_line(seen, 0), is));
        assert_non_null(strstr(probe_line(seen, 0), all[i].right));
        probe_clear(seen);
        (void) forget_all(NULL);
    }
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_is_there, forget_all, forget_all),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_right_and_says_what_is, forget_all,
                                        forget_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
