/* SPDX-License-Identifier: MIT */
/* pool: the memory of messages and actors, one pool per worker.
 *
 * Blocks of some sizes up to 512 bytes, cut from slabs that are aligned to their size, so that a
 * block's slab, and by it the pool it belongs to, is found by its address. A block is taken by the
 * pool's worker and given back by any thread; what others give back waits in a stack of returned
 * blocks until the worker runs out, and wakes nobody.
 * Owns:       its slabs, until fini; pools belong to the node and outlive the threads that use
 *             them.
 * Invariants: a block is in use, in one free list of its pool, in a homeward chain of another pool,
 *             or on its pool's returned stack.
 * Threads:    take, give and settle: only the pool's worker. give_from_outside: any. */
#ifndef TR_CORE_POOL_H
#define TR_CORE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>

#include "base/assert.h"
#include "core/handle.h"
#include "core/poison.h"
#include "core/shake.h"

/* Of 64 bytes, 128, and then every 32 more. */
#define TR_POOL_CLASSES 14
#define TR_POOL_BLOCK_MAX 512
#define TR_POOL_SLAB_SIZE (UINT32_C(64) << 10)

typedef struct tr_block {
    struct tr_block *next;
} tr_block;

typedef struct tr_pool tr_pool;
typedef struct tr_pool_chunk tr_pool_chunk;

/* At the start of each slab. */
typedef struct tr_slab {
    tr_pool *pool;
    uint32_t block_size;
    uint32_t class;
} tr_slab;

/* What this pool's worker has for another pool. */
typedef struct tr_homeward {
    tr_block *head;
    tr_block *tail;
    struct tr_pool *home;
    struct tr_homeward *next_used; /* in the list of those not empty */
} tr_homeward;

struct tr_pool {
    tr_block *free[TR_POOL_CLASSES];
    const troupe_allocator *allocator; /* borrowed */
    void *system;                      /* borrowed; whose pool this is */
    tr_homeward *homeward;             /* one for each pool of the node, by their index */
    tr_homeward *homeward_used;
    tr_pool_chunk *chunks;
    uint32_t index;
    uint32_t pool_count;
    uint32_t chunk_slabs; /* in the next chunk */
    uint32_t slabs_left;  /* uncut, in the newest chunk */
    uint32_t slabs_made;  /* in all chunks */
    unsigned char *next_slab;
    tr_block *free_last[TR_POOL_CLASSES]; /* of each free list that is not empty */
    uint64_t blocks_taken;                /* for tests: taken less given on this worker */
    _Alignas(64) _Atomic(tr_block *) returned;
    _Atomic uint64_t from_outside; /* for tests: blocks given back by give_from_outside */
};

/* No memory is taken but the table of the other pools.
 * Errors: NO_MEMORY (false). */
bool tr_pool_init(tr_pool *pool, const troupe_allocator *allocator, void *system, uint32_t index,
                  uint32_t pool_count);
void tr_pool_fini(tr_pool *pool);

/* The class of blocks of at least `size` bytes; TR_POOL_CLASSES or more if there is none. */
static inline size_t tr_pool_class_of(size_t size)
{
    if (TR_LIKELY(size <= 128)) {
        return size <= 64 ? 0 : 1;
    }
    return 2 + (size - 129) / 32;
}

static inline size_t tr_pool_size_of_class(size_t class)
{
    return class == 0 ? 64 : 96 + class * 32;
}

/* Where handles are checked a mark precedes each block. */
static inline tr_mark *tr_pool_mark_of(tr_block *block)
{
    return (tr_mark *) (void *) block - 1;
}

/* Whether the allocator has memory just now: in the shake build it is asked for each block, so that
 * each may fail. */
bool tr_pool_may_take(const tr_pool *pool);

/* Of tr_pool_take, when the class's list is empty or the size too large. */
void *tr_pool_take_anew(tr_pool *pool, size_t size);

/* A block of at least `size` bytes, not zeroed; NULL when memory is out or size > BLOCK_MAX. */
static inline void *tr_pool_take(tr_pool *pool, size_t size)
{
    const size_t class = tr_pool_class_of(size);
    if (TR_SHAKEN(false, true) && !tr_pool_may_take(pool)) {
        return NULL;
    }
    if (TR_UNLIKELY(class >= TR_POOL_CLASSES || pool->free[class] == NULL)) {
        return tr_pool_take_anew(pool, size);
    }
    tr_block *block = pool->free[class];
    pool->free[class] = block->next;
    pool->blocks_taken++;
    TR_UNPOISON(block, tr_pool_size_of_class(class));
    TR_MARK_BEGIN(tr_pool_mark_of(block), TR_HANDLE_MESSAGE, pool->system);
    return block;
}

/* Bytes of the block. */
size_t tr_pool_block_size(const void *block);

static inline tr_slab *tr_pool_slab_of(const void *block)
{
    return (tr_slab *) ((uintptr_t) block & ~((uintptr_t) TR_POOL_SLAB_SIZE - 1));
}

/* The pool that the block belongs to. */
static inline tr_pool *tr_pool_of(const void *block)
{
    return tr_pool_slab_of(block)->pool;
}

/* Of tr_pool_give, for a block of another pool, and where handles are checked. */
void tr_pool_give_with_care(tr_pool *pool, tr_block *block);

/* Gives a block back; one of another pool is put into the chain for it. `pool` is the caller's. */
static inline void tr_pool_give(tr_pool *pool, void *given)
{
    tr_block *block = given;
    pool->blocks_taken--;
    if (TR_CHECKS_HANDLES) {
        tr_pool_give_with_care(pool, block);
        return;
    }
    const tr_slab *slab = tr_pool_slab_of(block);
    if (TR_UNLIKELY(slab->pool != pool)) {
        tr_pool_give_with_care(pool, block);
        return;
    }
    block->next = pool->free[slab->class];
    pool->free[slab->class] = block;
    TR_POISON((unsigned char *) block + sizeof *block, slab->block_size - sizeof *block);
}

/* Gives a block back from a thread that has no pool. */
void tr_pool_give_from_outside(void *block);

/* Calls `see` with each block that is in use. For the node's end: all pools have been settled, and
 * nobody takes or gives any more, not even afterwards. */
void tr_pool_each_in_use(tr_pool *pool, void (*see)(void *context, void *block), void *context);

/* Sends the homeward chains home. */
void tr_pool_settle(tr_pool *pool);

#endif
