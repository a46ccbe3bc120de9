/* SPDX-License-Identifier: MIT */
/* What a world is made with where nothing is said, and what is too much. */
#include "simulation/world_options.h"

#include "core/limits.h"
#include "support/fixtures.h"

static void has_defaults(void **state)
{
    (void) state;
    tr_world_options options;
    assert_ok(tr_world_options_read(&options, NULL));
    assert_int_equal(options.workers, 1);
    assert_non_null(options.allocator);
    assert_ok(tr_world_options_read(&options, &(const tr_world_options) {.workers = 3}));
    assert_int_equal(options.workers, 3);
    assert_int_equal(options.mailbox_capacity_default, TR_MAILBOX_CAPACITY_DEFAULT);
}

static void refuses_what_cannot_be(void **state)
{
    (void) state;
    static const tr_world_options wrong[] = {
        {.workers = TR_WORKERS_MAX + 1},
        {.own_threads_max = TR_OWN_THREADS_MAX + 1},
        {.refuse_chance_percent = 100},
        {.moves_percent = 100},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tr_world_options options;
        assert_fails(tr_world_options_read(&options, &wrong[i]), BAD_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
