/* SPDX-License-Identifier: MIT */
/* What the pool of stacks promises: stacks that share nothing, used again, with little memory. */
#include "unit/core/stacks_fixture.h"

#include <pthread.h>
#include <unistd.h>

#define SIZE_SMALL 4096

static void gives_memory_of_the_size_asked_for(void **state)
{
    (void) state;
    const long page_size = sysconf(_SC_PAGESIZE);
    const tr_stacks_options options = {.stack_size = 10000};
    struct pool pool;
    open_pool(&pool, &options);

    assert_ok(take(&pool));

    assert_int_equal(tr_stack_size(pool.taken[0]) % (size_t) page_size, 0);
    assert_true(tr_stack_size(pool.taken[0]) >= 10000);
    assert_true(tr_stack_size(pool.taken[0]) < 10000 + (size_t) page_size);
    memset(tr_stack_bottom(pool.taken[0]), 1, tr_stack_size(pool.taken[0]));
    close_pool(&pool);
}

static void gives_stacks_that_share_nothing(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    for (int i = 0; i < 600; i++) {
        assert_ok(take(&pool));
        memset(tr_stack_bottom(pool.taken[i]), i % 251, SIZE_SMALL);
    }

    for (int i = 0; i < 600; i++) {
        const unsigned char *bottom = tr_stack_bottom(pool.taken[i]);
        assert_int_equal(bottom[0], i % 251);
        assert_int_equal(bottom[SIZE_SMALL - 1], i % 251);
    }
    close_pool(&pool);
}

static void takes_the_stack_that_was_given_back_last(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    assert_ok(take(&pool));
    assert_ok(take(&pool));
    const tr_stack *last = pool.taken[0];
    give_all(&pool);

    assert_ok(take(&pool));

    assert_ptr_equal(pool.taken[0], last);
    close_pool(&pool);
}

static void a_stack_may_go_to_the_cache_of_another_worker(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    tr_stack_cache other;
    tr_stack_cache_init(&other, pool.stacks);
    assert_ok(take(&pool));
    tr_stack *first = pool.taken[0];
    pool.taken_count = 0;

    tr_stack_cache_give(&other, &pool.taken[0]);
    tr_stack_cache_fini(&other);

    assert_ok(take(&pool));
    assert_ptr_equal(pool.taken[0], first);
    assert_int_equal(tr_stacks_count(pool.stacks).guarded, 1);
    close_pool(&pool);
}

static void a_full_cache_hands_half_of_it_to_the_pool(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    for (int i = 0; i < TR_STACK_CACHE_CAPACITY + 1; i++) {
        assert_ok(take(&pool));
    }

    give_all(&pool);

    const tr_stacks_counts counts = tr_stacks_count(pool.stacks);
    assert_int_equal(counts.warm + counts.cold, TR_STACK_CACHE_CAPACITY / 2);
    assert_int_equal(pool.cache.count, TR_STACK_CACHE_CAPACITY / 2 + 1);
    close_pool(&pool);
}

static void idle_stacks_past_the_warm_limit_have_no_memory(void **state)
{
    (void) state;
    const tr_stacks_options options = {.warm_limit = 5};
    struct pool pool;
    open_pool(&pool, &options);
    for (int i = 0; i < 200; i++) {
        assert_ok(take(&pool));
        memset(tr_stack_bottom(pool.taken[i]), 1, SIZE_SMALL);
    }
    give_all(&pool);
    tr_stack_cache_fini(&pool.cache);
    const tr_stacks_counts counts = tr_stacks_count(pool.stacks);

    assert_int_equal(counts.warm, 5);
    assert_int_equal(counts.cold, 195);
    tr_stack_cache_init(&pool.cache, pool.stacks);
    int with_memory = 0;
    for (int i = 0; i < 200; i++) {
        assert_ok(take(&pool));
        const char *bottom = tr_stack_bottom(pool.taken[i]);
        with_memory += bottom[0] + bottom[SIZE_SMALL - 1];
    }
    assert_int_equal(with_memory, 2 * 5);
    assert_int_equal(tr_stacks_count(pool.stacks).guarded, 200);
    close_pool(&pool);
}

static void finds_the_stack_and_its_owner_by_an_address(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    assert_ok(take(&pool));
    assert_ok(take(&pool));
    tr_stack *stack = pool.taken[0];
    tr_stack_set_owner(stack, &pool);
    const char *bottom = tr_stack_bottom(stack);

    assert_ptr_equal(tr_stacks_find(pool.stacks, bottom), stack);
    assert_false(tr_stack_guards(stack, bottom));
    assert_ptr_equal(tr_stacks_find(pool.stacks, bottom - 1), stack);
    assert_true(tr_stack_guards(stack, bottom - 1));
    assert_ptr_equal(tr_stacks_find(pool.stacks, bottom + tr_stack_size(stack) - 1), stack);
    assert_ptr_not_equal(tr_stacks_find(pool.stacks, bottom + tr_stack_size(stack)), stack);
    assert_null(tr_stacks_find(pool.stacks, &pool));
    assert_ptr_equal(tr_stack_owner(stack), &pool);
    close_pool(&pool);
}

static void forgets_the_owner_of_a_stack_that_was_given_back(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    assert_ok(take(&pool));
    tr_stack_set_owner(pool.taken[0], &pool);
    give(&pool);

    assert_ok(take(&pool));

    assert_null(tr_stack_owner(pool.taken[0]));
    close_pool(&pool);
}

#define WORKERS 3
#define ROUNDS 200
#define BURST_MAX 100

/* Where workers leave stacks for each other. */
struct table {
    struct pool pool;
    pthread_mutex_t mutex;
    tr_stack *stacks[BURST_MAX];
    int mistakes;
};

static tr_stack *swap_on_the_table(struct table *table, unsigned place, tr_stack *mine)
{
    (void) pthread_mutex_lock(&table->mutex);
    tr_stack *found = table->stacks[place];
    table->stacks[place] = mine;
    (void) pthread_mutex_unlock(&table->mutex);
    return found;
}

/* A new stack has no owner; then it bears its own address. */
static int take_and_mark(tr_stack_cache *cache, tr_stack **out_stack)
{
    if (tr_stack_cache_take(cache, out_stack)) {
        return 1;
    }
    const int mistakes = tr_stack_owner(*out_stack) != NULL;
    tr_stack_set_owner(*out_stack, cache);
    tr_stack **mark = tr_stack_bottom(*out_stack);
    *mark = *out_stack;
    return mistakes;
}

static int check_and_give(tr_stack_cache *cache, tr_stack *stack)
{
    tr_stack *const *mark = tr_stack_bottom(stack);
    const int mistakes = *mark != stack;
    tr_stack_cache_give(cache, &stack);
    return mistakes;
}

/* Takes a burst of stacks, gives back what others have left on the table in their places. */
static void *work(void *context)
{
    struct table *table = context;
    tr_stack_cache cache;
    tr_stack_cache_init(&cache, table->pool.stacks);
    int mistakes = 0;
    for (unsigned round = 0; round < ROUNDS && mistakes == 0; round++) {
        tr_stack *held[BURST_MAX] = {NULL};
        const unsigned burst = 1 + round * 37 % BURST_MAX;
        for (unsigned i = 0; i < burst && mistakes == 0; i++) {
            mistakes += take_and_mark(&cache, &held[i]);
            held[i] = swap_on_the_table(table, i, held[i]);
        }
        for (unsigned i = 0; i < burst; i++) {
            mistakes += held[i] != NULL ? check_and_give(&cache, held[i]) : 0;
        }
    }
    tr_stack_cache_fini(&cache);

    (void) pthread_mutex_lock(&table->mutex);
    table->mistakes += mistakes;
    (void) pthread_mutex_unlock(&table->mutex);
    return NULL;
}

static void workers_share_the_pool(void **state)
{
    (void) state;
    const tr_stacks_options options = {.warm_limit = 20};
    struct table table = {.mistakes = 0};
    open_pool(&table.pool, &options);
    assert_int_equal(pthread_mutex_init(&table.mutex, NULL), 0);
    pthread_t workers[WORKERS];

    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&workers[i], NULL, work, &table), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    }

    for (int i = 0; i < BURST_MAX; i++) {
        table.mistakes +=
            table.stacks[i] != NULL ? check_and_give(&table.pool.cache, table.stacks[i]) : 0;
    }
    assert_int_equal(table.mistakes, 0);
    assert_in_range(tr_stacks_count(table.pool.stacks).guarded, BURST_MAX, 2000);
    assert_int_equal(pthread_mutex_destroy(&table.mutex), 0);
    close_pool(&table.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_memory_of_the_size_asked_for),
        cmocka_unit_test(gives_stacks_that_share_nothing),
        cmocka_unit_test(takes_the_stack_that_was_given_back_last),
        cmocka_unit_test(a_stack_may_go_to_the_cache_of_another_worker),
        cmocka_unit_test(a_full_cache_hands_half_of_it_to_the_pool),
        cmocka_unit_test(idle_stacks_past_the_warm_limit_have_no_memory),
        cmocka_unit_test(finds_the_stack_and_its_owner_by_an_address),
        cmocka_unit_test(forgets_the_owner_of_a_stack_that_was_given_back),
        cmocka_unit_test(workers_share_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
