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

/* What failed, and when; of one that was shrunk and one that was repeated the same. */
static void assert_same_failure(const char *shrunk, const char *repeated)
{
    const char *end = strstr(shrunk, " (shrunk in ");
    assert_non_null(end);
    assert_memory_equal(repeated, shrunk, (size_t) (end - shrunk));
}

static void is_found(const char *mistake, const char *told)
{
    struct program first = run(0, mistake);
    const char *failure = failure_in(&first);
    assert_int_equal(first.status, 1);
    assert_non_null(strstr(failure, " ended with version "));
    assert_non_null(strstr(first.err, told)); /* what a reader has to see in the trace */
    assert_non_null(strstr(first.err, "fault "));
    const unsigned long seed = strtoul(failure + strlen("ERROR seed "), NULL, 10);
    assert_in_range(seed, 1, FOUND_WITHIN);

    char command[512];
    const char *repeat = strstr(failure, "to repeat it: ");
    assert_non_null(repeat);
    repeat += strlen("to repeat it: ");
    (void) snprintf(command, sizeof command, "%.*s", (int) strcspn(repeat, "\n"), repeat);
    struct program again = program_run(command);
    assert_int_equal(again.status, 1);
    assert_same_failure(failure, failure_in(&again));
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
    is_found("reads-once", "get ends with version ");
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
