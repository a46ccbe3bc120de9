/* SPDX-License-Identifier: MIT */
/* What memory promises: zeroes, kept content, the sizes that were asked for, NULL when out. */
#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#include <string.h>

static void allocates_zeroes(void **state)
{
    (void) state;
    static const unsigned char zeroes[100];
    unsigned char *block = tr_allocate(tr_allocator_default(), sizeof zeroes);
    assert_non_null(block);
    assert_memory_equal(block, zeroes, sizeof zeroes);
    tr_free(tr_allocator_default(), block, sizeof zeroes);
}

static void keeps_the_content_of_what_grows(void **state)
{
    (void) state;
    char *block = tr_allocate(tr_allocator_default(), 4);
    assert_non_null(block);
    memcpy(block, "abc", 4);

    char *wider = tr_resize(tr_allocator_default(), block, 4, 4000);

    assert_non_null(wider);
    assert_string_equal(wider, "abc");
    tr_free(tr_allocator_default(), wider, 4000);
}

static void frees_nothing_for_null(void **state)
{
    (void) state;
    tr_free(tr_allocator_default(), NULL, 0);
}

static void tells_the_allocator_the_sizes_asked_for(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT; /* ends the program on a wrong size */
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);

    void *block = tr_allocate(&allocator, 10);
    void *wider = tr_resize(&allocator, block, 10, 20);
    tr_free(&allocator, wider, 20);

    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static void leaves_a_block_that_cannot_grow(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    char *block = tr_allocate(&allocator, 4);
    assert_non_null(block);
    memcpy(block, "abc", 4);
    tr_failing_allocator_fail_after(&memory, 0);

    assert_null(tr_resize(&allocator, block, 4, 8));
    assert_null(tr_allocate(&allocator, 4));

    assert_string_equal(block, "abc");
    tr_free(&allocator, block, 4);
}

/* Whatever the system makes of it, what lies there stays. */
static void keeps_what_is_to_lie_in_huge_pages(void **state)
{
    (void) state;
    const size_t size = (size_t) 5 << 20; /* with one huge page in it at least */
    unsigned char *block = tr_allocate_unset(tr_allocator_default(), size);
    assert_non_null(block);
    block[0] = 1;
    block[size / 2] = 2;
    block[size - 1] = 3;

    tr_prefer_huge_pages(block, size);
    tr_prefer_huge_pages(block + 1, 1); /* too little to hold one */

    assert_int_equal(block[0], 1);
    assert_int_equal(block[size / 2], 2);
    assert_int_equal(block[size - 1], 3);
    tr_free(tr_allocator_default(), block, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_zeroes),
        cmocka_unit_test(keeps_the_content_of_what_grows),
        cmocka_unit_test(frees_nothing_for_null),
        cmocka_unit_test(tells_the_allocator_the_sizes_asked_for),
        cmocka_unit_test(leaves_a_block_that_cannot_grow),
        cmocka_unit_test(keeps_what_is_to_lie_in_huge_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
