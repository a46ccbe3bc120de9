/* SPDX-License-Identifier: MIT */
/* The simulator's own checkers find bugs planted in the library of which no actor may ever know;
 * how they find what cannot be planted is in their unit tests. */
#include <troupe/troupe.h>

#include "base/chance.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_error waits(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return TROUPE_OK;
}

struct scene {
    troupe_ref heir;
    troupe_ref gone;
};

static troupe_error ends(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

/* Sends more than one before the other runs, watches one that is gone, and has a timer. */
static troupe_error plays(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    troupe_monitor_id monitor;
    troupe_timer timer;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < 3 && !error; i++) {
        error = send_figure(self, scene->heir, i);
    }
    error = error ? error : troupe_monitor(self, scene->gone, &monitor);
    error =
        error ? error : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_S(1)), &timer);
    return error ? error : waits(self, NULL);
}

/* What is to be found, or "". */
static void play(tr_bug bug, const char *fault)
{
    static const troupe_type_rule rules[] = {{.type = &other_figure_type, .priority = 1}};
    struct scene scene;
    tr_world *world = a_world_as_it_is(&(const tr_world_options) {.workers = 2});
    scene.heir = a_root(world, TROUPE_SPAWN(.name = "heir", .body = waits, .type_rules = rules,
                                            .type_rule_count = 1, .mailbox_capacity = 8));
    scene.gone = a_root(world, TROUPE_SPAWN(.body = ends));
    tr_world_run(world);
    tr_bug_plant(bug);
    const troupe_ref ref =
        a_root(world, TROUPE_SPAWN(.name = "it", .body = plays, .argument = &scene));
    (void) tr_world_move(world, ref, 1);
    tr_world_advance(world, 100);
    tr_bug_plant(TR_BUG_NONE);
    assert_int_equal(tr_world_is_sound(world), fault[0] == '\0');
    assert_string_equal(tr_world_fault(world), fault);
    tr_world_destroy(&world);
}

/* Promise: SIMULATION-CHECKS */
static void bugs_in_the_library_are_found(void **state)
{
    (void) state;
    play(TR_BUG_NONE, "");
    play(TR_BUG_LAST_FIRST,
         "a message figure from 'it' to 'heir' was handled after one that came later");
    play(TR_BUG_NO_DOWN, "'it' watches actor 2.1, which has ended, and was sent no DOWN");
    play(TR_BUG_LOST_TIMER, "timers of actors that were moved are lost: 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bugs_in_the_library_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
