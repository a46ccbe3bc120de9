/* SPDX-License-Identifier: MIT */
/* snapshot: what one worker has to say about itself and its actors.
 *
 * Threads: the worker's. */
#ifndef TR_CORE_SNAPSHOT_H
#define TR_CORE_SNAPSHOT_H

#include <troupe/statistics.h>

#include "core/worker.h"

/* A picture for `workers` workers, with what no worker has. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_snapshot_create(const tr_system *system, uint32_t workers,
                                                  troupe_snapshot **out_snapshot);

/* Adds this worker's counts, its actors, and its types. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_snapshot_add(troupe_snapshot *snapshot, tr_worker *worker);

/* For looking at a node piece by piece: of the `count` slots from `first` on, the rows of those are
 * filled whose actors are on this worker and have begun; the others stay as they are. Not those
 * whose mailbox is closed. */
void tr_snapshot_look(tr_worker *worker, uint32_t first, uint32_t count, troupe_actor_info *rows);

/* What anybody can see of the actor in this slot, on whichever worker it is: `wait` says nothing.
 * False: there is none whose mailbox is open. Threads: any. */
bool tr_snapshot_glance(const tr_system *system, uint32_t index, troupe_actor_info *info);

/* Whether the thread of the worker that it is on is in its turn just now. Threads: any. */
bool tr_snapshot_is_running(tr_system *system, const troupe_actor_info *info);

#endif
