/* SPDX-License-Identifier: MIT */
/* What the checker of actors promises: one worker at a time runs an actor, that which it is on, and
 * nothing is in a scope that it has left. */
#include "simulation/actor_checker.h"

#include "unit/simulation/checker_stage.h"

#define HEAR(tale_, worker_, number_)                                                              \
    tr_actor_checker_hear(&stage.actors, &(const tr_told) {.tale = TR_TALE_##tale_,                \
                                                           .worker = stage.workers[worker_],       \
                                                           .actor = stage.actor,                   \
                                                           .number = (number_)})

/* Promise: SIMULATION-CHECKS */
static void finds_two_workers_at_one_actor(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    HEAR(TURN_BEGINS, 0, 0);
    HEAR(TURN_ENDS, 0, 0);
    HEAR(TURN_BEGINS, 0, 0);
    assert_string_equal(stage.finding.text, "");
    HEAR(TURN_BEGINS, 1, 0);
    assert_string_equal(stage.finding.text,
                        "worker 1 runs 'it', which is run at the same time by worker 0");
    strike_stage(&stage);
}

/* Promise: SIMULATION-CHECKS */
static void finds_a_worker_that_the_actor_is_not_on(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    HEAR(LEFT_WORKER, 0, 0);
    HEAR(CAME_TO_WORKER, 1, 0);
    HEAR(TURN_BEGINS, 1, 0);
    HEAR(TURN_ENDS, 1, 0);
    assert_string_equal(stage.finding.text, "");
    HEAR(TURN_BEGINS, 0, 0);
    assert_string_equal(stage.finding.text, "worker 0 runs 'it', which is on worker 1");
    strike_stage(&stage);
}

/* Promise: SIMULATION-CHECKS */
static void finds_an_actor_that_runs_while_it_is_moved(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    HEAR(LEFT_WORKER, 0, 0);
    HEAR(TURN_BEGINS, 0, 0);
    assert_string_equal(stage.finding.text, "worker 0 runs 'it', which is being moved");
    strike_stage(&stage);
}

/* Where a worker is taken in the middle of a handler, others have turns there meanwhile. */
static void lets_turns_lie_in_each_other(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    tr_actor other = *stage.actor;
    other.address.slot += 100;
    HEAR(TURN_BEGINS, 0, 0);
    tr_actor_checker_hear(&stage.actors, &(const tr_told) {.tale = TR_TALE_TURN_BEGINS,
                                                           .worker = stage.workers[0],
                                                           .actor = &other});
    HEAR(TURN_ENDS, 0, 0);
    HEAR(TURN_ENDS, 0, 0);
    HEAR(TURN_BEGINS, 0, 0);
    assert_string_equal(stage.finding.text, "");
    strike_stage(&stage);
}

/* Promise: SIMULATION-CHECKS */
static void finds_a_scope_that_is_not_empty(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    HEAR(SCOPE_LEFT, 0, 0);
    assert_string_equal(stage.finding.text, "");
    HEAR(SCOPE_LEFT, 0, 2);
    assert_string_equal(stage.finding.text, "'it' left a scope in which something runs");
    strike_stage(&stage);
}

static void forgets_an_actor_that_is_gone(void **state)
{
    (void) state;
    struct stage stage;
    set_stage(&stage);
    HEAR(TURN_BEGINS, 0, 0);
    assert_non_null(tr_actor_checker_find(&stage.actors, stage.actor->address));
    HEAR(ACTOR_GONE, 0, 0);
    assert_null(tr_actor_checker_find(&stage.actors, stage.actor->address));
    HEAR(TURN_ENDS, 0, 0);
    assert_string_equal(stage.finding.text, "");
    strike_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_two_workers_at_one_actor),
        cmocka_unit_test(finds_a_worker_that_the_actor_is_not_on),
        cmocka_unit_test(finds_an_actor_that_runs_while_it_is_moved),
        cmocka_unit_test(lets_turns_lie_in_each_other),
        cmocka_unit_test(finds_a_scope_that_is_not_empty),
        cmocka_unit_test(forgets_an_actor_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
