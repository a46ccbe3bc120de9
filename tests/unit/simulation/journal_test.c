/* SPDX-License-Identifier: MIT */
/* What a journal promises: the last that was logged and that happened, in its order and in words;
 * without what happens all the time. */
#include "simulation/journal.h"

#include <stdio.h>
#include <string.h>
#include <troupe/dead_letter.h>
#include <troupe/statistics.h>

#include "support/fixtures.h"
#include "support/probe.h"

static tr_course course;
static tr_journal journal;

static void begin(void)
{
    course = (tr_course) {.journal = &journal};
    journal = (tr_journal) {.count = 0};
    tr_course_init(&course, 1);
}

static void say(void *seen, troupe_log_level level, const char *text)
{
    (void) level;
    probe_say(seen, "%s", text);
}

static const char *name_of(void *context, uint32_t node)
{
    static const char *const names[] = {"a", "b"};
    (void) context;
    return node < 2 ? names[node] : NULL;
}

static void tells_events_and_lines_in_order(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    begin();
    tr_course_note(&course, 1, TR_EVENT_CRASH, 0, 0);
    assert_string_equal(tr_journal_log(&journal, course.now_ns, "a", "sees it"),
                        "1000.000000 ms a: sees it");
    tr_course_note(&course, 1, TR_EVENT_PASS, 0, 7);
    tr_course_note_why(&course, 0, TR_EVENT_DROPPED, 1, 9, "just so");
    tr_course_note(&course, 2, TR_EVENT_UP, 2, 255);
    tr_journal_tell(&journal, name_of, NULL, &log);
    assert_said(seen, "1000.000000 ms b: crashes", "      1000.000000 ms a: sees it",
                "1000.000000 ms a: frame to b dropped, 9 bytes: just so",
                "1000.000000 ms node 2: is up, incarnation 2 (ff)");
    drop_probe(&seen);
}

/* Of each its own number: neither drowns the other. */
static void tells_the_last_events_and_lines(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    begin();
    (void) tr_journal_log(&journal, 0, "a", "old");
    for (uint32_t i = 0; i < TR_JOURNAL_LINES; i++) {
        (void) tr_journal_log(&journal, 0, "a", "new");
    }
    for (uint32_t i = 0; i < 2 * TR_JOURNAL_EVENTS; i++) {
        tr_course_note(&course, i < TR_JOURNAL_EVENTS ? 0 : 1, TR_EVENT_CRASH, 0, 0);
    }
    tr_journal_tell(&journal, NULL, NULL, &log);
    assert_int_equal(probe_count(seen), TR_JOURNAL_EVENTS + TR_JOURNAL_LINES);
    assert_int_equal(probe_count_of(seen, "1000.000000 ms node 1: crashes"), TR_JOURNAL_EVENTS);
    assert_int_equal(probe_count_of(seen, "      0.000000 ms a: new"), TR_JOURNAL_LINES);
    drop_probe(&seen);
}

static tr_party a_party(uint32_t node, uint32_t slot, bool is_name, const char *title)
{
    tr_party party = {.address = {slot, 1}, .node = node, .is_name = is_name};
    (void) snprintf(party.title, sizeof party.title, "%s", title);
    return party;
}

static void assert_told(tr_news news, const char *type, uint64_t number, const char *expected)
{
    char text[300];
    tr_entry *entry = tr_journal_add(&journal, news, 1500000);
    entry->node = 0;
    entry->worker = 1;
    entry->who = a_party(0, 2, true, "client");
    entry->whom = a_party(1, 3, false, "reactor");
    entry->type = type;
    entry->number = number;
    tr_journal_print(entry, name_of, NULL, text, sizeof text);
    assert_string_equal(text, expected);
}

static void says_who_did_what_to_whom(void **state)
{
    (void) state;
    begin();
    assert_told(TR_NEWS_SENT, "deposit", 0,
                "1.500000 ms a/1 'client' sends deposit to b reactor 3.1");
    assert_told(TR_NEWS_SENT, "deposit", 2,
                "1.500000 ms a/1 'client' sends deposit to b reactor 3.1 (priority 2)");
    assert_told(TR_NEWS_CAME, "deposit", 0,
                "1.500000 ms a/1 deposit for b reactor 3.1 comes from 'client'");
    assert_told(TR_NEWS_ANSWERED, "balance", 0,
                "1.500000 ms a/1 'client' answers b reactor 3.1 with balance");
    assert_told(TR_NEWS_ANSWERED, NULL, (uint64_t) TROUPE_ERROR_NO_REPLY,
                "1.500000 ms a/1 'client' answers b reactor 3.1 with the error NO_REPLY");
    assert_told(TR_NEWS_ENDED, "deposit", TROUPE_OUTCOME_DROPPED,
                "1.500000 ms a/1 deposit from 'client' to b reactor 3.1 was dropped");
    assert_told(TR_NEWS_BURIED, "deposit", TROUPE_DEAD_STALE,
                "1.500000 ms a/1 dead letter: deposit from 'client' to b reactor 3.1: the receiver "
                "had ended");
    assert_told(TR_NEWS_GIVEN_BACK, "deposit", (uint64_t) TROUPE_ERROR_TIMED_OUT,
                "1.500000 ms a/1 'client' gets back deposit to b reactor 3.1: TIMED_OUT");
    assert_told(TR_NEWS_GAVE_UP, NULL, 0,
                "1.500000 ms a/1 'client' waits no longer for b reactor 3.1 to answer");
    assert_told(TR_NEWS_IN_VAIN, NULL, 0,
                "1.500000 ms a/1 'client' has waited in vain for b reactor 3.1 to answer");
    assert_told(TR_NEWS_DOWN, NULL, (uint64_t) TROUPE_ERROR_FAILED,
                "1.500000 ms a/1 b reactor 3.1 is told that 'client' is down: FAILED");
    assert_told(TR_NEWS_SPAWNED, NULL, 0, "1.500000 ms a/1 'client' spawns b reactor 3.1");
    assert_told(TR_NEWS_ACTOR_ENDED, NULL, 0, "1.500000 ms a/1 'client' ended");
    assert_told(TR_NEWS_ACTOR_FELL, NULL, (uint64_t) TROUPE_ERROR_FAILED,
                "1.500000 ms a/1 'client' fell, and may begin again: FAILED");
}

static void knows_nobody_and_nodes_that_are_gone(void **state)
{
    (void) state;
    char text[300];
    begin();
    tr_entry *entry = tr_journal_add(&journal, TR_NEWS_SENT, 0);
    entry->type = "deposit";
    entry->whom = a_party(TR_NO_NODE, 3, false, "actor");
    tr_journal_print(entry, NULL, NULL, text, sizeof text);
    assert_string_equal(text,
                        "0.000000 ms node 0/0 nobody sends deposit to another node actor 3.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_events_and_lines_in_order),
        cmocka_unit_test(tells_the_last_events_and_lines),
        cmocka_unit_test(says_who_did_what_to_whom),
        cmocka_unit_test(knows_nobody_and_nodes_that_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
