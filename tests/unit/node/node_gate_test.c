/* SPDX-License-Identifier: MIT */
/* The gate of a real node: it outlives the node as long as promises do. */
#include "node/node_gate.h"

#include <troupe/troupe.h>

#include "support/node_fixture.h"

static unsigned discarded;

static void discard(void *result)
{
    (void) result;
    discarded++;
}

static troupe_error play_waiter(troupe_self *self, void *argument)
{
    troupe_future *future = NULL;
    troupe_promise *promise = NULL;
    void *result = NULL;
    troupe_error error = troupe_future_create(self, &future, &promise);
    if (error == TROUPE_OK) {
        *(troupe_promise **) argument = promise;
        troupe_ready(self);
        error = troupe_future_wait(self, &future, TROUPE_FOREVER, &result);
    }
    return error;
}

/* Promise: FUTURE-DROPPED */
static void outlives_the_node(void **state)
{
    (void) state;
    int result = 0;
    troupe_promise *promises[2] = {NULL};
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .stop_timeout = TROUPE_NOW));
    for (unsigned i = 0; i < 2; i++) {
        a_root_of(node, TROUPE_SPAWN(.body = play_waiter, .argument = &promises[i],
                                     .ready_when = TROUPE_READY_WHEN_SAID));
    }
    assert_true(troupe_promise_is_wanted(promises[0]));
    troupe_node_destroy(&node);
    assert_false(troupe_promise_is_wanted(promises[0]));
    assert_ok(troupe_promise_complete(&promises[0], &result, discard));
    assert_int_equal(discarded, 1);
    troupe_promise_destroy(&promises[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outlives_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
