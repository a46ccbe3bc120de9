/* SPDX-License-Identifier: MIT */
/* What a reporter promises: of what is told it writes down what people want to read, with actors by
 * their names; the rest it leaves out. */
#include "simulation/reporter.h"

#include <troupe/dead_letter.h>

#include "unit/simulation/checker_stage.h"

struct play {
    struct stage stage;
    tr_journal journal;
    tr_reporter reporter;
};

static tr_beat find(void *context, uint64_t id)
{
    (void) context;
    (void) id;
    return (tr_beat) {0};
}

static void begin(struct play *play)
{
    memset(play, 0, sizeof *play);
    set_stage(&play->stage);
    play->reporter = (tr_reporter) {
        .journal = &play->journal, .own = {play->stage.workers[0]->system, 0}, .find = find};
}

static void end(struct play *play)
{
    strike_stage(&play->stage);
}

static void hear(struct play *play, tr_tale tale, uint64_t number)
{
    const tr_told told = {.tale = tale,
                          .worker = play->stage.workers[0],
                          .actor = play->stage.actor,
                          .message = &play->stage.message,
                          .address = play->stage.actor->address,
                          .number = number};
    tr_reporter_hear(&play->reporter, &told, 0, 2000000);
}

/* What was written down, or NULL. */
static void assert_written(struct play *play, const char *expected)
{
    char text[300];
    assert_int_equal(play->journal.event_count, expected != NULL ? 1 : 0);
    if (expected != NULL) {
        tr_journal_print(&play->journal.events[0], NULL, NULL, text, sizeof text);
        assert_string_equal(text, expected);
    }
    play->journal.event_count = 0;
}

#define AT "2.000000 ms node 0/0 "

/* Promise: SIMULATION-TOLD */
static void writes_what_becomes_of_messages(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_SENT, 0);
    assert_written(&play, AT "'it' sends figure to 'it'");
    hear(&play, TR_TALE_ENDED, TROUPE_OUTCOME_EXPIRED);
    assert_written(&play, AT "figure from 'it' to 'it' expired");
    hear(&play, TR_TALE_BURIED, TROUPE_DEAD_OVERFLOW);
    assert_written(&play, AT "dead letter: figure from 'it' to 'it': the mailbox was full");
    hear(&play, TR_TALE_GIVEN_BACK, (uint64_t) TROUPE_ERROR_STALE);
    assert_written(&play, AT "'it' gets back figure to 'it': STALE");
    hear(&play, TR_TALE_ASKED_IN_VAIN, 0);
    assert_written(&play, AT "'it' has waited in vain for 'it' to answer");
    end(&play);
}

/* Promise: SIMULATION-TOLD */
static void writes_answers(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    play.stage.message.kind_and_form = TR_KIND_REPLY | TR_FORM_STRUCT << 6;
    hear(&play, TR_TALE_ACCEPTED, 0);
    assert_written(&play, AT "'it' answers 'it' with figure");
    play.stage.message.kind_and_form = TR_KIND_REPLY | TR_FORM_NONE << 6;
    play.stage.message.value = (uint64_t) TROUPE_ERROR_STALE;
    hear(&play, TR_TALE_ACCEPTED, 0);
    assert_written(&play, AT "'it' answers 'it' with the error STALE");
    end(&play);
}

/* Promise: SIMULATION-TOLD */
static void writes_who_begins_and_ends(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_SPAWNED, 0);
    assert_written(&play, AT "guardian 0.1 spawns 'it'");
    hear(&play, TR_TALE_ACTOR_ENDED, (uint64_t) TROUPE_ERROR_FAILED);
    assert_written(&play, AT "'it' ended: FAILED");
    hear(&play, TR_TALE_ACTOR_FELL, (uint64_t) TROUPE_ERROR_FAILED);
    assert_written(&play, AT "'it' fell, and may begin again: FAILED");
    end(&play);
}

static void leaves_the_rest_out(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_ACCEPTED, 0); /* it is told when it is sent */
    hear(&play, TR_TALE_ENDED, TROUPE_OUTCOME_HANDLED);
    hear(&play, TR_TALE_ENDED, TROUPE_OUTCOME_DEAD_LETTER);
    hear(&play, TR_TALE_ENTERED, 0);
    hear(&play, TR_TALE_TURN_BEGINS, 0);
    hear(&play, TR_TALE_TURN_ENDS, 0);
    assert_written(&play, NULL);
    end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_becomes_of_messages),
        cmocka_unit_test(writes_answers),
        cmocka_unit_test(writes_who_begins_and_ends),
        cmocka_unit_test(leaves_the_rest_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
