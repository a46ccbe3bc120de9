/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "core/scope.h"
#include "core/task.h"

void tr_held_sweep(tr_worker *worker, tr_actor *actor)
{
    for (troupe_message **at = &actor->held; *at != NULL;) {
        troupe_message *message = *at;
        /* Pairs with the release in troupe_message_destroy: its caller is done with it. */
        if (atomic_load_explicit(&message->released, memory_order_acquire) == 0) {
            at = &message->next;
            continue;
        }
        *at = message->next;
        message->next = NULL;
        tr_message_clear(message, TR_MESSAGE_HELD);
        tr_scope_forget(actor, message);
        actor->handled += actor->task != NULL ? 1 : 0; /* a behavior's handler counts before */
        tr_message_end(worker, message, TROUPE_OUTCOME_HANDLED, TROUPE_ERROR_NO_REPLY);
    }
}

void tr_held_end_all(tr_worker *worker, tr_actor *actor, troupe_outcome outcome,
                     troupe_error answer)
{
    while (actor->held != NULL) {
        troupe_message *message = actor->held;
        tr_held_remove(actor, message);
        tr_message_end(
            worker, message,
            tr_message_has(message, TR_MESSAGE_REPLIED) ? TROUPE_OUTCOME_HANDLED : outcome, answer);
    }
}
