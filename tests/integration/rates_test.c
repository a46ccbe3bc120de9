/* SPDX-License-Identifier: MIT */
/* What docs/testing.md says of the service of examples/rates and its test with probes: it passes,
 * and with the mistake in it one test fails, at its own line, and tells why. */
#include <string.h>

#include "integration/program.h"
#include "support/fixtures.h"

/* Promise: EXAMPLE-RATES */
static void passes_its_own_test(void **state)
{
    (void) state;
    struct program program = program_run("env -u CMOCKA_MESSAGE_OUTPUT '" RATES_TEST "'");
    assert_non_null(strstr(program.err, "[  PASSED  ] 5 test(s)."));
    assert_int_equal(program.status, 0);
    program_fini(&program);
}

/* Promise: EXAMPLE-RATES */
static void fails_it_where_it_has_a_mistake(void **state)
{
    (void) state;
    struct program program = program_run("env -u CMOCKA_MESSAGE_OUTPUT '" RATES_TEST "' mistake");
    assert_int_equal(program.status, 1);
    assert_non_null(strstr(program.err, "client asks 'rate wanted'"));
    assert_non_null(strstr(program.err, " finds no memory"));
    assert_non_null(strstr(program.err, "client is answered 'troupe_no_answer'"));
    assert_non_null(strstr(program.err, "ERROR examples/rates/rates_test.c:"));
    assert_non_null(strstr(program.err,
                           "source: expected 'rate wanted' within 10.000 ms; in the "
                           "probe is nothing"));
    assert_non_null(strstr(program.err, "[  FAILED  ] serves_the_next_one_when_memory_was_short"));
    assert_non_null(strstr(program.err, "[  PASSED  ] 4 test(s)."));
    program_fini(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_its_own_test),
        cmocka_unit_test(fails_it_where_it_has_a_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
