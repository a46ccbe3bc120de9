/* SPDX-License-Identifier: MIT */
/* ask: the open asks of an actor.
 *
 * A coroutine's stands on its stack and is waited for; a behavior's is a block with a timer of its
 * own and the message that tells of its end in time.
 * Owns:       a behavior's asks until their continuation has been called.
 * Invariants: an ask is in its actor's table from before its request is sent until it is answered
 *             and that has been handled, so that exactly one answer counts.
 * Threads:    the worker's of the asker. */
#ifndef TR_CORE_ASK_H
#define TR_CORE_ASK_H

#include <troupe/ask.h>
#include <troupe/future.h>

#include "core/actor.h"
#include "core/jobs.h"

/* Answers a request that is held and wants a reply. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_reply_with_error(tr_worker *worker, tr_actor *actor,
                                                   troupe_message *request, troupe_error reason);

/* Ends the context of an ask whose continuation is not going to be called. */
typedef void tr_ask_drop(tr_worker *worker, void *context);

/* What a behavior wants to be called with the answer. */
typedef struct tr_continuation {
    troupe_continuation *then;
    void *context;
    tr_ask_drop *drop; /* called if the actor ends before the answer has come; or NULL */
} tr_continuation;

/* As troupe_ask_message_then, with right arguments. */
TROUPE_MUST_CHECK troupe_error tr_ask_message_then(troupe_self *self, troupe_ref to,
                                                   troupe_message **message, troupe_timeout timeout,
                                                   const tr_continuation *continuation);

/* A request that is to be sent. */
typedef struct tr_asking {
    tr_address to;
    uint64_t deadline_ns;
    bool is_settled;  /* see troupe_ask_settled */
    bool is_given_up; /* from the beginning */
} tr_asking;

/* Sends it and waits for the answer. *message is taken, unless it could not be sent or has come
 * back. Errors: as troupe_ask. */
TROUPE_MUST_CHECK troupe_error tr_ask_and_wait(tr_task *task, const tr_asking *asking,
                                               troupe_message **message,
                                               troupe_message **out_reply);

/* Sends it for a behavior, which is called with the answer. */
TROUPE_MUST_CHECK troupe_error tr_ask_then(tr_worker *worker, tr_actor *actor,
                                           const tr_asking *asking, troupe_message **message,
                                           const tr_continuation *continuation);

/* The same; the ask has this number, under which it can be given up (scope). */
TROUPE_MUST_CHECK troupe_error tr_ask_then_known(tr_worker *worker, tr_actor *actor,
                                                 const tr_asking *asking, troupe_message **message,
                                                 const tr_continuation *continuation,
                                                 uint64_t *out_id);

/* REPLY came. */
void tr_ask_replied(tr_worker *worker, troupe_message *reply);

/* A behavior handles a reply: calls the continuation. */
troupe_error tr_ask_continue(tr_worker *worker, tr_actor *actor, troupe_message *reply);

/* Opens an ask of a behavior that a job answers. The arguments are those of troupe_offload_then; on
 * an error nothing is left of it. */
TROUPE_MUST_CHECK troupe_error tr_ask_offload(tr_worker *worker, tr_actor *actor,
                                              const troupe_job *job, uint64_t deadline_ns,
                                              troupe_offloaded *then, void *context);

/* A job came for the actor. False: no open ask waits for it. */
bool tr_ask_job_came(tr_worker *worker, tr_actor *actor, tr_job *job);

/* Opens an ask of a behavior that a future of its answers. On an error nothing is left of it. */
TROUPE_MUST_CHECK troupe_error tr_ask_future(tr_worker *worker, troupe_future *future,
                                             uint64_t deadline_ns, troupe_resolved *then,
                                             void *context);

/* The promise of a future that such an ask is for has been kept. */
void tr_ask_future_came(tr_worker *worker, tr_actor *actor, const troupe_future *future);

/* The actor ends: its asks are forgotten, and those who were asked are told; replies come late. */
void tr_ask_give_up_all(tr_worker *worker, tr_actor *actor);
/* The same at the end of the node, telling nobody. */
void tr_ask_forget_all(tr_worker *worker, tr_actor *actor);

/* The actor moves: its asks' timers go into the list. */
void tr_ask_pack_timers(tr_worker *worker, tr_actor *actor, tr_list *packed);

#endif
