/* SPDX-License-Identifier: MIT */
#include "cluster/window.h"

#include <string.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

static tr_window a_window(uint32_t frames_max, uint64_t bytes_max)
{
    tr_window window;
    tr_window_init(&window, tr_allocator_default());
    window.frames_max = frames_max;
    window.bytes_max = bytes_max;
    return window;
}

/* Promise: SESSION-WINDOW */
static void keeps_no_more_than_it_may(void **state)
{
    (void) state;
    tr_window window = a_window(3, 100);
    assert_true(tr_window_add(&window, 1, "abc", 3));
    assert_true(tr_window_add(&window, 1, "abc", 3));
    assert_true(tr_window_add(&window, 1, "abc", 3));
    assert_false(tr_window_add(&window, 1, "abc", 3));
    assert_true(tr_window_acknowledge(&window, 1));
    assert_true(tr_window_add(&window, 1, "abc", 3));
    tr_window_clear(&window);
    assert_int_equal(window.bytes, 0);

    const unsigned char large[120] = {0};
    assert_true(tr_window_add(&window, 1, large, 60));
    assert_false(tr_window_add(&window, 1, large, 41));
    assert_true(tr_window_add(&window, 1, large, 40));
    tr_window_clear(&window);
    assert_true(tr_window_add(&window, 1, large, 120)); /* alone it may be larger */
    assert_false(tr_window_add(&window, 1, large, 1));
    tr_window_clear(&window);
}

static void gives_what_is_to_be_sent_and_again_from_the_first_that_has_not_come(void **state)
{
    (void) state;
    tr_window window = a_window(10, 1000);
    for (unsigned char i = 1; i <= 4; i++) {
        assert_true(tr_window_add(&window, i, &i, 1));
    }
    for (unsigned char i = 1; i <= 3; i++) {
        assert_int_equal(window.next, i);
        assert_int_equal(window.at->data[0], i);
        assert_int_equal(window.at->packed_ns, i);
        tr_window_advance(&window);
    }
    assert_true(tr_window_acknowledge(&window, 2));
    assert_false(tr_window_acknowledge(&window, 1));
    assert_int_equal(window.next, 4);
    tr_window_rewind(&window);
    assert_int_equal(window.next, 3);
    assert_int_equal(window.at->data[0], 3);
    /* What was not yet put on the link again may have come before. */
    assert_true(tr_window_acknowledge(&window, 4));
    assert_int_equal(window.next, 5);
    assert_null(window.at);
    assert_null(window.first);
    const unsigned char fifth = 5;
    assert_true(tr_window_add(&window, 9, &fifth, 1));
    assert_int_equal(window.next, 5);
    assert_int_equal(window.at->data[0], 5);
    tr_window_clear(&window);
    assert_int_equal(window.next, 1);
}

static void takes_nothing_without_memory(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    tr_window window;
    tr_window_init(&window, &port);
    window.frames_max = 3;
    window.bytes_max = 100;
    tr_failing_allocator_fail_one(&memory, 0);
    assert_false(tr_window_add(&window, 1, "abc", 3));
    assert_int_equal(window.sent, 0);
    assert_true(tr_window_add(&window, 1, "abc", 3));
    tr_window_clear(&window);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_no_more_than_it_may),
        cmocka_unit_test(gives_what_is_to_be_sent_and_again_from_the_first_that_has_not_come),
        cmocka_unit_test(takes_nothing_without_memory),
    };
    return cmocka_run_group_tests_name("A window", tests, NULL, NULL);
}
