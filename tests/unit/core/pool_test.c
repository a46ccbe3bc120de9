/* SPDX-License-Identifier: MIT */
/* What a pool promises: a block has room, is aligned, and comes home whoever gives it back. */
#include "core/pool.h"

#include <pthread.h>
#include <string.h>

#include "base/memory.h"
#include "core/handle.h"
#include "core/shake.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#define POOLS 2

static int make_pools(void **state)
{
    static tr_pool pools[POOLS];
    for (uint32_t i = 0; i < POOLS; i++) {
        assert_true(tr_pool_init(&pools[i], tr_allocator_default(), NULL, i, POOLS));
    }
    *state = pools;
    return 0;
}

static int drop_pools(void **state)
{
    tr_pool *pools = *state;
    for (int i = 0; i < POOLS; i++) {
        tr_pool_fini(&pools[i]);
    }
    return 0;
}

static void gives_blocks_of_at_least_the_size(void **state)
{
    tr_pool *pool = *state;
    for (size_t size = 1; size <= TR_POOL_BLOCK_MAX; size++) {
        unsigned char *block = tr_pool_take(pool, size);
        assert_non_null(block);
        assert_true(tr_pool_block_size(block) >= size);
        assert_true(size <= 128 || tr_pool_block_size(block) < size + 32);
        assert_int_equal((uintptr_t) block % 32, 0);
        assert_ptr_equal(tr_pool_of(block), pool);
        memset(block, 0xa5, size);
        tr_pool_give(pool, block);
    }
    assert_null(tr_pool_take(pool, TR_POOL_BLOCK_MAX + 1));
    assert_int_equal(pool->blocks_taken, 0);
}

static void uses_a_block_again_at_once_or_where_handles_are_checked_late(void **state)
{
    tr_pool *pool = *state;
    void *first = tr_pool_take(pool, 100);
    tr_pool_give(pool, first);

    void *second = tr_pool_take(pool, 100);

    assert_int_equal(second == first, !TR_CHECKS_HANDLES);
    tr_pool_give(pool, second);
}

/* The blocks of a pool that are in use, each marked with its number. */
#define TAKEN_MAX 3000

static void takes_no_block_twice(void **state)
{
    tr_pool *pool = *state;
    static uint32_t *blocks[TAKEN_MAX];
    for (uint32_t i = 0; i < TAKEN_MAX; i++) {
        blocks[i] = tr_pool_take(pool, 64 + i % 449);
        assert_non_null(blocks[i]);
        memset(blocks[i], (int) (i % 251), 64 + i % 449);
        *blocks[i] = i;
    }
    for (uint32_t i = 0; i < TAKEN_MAX; i++) {
        assert_int_equal(*blocks[i], i);
        tr_pool_give(pool, blocks[i]);
    }
    assert_int_equal(pool->blocks_taken, 0);
}

/* Takes all that one slab holds of this size, the given block among them. */
static bool comes_home(tr_pool *pool, const void *block, size_t size)
{
    static void *taken[TR_POOL_SLAB_SIZE / 64];
    bool is_there = false;
    size_t count = 0;
    while (!is_there && count < sizeof taken / sizeof(void *)) {
        taken[count] = tr_pool_take(pool, size);
        is_there = taken[count] == block;
        count++;
    }
    while (count > 0) {
        tr_pool_give(pool, taken[--count]);
    }
    return is_there;
}

static void brings_a_block_home_from_another_pool_when_that_settles(void **state)
{
    tr_pool *pools = *state;
    void *first = tr_pool_take(&pools[0], 500);
    void *second = tr_pool_take(&pools[0], 500);
    tr_pool_give(&pools[1], first);
    tr_pool_give(&pools[1], second);
    assert_null(atomic_load(&pools[0].returned));

    tr_pool_settle(&pools[1]);

    assert_non_null(atomic_load(&pools[0].returned));
    assert_true(comes_home(&pools[0], first, 500));
    assert_true(comes_home(&pools[0], second, 500));
    assert_int_equal((int64_t) (pools[0].blocks_taken + pools[1].blocks_taken), 0);
    tr_pool_settle(&pools[1]); /* nothing is left to settle */
}

static void brings_a_block_home_from_outside(void **state)
{
    tr_pool *pool = *state;
    void *block = tr_pool_take(pool, 300);
    tr_pool_give_from_outside(block);
    assert_true(comes_home(pool, block, 300));
}

static void takes_and_gives_a_million_from_three_slabs(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_pool pools[POOLS];
    for (uint32_t i = 0; i < POOLS; i++) {
        assert_true(tr_pool_init(&pools[i], &allocator, NULL, i, POOLS));
    }
    for (int i = 0; i < 1000000; i++) {
        void *block = tr_pool_take(&pools[0], 64 + (size_t) i % 3 * 64);
        tr_pool_give(&pools[i % 4 == 0], block);
        tr_pool_settle(&pools[1]);
    }
    assert_int_equal((int64_t) (pools[0].blocks_taken + pools[1].blocks_taken), 0);
    assert_true(memory.bytes <= 6 * (int64_t) TR_POOL_SLAB_SIZE);

    for (int i = 0; i < POOLS; i++) {
        tr_pool_fini(&pools[i]);
    }
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static void says_when_memory_is_out(void **state)
{
    (void) state;
    tr_pool pool;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_after(&memory, 0);
    assert_false(tr_pool_init(&pool, &allocator, NULL, 0, 1));

    tr_failing_allocator_fail_after(&memory, 1);
    assert_true(tr_pool_init(&pool, &allocator, NULL, 0, 1));
    assert_null(tr_pool_take(&pool, 64));
    tr_failing_allocator_fail_after(&memory, TR_SHAKEN(1, 3)); /* samples are two more */
    assert_non_null(tr_pool_take(&pool, 64));

    tr_pool_fini(&pool);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

#define ROUNDS 50000
#define RING 16

/* Blocks handed from the thread that owns the pool to one that has none. */
struct ring {
    _Atomic(void *) blocks[RING];
};

static void *give_all_back(void *argument)
{
    struct ring *ring = argument;
    for (int i = 0; i < ROUNDS; i++) {
        void *block = NULL;
        while (block == NULL) {
            block = atomic_exchange(&ring->blocks[i % RING], NULL);
        }
        memset(block, 0, 200);
        tr_pool_give_from_outside(block);
    }
    return NULL;
}

static void takes_back_what_another_thread_gives(void **state)
{
    tr_pool *pool = *state;
    static struct ring ring;
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, give_all_back, &ring), 0);
    for (int i = 0; i < ROUNDS; i++) {
        void *block = tr_pool_take(pool, 200);
        assert_non_null(block);
        memset(block, 1, 200);
        void *none = NULL;
        while (!atomic_compare_exchange_weak(&ring.blocks[i % RING], &none, block)) {
            none = NULL;
        }
    }
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(atomic_load(&pool->from_outside), ROUNDS);
    assert_int_equal(pool->blocks_taken, ROUNDS);
}

#define WITH_POOLS(test) cmocka_unit_test_setup_teardown(test, make_pools, drop_pools)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOLS(gives_blocks_of_at_least_the_size),
        WITH_POOLS(uses_a_block_again_at_once_or_where_handles_are_checked_late),
        WITH_POOLS(takes_no_block_twice),
        WITH_POOLS(brings_a_block_home_from_another_pool_when_that_settles),
        WITH_POOLS(brings_a_block_home_from_outside),
        cmocka_unit_test(takes_and_gives_a_million_from_three_slabs),
        cmocka_unit_test(says_when_memory_is_out),
        WITH_POOLS(takes_back_what_another_thread_gives),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
