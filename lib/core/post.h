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
    if (atomic_load_explicit(&slot->worker, memory_order_relaxed) != worker->index) {
        tr_worker_tell(worker, atomic_load_explicit(&slot->worker, memory_order_relaxed), message);
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
