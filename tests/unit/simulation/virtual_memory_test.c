/* SPDX-License-Identifier: MIT */
/* What a node's memory promises: it fails when it was told to, and only then. */
#include "simulation/virtual_memory.h"

#include "base/memory.h"
#include "support/fixtures.h"

static tr_virtual_memory memory;

static int make(void **state)
{
    (void) state;
    tr_virtual_memory_init(&memory, tr_allocator_default());
    return 0;
}

static int look(void **state)
{
    (void) state;
    return memory.bytes == 0 ? 0 : -1;
}

static int try(void)
{
    void *block = tr_allocate(tr_virtual_memory_port(&memory), 10);
    const int is_there = block != NULL;
    tr_free(tr_virtual_memory_port(&memory), block, 10);
    return is_there;
}

static void fails_at_the_nth_alone(void **state)
{
    (void) state;
    tr_virtual_memory_fail_nth(&memory, 3);
    for (uint32_t i = 1; i <= 6; i++) {
        assert_int_equal(try(), i != 3);
    }
    assert_int_equal(memory.refused, 1);
}

static void fails_now_and_then_as_its_seed_says(void **state)
{
    (void) state;
    uint32_t failed[2] = {0};
    for (uint32_t run = 0; run < 2; run++) {
        tr_virtual_memory_fail_one_in(&memory, 10, 5);
        for (uint32_t i = 0; i < 1000; i++) {
            failed[run] += try() ? 0 : i;
        }
    }
    assert_true(failed[0] > 0);
    assert_int_equal(failed[0], failed[1]);
    tr_virtual_memory_heal(&memory);
    assert_true(try());
}

static void has_no_more_than_its_limit(void **state)
{
    (void) state;
    const troupe_allocator *port = tr_virtual_memory_port(&memory);
    tr_virtual_memory_limit(&memory, 100);
    void *block = tr_allocate(port, 60);
    assert_non_null(block);
    assert_null(tr_allocate(port, 41));
    assert_null(tr_resize(port, block, 60, 101)); /* and the block is what it was */
    block = tr_resize(port, block, 60, 100);
    assert_non_null(block);
    block = tr_resize(port, block, 100, 20);
    assert_true(try());
    tr_free(port, block, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fails_at_the_nth_alone, make, look),
        cmocka_unit_test_setup_teardown(fails_now_and_then_as_its_seed_says, make, look),
        cmocka_unit_test_setup_teardown(has_no_more_than_its_limit, make, look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
