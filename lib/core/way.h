/* SPDX-License-Identifier: MIT */
/* way: the word in a slot that says on which worker its actor is, or between which it moves.
 *
 * At rest the word is the worker's index and nothing else. While the actor moves it names the old
 * worker, the new one, the old one's count of batches given away, and which ends of the node there
 * were when it was given away: an end that came later never used the old way. They are those up to
 * a count, but for the end that is kept for threads from outside while there are none.
 * Threads: any; these are functions of a value. */
#ifndef TR_CORE_WAY_H
#define TR_CORE_WAY_H

#include <stdbool.h>
#include <stdint.h>

#define TR_WAY_MOVING (UINT64_C(1) << 63)
#define TR_WAY_NO_PROXY (UINT64_C(1) << 62)

static inline uint64_t tr_way_of_move(uint32_t from, uint32_t to, uint16_t batch, uint32_t ends)
{
    return TR_WAY_MOVING | (uint64_t) ends << 32 | (uint64_t) batch << 16 | (uint64_t) to << 8 |
           from;
}

static inline bool tr_way_is_moving(uint64_t way)
{
    return (way & TR_WAY_MOVING) != 0;
}

/* At rest: where it is. */
static inline uint32_t tr_way_from(uint64_t way)
{
    return (uint32_t) (way & 255);
}

static inline uint32_t tr_way_to(uint64_t way)
{
    return (uint32_t) (way >> 8 & 255);
}

static inline uint16_t tr_way_batch(uint64_t way)
{
    return (uint16_t) (way >> 16);
}

static inline uint32_t tr_way_ends(uint64_t way)
{
    return (uint32_t) (way >> 32 & 0x3fffffffU);
}

/* Whether this end was there; `proxy` is the index that is kept for threads from outside. */
static inline bool tr_way_has_end(uint64_t way, uint32_t proxy, uint32_t end)
{
    return end < tr_way_ends(way) && ((way & TR_WAY_NO_PROXY) == 0 || end != proxy);
}

#endif
