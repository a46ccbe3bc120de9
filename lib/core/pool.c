/* SPDX-License-Identifier: MIT */
#include "core/pool.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/handle.h"
#include "core/poison.h"

/* What the tr_slab at the start of each takes. */
#define SLAB_HEADER_SIZE 64

/* In front of each block, with its mark at the end: a cache line, so that blocks begin with one. */
#define PREFIX_SIZE (TR_CHECKS_HANDLES ? 64U : 0U)

struct tr_pool_chunk {
    struct tr_pool_chunk *next;
    size_t size;
};

/* Chunks grow with the pool, to a quarter of it; the large ones lie in huge pages. */
#define CHUNK_SLABS_SMALL 16
#define CHUNK_SLABS_LARGE 64
#define CHUNK_SLABS_MAX 512

_Static_assert(96 + (TR_POOL_CLASSES - 1) * 32 == TR_POOL_BLOCK_MAX, "the last class");

bool tr_pool_init(tr_pool *pool, const troupe_allocator *allocator, void *system, uint32_t index,
                  uint32_t pool_count)
{
    *pool = (tr_pool) {.allocator = allocator,
                       .system = system,
                       .index = index,
                       .pool_count = pool_count,
                       .chunk_slabs = 1};
    pool->homeward = tr_allocate(allocator, pool_count * sizeof *pool->homeward);
    return pool->homeward != NULL;
}

void tr_pool_fini(tr_pool *pool)
{
    while (pool->chunks != NULL) {
        tr_pool_chunk *chunk = pool->chunks;
        pool->chunks = chunk->next;
        TR_UNPOISON(chunk, chunk->size);
        tr_free(pool->allocator, chunk, chunk->size);
    }
    if (pool->homeward != NULL) {
        tr_free(pool->allocator, pool->homeward, pool->pool_count * sizeof *pool->homeward);
        pool->homeward = NULL;
    }
}

/* The chunk's own header precedes it, and a slab's worth is left for that. */
static unsigned char *first_slab_of(tr_pool_chunk *chunk)
{
    const uintptr_t start = (uintptr_t) chunk + sizeof *chunk;
    return (unsigned char *) ((start + TR_POOL_SLAB_SIZE - 1) &
                              ~((uintptr_t) TR_POOL_SLAB_SIZE - 1));
}

static bool add_chunk(tr_pool *pool)
{
    /* One slab more than is used, to have room to align. */
    const size_t size = (size_t) (pool->chunk_slabs + 1) * TR_POOL_SLAB_SIZE;
    tr_pool_chunk *chunk = tr_allocate_unset(pool->allocator, size); /* touched where it is used */
    if (chunk == NULL) {
        return false;
    }
    chunk->next = pool->chunks;
    chunk->size = size;
    pool->chunks = chunk;
    if (pool->chunk_slabs >= CHUNK_SLABS_LARGE) {
        tr_prefer_huge_pages(chunk, size);
    }

    pool->next_slab = first_slab_of(chunk);
    const uintptr_t end = (uintptr_t) chunk + size;
    pool->slabs_left = (uint32_t) ((end - (uintptr_t) pool->next_slab) / TR_POOL_SLAB_SIZE);
    pool->slabs_made += pool->slabs_left;
    const bool is_large = pool->slabs_made >= pool->chunk_slabs * 8;
    if (pool->chunk_slabs < CHUNK_SLABS_SMALL ||
        (is_large && pool->chunk_slabs < CHUNK_SLABS_MAX)) {
        pool->chunk_slabs *= 2;
    }
    return true;
}

/* The first to be used again; where handles are checked the last, to be known for what it was. */
static void put_free(tr_pool *pool, tr_block *block)
{
    const tr_slab *slab = tr_pool_slab_of(block);
    tr_block **first = &pool->free[slab->class];
    tr_block **last = &pool->free_last[slab->class];
    if (TR_CHECKS_HANDLES && *first != NULL) {
        block->next = NULL;
        (*last)->next = block;
        *last = block;
    } else {
        block->next = *first;
        *first = block;
        *last = block;
    }
    TR_POISON((unsigned char *) block + sizeof *block, slab->block_size - sizeof *block);
}

/* Takes home what others have given back. */
static bool collect_returned(tr_pool *pool)
{
    /* Pairs with the releases in send_home: the blocks are no longer touched by those who gave them
     * back. */
    tr_block *block = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    const bool is_any = block != NULL;
    while (block != NULL) {
        tr_block *next = block->next;
        put_free(pool, block);
        block = next;
    }
    return is_any;
}

static bool cut_slab(tr_pool *pool, size_t class)
{
    if (pool->slabs_left == 0 && !add_chunk(pool)) {
        return false;
    }
    unsigned char *bytes = pool->next_slab;
    pool->next_slab += TR_POOL_SLAB_SIZE;
    pool->slabs_left--;

    tr_slab *slab = (tr_slab *) (void *) bytes;
    slab->pool = pool;
    slab->class = (uint32_t) class;
    slab->block_size = (uint32_t) tr_pool_size_of_class(class);
    /* From the last to the first, so that they are taken in the order of their addresses. */
    const uint32_t stride = slab->block_size + PREFIX_SIZE;
    for (uint32_t i = (TR_POOL_SLAB_SIZE - SLAB_HEADER_SIZE) / stride; i > 0; i--) {
        const size_t at = SLAB_HEADER_SIZE + (size_t) (i - 1) * stride + PREFIX_SIZE;
        put_free(pool, (tr_block *) (void *) (bytes + at));
    }
    return true;
}

bool tr_pool_may_take(const tr_pool *pool)
{
    void *sample = tr_allocate(pool->allocator, 1);
    tr_free(pool->allocator, sample, 1);
    return sample != NULL;
}

void *tr_pool_take_anew(tr_pool *pool, size_t size)
{
    const size_t class = tr_pool_class_of(size);
    if (class >= TR_POOL_CLASSES) {
        return NULL;
    }
    (void) collect_returned(pool); /* may bring none of this class */
    if (pool->free[class] == NULL && !cut_slab(pool, class)) {
        return NULL;
    }
    return tr_pool_take(pool, size);
}

size_t tr_pool_block_size(const void *block)
{
    return tr_pool_slab_of(block)->block_size;
}

void tr_pool_give_with_care(tr_pool *pool, tr_block *block)
{
    tr_pool *home = tr_pool_of(block);
    TR_MARK_END(tr_pool_mark_of(block));
    if (home == pool) {
        put_free(pool, block);
        return;
    }

    TR_ASSERT(home->index < pool->pool_count);
    tr_homeward *homeward = &pool->homeward[home->index];
    block->next = homeward->head;
    if (homeward->head == NULL) {
        homeward->tail = block;
        homeward->home = home;
        homeward->next_used = pool->homeward_used;
        pool->homeward_used = homeward;
    }
    homeward->head = block;
}

static void send_home(tr_pool *home, tr_block *head, tr_block *tail)
{
    tr_block *before = atomic_load_explicit(&home->returned, memory_order_relaxed);
    do {
        tail->next = before;
        /* Pairs with the exchange in collect_returned. There is no ABA: the owner takes all. */
    } while (!atomic_compare_exchange_weak_explicit(&home->returned, &before, head,
                                                    memory_order_release, memory_order_relaxed));
}

void tr_pool_give_from_outside(void *given)
{
    tr_block *block = given;
    tr_pool *home = tr_pool_of(block);
    TR_MARK_END(tr_pool_mark_of(block));
    /* Relaxed: a count that is read when all is at rest. */
    atomic_fetch_add_explicit(&home->from_outside, 1, memory_order_relaxed);
    send_home(home, block, block);
}

void tr_pool_settle(tr_pool *pool)
{
    while (pool->homeward_used != NULL) {
        tr_homeward *homeward = pool->homeward_used;
        pool->homeward_used = homeward->next_used;
        send_home(homeward->home, homeward->head, homeward->tail);
        homeward->head = NULL;
    }
}

/* At the end only. */

/* In the free blocks' second word: no message has it in its own. */
#define FREE_WORD UINT64_C(0x6672656520626c6b)

static uint64_t *second_word(void *block)
{
    return (uint64_t *) block + 1;
}

static void mark_free(tr_pool *pool)
{
    for (size_t class = 0; class < TR_POOL_CLASSES; class ++) {
        for (tr_block *block = pool->free[class]; block != NULL; block = block->next) {
            TR_UNPOISON(block, tr_pool_size_of_class(class));
            *second_word(block) = FREE_WORD;
        }
    }
}

static void see_slab(unsigned char *bytes, void (*see)(void *context, void *block), void *context)
{
    const tr_slab *slab = (const tr_slab *) (void *) bytes;
    const uint32_t stride = slab->block_size + PREFIX_SIZE;
    for (uint32_t i = 0; i < (TR_POOL_SLAB_SIZE - SLAB_HEADER_SIZE) / stride; i++) {
        void *block = bytes + SLAB_HEADER_SIZE + (size_t) i * stride + PREFIX_SIZE;
        if (*second_word(block) != FREE_WORD) {
            see(context, block);
        }
    }
}

void tr_pool_each_in_use(tr_pool *pool, void (*see)(void *context, void *block), void *context)
{
    (void) collect_returned(pool);
    mark_free(pool);
    for (tr_pool_chunk *chunk = pool->chunks; chunk != NULL; chunk = chunk->next) {
        const bool is_newest = chunk == pool->chunks;
        unsigned char *end = is_newest ? pool->next_slab : (unsigned char *) chunk + chunk->size;
        for (unsigned char *slab = first_slab_of(chunk);
             (size_t) (end - slab) >= TR_POOL_SLAB_SIZE && slab < end; slab += TR_POOL_SLAB_SIZE) {
            see_slab(slab, see, context);
        }
    }
}
