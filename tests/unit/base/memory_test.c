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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_zeroes),
        cmocka_unit_test(keeps_the_content_of_what_grows),
        cmocka_unit_test(frees_nothing_for_null),
        cmocka_unit_test(tells_the_allocator_the_sizes_asked_for),
        cmocka_unit_test(leaves_a_block_that_cannot_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
