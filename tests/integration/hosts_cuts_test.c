/* SPDX-License-Identifier: MIT */
/* Nodes whose connections are cut again and again, over real tcp. */
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "core/sanitizers.h"
#include "core/shake.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "support/tcp_proxy.h"

#define SENDERS 4
#define NODES 2
/* Each of 20 s. */
#define WAITS_MAX 20

/* Two nodes; b dials a by the proxy. */
struct town {
    struct tcp_proxy *proxy;
    troupe_node *nodes[NODES];
    struct probe *log;
};

/* Only what must not happen. */
static void write_log(void *context, troupe_log_level level, const char *text)
{
    struct town *town = context;
    if (level <= TROUPE_LOG_ERROR || strstr(text, "taken for dead") != NULL ||
        strstr(text, "link is closed") != NULL) {
        probe_say(town->log, "%s", text);
    }
}

static void set_up(struct town *town)
{
    char endpoint[64];
    town->log = a_probe();
    const troupe_log log = {.write = write_log, .context = town, .level = TROUPE_LOG_NOTICE};
    town->nodes[0] = a_node(
        TROUPE_NODE_OPTIONS(.name = "a", .workers = 2, .listen = "tcp://127.0.0.1:*", .log = &log,
                            .dead_after = TROUPE_WITHIN_S(60), .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(town->nodes[0], endpoint, sizeof endpoint));
    town->proxy = a_tcp_proxy(endpoint);
    const troupe_peer peer = {.endpoint = tcp_proxy_endpoint(town->proxy)};
    town->nodes[1] = a_node(
        TROUPE_NODE_OPTIONS(.name = "b", .workers = 2, .log = &log, .peers = &peer, .peer_count = 1,
                            .dead_after = TROUPE_WITHIN_S(60), .plain = TROUPE_PLAIN_ON_LOOPBACK));
}

static void tear_down(struct town *town)
{
    drop_node(&town->nodes[1]);
    drop_node(&town->nodes[0]);
    drop_tcp_proxy(&town->proxy);
    assert_silent(town->log);
    drop_probe(&town->log);
}

/* How many messages each of eight senders sends: TROUPE_MESSAGES, for a long run, in which the long
 * cut is of 10 s: ten million in all are TROUPE_MESSAGES=1250000. */
static uint64_t messages(uint64_t usual)
{
    const char *given = getenv("TROUPE_MESSAGES"); /* NOLINT(concurrency-mt-unsafe) */
    return given != NULL ? strtoull(given, NULL, 10) : usual;
}

struct pause {
    troupe_timeout time;
    struct probe *probe;
};

static troupe_error pauses(troupe_self *self, void *argument)
{
    const struct pause *pause = argument;
    troupe_ready(self);
    const troupe_error error = troupe_sleep(self, pause->time);
    probe_say(pause->probe, "over");
    return error;
}

/* In the middle of it nothing gets through for so long. */
static void cut_for(struct town *town, uint64_t seconds, uint64_t count)
{
    struct probe *probe = a_probe();
    struct numbered_watcher watcher = {.name = "numbers", .count = count / 4, .probe = probe};
    struct pause pause = {.time = TROUPE_WITHIN_S(seconds), .probe = probe};
    (void) a_root_of(town->nodes[0], TROUPE_SPAWN(.body = numbered_watches, .argument = &watcher));
    for (int i = 0; i < WAITS_MAX && !probe_wait_for(probe, "so far"); i++) {}
    tcp_proxy_be(town->proxy, &(const struct tcp_faults) {.is_closed = true});
    tcp_proxy_cut(town->proxy);
    (void) a_root_of(town->nodes[0], TROUPE_SPAWN(.body = pauses, .argument = &pause));
    assert_true(probe_wait_for(probe, "over"));
    drop_probe(&probe);
}

/* Each node has a receiver, and senders to the other's; the faults last until all is said. */
static void talk(const struct tcp_faults *faults, uint64_t count, uint64_t cuts_least,
                 uint64_t cut_s)
{
    struct town town;
    struct numbered_receiver receivers[NODES] = {0};
    struct numbered_sender senders[NODES][SENDERS];
    struct probe *probe = a_probe();
    set_up(&town);
    tcp_proxy_be(town.proxy, faults);
    for (uint32_t i = 0; i < NODES; i++) {
        (void) a_root_of(town.nodes[i], TROUPE_SPAWN(NUMBERED_RECEIVER, .name = "numbers",
                                                     .argument = &receivers[i]));
    }
    for (uint32_t i = 0; i < NODES * SENDERS; i++) {
        struct numbered_sender *sender = &senders[i % NODES][i / NODES];
        *sender = (struct numbered_sender) {.node = troupe_node_id(town.nodes[1 - i % NODES]),
                                            .name = "numbers",
                                            .sender = i / NODES,
                                            .count = count,
                                            .asks_after = 1000,
                                            .probe = probe};
        (void) a_root_of(town.nodes[i % NODES],
                         TROUPE_SPAWN(.body = numbered_sends, .argument = sender));
    }
    if (cut_s > 0) {
        cut_for(&town, cut_s, count);
        assert_silent(probe);
        tcp_proxy_be(town.proxy, faults);
    }
    size_t said = 0;
    for (int i = 0; i < WAITS_MAX && said < NODES * SENDERS; i++) {
        (void) probe_wait(probe, NODES * SENDERS);
        said = probe_count(probe);
    }
    const struct tcp_faults none = {0};
    tcp_proxy_be(town.proxy, &none);
    for (size_t i = 0; i < said; i++) {
        assert_string_equal(probe_line(probe, i), "OK");
    }
    assert_int_equal(said, NODES * SENDERS);
    assert_true(tcp_proxy_cuts(town.proxy) >= cuts_least);
    tear_down(&town);
    for (uint32_t i = 0; i < NODES; i++) {
        assert_int_equal(receivers[i].came, SENDERS * count);
        assert_int_equal(receivers[i].wrong, 0);
    }
    drop_probe(&probe);
}

/* Promise: HOSTS-NOTHING-LOST */
static void nothing_is_lost_when_connections_are_cut(void **state)
{
    (void) state;
    talk(&(const struct tcp_faults) {.cut_every_ms = 150, .delay_ms = 2},
         messages(TR_THREAD_SANITIZER ? 5000 : TR_SHAKEN(60000, 1000)), 1, 0);
}

/* Promise: HOSTS-NOTHING-LOST */
static void nothing_is_lost_in_a_long_cut(void **state)
{
    (void) state;
    const bool is_long = getenv("TROUPE_MESSAGES") != NULL; /* NOLINT(concurrency-mt-unsafe) */
    talk(&(const struct tcp_faults) {.delay_ms = 0},
         messages(TR_THREAD_SANITIZER ? 5000 : TR_SHAKEN(60000, 1000)), 1, is_long ? 10 : 3);
}

static void nothing_is_lost_on_a_slow_line(void **state)
{
    (void) state;
    talk(&(const struct tcp_faults) {.bytes_per_s = 2000000, .delay_ms = 20}, 1000, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_when_connections_are_cut),
        cmocka_unit_test(nothing_is_lost_in_a_long_cut),
        cmocka_unit_test(nothing_is_lost_on_a_slow_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
