/* SPDX-License-Identifier: MIT */
/* Sockets in a set: what comes is offered until it is taken, and events are told. */
#include "transport/zmq_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/fixtures.h"
#include "transport/zmq_context.h"

/* Each is three events: it has come, it has not ended the handshake, and it is gone. */
#define STRANGERS_MAX 5000
#define PATIENCE_MS 500

struct heard {
    uint32_t messages;
    uint32_t events[TR_ZMQ_EVENT_COUNT];
    uint32_t takes; /* at a time */
    bool closes;
    int least; /* of the numbers of events */
    int most;
    tr_zmq_socket *socket;
};

static void readable(void *context, tr_zmq_socket *socket)
{
    struct heard *heard = context;
    zmq_msg_t part;
    assert_int_equal(zmq_msg_init(&part), 0);
    for (uint32_t i = 0; i < heard->takes && tr_zmq_receive(socket, &part); i++) {
        heard->messages += zmq_msg_more(&part) ? 0 : 1;
    }
    assert_int_equal(zmq_msg_close(&part), 0);
    if (heard->closes) {
        tr_zmq_close(&heard->socket);
        assert_false(tr_zmq_receive(socket, &part));
    }
}

static void happened(void *context, tr_zmq_socket *socket, tr_zmq_event event, int number)
{
    struct heard *heard = context;
    (void) socket;
    heard->events[event]++;
    heard->least = number < heard->least ? number : heard->least;
    heard->most = number > heard->most ? number : heard->most;
}

struct fixture {
    void *zmq;
    tr_zmq_set set;
    struct heard heard[2];
    tr_zmq_owner owners[2];
    char endpoint[64];
};

static int make(void **state)
{
    static struct fixture fixture;
    static const tr_zmq_report no_report = {.log = NULL};
    memset(&fixture, 0, sizeof fixture);
    assert_ok(tr_zmq_context_create(50, 1, &no_report, &fixture.zmq));
    assert_ok(tr_zmq_set_init(&fixture.set, fixture.zmq, tr_allocator_default(), &no_report));
    for (int i = 0; i < 2; i++) {
        const tr_zmq_options options = {.type = i == 0 ? ZMQ_ROUTER : ZMQ_DEALER,
                                        .id = "me",
                                        .id_size = 2,
                                        .queue_max = 10,
                                        .message_bytes_max = 1000,
                                        .heartbeat_ms = 1000,
                                        .handshake_ms = 1000};
        fixture.heard[i].takes = 4;
        fixture.owners[i] = (tr_zmq_owner) {
            .context = &fixture.heard[i], .readable = readable, .happened = happened};
        assert_ok(
            tr_zmq_open(&fixture.set, &options, &fixture.owners[i], &fixture.heard[i].socket));
    }
    assert_ok(tr_zmq_listen(fixture.heard[0].socket, "tcp://127.0.0.1:*"));
    assert_ok(tr_zmq_endpoint(fixture.heard[0].socket, fixture.endpoint, sizeof fixture.endpoint));
    *state = &fixture;
    return 0;
}

static int drop(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        tr_zmq_close(&fixture->heard[i].socket);
    }
    tr_zmq_set_fini(&fixture->set);
    tr_zmq_context_destroy(&fixture->zmq);
    return 0;
}

static void look(struct fixture *fixture)
{
    if (!tr_zmq_look(&fixture->set) && tr_zmq_prepare_sleep(&fixture->set)) {
        struct pollfd fd = {.fd = tr_zmq_fd(&fixture->set), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 20000), 1); /* something is on its way */
    }
}

static void connect_both(struct fixture *fixture)
{
    assert_ok(tr_zmq_dial(fixture->heard[1].socket, fixture->endpoint));
    while (fixture->heard[0].events[TR_ZMQ_CONNECTED] == 0 ||
           fixture->heard[1].events[TR_ZMQ_CONNECTED] == 0) {
        look(fixture);
    }
}

static troupe_error post(struct fixture *fixture, int from, const void *data, size_t size)
{
    const tr_zmq_part part = {data, size};
    return tr_zmq_send(fixture->heard[from].socket, &part, 1);
}

static troupe_error post_to(struct fixture *fixture, const char *id)
{
    const tr_zmq_part parts[] = {{id, strlen(id)}, {"pong", 4}};
    return tr_zmq_send(fixture->heard[0].socket, parts, 2);
}

static void offers_what_is_left_again(void **state)
{
    struct fixture *fixture = *state;
    connect_both(fixture);
    for (int i = 0; i < 20; i++) {
        while (post(fixture, 1, "ping", 4) == TROUPE_ERROR_MAILBOX_FULL) {
            look(fixture);
        }
    }
    while (fixture->heard[0].messages < 20) {
        look(fixture);
    }
    assert_ok(post_to(fixture, "me"));
    while (fixture->heard[1].messages < 1) {
        look(fixture);
    }
    assert_fails(post_to(fixture, "him"), UNREACHABLE);
}

static void may_be_closed_while_it_is_read(void **state)
{
    struct fixture *fixture = *state;
    connect_both(fixture);
    fixture->heard[0].closes = true;
    assert_ok(post(fixture, 1, "ping", 4));
    assert_ok(post(fixture, 1, "ping", 4));
    while (fixture->heard[1].events[TR_ZMQ_DISCONNECTED] == 0) {
        look(fixture);
    }
    assert_null(fixture->heard[0].socket);
}

static void says_full_when_nobody_reads(void **state)
{
    struct fixture *fixture = *state;
    static const char large[1000];
    connect_both(fixture);
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < 1000000 && error == TROUPE_OK; i++) {
        error = post(fixture, 1, large, sizeof large);
    }
    assert_int_equal(error, TROUPE_ERROR_MAILBOX_FULL);
}

static int dial_plainly(const struct fixture *fixture)
{
    const char *port = strrchr(fixture->endpoint, ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t) strtoul(port + 1, NULL, 10));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof address), 0);
    return fd;
}

/* Who listens ends what has this descriptor: it is to be no other's. */
static void tells_only_descriptors_of_connections(void **state)
{
    struct fixture *fixture = *state;
    struct heard *heard = &fixture->heard[0];
    const int fd = dial_plainly(fixture);
    assert_int_equal(send(fd, "\xff", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(close(fd), 0); /* in the middle of the handshake */
    while (heard->events[TR_ZMQ_DISCONNECTED] < 2) {
        look(fixture);
    }
    assert_int_equal(heard->least, -1);
    assert_in_range(heard->most, 0, EPIPE - 1); /* and no errno of a connection that broke */
}

/* Of a connection whose events were not told yet.
 * Promise: MESH-DESCRIPTORS-AGAIN */
static void knows_when_a_connection_began_and_that_it_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct heard *heard = &fixture->heard[0];
    const int none = 0;
    void *dealer = zmq_socket(fixture->zmq, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(dealer, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_connect(dealer, fixture->endpoint), 0);
    assert_int_equal(zmq_send(dealer, "x", 1, 0), 1);
    zmq_msg_t part;
    assert_int_equal(zmq_msg_init(&part), 0);
    for (int i = 0; i < 2; i++) { /* its id, and what it said */
        while (!tr_zmq_receive(heard->socket, &part)) {
            (void) sched_yield();
        }
    }
    const int fd = zmq_msg_get(&part, ZMQ_SRCFD);
    const uint64_t begun = tr_zmq_beginning(heard->socket, fd);
    assert_int_not_equal(begun, 0);
    assert_false(tr_zmq_is_over(heard->socket, fd, begun));
    assert_int_equal(zmq_msg_close(&part), 0);
    assert_int_equal(zmq_close(dealer), 0);
    while (!tr_zmq_is_over(heard->socket, fd, begun)) {
        (void) sched_yield();
    }
    while (heard->events[TR_ZMQ_DISCONNECTED] == 0) {
        look(fixture);
    }
    assert_int_equal(heard->most, fd);
    assert_true(tr_zmq_told(heard->socket) > begun);
}

/* ZeroMQ would, after 100 ms. */
static void does_not_dial_again_by_itself(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct pollfd listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                              .events = POLLIN};
    assert_int_equal(bind(listener.fd, (struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(listener.fd, 5), 0);
    assert_int_equal(getsockname(listener.fd, (struct sockaddr *) &address, &size), 0);
    (void) snprintf(fixture->endpoint, sizeof fixture->endpoint, "tcp://127.0.0.1:%u",
                    ntohs(address.sin_port));
    assert_ok(tr_zmq_dial(fixture->heard[1].socket, fixture->endpoint));
    assert_int_equal(poll(&listener, 1, 20000), 1);
    const int fd = accept(listener.fd, NULL, NULL);
    assert_int_equal(close(fd), 0);
    while (fixture->heard[1].events[TR_ZMQ_DISCONNECTED] == 0) {
        look(fixture);
    }
    assert_int_equal(poll(&listener, 1, 300), 0);
    assert_int_equal(close(listener.fd), 0);
}

/* More than a monitor holds has happened, and ZeroMQ's thread waits for room in it.
 * Promise: MESH-CLOSE-FLOODED */
static void may_be_closed_with_much_that_was_not_told(void **state)
{
    struct fixture *fixture = *state;
    struct pollfd one = {.events = POLLIN};
    bool is_served = true;
    for (uint32_t i = 0; i < STRANGERS_MAX && is_served; i++) {
        one.fd = dial_plainly(fixture);
        is_served = poll(&one, 1, PATIENCE_MS) == 1; /* ZeroMQ speaks first */
        assert_int_equal(close(one.fd), 0);
    }
    assert_false(is_served);
    tr_zmq_close(&fixture->heard[0].socket);
}

static void knows_what_is_no_endpoint(void **state)
{
    struct fixture *fixture = *state;
    assert_fails(tr_zmq_dial(fixture->heard[1].socket, "here"), BAD_ARGUMENT);
    assert_fails(tr_zmq_dial(fixture->heard[1].socket, "carrier://pigeon"), BAD_ARGUMENT);
    assert_fails(tr_zmq_listen(fixture->heard[0].socket, "tcp://192.0.2.1:1"), BAD_ARGUMENT);
}

int main(void)
{
#define WITH_SOCKETS(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_SOCKETS(offers_what_is_left_again),
        WITH_SOCKETS(may_be_closed_while_it_is_read),
        WITH_SOCKETS(says_full_when_nobody_reads),
        WITH_SOCKETS(tells_only_descriptors_of_connections),
        WITH_SOCKETS(knows_when_a_connection_began_and_that_it_is_over),
        WITH_SOCKETS(does_not_dial_again_by_itself),
        WITH_SOCKETS(may_be_closed_with_much_that_was_not_told),
        WITH_SOCKETS(knows_what_is_no_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
