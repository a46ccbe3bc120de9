/* SPDX-License-Identifier: MIT */
/* Ways to other nodes, over real tcp: one to each, whoever dials; strangers are refused. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "cluster/greeting.h"
#include "node/node.h"
#include "support/node_fixture.h"

/* Counts lines of the log by what is in them. */
struct lines {
    _Atomic uint32_t connected;
    _Atomic uint32_t interrupted;
    _Atomic uint32_t refused;
    _Atomic uint32_t failed;
};

static void count(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    struct lines *lines = context;
    lines->connected += strstr(text, "connected with node") != NULL ? 1 : 0;
    lines->interrupted += strstr(text, "is interrupted") != NULL ? 1 : 0;
    lines->refused += strstr(text, "hangs up on") != NULL ? 1 : 0;
    lines->failed += strstr(text, "no connection to") != NULL ? 1 : 0;
}

static troupe_log log_of(struct lines *lines)
{
    return (troupe_log) {.write = count, .context = lines, .level = TROUPE_LOG_DEBUG};
}

static troupe_node *a_listener(const char *name, const char *listen, const troupe_log *log)
{
    return a_node(TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .listen = listen, .log = log,
                                      .plain = TROUPE_PLAIN_ON_LOOPBACK));
}

static troupe_node *a_dialler(const char *name, const char *endpoint, const char *listen,
                              const troupe_log *log)
{
    const troupe_peer peer = {.endpoint = endpoint};
    return a_node(TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .listen = listen, .log = log,
                                      .peers = &peer, .peer_count = 1,
                                      .plain = TROUPE_PLAIN_ON_LOOPBACK));
}

/* The test's own thread has nothing to wait on. */
static void until(_Atomic uint32_t *counter, uint32_t least)
{
    const uint64_t limit_ns = tr_clock_real().now_ns(NULL) + UINT64_C(20000000000);
    while (*counter < least) {
        assert_true(tr_clock_real().now_ns(NULL) < limit_ns);
        (void) sched_yield();
    }
}

/* Promise: HOSTS-CONNECT */
static void connects_with_whom_it_dials(void **state)
{
    (void) state;
    char endpoint[64];
    struct lines lines[2] = {0};
    const troupe_log logs[] = {log_of(&lines[0]), log_of(&lines[1])};
    troupe_node *a = a_listener("a", "tcp://127.0.0.1:*", &logs[0]);
    assert_ok(troupe_node_endpoint(a, endpoint, sizeof endpoint));
    troupe_node *b = a_dialler("b", endpoint, NULL, &logs[1]);
    until(&lines[0].connected, 1);
    until(&lines[1].connected, 1);
    drop_node(&b);
    until(&lines[0].interrupted, 1);

    /* Again, as another incarnation. */
    b = a_dialler("b", endpoint, NULL, &logs[1]);
    until(&lines[0].connected, 2);
    until(&lines[1].connected, 2);
    drop_node(&a);
    until(&lines[1].interrupted, 1);
    until(&lines[1].failed, 1);

    /* Somebody else listens there. */
    a = a_listener("a", endpoint, &logs[0]);
    until(&lines[1].connected, 3);
    drop_node(&b);
    drop_node(&a);
    assert_int_equal(lines[0].refused + lines[1].refused, 0);
}

static void two_that_dial_each_other_have_one_way(void **state)
{
    (void) state;
    char endpoints[2][64];
    struct lines lines[2] = {0};
    const troupe_log logs[] = {log_of(&lines[0]), log_of(&lines[1])};
    /* Ports that are free, as far as one can know. */
    for (int i = 0; i < 2; i++) {
        troupe_node *node = a_listener("x", "tcp://127.0.0.1:*", NULL);
        assert_ok(troupe_node_endpoint(node, endpoints[i], sizeof endpoints[i]));
        drop_node(&node);
    }
    troupe_node *a = a_dialler("a", endpoints[1], endpoints[0], &logs[0]);
    troupe_node *b = a_dialler("b", endpoints[0], endpoints[1], &logs[1]);
    until(&lines[0].connected, 1);
    until(&lines[1].connected, 1);
    drop_node(&a);
    until(&lines[1].interrupted, 1);
    drop_node(&b);
}

static void does_not_go_on_dialling_itself(void **state)
{
    (void) state;
    char endpoint[64];
    struct lines lines = {0};
    const troupe_log log = log_of(&lines);
    troupe_node *first = a_listener("x", "tcp://127.0.0.1:*", NULL);
    assert_ok(troupe_node_endpoint(first, endpoint, sizeof endpoint));
    drop_node(&first);
    troupe_node *node = a_dialler("self", endpoint, endpoint, &log);
    troupe_node *other = a_dialler("other", endpoint, NULL, NULL);
    until(&lines.connected, 1); /* with the other one */
    drop_node(&other);
    drop_node(&node);
    assert_int_equal(lines.connected, 1);
}

/* Two DEALERs, as a link has. */
struct stranger {
    void *context;
    void *sockets[2];
};

static struct stranger dial_as_stranger(const char *endpoint, char mark)
{
    struct stranger stranger = {.context = zmq_ctx_new()};
    const int none = 0;
    for (int i = 0; i < 2; i++) {
        char id[17] = "c0123456789abcde";
        id[0] = i == 0 ? 'c' : 'd';
        id[16] = mark;
        stranger.sockets[i] = zmq_socket(stranger.context, ZMQ_DEALER);
        assert_int_equal(zmq_setsockopt(stranger.sockets[i], ZMQ_ROUTING_ID, id, sizeof id), 0);
        assert_int_equal(zmq_setsockopt(stranger.sockets[i], ZMQ_LINGER, &none, sizeof none), 0);
        assert_int_equal(zmq_connect(stranger.sockets[i], endpoint), 0);
        assert_int_equal(zmq_send(stranger.sockets[i], "", 0, 0), 0);
    }
    char answer = 0;
    assert_int_equal(zmq_recv(stranger.sockets[0], &answer, 1, 0), 0);
    return stranger;
}

static void hang_up(struct stranger *stranger)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_close(stranger->sockets[i]), 0);
    }
    assert_int_equal(zmq_ctx_term(stranger->context), 0);
}

/* Promise: HOSTS-STRANGERS */
static void refuses_who_does_not_greet(void **state)
{
    (void) state;
    char endpoint[64];
    unsigned char data[TR_GREETING_BYTES_MAX];
    struct lines lines = {0};
    const troupe_log log = log_of(&lines);
    troupe_node *node = a_listener("a", "tcp://127.0.0.1:*", &log);
    assert_ok(troupe_node_endpoint(node, endpoint, sizeof endpoint));

    struct stranger rude = dial_as_stranger(endpoint, '1');
    assert_int_equal(zmq_send(rude.sockets[0], "hello", 5, 0), 5);
    until(&lines.refused, 1);
    struct stranger hasty = dial_as_stranger(endpoint, '2');
    assert_int_equal(zmq_send(hasty.sockets[1], "data", 4, 0), 4);
    until(&lines.refused, 2);
    struct stranger newer = dial_as_stranger(endpoint, '3');
    tr_greeting greeting = tr_greeting_of(77, "newer");
    greeting.version_least = greeting.version_most = TR_PROTOCOL_VERSION + 1;
    const size_t size = tr_greeting_write(&greeting, data);
    assert_int_equal(zmq_send(newer.sockets[0], data, size, 0), size);
    until(&lines.refused, 3);
    assert_int_equal(lines.connected, 0);

    /* One that greets, and then says what is no word of a session. */
    struct stranger odd = dial_as_stranger(endpoint, '4');
    greeting = tr_greeting_of(78, "odd");
    assert_int_equal(zmq_send(odd.sockets[0], data, tr_greeting_write(&greeting, data), 0),
                     tr_greeting_write(&greeting, data));
    until(&lines.connected, 1);
    assert_int_equal(zmq_send(odd.sockets[1], "nonsense", 8, 0), 8);
    drop_node(&node);
    hang_up(&rude);
    hang_up(&hasty);
    hang_up(&newer);
    hang_up(&odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_with_whom_it_dials),
        cmocka_unit_test(two_that_dial_each_other_have_one_way),
        cmocka_unit_test(does_not_go_on_dialling_itself),
        cmocka_unit_test(refuses_who_does_not_greet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
