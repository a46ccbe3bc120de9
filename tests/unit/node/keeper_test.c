/* SPDX-License-Identifier: MIT */
/* What a stop promises: it drains, stops, cancels, each within its deadline, and never hangs. */
#include "node/keeper.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <troupe/message.h>
#include <troupe/send.h>
#include <unistd.h>

#include "node/node.h"
#include "support/node_fixture.h"

#define MS UINT64_C(1000000)

static const troupe_type work_type = TROUPE_SIGNAL("work");

struct work {
    struct probe *seen;
    troupe_timeout each;
};

/* Works off what it is sent, for some time each; says how much it was. */
static troupe_error worker_body(troupe_self *self, void *argument)
{
    const struct work *work = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    unsigned done = 0;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        done++;
        if (troupe_sleep(self, work->each) != TROUPE_OK) {
            break;
        }
    }
    probe_say(work->seen, "did %u", done);
    return TROUPE_OK;
}

/* Gives its child 20 pieces of work and stops the node. */
static troupe_error boss_body(troupe_self *self, void *argument)
{
    troupe_ref to;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = worker_body, .argument = argument, .mailbox_capacity = 32), &to);
    for (unsigned i = 0; i < 20 && !error; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = troupe_message_create(self, &work_type, NULL, &message);
        if (!error) {
            error = troupe_send_message(self, to, &message);
        }
    }
    troupe_node_stop(troupe_self_node(self));
    return error ? error : idle_body(self, NULL);
}

/* Promise: NODE-DRAIN */
static void drains_what_is_queued_before_it_stops_anyone(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct work work = {.seen = a_probe(), .each = TROUPE_WITHIN_MS(2)};

    a_root_of(node, TROUPE_SPAWN(.body = boss_body, .argument = &work));
    assert_ok(troupe_node_join(node));

    assert_said(work.seen, "did 20");
    drop_node(&node);
    drop_probe(&work.seen);
}

/* Promise: NODE-DRAIN */
static void drains_no_longer_than_it_may(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .drain_timeout = TROUPE_NOW));
    struct work work = {.seen = a_probe(), .each = TROUPE_WITHIN_MS(200)};

    a_root_of(node, TROUPE_SPAWN(.body = boss_body, .argument = &work));
    assert_ok(troupe_node_join(node));

    assert_true(probe_wait(work.seen, 1));
    assert_string_not_equal(probe_line(work.seen, 0), "did 20");
    drop_node(&node);
    drop_probe(&work.seen);
}

/* Promise: NODE-STOP */
static void stops_all_actors_children_first(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();

    for (unsigned i = 0; i < 10; i++) {
        a_root_of(node,
                  TROUPE_SPAWN(.body = idle_body, .argument = seen, .place = TROUPE_PLACE_ANY));
    }
    drop_node(&node);

    assert_int_equal(probe_count_of(seen, "started"), 10);
    assert_int_equal(probe_count_of(seen, "stopped"), 10);
    drop_probe(&seen);
}

/* Promise: NODE-STOP */
static void may_be_told_to_stop_by_an_actor(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();

    a_root_of(node, TROUPE_SPAWN(.body = stopping_body, .argument = seen));
    assert_ok(troupe_node_join(node));

    assert_said(seen, "stopped node");
    drop_node(&node);
    drop_probe(&seen);
}

static troupe_error failing_body(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ready(self);
    return TROUPE_ERROR_PROTOCOL;
}

/* Promise: NODE-ERROR */
static void tells_the_first_error_of_a_root_actor(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);

    a_root_of(node, TROUPE_SPAWN(.body = failing_body));
    a_root_of(node, TROUPE_SPAWN(.body = idle_body));
    troupe_node_stop(node);

    assert_fails(troupe_node_join(node), PROTOCOL);
    troupe_node_destroy(&node);
}

/* Lets no stop through, as long as it is not cancelled. */
static troupe_error deaf_body(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    troupe_ready(self);
    while (error != TROUPE_ERROR_CANCELLED) {
        error = troupe_yield(self);
    }
    probe_say(argument, "cancelled");
    return TROUPE_OK;
}

/* Promise: NODE-CANCEL */
static void cancels_who_does_not_stop(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 1, .stop_timeout = TROUPE_WITHIN_MS(1000)));
    struct probe *seen = a_probe();

    a_root_of(node, TROUPE_SPAWN(.body = deaf_body, .argument = seen));
    troupe_node_stop(node);
    assert_ok(troupe_node_join(node)); /* one that was cancelled has not failed */

    assert_said(seen, "cancelled");
    troupe_node_destroy(&node);
    drop_probe(&seen);
}

/* Promise: NODE-STUCK */
static void leaves_behind_who_does_not_listen_at_all(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 2, .stop_timeout = TROUPE_WITHIN_MS(20)));
    struct stubborn stubborn = {.probe = a_probe()};

    a_root_of(node, TROUPE_SPAWN(.name = "mule", .body = stubborn_body, .argument = &stubborn));
    troupe_node_stop(node);

    assert_fails(troupe_node_join(node), TIMED_OUT);
    assert_non_null(strstr(report_of(node), "'mule'"));
    atomic_store(&stubborn.may_end, 1);
    troupe_node_destroy(&node);
    assert_null(node);
    drop_probe(&stubborn.probe);
}

/* Promise: NODE-STUCK */
static void does_not_hang_on_a_stuck_handler(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 2, .stop_timeout = TROUPE_WITHIN_MS(20)));
    struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
    struct probe *seen = a_probe();
    a_root_of(node, TROUPE_SPAWN(.body = idle_body, .argument = seen, .place = TROUPE_PLACE_WORKER,
                                 .place_worker = 0));
    a_root_of(node, TROUPE_SPAWN(.name = "plug", .body = blocking_body, .argument = &blocking,
                                 .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    assert_true(probe_wait_for(blocking.probe, "blocked"));

    troupe_node_stop(node);

    assert_fails(troupe_node_join(node), TIMED_OUT);
    assert_said(seen, "started", "stopped");
    assert_non_null(strstr(report_of(node), "'plug'"));
    assert_non_null(strstr(report_of(node), "stuck"));
    latch_open(blocking.latch);
    assert_true(probe_wait_for(blocking.probe, "freed"));
    troupe_node_destroy(&node);
    assert_null(node);
    drop_probe(&seen);
    drop_probe(&blocking.probe);
    drop_latch(&blocking.latch);
}

/* Promise: NODE-SIGNALS */
static void a_signal_stops_the_node_and_a_second_one_hurries(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .stop_on_signals = 1,
                                                   .drain_timeout = TROUPE_FOREVER,
                                                   .stop_timeout = TROUPE_FOREVER));
    struct probe *seen = a_probe();
    a_root_of(node, TROUPE_SPAWN(.body = deaf_body, .argument = seen));

    assert_int_equal(kill(getpid(), SIGINT), 0);
    while (tr_node_phase_now(node) < TR_NODE_STOPPING) {
        /* the first has its effect */
    }
    assert_int_equal(probe_count(seen), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);

    assert_true(troupe_node_join(node) != TROUPE_ERROR_TIMED_OUT);
    assert_said(seen, "cancelled");
    troupe_node_destroy(&node);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drains_what_is_queued_before_it_stops_anyone),
        cmocka_unit_test(drains_no_longer_than_it_may),
        cmocka_unit_test(stops_all_actors_children_first),
        cmocka_unit_test(may_be_told_to_stop_by_an_actor),
        cmocka_unit_test(tells_the_first_error_of_a_root_actor),
        cmocka_unit_test(cancels_who_does_not_stop),
        cmocka_unit_test(leaves_behind_who_does_not_listen_at_all),
        cmocka_unit_test(does_not_hang_on_a_stuck_handler),
        cmocka_unit_test(a_signal_stops_the_node_and_a_second_one_hurries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
