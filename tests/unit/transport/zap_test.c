/* SPDX-License-Identifier: MIT */
/* Who has no key that is known does not get in. */
#include <stdio.h>
#include <zmq.h>

#include "mesh_fixture.h"

struct keys {
    char public_key[41];
    char secret_key[41];
};

static struct keys keys[MESHES];

static bool admits(void *context, const char *key, const char *address)
{
    (void) context;
    assert_string_equal(address, "127.0.0.1");
    return strcmp(key, keys[0].public_key) == 0 || strcmp(key, keys[1].public_key) == 0;
}

static void open_all(struct meshes *meshes)
{
    for (uint32_t i = 0; i < MESHES; i++) {
        assert_int_equal(zmq_curve_keypair(keys[i].public_key, keys[i].secret_key), 0);
        tr_mesh_options options = mesh_options(meshes, i);
        options.listen = i == 0 ? "tcp://127.0.0.1:*" : NULL; /* one answers in a context */
        options.public_key = keys[i].public_key;
        options.secret_key = keys[i].secret_key;
        options.judge.admits = admits;
        options.handshake_ms = 1000;
        open_mesh(meshes, i, &options);
    }
}

/* Promise: MESH-KEYS */
static void only_known_keys_connect(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *places = meshes->places;
    tr_mesh_link *link = NULL;
    open_all(meshes);
    const char *endpoint = tr_mesh_endpoint(places[0].mesh);
    assert_ok(tr_mesh_dial(places[1].mesh, endpoint, keys[0].public_key, NULL, &link));
    turn_until(meshes, places[0].ups == 1 && places[1].ups == 1);
    assert_string_equal(tr_mesh_user(places[0].link), keys[1].public_key);

    /* Its key is not known; then one without, one who takes this node for another. */
    assert_ok(tr_mesh_dial(places[2].mesh, endpoint, keys[0].public_key, NULL, &link));
    turn_until(meshes, places[2].downs == 1);
    assert_int_equal(places[2].reason, TROUPE_ERROR_NOT_AUTHORISED);
    assert_ok(tr_mesh_dial(places[2].mesh, endpoint, NULL, NULL, &link));
    turn_until(meshes, places[2].downs == 2);
    assert_ok(tr_mesh_dial(places[1].mesh, endpoint, keys[1].public_key, NULL, &link));
    turn_until(meshes, places[1].downs == 1);

    assert_int_equal(places[0].ups + places[1].ups + places[2].ups, 2);
    assert_int_equal(places[0].downs, 0);
    const uint64_t zero = 0;
    assert_ok(tr_mesh_send(places[1].link, TR_CHANNEL_DATA, &zero, sizeof zero));
    turn_until(meshes, places[0].expected == 1);
}

/* With the key of this place. */
static void *a_caller_with_keys(struct meshes *meshes, uint32_t place, const char *id)
{
    const int none = 0;
    void *socket = zmq_socket(meshes->zmq, ZMQ_DEALER);
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, 17), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys[place].public_key, 40), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys[place].secret_key, 40), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys[0].public_key, 40), 0);
    assert_int_equal(zmq_connect(socket, tr_mesh_endpoint(meshes->places[0].mesh)), 0);
    assert_int_equal(zmq_send(socket, "", 0, 0), 0);
    return socket;
}

/* Another whose key is known comes with the id of a connection that has broken, while the link has
 * a moment left.
 * Promise: MESH-OTHER-KEY */
static void nobody_speaks_in_the_name_of_another_key(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *place = &meshes->places[0];
    static const char control[] = "c0123456789abcdef";
    static const char data[] = "d0123456789abcdef";
    open_all(meshes);
    void *sides[] = {a_caller_with_keys(meshes, 1, control), a_caller_with_keys(meshes, 1, data)};
    turn_until(meshes, place->ups == 1);
    assert_int_equal(zmq_close(sides[0]), 0);
    turn_until(meshes, tr_mesh_next_due_ns(place->mesh) != TR_NEVER);
    void *thief = a_caller_with_keys(meshes, 0, control);
    turn_until(meshes, place->downs == 1);
    assert_int_equal(place->came[TR_CHANNEL_CONTROL], 0);
    assert_int_equal(zmq_close(sides[1]) + zmq_close(thief), 0);
}

static void keys_need_a_judge(void **state)
{
    struct meshes *meshes = *state;
    tr_mesh_options options = mesh_options(meshes, 0);
    tr_mesh *mesh = NULL;
    assert_int_equal(zmq_curve_keypair(keys[0].public_key, keys[0].secret_key), 0);
    options.public_key = keys[0].public_key;
    options.secret_key = keys[0].secret_key;
    assert_fails(tr_mesh_open(&options, &mesh), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_known_keys_connect, make_meshes, drop_meshes),
        cmocka_unit_test_setup_teardown(nobody_speaks_in_the_name_of_another_key, make_meshes,
                                        drop_meshes),
        cmocka_unit_test_setup_teardown(keys_need_a_judge, make_meshes, drop_meshes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
