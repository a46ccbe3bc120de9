/* SPDX-License-Identifier: MIT */
/* What the checker of messages promises: it finds a second outcome, one that is missing, and a
 * message that comes or is handled out of its order. */
#include "simulation/message_checker.h"

#include "unit/simulation/checker_stage.h"

struct play {
    struct stage stage;
    tr_message_checker checker;
    troupe_message messages[3];
};

static void begin(struct play *play)
{
    set_stage(&play->stage);
    tr_message_checker_init(&play->checker, play->stage.workers[0]->system, &play->stage.actors,
                            &play->stage.finding);
    for (uint32_t i = 0; i < 3; i++) {
        play->messages[i] = play->stage.message;
    }
}

static void hear(struct play *play, tr_tale tale, uint32_t message, uint64_t number)
{
    tr_message_checker_hear(&play->checker, &(const tr_told) {.tale = tale,
                                                              .worker = play->stage.workers[0],
                                                              .actor = play->stage.actor,
                                                              .message = &play->messages[message],
                                                              .number = number});
}

static void end(struct play *play, const char *fault)
{
    assert_string_equal(play->stage.finding.text, fault);
    tr_message_checker_fini(&play->checker);
    strike_stage(&play->stage);
}

static void send(struct play *play, uint32_t message)
{
    hear(play, TR_TALE_ACCEPTED, message, 0);
    hear(play, TR_TALE_SENT, message, 0);
}

/* Promise: SIMULATION-CHECKS */
static void finds_a_second_outcome(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    for (int i = 0; i < 2; i++) { /* its block may be used again */
        hear(&play, TR_TALE_ACCEPTED, 0, 0);
        hear(&play, TR_TALE_ENDED, 0, TROUPE_OUTCOME_HANDLED);
    }
    assert_string_equal(play.stage.finding.text, "");
    hear(&play, TR_TALE_ENDED, 0, TROUPE_OUTCOME_DROPPED);
    end(&play, "a message figure from 'it' to 'it' had a second outcome");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_without_an_outcome(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_ACCEPTED, 0, 0);
    hear(&play, TR_TALE_ACCEPTED, 0, 0);
    end(&play,
        "a message figure from 'it' to 'it' was accepted though it had had no outcome since "
        "it was before");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_overtakes(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    for (uint32_t i = 0; i < 3; i++) {
        send(&play, i);
    }
    hear(&play, TR_TALE_ENDED, 0, TROUPE_OUTCOME_DEAD_LETTER); /* it is not waited for */
    assert_string_equal(play.stage.finding.text, "");
    hear(&play, TR_TALE_ENTERED, 2, 0);
    end(&play, "a message figure from 'it' to 'it' came before one that was sent earlier");
}

/* By way of another, or parked and given back: no order is promised. */
static void lets_others_overtake_where_it_may_be(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_ACCEPTED, 0, 0);
    hear(&play, TR_TALE_SENT, 0, 1);
    send(&play, 1);
    hear(&play, TR_TALE_GIVEN_BACK, 1, 0);
    send(&play, 2);
    hear(&play, TR_TALE_ENTERED, 2, 0);
    hear(&play, TR_TALE_ENTERED, 0, 0);
    end(&play, "");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_handled_before_its_time(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    for (uint32_t i = 0; i < 2; i++) {
        send(&play, i);
        hear(&play, TR_TALE_ENTERED, i, 0);
    }
    hear(&play, TR_TALE_TAKEN, 1, 0);
    assert_string_equal(play.stage.finding.text, "");
    hear(&play, TR_TALE_TAKEN, 0, 0);
    end(&play, "a message figure from 'it' to 'it' was handled after one that came later");
}

/* In different lanes, or put back by the actor itself. */
static void lets_others_be_handled_first_where_it_may_be(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    for (uint32_t i = 0; i < 3; i++) {
        send(&play, i);
        hear(&play, TR_TALE_ENTERED, i, i == 0 ? 1 : 0);
    }
    hear(&play, TR_TALE_SLIPPED_IN, 1, 0); /* taken by a selective receive, and stashed */
    hear(&play, TR_TALE_TAKEN, 2, 0);
    hear(&play, TR_TALE_TAKEN, 1, 0);
    hear(&play, TR_TALE_TAKEN, 0, 0);
    end(&play, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_second_outcome),
        cmocka_unit_test(finds_one_without_an_outcome),
        cmocka_unit_test(finds_one_that_overtakes),
        cmocka_unit_test(lets_others_overtake_where_it_may_be),
        cmocka_unit_test(finds_one_handled_before_its_time),
        cmocka_unit_test(lets_others_be_handled_first_where_it_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
