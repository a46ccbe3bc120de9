/* SPDX-License-Identifier: MIT */
/* takeover: a worker goes on, on another thread, while a handler holds up the one it had.
 *
 * The actor whose handler it is stays in its turn: what comes for it waits, and nobody else runs
 * it. The thread that is held up has the worker no more: in a call with `self` it borrows the
 * worker, between two passes of the thread that has it now, and when the handler has returned, or
 * waits, it has it back and ends the turn as if nothing had been. What is left on that thread's
 * stack below the handler is the pass that it was in: nothing there is known of the worker but its
 * address. Who decides on a takeover, and who waits for whom, is the outside's affair
 * (node/engine).
 * Owns:       nothing.
 * Invariants: is_taken of an actor is set as long as that of its seat. Where the worker has a guard
 *             that of the seat is always set, and nothing is taken.
 * Threads:    possible, begin and end: who has the worker, the handler's own thread being in user
 *             code. The rest: that thread.
 * Uses:       seat, actor, attached, ports. */
#ifndef TR_CORE_TAKEOVER_H
#define TR_CORE_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/actor.h"

/* Whether what runs at this seat is a handler that can be left alone: not that of an actor's
 * end. */
bool tr_takeover_is_possible(tr_worker *worker, const tr_seat *seat);

/* Whether the worker has something to do for others, or is going to have. */
bool tr_takeover_is_useful(const tr_worker *worker, uint64_t now_ns);

void tr_takeover_begin(tr_worker *worker, const tr_seat *seat);

/* The handler's thread has the worker again. */
void tr_takeover_end(tr_worker *worker, const tr_seat *seat);

/* For the calls with `self`, on entry and on the way out, where the seat says that its thread does
 * not have the worker by itself, as it was taken or has a guard (core/attached), or that it is to
 * be looked at who calls (core/misuse). `special`: the seat's bits. */
void tr_takeover_enter(const troupe_self *self, uint32_t special);
void tr_takeover_leave(const troupe_self *self, uint32_t special);

/* The handler has returned or waits. Does nothing if the thread has the worker. */
void tr_takeover_come_back(const tr_actor *actor);

#endif
