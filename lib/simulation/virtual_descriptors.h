/* SPDX-License-Identifier: MIT */
/* virtual_descriptors: how many descriptors a node may have, and has.
 *
 * A connection takes one at each end, from when it begins to be made until that end has lost it; a
 * file one from its first write until it is synced, removed, or the node crashes.
 * Owns:       its counts.
 * Invariants: each that was taken is given back once. What there was when the limit came stays.
 * Threads:    the world's.
 * Fails:      in take, when told to. */
#ifndef TR_SIMULATION_VIRTUAL_DESCRIPTORS_H
#define TR_SIMULATION_VIRTUAL_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tr_virtual_descriptors {
    bool is_limited;
    uint64_t most; /* if so */
    uint64_t used;
    uint64_t refused;
} tr_virtual_descriptors;

/* There are no more than that, from now on. */
void tr_virtual_descriptors_limit(tr_virtual_descriptors *descriptors, uint64_t most);
/* As many as are wanted. */
void tr_virtual_descriptors_heal(tr_virtual_descriptors *descriptors);

/* False: there is none. */
bool tr_virtual_descriptors_take(tr_virtual_descriptors *descriptors);
/* One that was taken. */
void tr_virtual_descriptors_give(tr_virtual_descriptors *descriptors);

#endif
