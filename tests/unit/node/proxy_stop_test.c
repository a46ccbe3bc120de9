/* SPDX-License-Identifier: MIT */
/* What a thread from outside does while its node stops: nothing of that is lost, and nothing is
 * written where its actor's last message lies. */
#include <troupe/troupe.h>

#include "core/attached.h"
#include "node/proxy.h"
#include "support/cast.h"
#include "support/node_fixture.h"

static troupe_self *attached(troupe_node *node)
{
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, NULL, &self));
    return self;
}

/* Has the node stop when it is asked, and answers only when it is told to stop itself. */
static troupe_error answers_at_the_stop(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &request, TROUPE_FOREVER);
    if (error) {
        return error;
    }
    troupe_node_stop(argument);
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        /* until it is told */
    }
    return reply_figure(self, request, 2 * figure_of(request));
}

/* Promise: ATTACH-STOP */
static void an_answer_that_comes_with_the_stop_is_whole(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 2, .drain_timeout = TROUPE_WITHIN_MS(1)));
    const troupe_ref late =
        a_root_of(node, TROUPE_SPAWN(.body = answers_at_the_stop, .argument = node));
    troupe_self *self = attached(node);
    TROUPE_AUTO(troupe_message) *request = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    assert_ok(a_figure(self, 7, &request));
    assert_ok(troupe_ask_message(self, late, &request, TROUPE_FOREVER, &reply));
    assert_int_equal(figure_of(reply), 14);
    troupe_message_destroy(&reply);
    assert_fails(troupe_receive(self, &reply, TROUPE_FOREVER), STOPPING);
    assert_ok(troupe_detach(&self));
    drop_node(&node); /* all messages have ended */
}

/* Blocks its worker when it is told to stop, what that has to say to others having left. */
static troupe_error blocks_at_the_stop(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        /* until it is told */
    }
    troupe_flush(self);
    latch_pass(argument);
    return TROUPE_OK;
}

/* Promise: ATTACH-STOP */
static void calls_after_the_stop_do_not_reach_its_ended_actor(void **state)
{
    (void) state;
    struct latch *latch = a_latch();
    troupe_node *node = a_node_of(1);
    const troupe_ref root =
        a_root_of(node, TROUPE_SPAWN(.body = blocks_at_the_stop, .argument = latch,
                                     .place = TROUPE_PLACE_WORKER));
    troupe_self *self = attached(node);
    TROUPE_AUTO(troupe_message) *message = NULL;
    size_t sent = 0;
    troupe_node_stop(node);
    assert_fails(troupe_receive(self, &message, TROUPE_FOREVER), STOPPING);
    /* The word of its end is on its way to the guardian, whose worker is blocked. */
    assert_fails(troupe_receive(self, &message, TROUPE_FOREVER), STOPPING);
    assert_ok(troupe_scope_detach(self));
    assert_int_equal(troupe_scope_reason(self, NULL), TROUPE_OK);
    assert_ok(a_figure(self, 1, &message));
    assert_fails(troupe_send_message(self, root, &message), STOPPING);
    assert_fails(troupe_send_many(self, root, &message, 1, NULL, &sent), STOPPING);
    assert_int_equal(troupe_message_trace_id(message), 0);
    troupe_message_destroy(&message);
    latch_open(latch);
    assert_ok(troupe_node_join(node));
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    drop_latch(&latch);
}

/* Promise: ATTACH-ARGUMENTS */
static void an_actor_that_no_thread_came_for_ends_when_it_is_told(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    troupe_self *self = attached(node);
    /* As of an attach whose thread has not waited for this. */
    const troupe_ref left = a_root_of(node, TROUPE_SPAWN(.name = "left", .body = tr_attached_body));
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    troupe_ref found;
    assert_ok(troupe_monitor(self, left, &monitor));
    assert_ok(troupe_stop(self, left));
    assert_ok(troupe_receive(self, &message, TROUPE_WITHIN_S(20)));
    assert_non_null(troupe_message_struct(message, &troupe_down_type));
    assert_fails(troupe_lookup(self, "left", &found), NO_SUCH_ACTOR);
    troupe_message_destroy(&message);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_comes_with_the_stop_is_whole),
        cmocka_unit_test(an_actor_that_no_thread_came_for_ends_when_it_is_told),
        cmocka_unit_test(calls_after_the_stop_do_not_reach_its_ended_actor),
    };
    return cmocka_run_group_tests_name("proxy_stop", tests, NULL, NULL);
}
