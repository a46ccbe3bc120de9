/* SPDX-License-Identifier: MIT */
/* What spawning from outside promises: the child's own start error, a deadline, and no hanging. */
#include "node/root.h"

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/node_fixture.h"

/* Waits, at most 20 s, for a line of the log with this text. */
static bool wait_for_log(struct probe *seen, const char *text)
{
    for (size_t lines = 1; !probe_has(seen, text); lines++) {
        if (!probe_wait(seen, lines)) {
            return false;
        }
    }
    return true;
}

static troupe_error failing_body(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_ERROR_USER + 5;
}

/* Is not ready until it is told to stop. */
static troupe_error late_body(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(60));
    probe_say(argument, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Tries what only others may do. */
static troupe_error intruding_body(troupe_self *self, void *argument)
{
    troupe_node *node = troupe_self_node(self);
    troupe_node *kept = node;
    troupe_ref ref;
    troupe_snapshot *snapshot = NULL;
    probe_say(argument, "%s",
              troupe_error_name(troupe_node_spawn(node, TROUPE_SPAWN(.body = idle_body), &ref)));
    probe_say(argument, "%s", troupe_error_name(troupe_node_join(node)));
    probe_say(argument, "%s", troupe_error_name(troupe_node_snapshot(node, &snapshot)));
    troupe_node_destroy(&kept);
    probe_say(argument, kept == node ? "kept" : "gone");
    return TROUPE_OK;
}

/* Promise: NODE-SPAWN */
static void reports_what_the_start_returned(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    troupe_ref ref = troupe_ref_none();

    const troupe_error error = troupe_node_spawn(node, TROUPE_SPAWN(.body = failing_body), &ref);

    assert_int_equal(error, TROUPE_ERROR_USER + 5);
    assert_true(troupe_ref_is_none(ref));
    troupe_node_stop(node);
    assert_int_equal(troupe_node_join(node), TROUPE_ERROR_USER + 5);
    troupe_node_destroy(&node);
}

/* Promise: NODE-SPAWN */
static void waits_for_a_start_no_longer_than_it_may(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();
    troupe_ref ref;

    assert_fails(troupe_node_spawn(node,
                                   TROUPE_SPAWN(.body = late_body, .argument = seen,
                                                .place = TROUPE_PLACE_ANY,
                                                .ready_when = TROUPE_READY_WHEN_SAID,
                                                .start_timeout = TROUPE_WITHIN_MS(20)),
                                   &ref),
                 TIMED_OUT);

    assert_true(probe_wait_for(seen, "STOPPING"));
    drop_node(&node);
    drop_probe(&seen);
}

/* Promise: NODE-SPAWN */
static void gives_up_when_worker_0_is_stuck(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
    troupe_ref ref;
    a_root_of(node, TROUPE_SPAWN(.body = blocking_body, .argument = &blocking));
    assert_true(probe_wait_for(blocking.probe, "blocked"));

    assert_fails(
        troupe_node_spawn(
            node, TROUPE_SPAWN(.body = idle_body, .start_timeout = TROUPE_WITHIN_MS(20)), &ref),
        TIMED_OUT);

    latch_open(blocking.latch);
    drop_node(&node);
    drop_probe(&blocking.probe);
    drop_latch(&blocking.latch);
}

/* Promise: NODE-REFUSES */
static void refuses_before_start_and_once_it_stops(void **state)
{
    (void) state;
    troupe_node *node = NULL;
    troupe_ref ref;
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1), &node));

    assert_fails(troupe_node_spawn(node, TROUPE_SPAWN(.body = idle_body), &ref), BAD_ARGUMENT);
    assert_ok(troupe_node_start(node));
    assert_fails(troupe_node_spawn(node, NULL, &ref), BAD_ARGUMENT);
    assert_fails(troupe_node_spawn(node, TROUPE_SPAWN(.body = idle_body), NULL), BAD_ARGUMENT);
    assert_fails(troupe_node_spawn(node, TROUPE_SPAWN(.name = "neither"), &ref), BAD_ARGUMENT);
    troupe_node_stop(node);
    assert_fails(troupe_node_spawn(node, TROUPE_SPAWN(.body = idle_body), &ref), STOPPING);

    drop_node(&node);
}

/* Promise: NODE-REFUSES */
static void refuses_calls_from_its_own_actors(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();

    a_root_of(node, TROUPE_SPAWN(.body = intruding_body, .argument = seen));

    assert_said(seen, "BAD_ARGUMENT", "BAD_ARGUMENT", "BAD_ARGUMENT", "kept");
    drop_node(&node);
    drop_probe(&seen);
}

static void changes_nothing_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .allocator = &allocator));
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    troupe_ref ref;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator_fail_after(&memory, allowed);
        error = troupe_node_spawn(node, TROUPE_SPAWN(.name = "x", .body = idle_body), &ref);
        tr_failing_allocator_fail_never(&memory);
    }

    assert_ok(error);
    drop_node(&node);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static const troupe_child_spec failing_child =
    TROUPE_CHILD(.id = "child", .actor = TROUPE_SPAWN(.name = "child", .body = play_failing));
static const troupe_supervisor_spec failing_spec =
    TROUPE_SUPERVISOR(.name = "head", .children = &failing_child, .child_count = 1,
                      .restarts_max = TROUPE_NO_RESTARTS);

/* A node whose root supervisor gives up when its child is told to fail. */
static troupe_node *a_node_that_fails(struct probe *seen, uint32_t policy, troupe_ref *out_child)
{
    const troupe_log log = log_of(seen);
    troupe_node *node = NULL;
    troupe_ref head;
    assert_ok(troupe_node_create(
        TROUPE_NODE_OPTIONS(.workers = 2, .log = &log, .on_root_failure = policy), &node));
    assert_ok(troupe_node_start(node));
    assert_ok(troupe_node_supervise(node, &failing_spec, &head));
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(troupe_lookup(self, "child", out_child));
    assert_ok(send_figure(self, *out_child, 1));
    troupe_detach(&self);
    return node;
}

/* Promise: NODE-ROOT-POLICY */
static void stops_with_a_root_that_fails_if_told_to(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    troupe_ref child;
    troupe_node *node = a_node_that_fails(seen, TROUPE_ROOT_STOP, &child);

    assert_fails(troupe_node_join(node), FAILED);

    assert_true(probe_has(seen,
                          "failed, for a reason of the program's own: child 'child' failed "
                          "too often: FAILED"));
    assert_true(probe_has(seen, "a root actor has failed (FAILED); the node stops"));
    troupe_node_destroy(&node);
    drop_probe(&seen);
}

/* Promise: NODE-ROOT-POLICY */
static void goes_on_without_a_root_that_fails(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    troupe_ref child;
    troupe_node *node = a_node_that_fails(seen, TROUPE_ROOT_GO_ON, &child);
    troupe_ref ref;

    assert_true(wait_for_log(seen, "a root actor has failed (FAILED); the node goes on"));

    assert_ok(troupe_node_spawn(node, TROUPE_SPAWN(.body = idle_body), &ref));
    troupe_node_stop(node);
    assert_fails(troupe_node_join(node), FAILED);
    troupe_node_destroy(&node);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_what_the_start_returned),
        cmocka_unit_test(waits_for_a_start_no_longer_than_it_may),
        cmocka_unit_test(gives_up_when_worker_0_is_stuck),
        cmocka_unit_test(refuses_before_start_and_once_it_stops),
        cmocka_unit_test(refuses_calls_from_its_own_actors),
        cmocka_unit_test(changes_nothing_when_memory_is_out),
        cmocka_unit_test(stops_with_a_root_that_fails_if_told_to),
        cmocka_unit_test(goes_on_without_a_root_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
