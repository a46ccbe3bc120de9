/* SPDX-License-Identifier: MIT */
/* checker_stage: an actor called 'it' on the first of two workers, of which a checker is told.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_UNIT_SIMULATION_CHECKER_STAGE_H
#define TR_TESTS_UNIT_SIMULATION_CHECKER_STAGE_H

#include <string.h>
#include <troupe/troupe.h>

#include "simulation/actor_checker.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

struct stage {
    tr_world *world;
    const tr_worker *workers[2];
    const tr_actor *actor;
    tr_finding finding;
    tr_actor_checker actors;
    troupe_message message; /* of a figure, from it to itself */
};

static inline troupe_error waits(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) troupe_receive(self, &message, TROUPE_FOREVER); /* until it is stopped */
    return TROUPE_OK;
}

static inline void set_stage(struct stage *stage)
{
    *stage = (struct stage) {
        .world = a_world_as_it_is(&(const tr_world_options) {.workers = 2}),
    };
    const troupe_ref ref = a_root(stage->world, TROUPE_SPAWN(.name = "it", .body = waits));
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    stage->workers[0] = tr_world_worker(stage->world, 0);
    stage->workers[1] = tr_world_worker(stage->world, 1);
    stage->actor = tr_actor_at(tr_world_worker(stage->world, 0), address);
    stage->message = (troupe_message) {.type = &figure_type,
                                       .kind_and_form = TR_KIND_USER | TR_FORM_STRUCT << 6,
                                       .sender = address,
                                       .receiver = address};
    assert_ok(tr_actor_checker_init(&stage->actors, stage->workers[0]->system, 2, &stage->finding));
}

static inline void strike_stage(struct stage *stage)
{
    tr_actor_checker_fini(&stage->actors);
    drop_world(&stage->world);
}

#endif
