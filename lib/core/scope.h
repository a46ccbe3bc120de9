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

#include "core/actor.h"

/* The actor takes this message to handle. */
static inline void tr_scope_begin(tr_actor *actor, const troupe_message *message)
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

/* The message is not held any more, but the handling goes on, with its deadline. */
static inline void tr_scope_forget(tr_actor *actor, const troupe_message *message)
{
    if (actor->scope == message) {
        actor->scope = NULL;
    }
}

static inline bool tr_scope_is_cancelled(const tr_actor *actor)
{
    return actor->is_cancelled || actor->is_scope_cancelled;
}

/* The earlier of the deadline and that of the message being handled. */
static inline uint64_t tr_scope_deadline(const tr_actor *actor, uint64_t deadline_ns)
{
    return deadline_ns < actor->message_deadline_ns ? deadline_ns : actor->message_deadline_ns;
}

/* Tells the receiver of a request that its asker does not wait any more. Best effort: without
 * memory the request is handled for nobody. */
void tr_scope_give_up(tr_worker *worker, tr_address asker, tr_address receiver, uint64_t ask);
/* GIVE_UP came: cancels the scope of handling that request, or makes it void if it is queued. */
void tr_scope_given_up(tr_worker *worker, troupe_message *message);

#endif
