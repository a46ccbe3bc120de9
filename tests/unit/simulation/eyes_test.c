/* SPDX-License-Identifier: MIT */
/* What the eyes promise: whatever a node's core tells reaches its checkers, and only of that node;
 * a world goes no further when one of them has found something, and says what. */
#include "simulation/eyes.h"

#include "unit/simulation/checker_stage.h"

static void tell_of_scope(const struct stage *stage, uint64_t number)
{
    TR_TELL(SCOPE_LEFT, .worker = stage->workers[0], .actor = stage->actor, .number = number);
    (void) stage;
    (void) number;
}

/* Promise: SIMULATION-CHECKS */
static void break_the_world_they_look_at(void **state)
{
    (void) state;
    struct stage stages[2];
    if (!tr_eyes_can_see()) {
        return; /* nothing is told in this build */
    }
    set_stage(&stages[0]);
    set_stage(&stages[1]);
    tell_of_scope(&stages[0], 0);
    assert_true(tr_world_is_sound(stages[0].world));
    tell_of_scope(&stages[0], 1);
    assert_false(tr_world_stop(stages[0].world));
    assert_string_equal(tr_world_fault(stages[0].world),
                        "'it' left a scope in which something runs");
    assert_false(tr_world_is_sound(stages[0].world));
    assert_string_equal(tr_world_fault(stages[0].world),
                        "'it' left a scope in which something runs");
    tr_actor_checker_fini(&stages[0].actors);
    tr_world_destroy(&stages[0].world);
    strike_stage(&stages[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(break_the_world_they_look_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
