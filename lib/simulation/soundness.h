/* SPDX-License-Identifier: MIT */
/* soundness: what must be true of a node at rest, found by walking all of it.
 *
 * Threads: one; no worker may be running. */
#ifndef TR_SIMULATION_SOUNDNESS_H
#define TR_SIMULATION_SOUNDNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ends.h"

/* Each message accepted has ended or is held: in a mailbox, parked, in an actor's hand, on its way
 * within a worker, or among the `under_way` between workers. The mailboxes are sound.
 * False: says in `fault`, for people, what was found first. */
bool tr_soundness_of_ends(const tr_ends *ends, uint64_t under_way, char *fault, size_t size);

/* No mailbox holds more than its bounds; at any step. */
bool tr_soundness_of_bounds(const tr_ends *ends, char *fault, size_t size);

/* After the last actor has ended also: nothing is held, no slot is taken, no place, no byte, no
 * flag but CLOSED is set, no block is out of its pool, no name is left. */
bool tr_soundness_of_end(const tr_ends *ends, char *fault, size_t size);

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_soundness_snapshot(const tr_ends *ends,
                                                     troupe_snapshot **out_snapshot);

/* Names the actors that there are, for people. */
void tr_soundness_name_living(const tr_ends *ends, char *fault, size_t size);

#endif
