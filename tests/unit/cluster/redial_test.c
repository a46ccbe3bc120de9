/* SPDX-License-Identifier: MIT */
#include "cluster/redial.h"

#include "cluster/limits.h"
#include "support/fixtures.h"

/* Promise: SESSION-REDIAL */
static void waits_longer_each_time_up_to_a_limit_and_never_the_same(void **state)
{
    (void) state;
    tr_redial one;
    tr_redial other;
    uint64_t most_ns = TR_SESSION_DIAL_NS;
    bool differ = false;
    tr_redial_init(&one, 1);
    tr_redial_init(&other, 2);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(one.pause_ns, most_ns);
        tr_redial_pause(&one, 1000);
        tr_redial_pause(&other, 1000);
        assert_in_range(one.from_ns - 1000, most_ns / 2, most_ns);
        differ = differ || one.from_ns != other.from_ns;
        most_ns = 2 * most_ns < TR_SESSION_DIAL_NS_MAX ? 2 * most_ns : TR_SESSION_DIAL_NS_MAX;
    }
    assert_true(differ);
    assert_int_equal(one.pause_ns, TR_SESSION_DIAL_NS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_each_time_up_to_a_limit_and_never_the_same),
    };
    return cmocka_run_group_tests_name("Redial", tests, NULL, NULL);
}
