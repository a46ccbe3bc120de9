/* SPDX-License-Identifier: MIT */
/* The inspector: which nodes have one, and what it does with what it is asked. */
#include "node/inspector.h"

#include <string.h>
#include <troupe/troupe.h>

#include "support/inspected.h"
#include "support/node_fixture.h"

/* Whether a node with these options answers. */
static troupe_error answer_of(const troupe_node_options *options)
{
    troupe_node *node = a_node(options);
    Troupe__Inspect__GetStatistics request = TROUPE__INSPECT__GET_STATISTICS__INIT;
    troupe_error error = TROUPE_OK;
    void *answer = inspected(node, troupe_node_id(node), &request,
                             &troupe__inspect__statistics__descriptor, &error);
    if (answer != NULL) {
        inspected_free(answer);
    }
    drop_node(&node);
    return error;
}

/* Promise: INSPECT-DEFAULT */
static void is_there_where_a_node_listens_unless_told(void **state)
{
    (void) state;
    assert_ok(answer_of(TROUPE_NODE_OPTIONS(.workers = 1, .listen = "tcp://127.0.0.1:*",
                                            .plain = TROUPE_PLAIN_ON_LOOPBACK)));
    assert_fails(answer_of(TROUPE_NODE_OPTIONS(.workers = 1, .listen = "tcp://127.0.0.1:*",
                                               .plain = TROUPE_PLAIN_ON_LOOPBACK,
                                               .inspect = TROUPE_INSPECT_OFF)),
                 NO_SUCH_ACTOR);
    assert_fails(answer_of(TROUPE_NODE_OPTIONS(.workers = 1)), NO_SUCH_ACTOR);
    assert_ok(answer_of(
        TROUPE_NODE_OPTIONS(.workers = 1, .own_threads_max = 1, .inspect = TROUPE_INSPECT_ON)));
}

static void answers_nonsense_by_an_error(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .inspect = TROUPE_INSPECT_ON));
    Troupe__Ref request = TROUPE__REF__INIT;
    troupe_error error = TROUPE_OK;
    assert_null(inspected(node, troupe_node_id(node), &request, &troupe__ref__descriptor, &error));
    assert_int_equal(error, TROUPE_ERROR_PROTOCOL);
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_there_where_a_node_listens_unless_told),
        cmocka_unit_test(answers_nonsense_by_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
