/* SPDX-License-Identifier: MIT */
/* An actor ends what user code has destroyed after each handler and before each wait. What it holds
 * is few messages as a rule, its hand, looked through each time. One that holds more keeps them
 * apart, oldest first; of those the destroyer, which may be any thread, counts in the actor's slot,
 * so that they are only looked at when there is one to be found. Mostly it is the oldest: then all
 * is done in a time that does not depend on how many there are. */
#include "base/assert.h"
#include "core/scope.h"
#include "core/task.h"

/* More than these are kept apart. */
#define HAND_MAX TR_SHAKEN(8U, 1U)

/* Of one that is on no list any more. */
static void end_destroyed(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    message->next = NULL;
    tr_message_set_failures(message, 0);
    tr_message_clear(message, TR_MESSAGE_HELD);
    tr_scope_forget(actor, message);
    actor->handled += actor->task != NULL ? 1 : 0; /* a behavior's handler counts before */
    tr_message_end(worker, message, TROUPE_OUTCOME_HANDLED, TROUPE_ERROR_NO_REPLY);
}

/* Returns how many are left in the hand. */
static uint32_t sweep_hand(tr_worker *worker, tr_actor *actor)
{
    uint32_t left = 0;
    for (troupe_message **at = &actor->held; *at != NULL;) {
        troupe_message *message = *at;
        if (tr_message_release(message) == TR_IN_HAND_DESTROYED) {
            *at = message->next;
            end_destroyed(worker, actor, message);
        } else {
            at = &message->next;
            left++;
        }
    }
    return left;
}

/* A timer's message is in no pool, by which its destroyer would find the slot. False if it has just
 * been destroyed, or is one that is tried again. */
static bool may_be_kept(const tr_actor *actor, troupe_message *message)
{
    uint8_t state = TR_IN_HAND;
    return !tr_message_has(message, TR_MESSAGE_EMBEDDED) &&
           tr_address_is_same(message->receiver, actor->address) &&
           atomic_compare_exchange_strong_explicit(&message->released, &state, TR_KEPT,
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* Puts what is in the hand, but for the newest, to what is kept; without memory it stays there. */
static void keep(tr_worker *worker, tr_actor *actor)
{
    tr_extra *extra = tr_actor_extra(worker, actor);
    if (extra == NULL) {
        return;
    }
    troupe_message *oldest = NULL; /* of those to be kept, linked up to the newest */
    for (troupe_message **at = &actor->held->next; *at != NULL;) {
        troupe_message *message = *at;
        if (may_be_kept(actor, message)) {
            *at = message->next;
            message->next = oldest;
            oldest = message;
        } else {
            at = &message->next;
        }
    }
    while (oldest != NULL) {
        troupe_message *next = oldest->next;
        tr_queue_push(&extra->kept, oldest);
        oldest = next;
    }
    actor->keeps = extra->kept.head != NULL;
}

static void remove_kept(tr_actor *actor, troupe_message *previous, troupe_message *message)
{
    tr_queue *kept = &actor->extra->kept;
    tr_queue_remove(kept, previous, message);
    actor->keeps = kept->head != NULL;
}

static void count_found(const tr_actor *actor, uint32_t count)
{
    /* Relaxed: it says how many to look for, no more. */
    atomic_fetch_sub_explicit(&actor->slot->released, count, memory_order_relaxed);
}

static void sweep_kept(tr_worker *worker, tr_actor *actor)
{
    const uint32_t count = atomic_load_explicit(&actor->slot->released, memory_order_relaxed);
    if (count == 0) {
        return;
    }
    uint32_t found = 0;
    troupe_message *previous = NULL;
    for (troupe_message *at = actor->extra->kept.head; at != NULL && found < count;) {
        troupe_message *next = at->next;
        if (tr_message_release(at) == TR_KEPT_DESTROYED) {
            remove_kept(actor, previous, at);
            end_destroyed(worker, actor, at);
            found++;
        } else {
            previous = at;
        }
        at = next;
    }
    count_found(actor, found);
}

void tr_held_sweep(tr_worker *worker, tr_actor *actor)
{
    if (sweep_hand(worker, actor) > HAND_MAX && !actor->is_attached) {
        keep(worker, actor);
    }
    if (actor->keeps) {
        sweep_kept(worker, actor);
    }
}

void tr_held_take_out(tr_actor *actor, troupe_message *message)
{
    if (tr_message_release(message) < TR_KEPT) {
        troupe_message **at = &actor->held;
        while (*at != message) {
            TR_ASSERT(*at != NULL);
            at = &(*at)->next;
        }
        *at = message->next;
        return;
    }
    troupe_message *previous = NULL;
    for (troupe_message *at = actor->extra->kept.head; at != message; at = at->next) {
        TR_ASSERT(at != NULL);
        previous = at;
    }
    remove_kept(actor, previous, message);
    if (tr_message_release(message) == TR_KEPT_DESTROYED) {
        count_found(actor, 1);
    }
}

void tr_held_end_all(tr_worker *worker, tr_actor *actor, troupe_outcome outcome,
                     troupe_error answer)
{
    for (troupe_message *message = tr_held_any(actor); message != NULL;
         message = tr_held_any(actor)) {
        tr_held_remove(actor, message);
        tr_message_end(
            worker, message,
            tr_message_has(message, TR_MESSAGE_REPLIED) ? TROUPE_OUTCOME_HANDLED : outcome, answer);
    }
}
