/* SPDX-License-Identifier: MIT */
/* What crates promise: nobody's bytes are used again or freed while somebody has a share. */
#include "base/crate.h"

#include <string.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#define SPARE_MAX ((size_t) 8 << 10)

static void are_used_again_when_nobody_has_a_share(void **state)
{
    (void) state;
    tr_crates crates;
    tr_crates_init(&crates, tr_allocator_default(), SPARE_MAX);
    tr_crate *first = tr_crates_take(&crates, 1500);
    assert_int_equal(first->capacity, 2048);
    tr_crate_share(first);
    assert_false(tr_crate_is_alone(first));
    tr_crates_give(first);

    tr_crate *second = tr_crates_take(&crates, 2000);
    assert_ptr_not_equal(first, second);
    tr_crate_drop(first);
    tr_crate *third = tr_crates_take(&crates, 2048);
    assert_ptr_equal(first, third);
    assert_true(tr_crate_is_alone(third));

    tr_crates_give(second);
    tr_crates_give(third);
    tr_crates_clear(&crates);
}

static void have_room_for_what_they_are_taken_for(void **state)
{
    (void) state;
    static const size_t sizes[] = {0, 1, 1024, 1025, 40000, TR_CRATE_BYTES_USUAL, 1 << 20};
    tr_crates crates;
    tr_crates_init(&crates, tr_allocator_default(), SPARE_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        tr_crate *crate = tr_crates_take(&crates, sizes[i]);
        assert_true(crate->capacity >= sizes[i] && crate->capacity <= 2 * sizes[i] + 1024);
        memset(crate->data, 1, crate->capacity);
        tr_crates_give(crate);
        assert_true(crates.bytes <= SPARE_MAX);
    }
    tr_crates_clear(&crates);
    assert_int_equal(crates.bytes, 0);
}

static void are_freed_by_the_last_that_has_a_share(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    tr_crates crates;
    tr_crates_init(&crates, &port, SPARE_MAX);
    tr_failing_allocator_fail_one(&memory, 0);
    assert_null(tr_crates_take(&crates, 10));
    tr_crate *crate = tr_crates_take(&crates, 10);
    tr_crate_share(crate);
    tr_crates_give(crate);
    tr_crates_clear(&crates);
    assert_int_equal(tr_failing_allocator_live(&memory), 1);
    tr_crate_drop(crate);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_used_again_when_nobody_has_a_share),
        cmocka_unit_test(have_room_for_what_they_are_taken_for),
        cmocka_unit_test(are_freed_by_the_last_that_has_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
