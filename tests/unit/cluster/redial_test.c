/* SPDX-License-Identifier: MIT */
#include "cluster/redial.h"

#include "cluster/limits.h"
#include "support/fixtures.h"

#define DEAD_NS UINT64_C(15000000000)

/* Promise: SESSION-REDIAL */
static void waits_longer_each_time_up_to_a_limit_and_never_the_same(void **state)
{
    (void) state;
    tr_redial one;
    tr_redial other;
    uint64_t most_ns = TR_SESSION_DIAL_NS;
    bool differ = false;
    tr_redial_init(&one, 1, DEAD_NS);
    tr_redial_init(&other, 2, DEAD_NS);
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
    tr_redial_succeed(&one);
    assert_int_equal(one.pause_ns, TR_SESSION_DIAL_NS);
}

static void tries_some_times_before_a_node_is_dead(void **state)
{
    (void) state;
    static const uint64_t times_ns[] = {8, 100000000, 800000000, DEAD_NS, 100 * DEAD_NS};
    for (size_t i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++) {
        tr_redial redial;
        tr_redial_init(&redial, 1, times_ns[i]);
        for (unsigned k = 0; k < 20; k++) {
            tr_redial_pause(&redial, 0);
            assert_in_range(redial.from_ns, 0, times_ns[i] / TR_SESSION_DIALS_LEAST);
        }
    }
}

static void waits_long_once_after_a_link_of_no_use(void **state)
{
    (void) state;
    tr_redial redial;
    tr_redial_init(&redial, 1, DEAD_NS);
    tr_redial_despair(&redial);
    tr_redial_pause(&redial, 0);
    assert_in_range(redial.from_ns, TR_SESSION_DIAL_NS_DESPAIR / 2, TR_SESSION_DIAL_NS_DESPAIR);
    tr_redial_pause(&redial, 0);
    assert_in_range(redial.from_ns, 0, TR_SESSION_DIAL_NS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_each_time_up_to_a_limit_and_never_the_same),
        cmocka_unit_test(tries_some_times_before_a_node_is_dead),
        cmocka_unit_test(waits_long_once_after_a_link_of_no_use),
    };
    return cmocka_run_group_tests_name("Redial", tests, NULL, NULL);
}
