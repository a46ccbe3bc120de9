/* SPDX-License-Identifier: MIT */
/* stacks_fixture: a pool with one cache, for tests of stacks and of coroutines.
 *
 * Threads: the test's own. */
#ifndef TR_TESTS_UNIT_CORE_STACKS_FIXTURE_H
#define TR_TESTS_UNIT_CORE_STACKS_FIXTURE_H

#include "core/coroutine.h"
#include "core/sanitizers.h"
#include "core/stacks.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#include <string.h>

#define STACKS_MAX 1000

struct pool {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    tr_stacks *stacks;
    tr_stack_cache cache;
    tr_stack *taken[STACKS_MAX];
    uint32_t taken_count;
};

static inline void open_pool(struct pool *pool, const tr_stacks_options *options)
{
    memset(pool, 0, sizeof *pool);
    tr_failing_allocator_fail_never(&pool->memory);
    pool->allocator = tr_failing_allocator_port(&pool->memory);
    assert_ok(tr_stacks_create(&pool->allocator, options, &pool->stacks));
    tr_stack_cache_init(&pool->cache, pool->stacks);
}

static inline troupe_error take(struct pool *pool)
{
    assert_true(pool->taken_count < STACKS_MAX);
    const troupe_error error = tr_stack_cache_take(&pool->cache, &pool->taken[pool->taken_count]);
    if (!error) {
        pool->taken_count++;
    }
    return error;
}

static inline void give(struct pool *pool)
{
    pool->taken_count--;
    tr_stack_cache_give(&pool->cache, &pool->taken[pool->taken_count]);
    assert_null(pool->taken[pool->taken_count]);
}

static inline void give_all(struct pool *pool)
{
    while (pool->taken_count > 0) {
        give(pool);
    }
}

static inline void close_pool(struct pool *pool)
{
    give_all(pool);
    assert_true(tr_stacks_is_sound(pool->stacks));
    tr_stack_cache_fini(&pool->cache);
    assert_true(tr_stacks_is_sound(pool->stacks));
    const tr_stacks_counts counts = tr_stacks_count(pool->stacks);
    assert_int_equal(counts.warm + counts.cold, counts.guarded);
    tr_stacks_destroy(&pool->stacks);
    assert_null(pool->stacks);
    assert_int_equal(tr_failing_allocator_live(&pool->memory), 0);
}

/* True if a tool is at work that needs memory and mappings of its own. */
static inline bool is_watched(void)
{
    return TR_ADDRESS_SANITIZER || TR_THREAD_SANITIZER || tr_valgrind_is_running();
}

/* As many as the tool that watches can bear, if one does. */
static inline uint32_t at_most(uint32_t count)
{
    const uint32_t limit = TR_THREAD_SANITIZER        ? 1500
                           : TR_ADDRESS_SANITIZER     ? 10000
                           : tr_valgrind_is_running() ? 300
                                                      : UINT32_MAX;
    return count < limit ? count : limit;
}

static inline tr_coroutine *start(struct pool *pool, void (*body)(void *), void *argument)
{
    tr_stack *stack = NULL;
    assert_ok(tr_stack_cache_take(&pool->cache, &stack));
    return tr_coroutine_start(stack, body, argument);
}

/* Whether it has ended or not. */
static inline void drop(struct pool *pool, tr_coroutine *coroutine)
{
    tr_stack *stack = tr_coroutine_stack(coroutine);
    tr_stack_cache_give(&pool->cache, &stack);
}

/* A pool with the usual options as the test's state. */
static inline int make_pool(void **state)
{
    static struct pool pool;
    open_pool(&pool, NULL);
    *state = &pool;
    return 0;
}

static inline int drop_pool(void **state)
{
    close_pool(*state);
    return 0;
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, make_pool, drop_pool)

#endif
