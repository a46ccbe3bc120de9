/* SPDX-License-Identifier: MIT */
#include "simulation/incarnations.h"

#include "support/fixtures.h"

static void are_known_for_ever(void **state)
{
    (void) state;
    tr_incarnations incarnations;
    tr_incarnations_init(&incarnations);
    for (uint64_t id = 1; id <= 100; id++) {
        assert_ok(tr_incarnations_add(&incarnations, id, (uint32_t) (id % 3)));
    }
    assert_int_equal(tr_incarnations_find(&incarnations, 1), 1);
    assert_int_equal(tr_incarnations_find(&incarnations, 99), 0);
    assert_int_equal(tr_incarnations_find(&incarnations, 101), UINT32_MAX);
    tr_incarnations_fini(&incarnations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_known_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
