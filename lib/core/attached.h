/* SPDX-License-Identifier: MIT */
/* attached: an actor whose code is a thread from outside.
 *
 * It lies on a worker that has a guard. Its task has no coroutine: where a coroutine would be
 * suspended, the thread lets go of the guard and waits. Between its calls the thread is in code of
 * its own, and may never come back: then its mailbox fills, and nothing else depends on it. When
 * the node stops, it is closed as soon as nothing that it received is in its hand and it is in no
 * call: what that waited for has come, or is told. What an actor has until it has ended is not
 * touched by its thread's calls after that: its last message lies there.
 * Owns:       nothing; its task lives until it is detached.
 * Invariants: its slot stays its own until it is detached, so that `self` can be used.
 * Threads:    inside the guard; enter any thread, one at a time for each actor.
 * Uses:       guard, task, mailbox. */
#ifndef TR_CORE_ATTACHED_H
#define TR_CORE_ATTACHED_H

#include "core/actor.h"

/* The body by which a spawn asks for such an actor; never called. It goes to the proxy's worker. */
troupe_error tr_attached_body(troupe_self *self, void *argument);

/* The cold half of tr_enter and tr_leave, for these. */
void tr_attached_enter(const troupe_self *self);
void tr_attached_leave(const troupe_self *self);

/* Its turn: tells the thread, if it waits; closes the actor, if that is due. */
void tr_attached_run(tr_worker *worker, tr_actor *actor);

/* Leaves the scopes that the thread has open and runs what it has deferred, before it is detached.
 * Outside the guard; the thread's own. */
void tr_attached_leave_scopes(troupe_self *self);

/* Ends the actor; what it holds is the thread's to destroy. `self` is not to be used any more.
 * Inside the guard. */
void tr_attached_detach(tr_worker *worker, tr_actor *actor);

#endif
