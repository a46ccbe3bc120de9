/* SPDX-License-Identifier: MIT */
/* What lies around stacks: guards, and limits that are errors. */
#include "unit/core/stacks_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const tr_stacks_options protected_options = {.guard = TR_STACKS_GUARD_PROTECTION};

/* A process of its own touches the byte. */
static int signal_of_writing_to(char *address)
{
    const pid_t child = fork();
    if (child == 0) {
        (void) signal(SIGSEGV, SIG_DFL);
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit) {.rlim_cur = 0, .rlim_max = 0});
        *(volatile char *) address = 1;
        _exit(0);
    }

    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void check_guards(const tr_stacks_options *options)
{
    struct pool pool;
    open_pool(&pool, options);
    assert_ok(take(&pool));
    assert_ok(take(&pool));

    for (int i = 0; i < 2; i++) {
        char *bottom = tr_stack_bottom(pool.taken[i]);
        assert_int_equal(signal_of_writing_to(bottom), 0);
        assert_int_equal(signal_of_writing_to(bottom - 1), SIGSEGV);
        assert_int_equal(signal_of_writing_to(bottom - (64 << 10)), SIGSEGV);
    }
    close_pool(&pool);
}

/* Promise: TASK-GUARD */
static void a_write_below_a_stack_is_a_fault(void **state)
{
    (void) state;
    check_guards(NULL);
}

static void a_write_below_a_stack_is_a_fault_without_guard_regions_too(void **state)
{
    (void) state;
    check_guards(&protected_options);
}

static void a_guard_outlives_the_release_of_a_stacks_pages(void **state)
{
    (void) state;
    const tr_stacks_options options = {.warm_limit = 1};
    struct pool pool;
    open_pool(&pool, &options);
    for (int i = 0; i < 200; i++) {
        assert_ok(take(&pool));
    }
    give_all(&pool);

    for (int i = 0; i < 200; i++) {
        assert_ok(take(&pool));
        if (i % 20 == 0) {
            char *bottom = tr_stack_bottom(pool.taken[i]);
            assert_int_equal(signal_of_writing_to(bottom - 1), SIGSEGV);
        }
    }
    close_pool(&pool);
}

static uint32_t mappings_of_this_process(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    assert_non_null(file);
    uint32_t count = 0;
    for (int c = getc(file); c != EOF; c = getc(file)) {
        count += c == '\n' ? 1 : 0;
    }
    assert_int_equal(fclose(file), 0);
    return count;
}

/* Promise: SPAWN-STACKS */
static void refuses_a_stack_before_there_are_too_many_mappings(void **state)
{
    (void) state;
    const tr_stacks_options options = {.guard = TR_STACKS_GUARD_PROTECTION, .mappings_limit = 101};
    struct pool pool;
    open_pool(&pool, &options);
    const uint32_t mappings_before = mappings_of_this_process();

    troupe_error error = TROUPE_OK;
    while (!error) {
        error = take(&pool);
    }

    assert_int_equal(error, TROUPE_ERROR_LIMIT_REACHED);
    assert_in_range(tr_stacks_count(pool.stacks).mappings, 99, 101);
    assert_true(tr_stacks_is_sound(pool.stacks));
    if (!is_watched()) {
        assert_in_range(mappings_of_this_process() - mappings_before, 64, 101);
    }
    const uint32_t taken_count = pool.taken_count;
    give(&pool);
    assert_ok(take(&pool));
    assert_fails(take(&pool), LIMIT_REACHED);
    assert_int_equal(pool.taken_count, taken_count);
    close_pool(&pool);
}

static void refuses_a_slab_past_the_limit_on_mappings(void **state)
{
    (void) state;
    const tr_stacks_options options = {.mappings_limit = 2};
    struct pool pool;
    open_pool(&pool, &options);
    if (!tr_stacks_has_guard_regions(pool.stacks)) {
        close_pool(&pool);
        skip_because("the kernel has no guard regions");
    }

    for (int i = 0; i < 2 * TR_STACKS_PER_SLAB; i++) {
        assert_ok(take(&pool));
    }

    assert_fails(take(&pool), LIMIT_REACHED);
    close_pool(&pool);
}

/* The first number in a file of /proc, such as a size in pages. */
static unsigned long number_in(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(fclose(file), 0);
    return strtoul(line, NULL, 10);
}

/* The pool believes in a higher limit than the kernel has. */
static void a_refusal_of_the_kernel_is_an_error_too(void **state)
{
    (void) state;
    if (is_watched()) {
        skip_because("the tool needs mappings itself");
    }
    if (number_in("/proc/sys/vm/max_map_count") > 200000) {
        skip_because("this kernel allows more mappings than a test should make");
    }
    const tr_stacks_options options = {.guard = TR_STACKS_GUARD_PROTECTION,
                                       .mappings_limit = UINT32_MAX};
    struct pool pool;
    open_pool(&pool, &options);

    troupe_error error = TROUPE_OK;
    tr_stack *all = NULL; /* a list through the owners */
    tr_stack *stack = NULL;
    for (uint32_t count = 0; !error && count < 100000; count++) {
        error = tr_stack_cache_take(&pool.cache, &stack);
        if (!error) {
            tr_stack_set_owner(stack, all);
            all = stack;
        }
    }
    const bool is_sound = tr_stacks_is_sound(pool.stacks);
    while (all != NULL) {
        stack = all;
        all = tr_stack_owner(stack);
        tr_stack_cache_give(&pool.cache, &stack);
    }

    assert_true(error == TROUPE_ERROR_LIMIT_REACHED || error == TROUPE_ERROR_NO_MEMORY);
    assert_true(is_sound);
    close_pool(&pool);
}

static void running_out_of_memory_is_an_error_that_changes_nothing(void **state)
{
    (void) state;
    struct pool pool;
    open_pool(&pool, NULL);
    tr_stacks *stacks = NULL;
    tr_failing_allocator_fail_after(&pool.memory, 0);
    const unsigned long pages = number_in("/proc/self/statm");

    assert_fails(tr_stacks_create(&pool.allocator, NULL, &stacks), NO_MEMORY);
    assert_fails(take(&pool), NO_MEMORY);

    assert_null(stacks);
    assert_int_equal(number_in("/proc/self/statm"), pages);
    assert_int_equal(tr_stacks_count(pool.stacks).mappings, 0);
    tr_failing_allocator_fail_after(&pool.memory, 1);
    for (int i = 0; i < TR_STACKS_PER_SLAB; i++) {
        assert_ok(take(&pool));
    }
    assert_fails(take(&pool), NO_MEMORY);
    assert_true(tr_stacks_is_sound(pool.stacks));
    tr_failing_allocator_fail_never(&pool.memory);
    assert_ok(take(&pool));
    close_pool(&pool);
}

/* The process may not have more address space than now. Restored by the caller. */
static struct rlimit end_address_space(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    return before;
}

static void running_out_of_address_space_is_an_error_at_every_slab(void **state)
{
    (void) state;
    if (is_watched()) {
        skip_because("the tool needs address space itself");
    }
    struct pool pool;
    open_pool(&pool, NULL);

    for (int slabs = 0; slabs < 3; slabs++) {
        const struct rlimit before = end_address_space();
        const troupe_error error = take(&pool);
        assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);

        assert_int_equal(error, TROUPE_ERROR_NO_MEMORY);
        assert_int_equal(tr_stacks_count(pool.stacks).mappings, slabs);
        for (int i = 0; i < TR_STACKS_PER_SLAB; i++) {
            assert_ok(take(&pool));
        }
    }
    assert_int_equal(tr_stacks_count(pool.stacks).mappings, 3);
    close_pool(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_below_a_stack_is_a_fault),
        cmocka_unit_test(a_write_below_a_stack_is_a_fault_without_guard_regions_too),
        cmocka_unit_test(a_guard_outlives_the_release_of_a_stacks_pages),
        cmocka_unit_test(refuses_a_stack_before_there_are_too_many_mappings),
        cmocka_unit_test(refuses_a_slab_past_the_limit_on_mappings),
        cmocka_unit_test(a_refusal_of_the_kernel_is_an_error_too),
        cmocka_unit_test(running_out_of_memory_is_an_error_that_changes_nothing),
        cmocka_unit_test(running_out_of_address_space_is_an_error_at_every_slab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
