/* SPDX-License-Identifier: MIT */
/* post: the way of an admitted message to its receiver.
 *
 * Threads: the sender's worker.
 * Uses:    worker, mailbox. */
#ifndef TR_CORE_POST_H
#define TR_CORE_POST_H

#include "core/mailbox.h"

/* Hands an admitted message to its receiver: into the mailbox if it is on this worker. */
static inline void tr_worker_post(tr_worker *worker, tr_slot *slot, troupe_message *message)
{
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    if (way != worker->index) {
        tr_balance_sent(worker, message, way);
        if (TR_LIKELY(!tr_way_is_moving(way) && worker->moves.arrived == NULL)) {
            tr_worker_tell(worker, (uint32_t) way, message);
        } else {
            tr_moves_send(worker, message);
        }
        return;
    }
    /* Its place keeps the slot, so the actor is there. */
    tr_actor *actor = atomic_load_explicit(&slot->actor, memory_order_relaxed);
    if (TR_LIKELY(tr_actor_is_live(actor))) {
        tr_mailbox_put(worker, actor, message);
    } else {
        tr_worker_put(worker, message);
    }
}

#endif
