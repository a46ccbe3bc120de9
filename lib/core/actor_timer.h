/* SPDX-License-Identifier: MIT */
/* actor_timer: the timers that actors start for themselves.
 *
 * The tick's message lies in the timer: firing allocates nothing, and while the one before is
 * queued or handled there is nothing to queue another with.
 * Owns:       the timers in an actor's table.
 * Invariants: a timer is freed when it is neither running nor its tick under way.
 * Threads:    the worker's of the actor. */
#ifndef TR_CORE_ACTOR_TIMER_H
#define TR_CORE_ACTOR_TIMER_H

#include <troupe/timer.h>

#include "core/actor.h"

/* A tick has ended. */
void tr_actor_timer_ticked(tr_worker *worker, troupe_message *tick);

/* The actor ends. Ticks that are queued are ended by whoever drains the mailbox. */
void tr_actor_timer_cancel_all(tr_worker *worker, tr_actor *actor);

/* The actor moves: its timers go into the list. */
void tr_actor_timer_pack(tr_worker *worker, tr_actor *actor, tr_list *packed);

#endif
