/* SPDX-License-Identifier: MIT */
/* What the log promises: one bounded line, for those who want it. */
#include "base/log.h"
#include "support/fixtures.h"

#include <string.h>
#include <unistd.h>

struct collected {
    int count;
    troupe_log_level level;
    char text[2 * TR_LOG_LINE_BYTES_MAX];
};

static void collect(void *context, troupe_log_level level, const char *text)
{
    struct collected *collected = context;
    collected->count++;
    collected->level = level;
    (void) snprintf(collected->text, sizeof collected->text, "%s", text);
}

static void hands_over_a_line_and_its_level(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected};

    tr_log_write(&log, TROUPE_LOG_WARNING, "node '%s': %d left", "a", 3);

    assert_int_equal(collected.count, 1);
    assert_int_equal(collected.level, TROUPE_LOG_WARNING);
    assert_string_equal(collected.text, "node 'a': 3 left");
}

static void drops_what_is_less_important_than_asked_for(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected, .level = TROUPE_LOG_ERROR};

    tr_log_write(&log, TROUPE_LOG_WARNING, "look today");
    assert_int_equal(collected.count, 0);
    tr_log_write(&log, TROUPE_LOG_ERROR, "act now");
    assert_int_equal(collected.count, 1);
}

static void lets_notices_through_unless_told_otherwise(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected};

    tr_log_write(&log, TROUPE_LOG_NOTICE, "started");
    tr_log_write(&log, TROUPE_LOG_INFO, "nothing");

    assert_int_equal(collected.count, 1);
    assert_string_equal(collected.text, "started");
}

static void says_nothing_without_a_hook(void **state)
{
    (void) state;
    const troupe_log log = {.level = TROUPE_LOG_DEBUG};
    tr_log_write(&log, TROUPE_LOG_ERROR, "nobody hears");
    tr_log_write(NULL, TROUPE_LOG_ERROR, "not even %s", "a log");
}

static void cuts_a_long_line_and_shows_it(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected};

    tr_log_write(&log, TROUPE_LOG_ERROR, "%0*d", 2000, 0);

    assert_int_equal(strlen(collected.text), TR_LOG_LINE_BYTES_MAX - 1);
    assert_string_equal(collected.text + TR_LOG_LINE_BYTES_MAX - 5, "0...");
}

static void does_not_cut_a_line_that_just_fits(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected};

    tr_log_write(&log, TROUPE_LOG_ERROR, "%0*d", TR_LOG_LINE_BYTES_MAX - 1, 7);

    assert_string_equal(collected.text + TR_LOG_LINE_BYTES_MAX - 5, "0007");
}

static void keeps_a_line_in_one_line(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected};

    tr_log_write(&log, TROUPE_LOG_ERROR, "name '%s'", "a\nERROR b\x1b[31m\xc2\x9b\xc2\xa3");

    assert_string_equal(collected.text, "name 'a ERROR b [31m  \xc2\xa3'");
}

static void writes_to_standard_error_for_those_who_want_that(void **state)
{
    (void) state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const int kept = dup(STDERR_FILENO);
    (void) dup2(ends[1], STDERR_FILENO);

    troupe_log_to_stderr(NULL, TROUPE_LOG_NOTICE, "up");

    (void) dup2(kept, STDERR_FILENO);
    char text[64] = {0};
    assert_int_equal(read(ends[0], text, sizeof text - 1), 10);
    assert_string_equal(text, "NOTICE up\n");
    (void) close(kept);
    (void) close(ends[0]);
    (void) close(ends[1]);
}

static void hands_over_a_line_of_any_length(void **state)
{
    (void) state;
    struct collected collected = {0};
    const troupe_log log = {.write = collect, .context = &collected, .level = TROUPE_LOG_WARNING};
    char line[TR_LOG_LINE_BYTES_MAX + 100];
    memset(line, 'x', sizeof line);
    line[3] = '\n';
    line[sizeof line - 1] = '\0';

    tr_log_write_line(&log, TROUPE_LOG_NOTICE, line);
    assert_int_equal(collected.count, 0);
    tr_log_write_line(&log, TROUPE_LOG_ERROR, line);
    assert_int_equal(strlen(collected.text), sizeof line - 1);
    assert_int_equal(collected.text[3], ' ');
    tr_log_write_line(NULL, TROUPE_LOG_ERROR, line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_over_a_line_of_any_length),
        cmocka_unit_test(hands_over_a_line_and_its_level),
        cmocka_unit_test(drops_what_is_less_important_than_asked_for),
        cmocka_unit_test(lets_notices_through_unless_told_otherwise),
        cmocka_unit_test(says_nothing_without_a_hook),
        cmocka_unit_test(cuts_a_long_line_and_shows_it),
        cmocka_unit_test(does_not_cut_a_line_that_just_fits),
        cmocka_unit_test(keeps_a_line_in_one_line),
        cmocka_unit_test(writes_to_standard_error_for_those_who_want_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
