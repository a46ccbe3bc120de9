/* SPDX-License-Identifier: MIT */
/* stacks: guarded stacks of one size, pooled for all workers of a node.
 *
 * Below each stack lies a guard: memory that faults when touched. Stacks are cut from slabs of
 * address space; only pages that are touched cost memory. Each worker takes and gives back through
 * a cache of its own, with a lock once in some dozens of calls. Stacks that wait in a cache keep
 * their pages; of those idle in the pool only as many as warm_limit says do.
 *
 * Owns:       the slabs; they are unmapped with the pool, taken stacks too.
 * Invariants: a stack is taken, or in one cache, or idle in the pool; the pool's mappings are at
 *             most mappings_limit.
 * Threads:    any for tr_stacks, the worker's own for tr_stack_cache; who takes a stack has it
 *             alone.
 * Fails:      in create and take, with nothing changed. Giving back never allocates.
 * Uses:       memory, thread, sanitizers. */
#ifndef TR_CORE_STACKS_H
#define TR_CORE_STACKS_H

#include "core/shake.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>

/* A cache that is full hands half of its stacks to the pool. */
#define TR_STACK_CACHE_CAPACITY TR_SHAKEN(64, 2)
/* A slab is one mapping, if guards are none. */
#define TR_STACKS_PER_SLAB TR_SHAKEN(256, 4)
/* As many as are gathered at once: giving pages back and touching them anew takes 4 us a stack. */
#define TR_STACKS_WARM_LIMIT_DEFAULT TR_SHAKEN(1024, 1)

typedef struct tr_stack tr_stack;
typedef struct tr_stacks tr_stacks;

typedef enum tr_stacks_guard {
    TR_STACKS_GUARD_AUTOMATIC, /* REGION if the kernel has it, otherwise PROTECTION */
    TR_STACKS_GUARD_REGION,    /* Linux 6.13: a mark in the page table, no mapping */
    TR_STACKS_GUARD_PROTECTION /* two mappings a stack, of which a process has some 65 000 */
} tr_stacks_guard;

/* 0 is the default everywhere. */
typedef struct tr_stacks_options {
    size_t stack_size;       /* bytes, rounded up to pages; 0: TR_STACK_SIZE_DEFAULT */
    size_t guard_size;       /* likewise */
    tr_stacks_guard guard;   /* REGION must not be asked for where the kernel lacks it */
    uint32_t warm_limit;     /* idle stacks in the pool that keep their pages; 0: the default */
    uint32_t mappings_limit; /* 0: 7/8 of what the kernel allows the process. Pools of one process
                              * do not know of each other */
} tr_stacks_options;

/* At rest; a worker's cache may change them at any time. */
typedef struct tr_stacks_counts {
    uint32_t guarded;  /* stacks that have been taken at least once */
    uint32_t warm;     /* idle in the pool, with the pages they touched */
    uint32_t cold;     /* idle in the pool, without */
    uint32_t mappings; /* at most so many */
} tr_stacks_counts;

/* Embedded in its worker. Its fields are for stacks.c only. */
typedef struct tr_stack_cache {
    tr_stacks *stacks; /* borrowed */
    tr_stack *first;
    uint32_t count;
} tr_stack_cache;

/* `options` may be NULL. `allocator` is borrowed.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_stacks_create(const troupe_allocator *allocator,
                                                const tr_stacks_options *options,
                                                tr_stacks **out_stacks);

/* After all caches' fini. Takes NULL. */
void tr_stacks_destroy(tr_stacks **stacks);

/* The stack to whose memory or guard the address belongs, or NULL. For handlers of SIGSEGV: takes
 * no lock. Threads: any, at any time in the life of the pool. */
tr_stack *tr_stacks_find(const tr_stacks *stacks, const void *address);

/* True if the guards are no mappings. */
bool tr_stacks_has_guard_regions(const tr_stacks *stacks);

tr_stacks_counts tr_stacks_count(tr_stacks *stacks);

/* True if every invariant that can be seen at rest holds. For tests. */
bool tr_stacks_is_sound(tr_stacks *stacks);

void tr_stack_cache_init(tr_stack_cache *cache, tr_stacks *stacks);

/* The stacks in it go to the pool. */
void tr_stack_cache_fini(tr_stack_cache *cache);

/* The stack is the caller's until it is given back, to any cache of the same pool. Its owner is
 * NULL and its content anything.
 * Errors: LIMIT_REACHED when there would be too many mappings; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_stack_cache_take(tr_stack_cache *cache, tr_stack **out_stack);

/* Nothing runs on it any more. Sets *stack to NULL. */
void tr_stack_cache_give(tr_stack_cache *cache, tr_stack **stack);

/* Its lowest byte; right below is the guard. */
void *tr_stack_bottom(const tr_stack *stack);

/* In bytes. */
size_t tr_stack_size(const tr_stack *stack);

/* True if the address, one for which tr_stacks_find gave this stack, is in the guard below it. */
bool tr_stack_guards(const tr_stack *stack, const void *address);

/* Who runs on it, for the report of a fault there; NULL if nobody does. */
void *tr_stack_owner(const tr_stack *stack);
void tr_stack_set_owner(tr_stack *stack, void *owner);

/* What sanitizers.h wants for a switch to this stack. */
void *tr_stack_fiber(const tr_stack *stack);

#endif
