/* SPDX-License-Identifier: MIT */
/* What is told of an attached thread that stops receiving, and that nobody suffers from it. */
#include "node/deaf.h"

#include <string.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"

#define LIMIT_NS 1000

/* Looks at the times given, every 100 ns; returns when it was told, 0 if it was not. */
static uint64_t look(tr_deaf *deaf, const tr_deaf_view *view, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t told_ns = 0;
    for (uint64_t now_ns = from_ns; now_ns < to_ns; now_ns += 100) {
        if (tr_deaf_look(deaf, view, now_ns, LIMIT_NS)) {
            assert_int_equal(told_ns, 0); /* once */
            told_ns = now_ns;
        }
    }
    return told_ns;
}

/* Promise: ATTACH-DEAF */
static void is_told_once_when_the_limit_has_passed(void **state)
{
    (void) state;
    tr_deaf deaf = {0};
    const tr_deaf_view view = {.received = 3, .messages = 1};

    assert_int_equal(look(&deaf, &view, 5000, 9000), 6000);
    assert_true(deaf.is_told);
    assert_int_equal(deaf.since_ns, 5000);
}

/* Promise: ATTACH-DEAF */
static void begins_when_something_is_first_seen_to_wait(void **state)
{
    (void) state;
    tr_deaf deaf = {0};
    const tr_deaf_view idle = {.received = 3};
    const tr_deaf_view senders = {.received = 3, .senders = 1};

    assert_int_equal(look(&deaf, &idle, 5000, 50000), 0);
    assert_int_equal(look(&deaf, &senders, 50000, 52000), 51000);
}

/* Promise: ATTACH-DEAF */
static void ends_with_a_message_received_and_begins_anew(void **state)
{
    (void) state;
    tr_deaf deaf = {0};
    tr_deaf_view view = {.received = 3, .messages = 9};
    for (uint64_t i = 0; i < 100; i++) { /* slow, but it receives */
        view.received++;
        assert_int_equal(look(&deaf, &view, 10000 + i * 900, 10000 + i * 900 + 900), 0);
    }
    assert_int_equal(look(&deaf, &view, 100000, 102000), 100100);
    view.received++;
    assert_int_equal(look(&deaf, &view, 102000, 102100), 0);
    assert_false(deaf.is_told);
    assert_int_equal(look(&deaf, &view, 102100, 104000), 103000);
}

/* Promise: ATTACH-DEAF */
static void is_not_told_of_one_that_waits_for_another_message(void **state)
{
    (void) state;
    tr_deaf deaf = {0};
    const tr_deaf_view view = {
        .received = 3, .messages = 9, .is_receiving = true, .is_waiting = true};

    assert_int_equal(look(&deaf, &view, 5000, 50000), 0);
}

/* A node that logs to a probe, and a thread, the test's, that is attached and does not receive. */
struct deafness {
    troupe_log log;
    struct probe *log_lines;
    struct cast cast;
    troupe_node *node;
    troupe_self *self;
};

static void begin(struct deafness *deafness)
{
    *deafness = (struct deafness) {.log_lines = a_probe(), .cast = {.seen = a_probe()}};
    deafness->log = log_of(deafness->log_lines);
    deafness->log.level = TROUPE_LOG_WARNING;
    deafness->node = a_node(
        TROUPE_NODE_OPTIONS(.workers = 2, .log = &deafness->log, .watchdog = TROUPE_WATCHDOG_ON,
                            .deaf_after = TROUPE_WITHIN_MS(5), .drain_timeout = TROUPE_WITHIN_MS(5),
                            .stop_timeout = TROUPE_WITHIN_MS(50)));
    assert_ok(troupe_attach(deafness->node, TROUPE_ATTACH(.name = "till", .mailbox_capacity = 2),
                            &deafness->self));
    deafness->cast.refs[0] = troupe_self_ref(deafness->self);
}

static void end(struct deafness *deafness)
{
    assert_ok(troupe_detach(&deafness->self));
    drop_node(&deafness->node);
    drop_probe(&deafness->log_lines);
    drop_probe(&deafness->cast.seen);
}

static bool is_logged(const struct deafness *deafness, const char *part)
{
    return probe_has(deafness->log_lines, part);
}

/* Waits for the line of the log that tells of it for this time. */
static void wait_until_told(const struct deafness *deafness, unsigned times)
{
    for (;;) {
        unsigned count = 0;
        for (size_t i = 0; i < probe_count(deafness->log_lines); i++) {
            count += strstr(probe_line(deafness->log_lines, i), "attached as 'till' ") != NULL;
        }
        if (count >= times) {
            assert_int_equal(count, times);
            return;
        }
        assert_true(probe_wait(deafness->log_lines, probe_count(deafness->log_lines) + 1));
    }
}

/* Sends three numbers to the deaf one, of which the last waits for room. */
static troupe_error fills(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    for (uint64_t i = 1; i <= 2; i++) {
        (void) tell(cast, "sent", send_figure(self, cast->refs[0], i));
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = a_figure(self, 3, &message);
    if (!error) {
        probe_say(cast->seen, "waits");
        error = troupe_send_message_with(
            self, cast->refs[0], &message,
            TROUPE_SEND(.on_full = TROUPE_ON_FULL_WAIT, .timeout = TROUPE_FOREVER));
    }
    return tell(cast, "sent at last", error);
}

/* Promise: ATTACH-DEAF */
static void is_logged_and_reported_with_what_waits_for_it(void **state)
{
    (void) state;
    struct deafness deafness;
    begin(&deafness);
    a_root_of(deafness.node, TROUPE_SPAWN(.body = fills, .argument = &deafness.cast));

    wait_until_told(&deafness, 1);
    assert_true(is_logged(&deafness, "has received nothing for "));
    assert_true(strstr(report_of(deafness.node), "attached as 'till' ") != NULL);
    while (strstr(report_of(deafness.node), "2 messages wait in its mailbox, 1 senders") == NULL) {
        /* until the sender stands in line, and that has been seen */
    }

    TROUPE_AUTO(troupe_message) *message = NULL;
    assert_ok(troupe_receive(deafness.self, &message, TROUPE_WITHIN_S(20)));
    assert_int_equal(figure_of(message), 1);
    wait_until_told(&deafness, 2); /* it has received, and stopped again */
    for (uint64_t i = 2; i <= 3; i++) {
        assert_ok(troupe_receive(deafness.self, &message, TROUPE_WITHIN_S(20)));
        assert_int_equal(figure_of(message), i);
    }
    troupe_message_destroy(&message);
    assert_true(probe_wait_for(deafness.cast.seen, "sent at last OK"));
    while (report_of(deafness.node)[0] != '\0') {
        /* until that has been seen too */
    }
    end(&deafness);
}

/* Sends with a limit to the deaf one, then asks another. */
static troupe_error meets_the_deaf(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 3; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, i, &message);
        if (!error) {
            error = troupe_send_message_with(
                self, cast->refs[0], &message,
                TROUPE_SEND(.on_full = TROUPE_ON_FULL_WAIT, .timeout = TROUPE_WITHIN_MS(1)));
        }
        (void) tell(cast, "sent", error);
    }
    uint64_t answer = 0;
    error = ask_figure(self, cast->refs[1], 21, TROUPE_WITHIN_S(20), &answer);
    probe_say(cast->seen, "asked: %d", (int) answer);
    return error;
}

/* Promise: ATTACH-DEAF */
static void harms_nobody(void **state)
{
    (void) state;
    struct deafness deafness;
    begin(&deafness);
    deafness.cast.refs[1] = a_root_of(deafness.node, TROUPE_SPAWN(.body = play_doubler));
    a_root_of(deafness.node, TROUPE_SPAWN(.body = meets_the_deaf, .argument = &deafness.cast));

    assert_true(probe_wait(deafness.cast.seen, 4));
    assert_said(deafness.cast.seen, "sent OK", "sent OK", "sent TIMED_OUT", "asked: 42");
    wait_until_told(&deafness, 1);
    end(&deafness);
}

/* Promise: ATTACH-DEAF */
static void is_named_by_a_stop_that_does_not_wait_for_it(void **state)
{
    (void) state;
    struct deafness deafness;
    TROUPE_AUTO(troupe_message) *message = NULL;
    begin(&deafness);
    for (uint64_t i = 1; i <= 2; i++) {
        assert_ok(send_figure(deafness.self, deafness.cast.refs[0], i));
    }
    assert_ok(troupe_receive(deafness.self, &message, TROUPE_WITHIN_S(20))); /* and keeps it */

    troupe_node_stop(deafness.node);
    assert_fails(troupe_node_join(deafness.node), TIMED_OUT);
    assert_true(is_logged(&deafness, "not all actors ended when cancelled"));
    assert_true(is_logged(&deafness, "actor 'till' "));
    assert_true(strstr(report_of(deafness.node), "actor 'till' ") != NULL);

    assert_fails(troupe_receive(deafness.self, &message, TROUPE_NOW), CANCELLED);
    troupe_message_destroy(&message);
    assert_ok(troupe_detach(&deafness.self));
    troupe_node_destroy(&deafness.node);
    drop_probe(&deafness.log_lines);
    drop_probe(&deafness.cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_told_once_when_the_limit_has_passed),
        cmocka_unit_test(begins_when_something_is_first_seen_to_wait),
        cmocka_unit_test(ends_with_a_message_received_and_begins_anew),
        cmocka_unit_test(is_not_told_of_one_that_waits_for_another_message),
        cmocka_unit_test(is_logged_and_reported_with_what_waits_for_it),
        cmocka_unit_test(harms_nobody),
        cmocka_unit_test(is_named_by_a_stop_that_does_not_wait_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
