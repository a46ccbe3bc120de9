/* SPDX-License-Identifier: MIT */
/* Nodes with keys: they talk, over connections that are cut too, while others try in vain. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>
#include <zmq.h>

#include "core/sanitizers.h"
#include "core/shake.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "support/tcp_proxy.h"

#define NUMBERS (TR_THREAD_SANITIZER || TR_SHAKEN(0, 1) ? 10000 : 100000)

struct pair {
    char public_key[41];
    char secret_key[41];
};

/* Says to the probe what of it matters. */
static void write_log(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    if (strstr(text, "refuses who dials") != NULL) {
        probe_say(context, "refuses");
    } else if (strstr(text, "no connection to") != NULL) {
        probe_say(context, "no connection");
    } else if (strstr(text, "connected with node 'b'") != NULL) {
        probe_say(context, "b");
    } else if (strstr(text, "connected with node") != NULL) {
        probe_say(context, "stranger");
    }
}

/* Dials with its own pair of keys, and takes the other's for `server_key`. */
static troupe_node *a_dialler(const char *name, const struct pair *keys, const char *endpoint,
                              const char *server_key, struct probe *log_probe)
{
    const troupe_peer peer = {.endpoint = endpoint, .key = server_key};
    const troupe_log log = {.write = write_log, .context = log_probe, .level = TROUPE_LOG_NOTICE};
    return a_node(TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .peers = &peer, .peer_count = 1,
                                      .log = &log, .dead_after = TROUPE_WITHIN_S(60),
                                      .plain = TROUPE_PLAIN_ON_LOOPBACK,
                                      .public_key = keys->public_key,
                                      .secret_key = keys->secret_key));
}

static struct numbered_sender sender_to(const troupe_node *node, struct probe *probe)
{
    return (struct numbered_sender) {.node = troupe_node_id(node),
                                     .name = "numbers",
                                     .count = NUMBERS,
                                     .asks_after = 1000,
                                     .probe = probe};
}

/* Two that send each other numbers. */
struct talk {
    struct numbered_sender senders[2];
    struct numbered_receiver receivers[2];
    struct probe *said;
};

static void begin_to_talk(struct talk *talk, troupe_node *a, troupe_node *b)
{
    troupe_node *const nodes[] = {a, b};
    *talk = (struct talk) {.said = a_probe()};
    for (int i = 0; i < 2; i++) {
        talk->senders[i] = sender_to(nodes[1 - i], talk->said);
        (void) a_root_of(nodes[i], TROUPE_SPAWN(NUMBERED_RECEIVER, .name = "numbers",
                                                .argument = &talk->receivers[i]));
    }
    for (int i = 0; i < 2; i++) {
        (void) a_root_of(nodes[i],
                         TROUPE_SPAWN(.body = numbered_sends, .argument = &talk->senders[i]));
    }
}

/* The nodes are dropped: all has come. */
static void end_talk(struct talk *talk)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(talk->receivers[i].came, NUMBERS);
        assert_int_equal(talk->receivers[i].wrong, 0);
    }
    drop_probe(&talk->said);
}

static void make_keys(struct pair *pairs, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(zmq_curve_keypair(pairs[i].public_key, pairs[i].secret_key), 0);
    }
}

/* Promise: HOSTS-CURVE */
static void those_with_keys_talk_and_others_do_not(void **state)
{
    (void) state;
    enum {
        A,
        B,
        UNKNOWN,
        WRONG,
        KEYS
    };
    char endpoint[64];
    struct pair keys[KEYS];
    struct talk talk;
    struct probe *logs[] = {a_probe(), a_probe(), a_probe(), a_probe()};
    make_keys(keys, KEYS);
    const char *const allowed[] = {keys[B].public_key, keys[WRONG].public_key};
    const troupe_log log = {.write = write_log, .context = logs[A], .level = TROUPE_LOG_NOTICE};
    troupe_node *a = a_node(
        TROUPE_NODE_OPTIONS(.name = "a", .workers = 1, .listen = "tcp://127.0.0.1:*", .log = &log,
                            .dead_after = TROUPE_WITHIN_S(60), .public_key = keys[A].public_key,
                            .secret_key = keys[A].secret_key, .allowed_keys = allowed,
                            .allowed_key_count = 2));
    assert_ok(troupe_node_endpoint(a, endpoint, sizeof endpoint));
    struct tcp_proxy *proxy = a_tcp_proxy(endpoint);
    troupe_node *b =
        a_dialler("b", &keys[B], tcp_proxy_endpoint(proxy), keys[A].public_key, logs[B]);
    assert_true(probe_wait_for(logs[A], "b"));

    /* One that is not in the list, one that takes somebody else for a, and one without keys. */
    troupe_node *unknown =
        a_dialler("unknown", &keys[UNKNOWN], endpoint, keys[A].public_key, logs[UNKNOWN]);
    troupe_node *wrong =
        a_dialler("wrong", &keys[WRONG], endpoint, keys[UNKNOWN].public_key, logs[WRONG]);
    troupe_node *plain = a_dialler("plain", &keys[WRONG], endpoint, NULL, logs[WRONG]);
    tcp_proxy_be(proxy, &(const struct tcp_faults) {.cut_every_ms = 100});
    begin_to_talk(&talk, a, b);
    assert_true(probe_wait(talk.said, 2));
    assert_true(probe_wait_for(logs[A], "refuses"));
    assert_true(probe_wait_for(logs[UNKNOWN], "no connection"));
    assert_true(probe_wait(logs[WRONG], 2));
    tcp_proxy_be(proxy, &(const struct tcp_faults) {0});
    assert_said(talk.said, "OK", "OK");
    assert_said(logs[WRONG], "no connection", "no connection");
    assert_int_equal(probe_count_of(logs[A], "stranger"), 0);
    assert_true(tcp_proxy_cuts(proxy) > 0);
    troupe_node **const nodes[] = {&plain, &wrong, &unknown, &b, &a};
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        drop_node(nodes[i]);
    }
    end_talk(&talk);
    drop_tcp_proxy(&proxy);
    for (int i = 0; i < KEYS; i++) {
        drop_probe(&logs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_with_keys_talk_and_others_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
