/* SPDX-License-Identifier: MIT */
/* Who dials and does not speak as a node is hung up on. */
#include <zmq.h>

#include "cluster/greeting.h"
#include "hub_fixture.h"

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
        cmocka_unit_test(refuses_who_does_not_greet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
