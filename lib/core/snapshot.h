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

#endif
