/* SPDX-License-Identifier: MIT */
/* place: which worker a new actor goes to.
 *
 * Threads: the spawner's worker. */
#ifndef TR_CORE_PLACE_H
#define TR_CORE_PLACE_H

#include "core/worker.h"

/* Errors: BAD_ARGUMENT for a worker that is none; those of ports.make_worker. */
TROUPE_MUST_CHECK troupe_error tr_place_find(tr_worker *worker, const troupe_spawn_options *options,
                                             uint32_t *out_index);

#endif
