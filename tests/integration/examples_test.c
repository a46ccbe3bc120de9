/* SPDX-License-Identifier: MIT */
/* Every example runs, and writes what examples/expected says. */
#include <stdlib.h>
#include <string.h>

#include "integration/program.h"
#include "support/fixtures.h"

enum {
    EXPECTED_BYTES_MAX = 65536
};

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, EXPECTED_BYTES_MAX);
    assert_non_null(text);
    assert_true(fread(text, 1, EXPECTED_BYTES_MAX - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void writes_what_is_expected(void **state)
{
    const char *name = *state;
    char path[512];
    (void) snprintf(path, sizeof path, "'%s/%s'", EXAMPLES_FOLDER, name);
    struct program program = program_run(path);
    (void) snprintf(path, sizeof path, "examples/expected/%s.txt", name);
    char *expected = read_text(path);

    assert_string_equal(program.err, "");
    assert_string_equal(program.out, expected);
    assert_int_equal(program.status, 0);

    free(expected);
    program_fini(&program);
}

#define EXAMPLE(name)                                                                              \
    {                                                                                              \
        name, writes_what_is_expected, NULL, NULL, (char[])                                        \
        {                                                                                          \
            name                                                                                   \
        }                                                                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        EXAMPLE("01_hello"),   EXAMPLE("02_ping_pong"),     EXAMPLE("03_ask"),
        EXAMPLE("04_timers"),  EXAMPLE("05_back_pressure"), EXAMPLE("06_behavior_or_coroutine"),
        EXAMPLE("07_service"), EXAMPLE("08_blocking"),      EXAMPLE("09_outside_thread"),
        EXAMPLE("10_offload"), EXAMPLE("11_cancel"),        EXAMPLE("12_gather"),
        EXAMPLE("13_queue"),   EXAMPLE("14_supervisor"),    EXAMPLE("15_pool"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
