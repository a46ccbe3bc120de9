/* SPDX-License-Identifier: MIT */
#include "simulation/mover.h"

#include "core/actor.h"

/* Not now is no harm: the next time comes. */
static uint32_t give(tr_worker *worker, tr_actor *const *actors, uint32_t count, uint32_t to)
{
    if (count == 0 || to == worker->index || worker->inner.head != NULL ||
        tr_moves_give(worker, actors, count, to) != TROUPE_OK) {
        return 0;
    }
    return count;
}

uint32_t tr_mover_give_from(tr_worker *worker, tr_random *random, uint32_t to)
{
    tr_actor *actors[TR_MOVER_MAX];
    uint32_t count = 0;
    for (tr_list *node = tr_list_first(&worker->actors); node != NULL && count < TR_MOVER_MAX;
         node = tr_list_next(&worker->actors, node)) {
        tr_actor *actor = TR_CONTAINER_OF(node, tr_actor, link);
        if (tr_move_may(worker, actor) && tr_random_chance(random, 1, 2)) {
            actors[count++] = actor;
        }
    }
    return give(worker, actors, count, to);
}

tr_moved tr_mover_give_some(const tr_ends *ends, tr_random *random, uint32_t percent)
{
    if (percent == 0 || !tr_random_chance(random, percent, 100)) {
        return (tr_moved) {.count = 0};
    }
    const uint32_t workers = ends->system->options.workers;
    tr_moved moved = {.from = (uint32_t) tr_random_below(random, workers),
                      .to = (uint32_t) tr_random_below(random, workers)};
    moved.count = tr_mover_give_from(tr_ends_worker(ends, moved.from), random, moved.to);
    return moved;
}

tr_moved tr_mover_give_one(const tr_ends *ends, tr_address address, uint32_t to)
{
    for (uint32_t i = 0; i < ends->system->options.workers; i++) {
        tr_worker *worker = tr_ends_worker(ends, i);
        tr_actor *actor = tr_actor_at(worker, address);
        if (actor != NULL && tr_move_may(worker, actor)) {
            return (tr_moved) {.from = i, .to = to, .count = give(worker, &actor, 1, to)};
        }
    }
    return (tr_moved) {.count = 0};
}
