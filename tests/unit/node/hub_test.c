/* SPDX-License-Identifier: MIT */
/* Ways to other nodes, over real tcp: one to each, whoever dials; strangers are refused. */

#include "hub_fixture.h"
#include "support/ports.h"

/* Promise: HOSTS-CONNECT */
static void connects_with_whom_it_dials(void **state)
{
    (void) state;
    char endpoint[64];
    struct lines lines[2] = {0};
    const troupe_log logs[] = {log_of(&lines[0]), log_of(&lines[1])};
    a_free_endpoint(endpoint, sizeof endpoint);
    troupe_node *a = a_listener("a", endpoint, &logs[0]);
    troupe_node *b = a_dialler("b", endpoint, NULL, &logs[1]);
    until(&lines[0].connected, 1);
    until(&lines[1].connected, 1);
    drop_node(&b);
    until(&lines[0].interrupted, 1);
    assert_int_equal(lines[0].left, 1); /* it has said so */

    /* Again, as another incarnation. */
    b = a_dialler("b", endpoint, NULL, &logs[1]);
    until(&lines[0].connected, 2);
    until(&lines[1].connected, 2);
    drop_node(&a);
    until(&lines[1].interrupted, 1);
    until(&lines[1].failed, 1);

    /* Somebody else listens there. */
    a = a_listener("a", endpoint, &logs[0]);
    until(&lines[1].connected, 3);
    drop_node(&b);
    drop_node(&a);
    assert_int_equal(lines[0].refused + lines[1].refused, 0);
}

static void two_that_dial_each_other_have_one_way(void **state)
{
    (void) state;
    char endpoints[2][64];
    struct lines lines[2] = {0};
    const troupe_log logs[] = {log_of(&lines[0]), log_of(&lines[1])};
    for (int i = 0; i < 2; i++) {
        a_free_endpoint(endpoints[i], sizeof endpoints[i]);
    }
    troupe_node *a = a_dialler("a", endpoints[1], endpoints[0], &logs[0]);
    troupe_node *b = a_dialler("b", endpoints[0], endpoints[1], &logs[1]);
    until(&lines[0].connected, 1);
    until(&lines[1].connected, 1);
    drop_node(&a);
    until(&lines[1].interrupted, 1);
    drop_node(&b);
}

static void does_not_go_on_dialling_itself(void **state)
{
    (void) state;
    char endpoint[64];
    struct lines lines = {0};
    const troupe_log log = log_of(&lines);
    a_free_endpoint(endpoint, sizeof endpoint);
    troupe_node *node = a_dialler("self", endpoint, endpoint, &log);
    troupe_node *other = a_dialler("other", endpoint, NULL, NULL);
    until(&lines.connected, 1); /* with the other one */
    drop_node(&other);
    drop_node(&node);
    assert_int_equal(lines.connected, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_with_whom_it_dials),
        cmocka_unit_test(two_that_dial_each_other_have_one_way),
        cmocka_unit_test(does_not_go_on_dialling_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
