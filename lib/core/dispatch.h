/* SPDX-License-Identifier: MIT */
/* dispatch: running a behavior's handlers.
 *
 * Threads: the worker's.
 * Uses:    mailbox, task (held messages), ask, park. */
#ifndef TR_CORE_DISPATCH_H
#define TR_CORE_DISPATCH_H

#include <troupe/ask.h>
#include <troupe/offload.h>

#include "core/actor.h"

/* One turn of a behavior. */
void tr_dispatch_turn(tr_worker *worker, tr_actor *actor);

/* Calls the continuation of an ask; `reply` may be NULL. Returns what it returned. */
troupe_error tr_dispatch_continuation(tr_actor *actor, troupe_continuation *then,
                                      troupe_error error, troupe_message *reply, void *context);

/* The same of a job. */
troupe_error tr_dispatch_offloaded(tr_actor *actor, troupe_offloaded *then, troupe_error error,
                                   void *result, void *context);

/* Gives what was parked and could not be delivered back to the behavior, or buries it. */
troupe_error tr_dispatch_returned(tr_worker *worker, tr_actor *actor);

/* The asker of a request has given it up, as the notice says. True: the behavior keeps the request
 * and is to hear of it; the notice is taken. */
bool tr_dispatch_give_up(tr_worker *worker, tr_actor *actor, troupe_message *notice);
/* Its turn has come. */
troupe_error tr_dispatch_given_up(tr_worker *worker, tr_actor *actor, troupe_message *notice);

#endif
