/* SPDX-License-Identifier: MIT */
/* scope: the handling of one message, from receive to receive, and what bounds it.
 *
 * While it lasts the message's deadline holds for every wait of the actor, and a cancel of the
 * request by the one that asked makes every wait return CANCELLED, until the scope ends. A reply
 * lifts both; a detach too, but not a cancel that has come.
 * Owns:       nothing; the actor's `scope`, `message_deadline_ns` and `is_scope_cancelled` are its
 *             to write.
 * Invariants: `scope` is NULL or points to a held message. Without a scope nothing is cancelled
 *             but the actor as a whole, and the deadline is TR_NEVER.
 * Threads:    the worker's of the actor.
 * Uses:       actor, mailbox. */
#ifndef TR_CORE_SCOPE_H
#define TR_CORE_SCOPE_H

#include "base/chance.h"
#include "core/actor.h"

/* The actor takes this message to handle. */
static inline void tr_scope_begin(tr_actor *actor, troupe_message *message)
{
    actor->scope = message;
    actor->message_deadline_ns = message->deadline_ns;
}

static inline void tr_scope_end(tr_actor *actor)
{
    actor->scope = NULL;
    actor->message_deadline_ns = TR_NEVER;
    actor->is_scope_cancelled = false;
}

/* The request has been answered: if it is what is being handled, the scope bounds no more. */
void tr_scope_lift(tr_actor *actor, const troupe_message *request);

/* A flow of a task that does not run may point to the message. */
void tr_scope_forget_elsewhere(tr_actor *actor, troupe_message *message);

/* The message is not held any more, but the handling goes on, with its deadline. */
static inline void tr_scope_forget(tr_actor *actor, troupe_message *message)
{
    if (actor->scope == message) {
        actor->scope = NULL;
    } else if (TR_UNLIKELY(tr_message_has(message, TR_MESSAGE_SCOPED))) {
        tr_scope_forget_elsewhere(actor, message);
    }
}

/* Where the running task is in scopes. */
bool tr_scope_is_cancelled_within(const tr_actor *actor);
bool tr_scope_is_stopping_within(const tr_actor *actor);
uint64_t tr_scope_deadline_within(const tr_actor *actor, uint64_t deadline_ns);

/* Whether the waits of the running task are to return CANCELLED. */
static inline bool tr_scope_is_cancelled(const tr_actor *actor)
{
    if (TR_UNLIKELY(actor->in_scopes)) {
        return tr_scope_is_cancelled_within(actor);
    }
    return actor->is_cancelled || actor->is_scope_cancelled;
}

/* Whether those that a stop ends are to return STOPPING. */
static inline bool tr_scope_is_stopping(const tr_actor *actor)
{
    return TR_UNLIKELY(actor->is_stopping) &&
           (!actor->in_scopes || tr_scope_is_stopping_within(actor));
}

/* The earliest of the deadline, that of the message being handled and those of the scopes that the
 * running task is in. */
static inline uint64_t tr_scope_deadline(const tr_actor *actor, uint64_t deadline_ns)
{
    if (TR_UNLIKELY(actor->in_scopes)) {
        return tr_scope_deadline_within(actor, deadline_ns);
    }
    if (TR_PLANTED(TR_BUG_LONGER_DEADLINE)) {
        return deadline_ns;
    }
    return deadline_ns < actor->message_deadline_ns ? deadline_ns : actor->message_deadline_ns;
}

/* Tells the receiver of a request that its asker does not wait any more. Best effort: without
 * memory the request is handled for nobody. */
void tr_scope_give_up(tr_worker *worker, tr_address asker, tr_address receiver, uint64_t ask);
/* Whether GIVE_UP means this request. */
bool tr_scope_is_request_of(const troupe_message *request, const troupe_message *given_up);
/* GIVE_UP came: cancels the scope of handling that request, or makes it void if it is queued. */
void tr_scope_given_up(tr_worker *worker, troupe_message *message);

#endif
