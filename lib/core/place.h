/* SPDX-License-Identifier: MIT */
/* place: which worker a new actor goes to.
 *
 * Threads: the spawner's worker. */
#ifndef TR_CORE_PLACE_H
#define TR_CORE_PLACE_H

#include "core/worker.h"

/* On the worker that is for what goes to other nodes; not for users. */
#define TR_PLACE_BORDER ((troupe_place) (TROUPE_PLACE_OWN_THREAD + 1))

/* Errors: BAD_ARGUMENT for a worker that is none; those of ports.make_worker. */
TROUPE_MUST_CHECK troupe_error tr_place_find(tr_worker *worker, const troupe_spawn_options *options,
                                             uint32_t *out_index);

#endif
