/* SPDX-License-Identifier: MIT */
/* world_gate: the gate (core/future) by which promises are kept in the simulated world.
 *
 * Owns:    itself: it is freed when the world has released it and no promise is left.
 * Threads: the world's.
 * Fails:   in create.
 * Uses:    core/future, ends. */
#ifndef TR_SIMULATION_WORLD_GATE_H
#define TR_SIMULATION_WORLD_GATE_H

#include "core/ends.h"
#include "core/future.h"

/* What comes in is given to a worker, whose has_work is set, and *is_rung is set too. The blocks
 * are of this allocator, which has to outlive the last promise.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_world_gate_create(const troupe_allocator *allocator,
                                                    const tr_ends *ends, bool *has_work,
                                                    bool *is_rung, tr_gate **out_gate);

/* For those of tr_world_gate_create. */
bool tr_world_gate_is_locked(tr_gate *gate);

#endif
