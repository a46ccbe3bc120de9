/* SPDX-License-Identifier: MIT */
/* Links over real tcp come up and carry in order. */
#include <stdlib.h>

#include "mesh_fixture.h"

/* Promise: MESH-LINK */
static void carries_both_ways_on_both_channels(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *a = &meshes->places[0];
    struct mesh_place *b = &meshes->places[1];
    open_two(meshes);
    (void) dial(meshes, 0, 1);
    assert_true(tr_mesh_is_dialled(a->link));
    assert_false(tr_mesh_is_dialled(b->link));
    assert_string_equal(tr_mesh_peer(a->link), tr_mesh_endpoint(b->mesh));
    assert_string_equal(tr_mesh_peer(b->link), "127.0.0.1");
    post(meshes, a->link, TR_CHANNEL_CONTROL, "to b", 4);
    post(meshes, b->link, TR_CHANNEL_CONTROL, "to a", 4);
    for (uint64_t i = 0; i < 5000; i++) {
        post(meshes, a->link, TR_CHANNEL_DATA, &i, sizeof i);
        post(meshes, b->link, TR_CHANNEL_DATA, &i, sizeof i);
    }
    turn_until(meshes, a->expected == 5000 && b->expected == 5000);
    assert_false(a->is_out_of_order || b->is_out_of_order);
    assert_int_equal(a->came[TR_CHANNEL_CONTROL], 1);
    assert_int_equal(b->came[TR_CHANNEL_CONTROL], 1);
    assert_int_equal(a->ups + b->ups, 2);
}

/* Nobody reads the data at the other side; what is said on the other channel comes. */
static void the_control_channel_is_not_behind_the_data(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *b = &meshes->places[1];
    open_two(meshes);
    tr_mesh_link *link = dial(meshes, 0, 1);
    char *large = calloc(1, 100000);
    assert_non_null(large);
    uint32_t sent = 0;
    while (tr_mesh_send(link, TR_CHANNEL_DATA, large, 100000) == TROUPE_OK) {
        sent++;
    }
    assert_true(sent >= 50);
    assert_ok(tr_mesh_send(link, TR_CHANNEL_CONTROL, "now", 3));
    turn_until(meshes, b->came[TR_CHANNEL_CONTROL] == 1);
    assert_true(b->came[TR_CHANNEL_DATA] < sent);
    free(large);
}

static void refuses_what_cannot_be(void **state)
{
    struct meshes *meshes = *state;
    tr_mesh_options options = mesh_options(meshes, 0);
    tr_mesh *mesh = NULL;
    options.listen = "nonsense";
    assert_fails(tr_mesh_open(&options, &mesh), BAD_ARGUMENT);
    options.listen = "tcp://127.0.0.1:*";
    options.public_key = "no key";
    options.secret_key = "no key";
    assert_fails(tr_mesh_open(&options, &mesh), BAD_ARGUMENT);
    open_two(meshes);
    options = mesh_options(meshes, 2);
    options.listen = tr_mesh_endpoint(meshes->places[1].mesh);
    assert_fails(tr_mesh_open(&options, &mesh), NAME_TAKEN);
    assert_null(mesh);
    tr_mesh_link *link = NULL;
    assert_fails(tr_mesh_dial(meshes->places[0].mesh, "nonsense", NULL, NULL, &link), BAD_ARGUMENT);
    assert_null(link);
}

int main(void)
{
#define WITH_MESHES(test) cmocka_unit_test_setup_teardown(test, make_meshes, drop_meshes)
    const struct CMUnitTest tests[] = {
        WITH_MESHES(carries_both_ways_on_both_channels),
        WITH_MESHES(the_control_channel_is_not_behind_the_data),
        WITH_MESHES(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
