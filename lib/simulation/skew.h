/* SPDX-License-Identifier: MIT */
/* skew: the clock of a node that goes ahead of or behind the world's, faster or slower.
 *
 * Invariants: neither clock goes back; all in integers.
 * Threads:    one. */
#ifndef TR_SIMULATION_SKEW_H
#define TR_SIMULATION_SKEW_H

#include <stdint.h>

/* Half as fast, half again as fast. */
#define TR_SKEW_PPM_MAX 500000

/* All zero: it is the world's. */
typedef struct tr_skew {
    uint64_t world_ns; /* at this time of the world's */
    uint64_t own_ns;   /* its own is this */
    int32_t ppm;       /* parts in a million that it is faster since */
} tr_skew;

uint64_t tr_skew_own_ns(const tr_skew *skew, uint64_t world_ns);

/* The first time of the world's at which its own is not before this; TR_NEVER for TR_NEVER. */
uint64_t tr_skew_world_ns(const tr_skew *skew, uint64_t own_ns);

/* From now on it goes so much faster, and jumps ahead by this. `ppm` within TR_SKEW_PPM_MAX. */
void tr_skew_set(tr_skew *skew, uint64_t world_now_ns, int32_t ppm, uint64_t ahead_ns);

#endif
