/* SPDX-License-Identifier: MIT */
/* What docs/testing.md says of the replicated store of examples/kv: each mistake is found within so
 * many seeds, its seed repeats it, and the correct store survives as many and that seed. */
#include <stdlib.h>
#include <string.h>

#include "integration/program.h"
#include "support/fixtures.h"

enum {
    SEEDS = 100,
    FOUND_WITHIN = 50
};

static struct program run(unsigned long seed, const char *mistake)
{
    char command[512];
    char prefix[64] = "env -u TROUPE_SEED";
    if (seed != 0) {
        (void) snprintf(prefix, sizeof prefix, "TROUPE_SEED=%lu", seed);
    }
    (void) snprintf(command, sizeof command, "%s '%s' %s %d", prefix, KV_TEST, mistake, SEEDS);
    return program_run(command);
}

/* The last line but what ends it; "" if there is none. */
static const char *failure_in(const struct program *program)
{
    const char *found = strstr(program->err, "ERROR seed ");
    return found != NULL ? found : "";
}

static void passes(unsigned long seed)
{
    struct program program = run(seed, "");
    assert_string_equal(program.err, "");
    assert_string_equal(program.out, "passed\n");
    assert_int_equal(program.status, 0);
    program_fini(&program);
}

static void is_found(const char *mistake, const char *told)
{
    struct program first = run(0, mistake);
    assert_int_equal(first.status, 1);
    assert_non_null(strstr(failure_in(&first), " ended with version "));
    assert_non_null(strstr(first.err, told)); /* what a reader has to see in the trace */
    const unsigned long seed = strtoul(failure_in(&first) + strlen("ERROR seed "), NULL, 10);
    assert_in_range(seed, 1, FOUND_WITHIN);

    struct program again = run(seed, mistake);
    assert_int_equal(again.status, 1);
    assert_string_equal(again.err, first.err);
    passes(seed);
    program_fini(&first);
    program_fini(&again);
}

/* Promise: EXAMPLE-KV */
static void survives_crashes_stalls_and_cuts(void **state)
{
    (void) state;
    passes(0);
}

/* Promise: EXAMPLE-KV */
static void is_found_where_it_answers_early(void **state)
{
    (void) state;
    is_found("answers-early", "comes up with version");
}

/* Promise: EXAMPLE-KV */
static void is_found_where_it_reads_once(void **state)
{
    (void) state;
    is_found("reads-once", "put fails: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_crashes_stalls_and_cuts),
        cmocka_unit_test(is_found_where_it_answers_early),
        cmocka_unit_test(is_found_where_it_reads_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
