/* SPDX-License-Identifier: MIT */
/* Spare threads: made when needed, not more than allowed, ended with the node. */
#include "node/spares.h"

#include "node/node.h"
#include "support/node_fixture.h"

static void are_as_many_as_allowed_and_idle_until_assigned(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    const tr_spares_options options = {
        .system = &node->system, .node_name = "spares", .max = 2, .has_fault_signals = false};
    tr_spares *spares = NULL;
    assert_ok(tr_spares_create(&options, &spares));
    assert_int_equal(tr_spares_count(spares), 0);

    tr_spare *first = tr_spares_take(spares);

    assert_non_null(first);
    assert_null(tr_spare_engine(first));
    assert_ptr_equal(tr_spares_take(spares), first); /* it is idle still */
    assert_int_equal(tr_spares_count(spares), 1);
    assert_ptr_equal(tr_spares_at(spares, 0), first);
    assert_false(tr_spares_are_current(spares));
    assert_false(tr_spares_are_current(NULL));
    tr_spares_destroy(&spares);
    assert_null(spares);
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_as_many_as_allowed_and_idle_until_assigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
