/* SPDX-License-Identifier: MIT */
/* mailbox: the queues of what an actor has to handle, and the places that they take.
 *
 * Order: replies first (behaviors'), and with them what is to be tried again; then by weight the
 *        lanes of the user priorities, of which timers and all that no rule names take the first. A
 *        DOWN waits until all that was queued when it came has been taken.
 * Owns:       the messages in it.
 * Invariants: `queued` of them have a place; with the stashed they never exceed the capacity.
 * Threads:    the worker's.
 * Fails:      never. Allocates nothing.
 * Uses:       actor, slot, ledger. */
#ifndef TR_CORE_MAILBOX_H
#define TR_CORE_MAILBOX_H

#include "base/assert.h"
#include "core/actor.h"
#include "core/line.h"
#include "core/task.h"

/* Of tr_mailbox_put, for an actor with lanes, one that is watched or that evicts, or a carrier. */
void tr_mailbox_put_with_care(tr_worker *worker, tr_actor *actor, troupe_message *message);

/* Puts an admitted message in; full by eviction, it may end another one, or this one. */
static inline void tr_mailbox_put(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    TR_ASSERT(!tr_message_has(message, TR_MESSAGE_PLACED | TR_MESSAGE_HELD));
    tr_message_set(message, TR_MESSAGE_PLACED);
    if (TR_UNLIKELY(actor->evicts || actor->lanes != NULL || actor->is_watched)) {
        tr_mailbox_put_with_care(worker, actor, message);
        return;
    }
    tr_queue_push(&actor->lane, message);
    actor->queued++;
    TR_TELL(ENTERED, .worker = worker, .actor = actor, .message = message);
    if (actor->task != NULL) {
        tr_task_message_came(worker, actor->task, message);
    } else if (actor->state == TR_ACTOR_LIVE) {
        tr_worker_make_runnable(worker, actor);
    }
}

/* Puts in what has room of its own: a tick, a DOWN. */
void tr_mailbox_put_reserved(tr_worker *worker, tr_actor *actor, troupe_message *message);

/* Puts stashed messages back, before all others. */
void tr_mailbox_put_back(tr_actor *actor, troupe_message *message);

/* Of tr_mailbox_take, when more is to be looked at than the first of a single lane. */
troupe_message *tr_mailbox_take_with_care(tr_worker *worker, tr_actor *actor);

/* Takes the next message to handle off, or NULL. Those that have expired or are void are ended on
 * the way. The place of what is taken is given back by the next tr_mailbox_release. */
static inline troupe_message *tr_mailbox_take(tr_worker *worker, tr_actor *actor)
{
    troupe_message *message = actor->lane.head;
    if (TR_UNLIKELY(actor->replies.head != NULL || actor->lanes != NULL)) {
        return tr_mailbox_take_with_care(worker, actor);
    }
    if (message == NULL) {
        return NULL;
    }
    if (TR_UNLIKELY(tr_message_kind(message) != TR_KIND_USER ||
                    message->deadline_ns <= worker->now_ns ||
                    tr_message_has(message, TR_MESSAGE_VOID))) {
        return tr_mailbox_take_with_care(worker, actor);
    }
    TR_ASSERT(tr_message_has(message, TR_MESSAGE_PLACED));
    actor->lane.head = message->next;
    tr_message_clear(message, TR_MESSAGE_PLACED);
    actor->queued--;
    actor->to_release++;
    actor->bytes_to_release += tr_message_charge(message);
    TR_TELL(TAKEN, .worker = worker, .actor = actor, .message = message);
    return message;
}

/* The same for a behavior that has messages parked: replies and ticks only. */
troupe_message *tr_mailbox_take_reserved(tr_worker *worker, tr_actor *actor);

/* The oldest of the highest lane that is accepted, or NULL. */
troupe_message *tr_mailbox_take_only(tr_worker *worker, tr_actor *actor,
                                     const troupe_accept *accepted, size_t count);

/* Of tr_mailbox_is_empty, for an actor with lanes whose first is empty. */
bool tr_mailbox_lanes_are_empty(const tr_actor *actor);

static inline bool tr_mailbox_is_empty(const tr_actor *actor)
{
    return actor->lane.head == NULL && actor->replies.head == NULL &&
           (TR_LIKELY(actor->lanes == NULL) || tr_mailbox_lanes_are_empty(actor));
}

/* Whether what is queued and stashed takes all places. */
bool tr_mailbox_is_full(const tr_actor *actor);

/* Whether a message is of one of the types. */
bool tr_message_is_accepted(const troupe_message *message, const troupe_accept *accepted,
                            size_t count);

/* The asker does not wait for the reply to this queued or stashed request any more: when its turn
 * comes it ends as cancelled. */
bool tr_mailbox_void(tr_actor *actor, tr_address asker, uint64_t ask);

/* Of tr_mailbox_release, when there are bytes to give back or somebody looks at the mark. */
void tr_mailbox_release_with_care(tr_worker *worker, tr_actor *actor);

/* Gives back the places of what was taken, and serves those who wait for room. */
static inline void tr_mailbox_release(tr_worker *worker, tr_actor *actor)
{
    const uint32_t count = actor->to_release;
    if (count == 0) {
        return;
    }
    if (TR_UNLIKELY(actor->bytes_to_release > 0 || actor->is_watched)) {
        tr_mailbox_release_with_care(worker, actor);
        return;
    }
    actor->to_release = 0;
    const uint64_t before = tr_slot_release(actor->slot, count);
    tr_slot_note_peak(actor->slot, before);
    if (TR_UNLIKELY((before & TR_SLOT_WAITING) != 0 || actor->line.head != NULL)) {
        tr_line_serve(worker, actor);
    }
}

/* The same in the middle of a turn, but for what is still being handled: it may be stashed. False
 * if there is nothing to give back. */
bool tr_mailbox_release_past(tr_worker *worker, tr_actor *actor);

/* Takes any message out in whatever order, for the actor's end; PLACED is cleared, its place
 * counted for release. NULL when there is none. */
troupe_message *tr_mailbox_drain(tr_actor *actor);

/* The receiver's rule for messages of this type, or NULL. */
const troupe_type_rule *tr_rule_for(const troupe_type_rule *rules, size_t count,
                                    const troupe_message *message);

/* True if every invariant above holds; walks all queues. For tests. */
bool tr_mailbox_is_sound(const tr_actor *actor);

#endif
