/* SPDX-License-Identifier: MIT */
/* probe: finding rings of actors that wait for each other's room or replies.
 *
 * Who has waited for a while sends a probe along its edge to whom it waits for. There the edge is
 * checked (it stands in line in a mailbox full of what is queued; or its request is held), and the
 * probe goes on along that actor's own edge. Each check is made by the worker that owns what it
 * looks at. Back at its origin it goes round a second time; if it has met the same waits, by their
 * numbers, the ring is real. (Edge chasing after Chandy, Misra and Haas.)
 * Where an actor has several tasks, a request that one of them was given to handle leads to that
 * task's edge; anything else any of them might serve, so the probe follows the edges of all, one
 * after the other, and the knot is real only if none leads to somebody who may go on.
 * It dies where something could still move, and at one who began to wait later than its origin:
 * that one's own probe will see the ring, so exactly one is told.
 * Owns:    nothing beyond the message.
 * Threads: the worker's. */
#ifndef TR_CORE_PROBE_H
#define TR_CORE_PROBE_H

#include "core/task.h"

/* Sends a probe for a task that waits for room or a reply. Without memory for it: later. */
void tr_probe_start(tr_worker *worker, tr_task *task);

/* The same for a behavior with messages parked. */
void tr_probe_start_parked(tr_worker *worker, tr_actor *actor);

/* PROBE came. */
void tr_probe_came(tr_worker *worker, troupe_message *message);

#endif
