/* SPDX-License-Identifier: MIT */
/* Nodes that are killed, stopped for a while, or no longer heard, over real tcp. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "base/clock.h"
#include "core/sanitizers.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "support/other.h"
#include "support/ports.h"
#include "support/tcp_proxy.h"

#define WATCHERS 8
#define ASKERS 4
/* What the mute keeps is not worth waiting for. */
#define DRAIN .drain_timeout = TROUPE_WITHIN_MS(100)
#define NS_PER_S UINT64_C(1000000000)

/* Keeps each request unanswered. */
static troupe_error keeps_silent(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_stash(self, &message);
    }
    return error;
}

/* What a node has here: an oracle that answers, a mute that does not, and one that counts. */
static void inhabit(troupe_node *node, struct numbered_receiver *receiver)
{
    (void) a_root_of(node, TROUPE_SPAWN(.name = "oracle", .body = answers));
    (void) a_root_of(node, TROUPE_SPAWN(.name = "mute", .body = keeps_silent));
    (void) a_root_of(node,
                     TROUPE_SPAWN(NUMBERED_RECEIVER, .name = "numbers", .argument = receiver));
}

/* A node in a process of its own. `endpoint` is where it listens; dead_after in ms in `line`. */
static int be_a_node(const char *dead_after_ms, const char *endpoint)
{
    struct numbered_receiver receiver = {0};
    char own[64];
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.name = "other", .workers = 1, .listen = endpoint,
                            .plain = TROUPE_PLAIN_ON_LOOPBACK, DRAIN,
                            .dead_after = TROUPE_WITHIN_MS(strtoull(dead_after_ms, NULL, 10))));
    inhabit(node, &receiver);
    assert_ok(troupe_node_endpoint(node, own, sizeof own));
    say_as_other("%" PRIu64 " %s", troupe_node_id(node), own);
    while (line_for_other() != NULL) {}
    drop_node(&node);
    return receiver.wrong == 0 ? 0 : 1;
}

/* Starts one and waits until it is there. */
static struct other *a_neighbour(const char *dead_after_ms, char *endpoint, size_t size,
                                 uint64_t *out_node)
{
    struct other *other = an_other(dead_after_ms, endpoint);
    char *end = NULL;
    *out_node = strtoull(other_hears_back(other), &end, 10);
    (void) snprintf(endpoint, size, "%s", end + 1);
    return other;
}

struct visit {
    uint64_t node;
    troupe_ref oracle; /* as found by the first visitor */
    struct probe *probe;
    uint64_t ms;
};

/* Says each DOWN of the oracle. */
static troupe_error watches(troupe_self *self, void *argument)
{
    const struct visit *visit = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    troupe_ref oracle;
    troupe_ready(self);
    troupe_error error = lookup_when_there(self, visit->node, "oracle", &oracle);
    error = error ? error : troupe_monitor(self, oracle, &monitor);
    probe_say(visit->probe, "watching");
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_down *down = error ? NULL : troupe_message_struct(message, &troupe_down_type);
        if (down != NULL) {
            probe_say(visit->probe, "down %s", troupe_error_name(down->reason));
        }
    }
    return error;
}

static troupe_error asks_the_mute(troupe_self *self, void *argument)
{
    const struct visit *visit = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ref mute;
    troupe_ready(self);
    troupe_error error = lookup_when_there(self, visit->node, "mute", &mute);
    probe_say(visit->probe, "asking");
    error =
        error ? error : troupe_ask_struct(self, mute, &question_type, NULL, TROUPE_FOREVER, &reply);
    probe_say(visit->probe, "asked %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Looks the oracle up and keeps its ref. */
static troupe_error finds(troupe_self *self, void *argument)
{
    struct visit *visit = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ready(self);
    troupe_error error = troupe_learn_type(self, &answer_type);
    error = error ? error : lookup_when_there(self, visit->node, "oracle", &visit->oracle);
    error = error ? error
                  : troupe_ask_struct(self, visit->oracle, &question_type, NULL,
                                      TROUPE_WITHIN_S(60), &reply);
    probe_say(visit->probe, "found %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Asks by the ref that was found; again while there is no connection. */
static troupe_error asks_again(troupe_self *self, void *argument)
{
    const struct visit *visit = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ready(self);
    troupe_error error = TROUPE_ERROR_UNREACHABLE;
    while (error == TROUPE_ERROR_UNREACHABLE || error == TROUPE_ERROR_NODE_LOST) {
        error = troupe_ask_struct(self, visit->oracle, &question_type, NULL, TROUPE_WITHIN_S(60),
                                  &reply);
        if (error && troupe_sleep(self, TROUPE_WITHIN_MS(1)) != TROUPE_OK) {
            break;
        }
    }
    probe_say(visit->probe, "again %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Says when some time has passed. */
static troupe_error passes_time(troupe_self *self, void *argument)
{
    const struct visit *visit = argument;
    troupe_ready(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(visit->ms));
    probe_say(visit->probe, "time %s", troupe_error_name(error));
    return TROUPE_OK;
}

static void until_said(struct probe *probe, const char *line, size_t times)
{
    size_t seen = probe_count(probe);
    while (probe_count_of(probe, line) < times) {
        if (!probe_wait(probe, seen + 1)) {
            assert_said(probe, line); /* prints what was */
        }
        seen = probe_count(probe);
    }
}

static troupe_node *a_visitor(const char *endpoint, uint64_t dead_after_ms)
{
    const troupe_peer peer = {.endpoint = endpoint};
    return a_node(TROUPE_NODE_OPTIONS(.name = "visitor", .workers = 1, .peers = &peer,
                                      .peer_count = 1, .plain = TROUPE_PLAIN_ON_LOOPBACK, DRAIN,
                                      .dead_after = TROUPE_WITHIN_MS(dead_after_ms)));
}

/* They watch the oracle and wait for the mute, and their words have come there. */
static void send_visitors(troupe_node *node, struct visit *visit)
{
    for (int i = 0; i < WATCHERS; i++) {
        (void) a_root_of(node, TROUPE_SPAWN(.body = watches, .argument = visit));
    }
    for (int i = 0; i < ASKERS; i++) {
        (void) a_root_of(node, TROUPE_SPAWN(.body = asks_the_mute, .argument = visit));
    }
    until_said(visit->probe, "watching", WATCHERS);
    until_said(visit->probe, "asking", ASKERS);
    (void) a_root_of(node, TROUPE_SPAWN(.body = finds, .argument = visit));
    until_said(visit->probe, "found OK", 1);
}

static void assert_told_once(struct probe *probe)
{
    assert_int_equal(probe_count_of(probe, "down NODE_LOST"), WATCHERS);
    assert_int_equal(probe_count_of(probe, "asked NODE_LOST"), ASKERS);
    assert_int_equal(probe_count_of(probe, "down STALE"), 0);
}

/* Promise: HOSTS-KILLED */
static void who_is_killed_is_told_of_once(void **state)
{
    (void) state;
    char endpoint[128];
    a_free_endpoint(endpoint, sizeof endpoint); /* to be listened at again */
    struct visit visit = {.probe = a_probe()};
    struct other *other = a_neighbour("2000", endpoint, sizeof endpoint, &visit.node);
    troupe_node *node = a_visitor(endpoint, 2000);
    send_visitors(node, &visit);
    const uint64_t from_ns = tr_clock_real().now_ns(NULL);
    kill_other(&other);
    until_said(visit.probe, "down NODE_LOST", WATCHERS);
    until_said(visit.probe, "asked NODE_LOST", ASKERS);
    const uint64_t told_ns = tr_clock_real().now_ns(NULL) - from_ns;
    assert_true(told_ns > NS_PER_S && told_ns < 10 * NS_PER_S);

    /* At the same address, another. */
    struct visit second = {.probe = visit.probe};
    other = a_neighbour("2000", endpoint, sizeof endpoint, &second.node);
    assert_true(second.node != visit.node);
    (void) a_root_of(node, TROUPE_SPAWN(.body = finds, .argument = &second));
    until_said(visit.probe, "found OK", 2);
    (void) a_root_of(node, TROUPE_SPAWN(.body = asks_again, .argument = &visit));
    until_said(visit.probe, "again STALE", 1);
    (void) a_root_of(node, TROUPE_SPAWN(.body = asks_again, .argument = &second));
    until_said(visit.probe, "again OK", 1);
    drop_node(&node);
    assert_told_once(visit.probe);
    drop_other(&other);
    drop_probe(&visit.probe);
}

/* Promise: HOSTS-STALLED */
static void who_stops_for_a_while_has_lost_nothing(void **state)
{
    (void) state;
    char endpoint[128] = "tcp://127.0.0.1:*";
    struct visit visit = {.probe = a_probe(), .ms = 1000};
    struct other *other = a_neighbour("30000", endpoint, sizeof endpoint, &visit.node);
    troupe_node *node = a_visitor(endpoint, 30000);
    send_visitors(node, &visit);
    struct numbered_sender sender = {.node = visit.node,
                                     .name = "numbers",
                                     .count = TR_THREAD_SANITIZER ? 5000 : 50000,
                                     .asks_after = 5000,
                                     .probe = visit.probe};
    other_signal(other, SIGSTOP);
    (void) a_root_of(node, TROUPE_SPAWN(.body = numbered_sends, .argument = &sender));
    (void) a_root_of(node, TROUPE_SPAWN(.body = passes_time, .argument = &visit));
    until_said(visit.probe, "time OK", 1);
    other_signal(other, SIGCONT);
    until_said(visit.probe, "OK", 1);
    assert_int_equal(probe_count_of(visit.probe, "down NODE_LOST"), 0);
    assert_int_equal(probe_count_of(visit.probe, "asked NODE_LOST"), 0);
    drop_other(&other); /* first, so that nobody waits for the mute any more */
    drop_node(&node);
    drop_probe(&visit.probe);
}

/* Promise: HOSTS-BACK */
static void who_stops_for_long_is_lost_and_comes_back(void **state)
{
    (void) state;
    char endpoint[128] = "tcp://127.0.0.1:*";
    struct visit visit = {.probe = a_probe()};
    struct other *other = a_neighbour("1000", endpoint, sizeof endpoint, &visit.node);
    troupe_node *node = a_visitor(endpoint, 1000);
    send_visitors(node, &visit);
    other_signal(other, SIGSTOP);
    until_said(visit.probe, "down NODE_LOST", WATCHERS);
    until_said(visit.probe, "asked NODE_LOST", ASKERS);
    other_signal(other, SIGCONT);
    (void) a_root_of(node, TROUPE_SPAWN(.body = asks_again, .argument = &visit));
    until_said(visit.probe, "again OK", 1);
    drop_node(&node);
    assert_told_once(visit.probe);
    drop_other(&other);
    drop_probe(&visit.probe);
}

/* One way is silent: whoever listens that way hears nothing, and both are told. */
static void lose_one_way(enum tcp_way way)
{
    char endpoint[64];
    struct numbered_receiver receiver = {0};
    struct visit there = {.probe = a_probe()};
    struct visit back = {.probe = a_probe()};
    troupe_node *a =
        a_node(TROUPE_NODE_OPTIONS(.name = "a", .workers = 1, .listen = "tcp://127.0.0.1:*",
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK, DRAIN,
                                   .dead_after = TROUPE_WITHIN_MS(1000)));
    assert_ok(troupe_node_endpoint(a, endpoint, sizeof endpoint));
    struct tcp_proxy *proxy = a_tcp_proxy(endpoint);
    troupe_node *b = a_visitor(tcp_proxy_endpoint(proxy), 1000);
    inhabit(a, &receiver);
    inhabit(b, &receiver);
    there.node = troupe_node_id(a);
    back.node = troupe_node_id(b);
    send_visitors(b, &there);
    send_visitors(a, &back);
    struct tcp_faults faults = {0};
    faults.swallows[way] = true;
    tcp_proxy_be(proxy, &faults);
    until_said(there.probe, "down NODE_LOST", WATCHERS);
    until_said(back.probe, "down NODE_LOST", WATCHERS);
    until_said(there.probe, "asked NODE_LOST", ASKERS);
    until_said(back.probe, "asked NODE_LOST", ASKERS);
    faults.swallows[way] = false;
    tcp_proxy_be(proxy, &faults);
    tcp_proxy_cut(proxy); /* what has been dialled meanwhile would be given up only after 5 s */
    (void) a_root_of(b, TROUPE_SPAWN(.body = asks_again, .argument = &there));
    (void) a_root_of(a, TROUPE_SPAWN(.body = asks_again, .argument = &back));
    until_said(there.probe, "again OK", 1);
    until_said(back.probe, "again OK", 1);
    drop_node(&b);
    drop_node(&a);
    assert_told_once(there.probe);
    assert_told_once(back.probe);
    drop_tcp_proxy(&proxy);
    drop_probe(&there.probe);
    drop_probe(&back.probe);
}

/* Promise: HOSTS-HALF-OPEN */
static void a_way_that_is_silent_is_told_to_both(void **state)
{
    (void) state;
    lose_one_way(TCP_FROM_DIALLER);
    lose_one_way(TCP_FROM_TARGET);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        return be_a_node(argv[1], argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_killed_is_told_of_once),
        cmocka_unit_test(who_stops_for_a_while_has_lost_nothing),
        cmocka_unit_test(who_stops_for_long_is_lost_and_comes_back),
        cmocka_unit_test(a_way_that_is_silent_is_told_to_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
