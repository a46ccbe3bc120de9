/* SPDX-License-Identifier: MIT */
/* The allocator of the tests runs out when it is told to, and counts right. */
#include "support/failing_allocator.h"

#include <string.h>

#include "support/fixtures.h"

static void fails_after_as_many_allocations_as_it_is_told(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_after(&memory, 1);

    void *first = port.resize(port.context, NULL, 0, 8);
    void *second = port.resize(port.context, NULL, 0, 8);

    assert_non_null(first);
    assert_null(second);
    assert_true(tr_failing_allocator_has_refused(&memory));
    assert_int_equal(tr_failing_allocator_live(&memory), 1);
    assert_null(port.resize(port.context, first, 8, 0));
}

static void keeps_the_content_of_a_block_that_it_resizes(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    char *block = port.resize(port.context, NULL, 0, 8);
    assert_non_null(block);
    memcpy(block, "content", 8);

    block = port.resize(port.context, block, 8, 4096);
    assert_string_equal(block, "content");
    tr_failing_allocator_fail_after(&memory, 0);
    assert_null(port.resize(port.context, block, 4096, 8192));
    block = port.resize(port.context, block, 4096, 8);

    assert_string_equal(block, "content");
    assert_null(port.resize(port.context, block, 8, 0));
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    assert_int_equal(memory.bytes, 0);
}

static void fails_one_allocation_and_no_other(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_one(&memory, 2);
    for (int i = 0; i < 6; i++) {
        void *block = port.resize(port.context, NULL, 0, 8);
        assert_true((block == NULL) == (i == 2));
        (void) port.resize(port.context, block, block != NULL ? 8 : 0, 0);
    }
    assert_int_equal(atomic_load(&memory.refused), 1);
}

/* Which of 1000 allocations fail, one in ten, as bits; how many in all. */
static int draw_failures(uint64_t seed, bool *is_refused)
{
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    int count = 0;
    tr_failing_allocator_fail_at_random(&memory, seed, 10);
    for (int i = 0; i < 1000; i++) {
        void *block = port.resize(port.context, NULL, 0, 8);
        is_refused[i] = block == NULL;
        count += block == NULL ? 1 : 0;
        (void) port.resize(port.context, block, block != NULL ? 8 : 0, 0);
    }
    tr_failing_allocator_fail_never(&memory);
    void *block = port.resize(port.context, NULL, 0, 8);
    assert_non_null(block);
    assert_null(port.resize(port.context, block, 8, 0));
    return count;
}

static void fails_at_random_by_the_seed(void **state)
{
    (void) state;
    static bool first[1000];
    static bool again[1000];
    static bool other[1000];
    const int count = draw_failures(7, first);
    assert_true(count > 50 && count < 200);
    assert_int_equal(draw_failures(7, again), count);
    assert_memory_equal(first, again, sizeof first);
    (void) draw_failures(8, other);
    assert_memory_not_equal(first, other, sizeof first);
}

static void has_memory_again_when_it_is_told(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_after(&memory, 0);
    assert_null(port.resize(port.context, NULL, 0, 8));

    tr_failing_allocator_fail_never(&memory);
    void *block = port.resize(port.context, NULL, 0, 8);

    assert_non_null(block);
    assert_null(port.resize(port.context, block, 8, 0));
    assert_null(port.resize(port.context, NULL, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_after_as_many_allocations_as_it_is_told),
        cmocka_unit_test(keeps_the_content_of_a_block_that_it_resizes),
        cmocka_unit_test(fails_one_allocation_and_no_other),
        cmocka_unit_test(fails_at_random_by_the_seed),
        cmocka_unit_test(has_memory_again_when_it_is_told),
    };
    return cmocka_run_group_tests_name("failing_allocator", tests, NULL, NULL);
}
