/* SPDX-License-Identifier: MIT */
/* virtual_memory: the memory of one node, which may run out.
 *
 * Owns:       its counts; the blocks are those of the allocator below.
 * Threads:    the world's.
 * Fails:      when told to: what was allocated before stays as it is. Shrinking and freeing never
 *             do. */
#ifndef TR_SIMULATION_VIRTUAL_MEMORY_H
#define TR_SIMULATION_VIRTUAL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>

#include "base/random.h"

typedef struct tr_virtual_memory {
    const troupe_allocator *below; /* borrowed */
    troupe_allocator port;
    uint64_t bytes;     /* in use */
    uint64_t bytes_max; /* 0: no limit */
    uint64_t until_one; /* allocations until one fails, that one too; 0: none will */
    /* Whether one counts for that. NULL: each does. */
    bool (*counts)(void *context);
    void *counts_context;
    uint64_t one_in; /* of so many one fails; 0: none */
    uint64_t refused;
    tr_random random; /* its own: what it draws changes nothing else */
} tr_virtual_memory;

void tr_virtual_memory_init(tr_virtual_memory *memory, const troupe_allocator *below);

/* Lives as long as `memory`. */
const troupe_allocator *tr_virtual_memory_port(const tr_virtual_memory *memory);

/* The n-th allocation from here on fails, 1 the next one, and no other. 0: none. */
void tr_virtual_memory_fail_nth(tr_virtual_memory *memory, uint64_t n);
/* The same, of those only of which this is true. */
void tr_virtual_memory_fail_nth_where(tr_virtual_memory *memory, uint64_t n,
                                      bool (*counts)(void *context), void *context);

/* One of so many fails, as the seed says. 0: none. */
void tr_virtual_memory_fail_one_in(tr_virtual_memory *memory, uint64_t one_in, uint64_t seed);

/* There is no more than that. 0: no limit. */
void tr_virtual_memory_limit(tr_virtual_memory *memory, uint64_t bytes_max);

/* No failure that was asked for comes any more. */
void tr_virtual_memory_heal(tr_virtual_memory *memory);

#endif
