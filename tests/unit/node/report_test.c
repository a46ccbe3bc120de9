/* SPDX-License-Identifier: MIT */
/* What a report promises: it names what a stop waits for, and is empty otherwise. */
#include "node/report.h"

#include <stdatomic.h>
#include <string.h>
#include <troupe/ask.h>
#include <troupe/message.h>
#include <troupe/send.h>
#include <unistd.h>

#include "node/node.h"
#include "support/node_fixture.h"

static const troupe_type question_type = TROUPE_SIGNAL("question");

/* Takes one message and holds it until it is stopped. */
static troupe_error holding_body(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        probe_say(argument, "holds");
        (void) troupe_sleep(self, TROUPE_FOREVER); /* until told to stop */
    }
    return TROUPE_OK;
}

/* Asks its child, which does not answer. */
static troupe_error asking_body(troupe_self *self, void *argument)
{
    troupe_ref to;
    TROUPE_AUTO(troupe_message) *question = NULL;
    TROUPE_AUTO(troupe_message) *answer = NULL;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.name = "deaf", .body = holding_body, .argument = argument), &to);
    troupe_ready(self);
    if (!error) {
        error = troupe_message_create(self, &question_type, NULL, &question);
    }
    if (!error) {
        (void) troupe_ask_message(self, to, &question, TROUPE_FOREVER, &answer); /* never
                                                                                  * answered */
    }
    return error;
}

static void wait_for_phase(troupe_node *node, tr_node_phase phase)
{
    while (tr_node_phase_now(node) < phase) {
        /* the keeper is on its way */
    }
}

/* Promise: NODE-REPORT */
static void is_empty_while_nothing_stops(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    a_root_of(node, TROUPE_SPAWN(.name = "idle", .body = idle_body));

    assert_string_equal(report_of(node), "");

    drop_node(&node);
}

/* Promise: NODE-REPORT */
static void names_who_waits_for_whom_while_the_node_drains(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 2, .drain_timeout = TROUPE_FOREVER,
                                   .stop_timeout = TROUPE_WITHIN_S(5), .stop_on_signals = 1));
    struct probe *seen = a_probe();
    a_root_of(node, TROUPE_SPAWN(.name = "idle", .body = idle_body));
    a_root_of(node, TROUPE_SPAWN(.name = "asker", .body = asking_body, .argument = seen));
    assert_true(probe_wait(seen, 1));

    assert_int_equal(kill(getpid(), SIGTERM), 0);
    wait_for_phase(node, TR_NODE_DRAINING);
    const char *report = report_of(node);

    assert_non_null(strstr(report, "actor 'asker'"));
    assert_non_null(strstr(report, "waits for a reply of 'deaf'"));
    assert_non_null(strstr(report, "actor 'deaf'"));
    assert_non_null(strstr(report, "sleeps"));
    assert_null(strstr(report, "'idle'"));
    assert_int_equal(kill(getpid(), SIGTERM), 0); /* enough of that */
    (void) troupe_node_join(node);                /* how they ended is not what this is about */
    troupe_node_destroy(&node);
    drop_probe(&seen);
}

/* Promise: NODE-REPORT */
static void names_a_stuck_actor_without_asking_it(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
    a_root_of(node, TROUPE_SPAWN(.name = "plug", .body = blocking_body, .argument = &blocking));
    assert_true(probe_wait_for(blocking.probe, "blocked"));

    troupe_node_stop(node);
    wait_for_phase(node, TR_NODE_DRAINING);
    const char *report = report_of(node);

    assert_non_null(strstr(report, "actor 'plug'"));
    assert_non_null(strstr(report, "on worker 0 is stuck in its code"));
    latch_open(blocking.latch);
    drop_node(&node);
    drop_probe(&blocking.probe);
    drop_latch(&blocking.latch);
}

static void is_cut_at_the_end_of_a_line(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 1, .stop_timeout = TROUPE_WITHIN_MS(10)));
    struct stubborn stubborn = {.probe = a_probe()};
    a_root_of(node, TROUPE_SPAWN(.name = "one", .body = stubborn_body, .argument = &stubborn));
    a_root_of(node, TROUPE_SPAWN(.name = "two", .body = stubborn_body, .argument = &stubborn));
    troupe_node_stop(node);
    assert_fails(troupe_node_join(node), TIMED_OUT);
    char whole[1024];
    char text[200];
    char nothing[1] = "x";

    troupe_node_report(node, whole, sizeof whole);
    troupe_node_report(node, text, strlen(whole));
    troupe_node_report(node, nothing, sizeof nothing);
    troupe_node_report(node, NULL, 0);

    assert_true(strlen(text) > 0 && strlen(text) < strlen(whole));
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_int_equal(nothing[0], '\0');
    atomic_store(&stubborn.may_end, 1);
    troupe_node_destroy(&node);
    drop_probe(&stubborn.probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_while_nothing_stops),
        cmocka_unit_test(names_who_waits_for_whom_while_the_node_drains),
        cmocka_unit_test(names_a_stuck_actor_without_asking_it),
        cmocka_unit_test(is_cut_at_the_end_of_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
