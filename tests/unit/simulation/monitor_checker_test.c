/* SPDX-License-Identifier: MIT */
/* What the checker of monitors promises: it finds a second DOWN, and one that never comes. */
#include "simulation/monitor_checker.h"

#include "unit/simulation/checker_stage.h"

struct play {
    struct stage stage;
    tr_monitor_checker checker;
};

static void begin(struct play *play)
{
    set_stage(&play->stage);
    tr_monitor_checker_init(&play->checker, play->stage.workers[0]->system, &play->stage.actors,
                            &play->stage.finding);
    play->stage.message.type = &troupe_down_type;
    play->stage.message.correlation = 7;
}

static void hear(struct play *play, tr_tale tale)
{
    const bool is_made = tale == TR_TALE_MONITOR_MADE;
    const tr_told told = {.tale = tale,
                          .worker = play->stage.workers[0],
                          .actor = is_made ? NULL : play->stage.actor,
                          .message = &play->stage.message,
                          .number = tale == TR_TALE_MONITOR_OVER ? 7 : 0};
    tr_actor_checker_hear(&play->stage.actors, &told);
    tr_monitor_checker_hear(&play->checker, &told);
}

static void end(struct play *play, const char *fault)
{
    tr_monitor_checker_rest(&play->checker);
    assert_string_equal(play->stage.finding.text, fault);
    tr_monitor_checker_fini(&play->checker);
    strike_stage(&play->stage);
}

/* Promise: SIMULATION-CHECKS */
static void finds_a_second_down(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_SPAWNED);
    hear(&play, TR_TALE_MONITOR_MADE);
    hear(&play, TR_TALE_ACTOR_ENDED);
    hear(&play, TR_TALE_DOWN);
    hear(&play, TR_TALE_DOWN);
    end(&play, "'it' watches 'it', which has ended, and was sent two DOWNs");
}

/* Promise: SIMULATION-CHECKS */
static void finds_a_down_that_does_not_come(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_SPAWNED);
    hear(&play, TR_TALE_MONITOR_MADE);
    tr_monitor_checker_rest(&play.checker);
    assert_string_equal(play.stage.finding.text, ""); /* the watched lives */
    hear(&play, TR_TALE_ACTOR_ENDED);
    end(&play, "'it' watches 'it', which has ended, and was sent no DOWN");
}

/* Promise: SIMULATION-CHECKS */
static void finds_a_down_of_nobody_that_does_not_come(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    play.stage.message.receiver = (tr_address) {.slot = 9, .generation = 3};
    hear(&play, TR_TALE_MONITOR_MADE);
    end(&play, "'it' watches actor 9.3, which has ended, and was sent no DOWN");
}

static void expects_none_of_a_monitor_that_is_undone(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_SPAWNED);
    hear(&play, TR_TALE_MONITOR_MADE);
    hear(&play, TR_TALE_MONITOR_OVER);
    hear(&play, TR_TALE_ACTOR_ENDED);
    hear(&play, TR_TALE_DOWN); /* it had not heard of that */
    end(&play, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_second_down),
        cmocka_unit_test(finds_a_down_that_does_not_come),
        cmocka_unit_test(finds_a_down_of_nobody_that_does_not_come),
        cmocka_unit_test(expects_none_of_a_monitor_that_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
