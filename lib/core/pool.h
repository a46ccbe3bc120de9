/* SPDX-License-Identifier: MIT */
/* pool: the memory of small messages, one pool per worker.
 *
 * Blocks of four sizes, cut from slabs that are aligned to their size, so that a block's slab, and
 * by it the pool it belongs to, is found by its address. A block is taken by the pool's worker and
 * given back by any thread; what others give back waits in a stack of returned blocks until the
 * worker runs out, and wakes nobody.
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

#define TR_POOL_CLASSES 4
#define TR_POOL_BLOCK_MAX 512
#define TR_POOL_SLAB_SIZE (UINT32_C(64) << 10)

typedef struct tr_block {
    struct tr_block *next;
} tr_block;

typedef struct tr_pool tr_pool;
typedef struct tr_pool_chunk tr_pool_chunk;

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
    unsigned char *next_slab;
    tr_block *free_last[TR_POOL_CLASSES]; /* of each free list that is not empty */
    uint64_t blocks_taken; /* for tests: taken less given on this worker */
    _Alignas(64) _Atomic(tr_block *) returned;
    _Atomic uint64_t from_outside; /* for tests: blocks given back by give_from_outside */
};

/* No memory is taken but the table of the other pools.
 * Errors: NO_MEMORY (false). */
bool tr_pool_init(tr_pool *pool, const troupe_allocator *allocator, void *system, uint32_t index,
                   uint32_t pool_count);
void tr_pool_fini(tr_pool *pool);

/* A block of at least `size` bytes, not zeroed; NULL when memory is out or size > BLOCK_MAX. */
void *tr_pool_take(tr_pool *pool, size_t size);

/* Bytes of the block. */
size_t tr_pool_block_size(const void *block);

/* The pool that the block belongs to. */
tr_pool *tr_pool_of(const void *block);

/* Gives a block back; one of another pool is put into the chain for it. `pool` is the caller's. */
void tr_pool_give(tr_pool *pool, void *block);

/* Gives a block back from a thread that has no pool. */
void tr_pool_give_from_outside(void *block);

/* Sends the homeward chains home. */
void tr_pool_settle(tr_pool *pool);

#endif
