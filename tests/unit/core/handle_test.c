/* SPDX-License-Identifier: MIT */
/* What a debug build promises to who misuses a handle: an end at that call, with a line that names
 * it; and that other builds have no such check. Each misuse happens in a process of its own. */
#include "core/handle.h"

#include <stdlib.h>
#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/actors.h"
#include "support/child.h"
#include "support/fixtures.h"
#include "support/node_fixture.h"
#include "support/world_fixture.h"

#if TR_CHECKS_HANDLES
static const bool has_checks = true;
#else
static const bool has_checks = false;
#endif

static tr_mark *mark_of(troupe_message *message)
{
    return (tr_mark *) (void *) message - 1;
}

/* Runs a body as the root actor of a world. */
static void run_body(void *context)
{
    troupe_body *const *body = context;
    tr_world *world = a_world(1, 1);
    (void) a_root(world, TROUPE_SPAWN(.body = *body));
    tr_world_advance(world, 1000 * MS);
}

static void assert_body_dies(troupe_body *body, const char *expected)
{
    if (has_checks) {
        assert_child_aborts(run_body, &body, expected);
    }
}

static troupe_error uses_what_it_destroyed(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *message = NULL;
    const troupe_error error = make_item(self, 1, &message);
    const troupe_message *alias = message;
    troupe_message_destroy(&message);
    (void) troupe_message_size(alias);
    return error;
}

static troupe_error destroys_twice(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *message = NULL;
    const troupe_error error = make_item(self, 1, &message);
    troupe_message *alias = message;
    troupe_message_destroy(&message);
    troupe_message_destroy(&alias);
    return error;
}

/* Whose memory is in use again elsewhere as late as can be: not by the next hundred messages. */
static troupe_error sends_what_it_destroyed(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *message = NULL;
    troupe_error error = make_item(self, 1, &message);
    troupe_message *alias = message;
    troupe_message_destroy(&message);
    for (int i = 0; i < 100 && error == TROUPE_OK; i++) {
        error = make_item(self, 2, &message);
        troupe_message_destroy(&message);
    }
    return troupe_send_message(self, troupe_self_ref(self), &alias);
}

static troupe_error destroys_what_it_received_twice(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *message = NULL;
    troupe_error error = send_item(self, troupe_self_ref(self), 1, NULL);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    troupe_message *alias = message;
    troupe_message_destroy(&message);
    troupe_message_destroy(&alias);
    return error;
}

/* Promise: HANDLE-CHECKED */
static void names_the_call_that_uses_a_message_of_the_past(void **state)
{
    (void) state;
    assert_body_dies(uses_what_it_destroyed,
                     "troupe_message_size: called with what it must not "
                     "be: message ");
    assert_body_dies(uses_what_it_destroyed,
                     " is of the past: it was given back (its memory for "
                     "time 1)");
    assert_body_dies(destroys_twice, "troupe_message_destroy: called with");
    assert_body_dies(destroys_what_it_received_twice, " is of the past: it was destroyed");
    assert_body_dies(sends_what_it_destroyed, "troupe_send_message: called with");
}

static troupe_error uses_a_tick_of_a_cancelled_timer(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *tick = NULL;
    troupe_timer timer;
    troupe_error error =
        troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(1)), &timer);
    error = error ? error : troupe_receive(self, &tick, TROUPE_FOREVER);
    const troupe_message *alias = tick;
    const bool is_well = troupe_message_is(alias, &troupe_tick_type);
    (void) troupe_timer_cancel(self, timer);
    troupe_message_destroy(&tick);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1)); /* now it ends */
    if (is_well) {
        (void) troupe_message_type_name(alias);
    }
    return error;
}

static void names_the_call_that_uses_a_tick_of_the_past(void **state)
{
    (void) state;
    assert_body_dies(uses_a_tick_of_a_cancelled_timer,
                     "troupe_message_type_name: called with what "
                     "it must not be: message ");
}

static troupe_self *kept;

static troupe_error keeps_itself(troupe_self *self, void *argument)
{
    (void) argument;
    kept = self;
    return TROUPE_OK;
}

static void use_an_actor_that_has_ended(void *context)
{
    (void) context;
    tr_world *world = a_world(1, 1);
    (void) a_root(world, TROUPE_SPAWN(.body = keeps_itself));
    tr_world_run(world);
    (void) troupe_self_now_ns(kept);
}

static troupe_error keep_at_start(troupe_self *self, void *state, void *argument)
{
    (void) state;
    (void) argument;
    kept = self;
    return TROUPE_ERROR_FAILED;
}
static const troupe_behavior failing_behavior =
    TROUPE_BEHAVIOR(.name = "failing", .start = keep_at_start);

static void use_a_behavior_that_has_ended(void *context)
{
    (void) context;
    tr_world *world = a_world(1, 1);
    troupe_ref ref;
    assert_fails(tr_world_spawn(world, TROUPE_SPAWN(.behavior = &failing_behavior), &ref), FAILED);
    tr_world_run(world);
    troupe_node_stop(troupe_self_node(kept));
}

static void names_the_call_that_uses_an_actor_of_the_past(void **state)
{
    (void) state;
    if (has_checks) {
        assert_child_aborts(use_an_actor_that_has_ended, NULL,
                            "troupe_self_now_ns: called with "
                            "what it must not be: self ");
        assert_child_aborts(use_a_behavior_that_has_ended, NULL, "troupe_self_node: called with");
    }
}

static void stop_a_node_that_was_destroyed(void *context)
{
    (void) context;
    troupe_node *node = NULL;
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1), &node));
    troupe_node *alias = node;
    troupe_node_destroy(&node);
    troupe_node_stop(alias);
}

static void destroy_a_snapshot_twice(void *context)
{
    (void) context;
    troupe_node *node = NULL;
    troupe_snapshot *snapshot = NULL;
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1), &node));
    assert_ok(troupe_node_snapshot(node, &snapshot));
    troupe_snapshot *alias = snapshot;
    troupe_snapshot_destroy(&snapshot);
    troupe_snapshot_destroy(&alias);
}

static void names_the_call_that_uses_a_node_or_a_snapshot_of_the_past(void **state)
{
    (void) state;
    if (has_checks) {
        assert_child_aborts(stop_a_node_that_was_destroyed, NULL,
                            "troupe_node_stop: called with what it must not be: ");
        assert_child_aborts(destroy_a_snapshot_twice, NULL, "troupe_snapshot_destroy: called with");
    }
}

static troupe_message *stray;

static troupe_error makes_a_stray(troupe_self *self, void *argument)
{
    (void) argument;
    return make_item(self, 1, &stray);
}

static troupe_error sends_the_stray(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_send_message(self, troupe_self_ref(self), &stray);
}

static void send_a_message_of_another_node(void *context)
{
    (void) context;
    tr_world *one = a_world(1, 1);
    tr_world *other = a_world(1, 1);
    (void) a_root(one, TROUPE_SPAWN(.body = makes_a_stray));
    (void) tr_world_spawn(other, TROUPE_SPAWN(.body = sends_the_stray), &(troupe_ref) {0});
}

/* Promise: HANDLE-CHECKED */
static void names_the_call_that_gets_a_message_of_another_node(void **state)
{
    (void) state;
    if (has_checks) {
        assert_child_aborts(send_a_message_of_another_node, NULL,
                            " is foreign: it belongs to "
                            "another node");
    }
}

static void call_with_zeros(void *context)
{
    static troupe_self zeros[8];
    (void) context;
    (void) troupe_sleep(&zeros[4], TROUPE_NOW);
}

static void call_with_an_odd_address(void *context)
{
    static unsigned char bytes[256];
    (void) context;
    (void) troupe_message_trace_id((const troupe_message *) (const void *) (bytes + 129));
}

/* Promise: HANDLE-CHECKED */
static void names_the_call_that_gets_what_is_no_handle(void **state)
{
    (void) state;
    if (has_checks) {
        assert_child_aborts(call_with_zeros, NULL,
                            "troupe_sleep: called with what it must not be: ");
        assert_child_aborts(call_with_zeros, NULL, " is no self: it has no mark of one");
        assert_child_aborts(call_with_an_odd_address, NULL, " is no message: its address is odd");
    }
}

/* The pool's memory before a block holds its mark. */
static void counts_how_often_a_message_was_given_back(void **state)
{
    tr_pool *pool = &tr_world_worker(*state, 0)->pool;
    void *block = tr_pool_take(pool, 64);
    const uint32_t before = has_checks ? mark_of(block)->generation : 0;
    tr_pool_give(pool, block);
    assert_true(!has_checks || mark_of(block)->generation == before + 1);
    block = tr_pool_take(pool, 64);
    tr_pool_give_from_outside(block);
    assert_true(!has_checks || mark_of(block)->generation == before + 1);
    assert_int_equal(sizeof(troupe_message), 64);
}

/* A self that works though it has no mark. */
static troupe_error uses_an_unmarked_copy(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_self copy = {.actor = self->actor, .task = self->task};
    return troupe_ref_is_same(troupe_self_ref(&copy), troupe_self_ref(self)) ? TROUPE_OK
                                                                             : TROUPE_ERROR_FAILED;
}

/* Promise: HANDLE-CHECKED */
static void checks_nothing_in_a_release_build(void **state)
{
    (void) state;
    troupe_body *body = uses_an_unmarked_copy;
    if (has_checks) {
        assert_child_aborts(run_body, &body, "troupe_self_ref: called with");
    } else {
        assert_child_returns(run_body, &body);
        assert_int_equal(sizeof(troupe_self), 2 * sizeof(void *));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_call_that_uses_a_message_of_the_past),
        cmocka_unit_test(names_the_call_that_uses_a_tick_of_the_past),
        cmocka_unit_test(names_the_call_that_uses_an_actor_of_the_past),
        cmocka_unit_test(names_the_call_that_uses_a_node_or_a_snapshot_of_the_past),
        cmocka_unit_test(names_the_call_that_gets_a_message_of_another_node),
        cmocka_unit_test(names_the_call_that_gets_what_is_no_handle),
        WITH_WORLD(counts_how_often_a_message_was_given_back),
        cmocka_unit_test(checks_nothing_in_a_release_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
