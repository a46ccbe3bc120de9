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
        cmocka_unit_test_setup_teardown(keys_need_a_judge, make_meshes, drop_meshes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
