/* SPDX-License-Identifier: MIT */
/* parcels: batches under way from worker to worker, each due at a time.
 *
 * Owns:       its records, in memory of the world's own; the messages until they are taken.
 * Invariants: from one worker to another they are taken in the order added. A way is in the list of
 *             used ones while something is on it.
 * Threads:    one.
 * Fails:      in init and add. */
#ifndef TR_SIMULATION_PARCELS_H
#define TR_SIMULATION_PARCELS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ends.h"

typedef struct tr_way tr_way;

typedef struct tr_parcels {
    tr_way *ways;   /* ends * ends, by sender and receiver */
    uint32_t *used; /* indices of ways, in the order in which they came into use */
    uint32_t used_count;
    uint32_t ends;
} tr_parcels;

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_parcels_init(tr_parcels *parcels, uint32_t ends);
/* Takes one that is all zero. There must be nothing under way. */
void tr_parcels_fini(tr_parcels *parcels);

/* Errors: NO_MEMORY. It is due not before what was added for the same two before. */
TROUPE_MUST_CHECK troupe_error tr_parcels_add(tr_parcels *parcels, uint32_t from, uint32_t to,
                                              const tr_batch *batch, uint64_t due_ns);

/* How many ways have one that is due. */
uint32_t tr_parcels_due_count(const tr_parcels *parcels, uint64_t now_ns);

/* Takes the first parcel of the `choice`-th of those ways. Returns to whom it goes. */
uint32_t tr_parcels_take(tr_parcels *parcels, uint64_t now_ns, uint32_t choice,
                         tr_batch *out_batch);

/* Drops all that is under way, at the end of the world. */
void tr_parcels_drop(tr_parcels *parcels, const tr_ends *ends);

/* When the next is due; TR_NEVER if nothing is under way. */
uint64_t tr_parcels_next_due_ns(const tr_parcels *parcels);

/* How many of the messages under way the ledger counts as held. */
uint64_t tr_parcels_held(const tr_parcels *parcels);

#endif
