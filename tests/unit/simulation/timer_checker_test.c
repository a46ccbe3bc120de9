/* SPDX-License-Identifier: MIT */
/* What the checker of timers promises: it finds one that fires twice, early, when it was cancelled
 * or never. */
#include "simulation/timer_checker.h"

#include "unit/simulation/checker_stage.h"

struct play {
    struct stage stage;
    tr_timer_checker checker;
    tr_timer timer;
};

static void begin(struct play *play)
{
    memset(play, 0, sizeof *play);
    set_stage(&play->stage);
    assert_ok(tr_timer_checker_init(&play->checker, 2, &play->stage.finding));
}

static void hear(struct play *play, tr_tale tale, uint64_t number)
{
    tr_timer_checker_hear(&play->checker,
                          &(const tr_told) {.tale = tale,
                                            .timers = &play->stage.workers[0]->timers,
                                            .timer = &play->timer,
                                            .number = number});
}

static void end(struct play *play, const char *fault)
{
    assert_string_equal(play->stage.finding.text, fault);
    tr_timer_checker_fini(&play->checker);
    strike_stage(&play->stage);
}

static void lets_be_what_fires_in_time_or_is_cancelled(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_CANCELLED, 0);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_FIRES, 5);
    hear(&play, TR_TALE_TIMERS_ARE_ON_TIME, 5);
    hear(&play, TR_TALE_TIMER_ARMED, 9);
    hear(&play, TR_TALE_TIMER_PACKED, 0);
    hear(&play, TR_TALE_TIMER_CANCELLED, 0);
    hear(&play, TR_TALE_TIMER_ARMED, 9);
    hear(&play, TR_TALE_TIMERS_ARE_ON_TIME, 8);
    tr_timer_checker_sleep(&play.checker, 0, 9);
    tr_timer_checker_rest(&play.checker);
    end(&play, "");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_fires_twice(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_FIRES, 6);
    hear(&play, TR_TALE_TIMER_FIRES, 7);
    end(&play, "a timer fires at 7 ns that is not armed: it has fired before, or was cancelled");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_fires_early(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_FIRES, 4);
    end(&play, "a timer due at 5 ns fires at 4 ns");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_does_not_fire(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMERS_ARE_ON_TIME, 6);
    end(&play, "a timer of worker 0 is lost: it was due at 5 ns and has not fired at 6 ns");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_its_worker_sleeps_through(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    tr_timer_checker_sleep(&play.checker, 0, 6);
    end(&play, "a timer of worker 0 is lost: it is due at 5 ns, and the worker sleeps for longer");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_is_replaced(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_ARMED, 6);
    end(&play,
        "a timer due at 5 ns is lost: it neither fired nor was cancelled, and is armed anew");
}

/* Promise: SIMULATION-CHECKS */
static void finds_one_that_is_changed_or_lost_when_it_is_moved(void **state)
{
    (void) state;
    struct play play;
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_PACKED, 0);
    hear(&play, TR_TALE_TIMER_CANCELLED, 0);
    hear(&play, TR_TALE_TIMER_ARMED, 6);
    end(&play, "a timer due at 5 ns has come to another worker as due at 6 ns");
    begin(&play);
    hear(&play, TR_TALE_TIMER_ARMED, 5);
    hear(&play, TR_TALE_TIMER_PACKED, 0);
    hear(&play, TR_TALE_TIMER_CANCELLED, 0);
    tr_timer_checker_rest(&play.checker);
    end(&play, "timers of actors that were moved are lost: 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_be_what_fires_in_time_or_is_cancelled),
        cmocka_unit_test(finds_one_that_fires_twice),
        cmocka_unit_test(finds_one_that_fires_early),
        cmocka_unit_test(finds_one_that_does_not_fire),
        cmocka_unit_test(finds_one_that_its_worker_sleeps_through),
        cmocka_unit_test(finds_one_that_is_replaced),
        cmocka_unit_test(finds_one_that_is_changed_or_lost_when_it_is_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
