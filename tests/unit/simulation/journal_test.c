/* SPDX-License-Identifier: MIT */
/* What a journal promises: the last that was logged and the last that happened, in their order. */
#include "simulation/journal.h"

#include "support/fixtures.h"
#include "support/probe.h"

static void say(void *seen, troupe_log_level level, const char *text)
{
    (void) level;
    probe_say(seen, "%s", text);
}

static void tells_events_and_lines_in_order(void **state)
{
    (void) state;
    static tr_course course;
    static tr_journal journal;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    tr_course_init(&course, 1);
    assert_string_equal(tr_journal_last(&journal), "");
    tr_course_note(&course, 1, TR_EVENT_CRASH, 0, 0);
    tr_journal_add(&journal, &course, "a", "sees it");
    tr_course_note(&course, 1, TR_EVENT_UP, 2, 255);
    tr_journal_add(&journal, &course, "b", "too");
    assert_string_equal(tr_journal_last(&journal), "1000.000000 ms b: too");
    tr_journal_tell(&journal, &course, &log);
    assert_said(seen, "#0 1000.000000 ms node 1: crashes", "      1000.000000 ms a: sees it",
                "#1 1000.000000 ms node 1: is up, incarnation 2 (ff)",
                "      1000.000000 ms b: too");
    drop_probe(&seen);
}

static void keeps_the_last_lines_only(void **state)
{
    (void) state;
    static tr_course course;
    static tr_journal journal;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    for (uint32_t i = 0; i < 2 * TR_JOURNAL_LINES; i++) {
        tr_journal_add(&journal, &course, "a", i < TR_JOURNAL_LINES ? "old" : "new");
    }
    tr_journal_tell(&journal, &course, &log);
    assert_int_equal(probe_count(seen), TR_JOURNAL_LINES);
    assert_int_equal(probe_count_of(seen, "      0.000000 ms a: new"), TR_JOURNAL_LINES);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_events_and_lines_in_order),
        cmocka_unit_test(keeps_the_last_lines_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
