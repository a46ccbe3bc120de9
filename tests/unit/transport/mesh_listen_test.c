/* SPDX-License-Identifier: MIT */
/* Whoever dials: strangers disturb nobody, limits hold. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "mesh_fixture.h"

/* Connects to the mesh as somebody who does as he likes. */
static void *stranger(struct meshes *meshes, const void *id, size_t id_size)
{
    void *socket = zmq_socket(meshes->zmq, ZMQ_DEALER);
    const int none = 0;
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, id_size), 0);
    assert_int_equal(zmq_connect(socket, tr_mesh_endpoint(meshes->places[0].mesh)), 0);
    return socket;
}

static int connect_plainly(const char *endpoint, int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t) strtoul(strrchr(endpoint, ':') + 1, NULL, 10));
    return connect(fd, (struct sockaddr *) &address, sizeof address);
}

/* Promise: MESH-STRANGERS */
static void strangers_disturb_nobody(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *a = &meshes->places[0];
    struct mesh_place *b = &meshes->places[1];
    tr_mesh_options options = mesh_options(meshes, 0);
    options.handshake_ms = 300;
    options.links_max = 2;
    open_mesh(meshes, 0, &options);
    options = mesh_options(meshes, 1);
    open_mesh(meshes, 1, &options);
    tr_mesh_link *link = NULL;
    assert_ok(tr_mesh_dial(b->mesh, tr_mesh_endpoint(a->mesh), NULL, NULL, &link));
    turn_until(meshes, a->ups == 1 && b->ups == 1);

    void *garbage = stranger(meshes, "garbage", 7);
    assert_int_equal(zmq_send(garbage, "x", 1, 0), 1);
    void *half = stranger(meshes, "c0123456789abcdef", 17); /* never knocks with its data */
    assert_int_equal(zmq_send(half, "", 0, 0), 0);
    void *hasty = stranger(meshes, "d0123456789abcdeg", 17); /* speaks before it knocks */
    assert_int_equal(zmq_send(hasty, "data", 4, 0), 4);
    void *many = stranger(meshes, "many-parts", 10);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(zmq_send(many, "x", 1, i < 4 ? ZMQ_SNDMORE : 0), 1);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        post(meshes, link, TR_CHANNEL_DATA, &i, sizeof i);
    }
    turn_until(meshes, a->expected == 1000);
    turn_until(meshes, tr_mesh_next_due_ns(a->mesh) == TR_NEVER); /* the half one is out */
    assert_int_equal(a->ups, 1);
    assert_int_equal(a->downs + b->downs, 0);
    assert_int_equal(a->came[TR_CHANNEL_CONTROL], 0);
    assert_int_equal(zmq_close(garbage) + zmq_close(half) + zmq_close(hasty) + zmq_close(many), 0);
}

/* Says hello in a wrong way, and is hung up on. */
static void be_strange(struct meshes *meshes, const char *said, size_t size)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect_plainly(tr_mesh_endpoint(meshes->places[0].mesh), fd), 0);
    assert_int_equal(send(fd, said, size, MSG_NOSIGNAL), size);
    char got[256];
    ssize_t length = 1;
    while (length > 0 || (length < 0 && errno == EAGAIN)) {
        turn(meshes);
        length = recv(fd, got, sizeof got, MSG_DONTWAIT);
    }
    (void) close(fd);
}

/* Promise: MESH-COMPLAINTS */
static void says_whom_it_hangs_up_on(void **state)
{
    struct meshes *meshes = *state;
    const troupe_log log = {.write = mesh_log, .context = meshes, .level = TROUPE_LOG_WARNING};
    tr_mesh_options options = mesh_options(meshes, 0);
    options.report = (tr_zmq_report) {.log = &log, .node_name = "a"};
    options.handshake_ms = 300;
    open_mesh(meshes, 0, &options);

    void *garbage = stranger(meshes, "garbage", 7);
    assert_int_equal(zmq_send(garbage, "x", 1, 0), 1);
    turn_until(meshes, meshes->complaints == 1);
    assert_non_null(strstr(meshes->complaint, "node 'a': hangs up on 127.0.0.1"));
    assert_non_null(strstr(meshes->complaint, "does not connect as nodes do"));

    /* Many are worth a line a second, which tells how many. */
    static const char other_mechanism[64] = {'\xff', 0,      0, 0, 0,   0,   0,   0,
                                             1,      '\x7f', 3, 0, 'N', 'O', 'N', 'E'};
    uint32_t strangers = 0;
    while (meshes->complaints == 1) {
        be_strange(meshes, other_mechanism, sizeof other_mechanism);
        strangers++;
    }
    assert_true(strangers > 1);
    assert_non_null(strstr(meshes->complaint, "does not speak ZMTP"));
    assert_non_null(strstr(meshes->complaint, "more since the last line"));
    assert_int_equal(zmq_close(garbage), 0);
}

/* Promise: MESH-LIMIT */
static void accepts_no_more_links_than_it_may(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *a = &meshes->places[0];
    tr_mesh_options options = mesh_options(meshes, 0);
    options.links_max = 1;
    open_mesh(meshes, 0, &options);
    for (uint32_t i = 1; i <= 2; i++) {
        options = mesh_options(meshes, i);
        open_mesh(meshes, i, &options);
        tr_mesh_link *link = NULL;
        assert_ok(
            tr_mesh_dial(meshes->places[i].mesh, tr_mesh_endpoint(a->mesh), NULL, NULL, &link));
        turn_until(meshes, meshes->places[i].ups + meshes->places[i].downs == 1);
    }
    assert_int_equal(a->ups, 1);
    assert_int_equal(meshes->places[1].ups, 1);
    assert_int_equal(meshes->places[2].downs, 1);
    assert_int_equal(meshes->places[1].downs, 0);
}

/* Promise: MESH-DESCRIPTORS */
static void goes_on_when_descriptors_are_out(void **state)
{
    struct meshes *meshes = *state;
    struct rlimit old;
    open_two(meshes);
    (void) dial(meshes, 0, 1); /* it goes on */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const struct rlimit none = {.rlim_cur = (rlim_t) fd + 1, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const int connected = connect_plainly(tr_mesh_endpoint(meshes->places[1].mesh), fd);
    turn_until(meshes, tr_mesh_next_due_ns(meshes->places[1].mesh) != TR_NEVER);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(connected, 0);
    turn_until(meshes, tr_mesh_next_due_ns(meshes->places[1].mesh) == TR_NEVER);
    assert_int_equal(close(fd), 0);
    tr_mesh_link *link = NULL;
    assert_ok(tr_mesh_dial(meshes->places[0].mesh, tr_mesh_endpoint(meshes->places[1].mesh), NULL,
                           NULL, &link));
    turn_until(meshes, meshes->places[1].ups == 2);
    assert_int_equal(meshes->places[0].downs + meshes->places[1].downs, 0);
}

int main(void)
{
#define WITH_MESHES(test) cmocka_unit_test_setup_teardown(test, make_meshes, drop_meshes)
    const struct CMUnitTest tests[] = {
        WITH_MESHES(strangers_disturb_nobody),
        WITH_MESHES(says_whom_it_hangs_up_on),
        WITH_MESHES(accepts_no_more_links_than_it_may),
        WITH_MESHES(goes_on_when_descriptors_are_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
