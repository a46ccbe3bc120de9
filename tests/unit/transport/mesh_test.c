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

/* As much as goes. Returns how many. */
static uint32_t send_on_data(tr_mesh_link *link, const char *large)
{
    uint32_t sent = 0;
    while (tr_mesh_send(link, TR_CHANNEL_DATA, large, 100000) == TROUPE_OK) {
        sent++;
    }
    return sent;
}

/* There is always more data under way; what is said on the other channel comes. */
static void the_control_channel_is_not_behind_the_data(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *b = &meshes->places[1];
    open_two(meshes);
    tr_mesh_link *link = dial(meshes, 0, 1);
    char *large = calloc(1, 100000);
    assert_non_null(large);
    uint32_t sent = send_on_data(link, large);
    assert_true(sent >= 50);
    assert_ok(tr_mesh_send(link, TR_CHANNEL_CONTROL, "now", 3));
    turn_until(meshes, (sent += send_on_data(link, large), b->came[TR_CHANNEL_CONTROL] == 1));
    assert_true(b->came[TR_CHANNEL_DATA] < sent);
    free(large);
}

static void *kept;
static const void *kept_data;
static tr_mesh *keeper;

static void keep_what_came(void *context, tr_mesh_link *link, tr_channel channel, const void *data,
                           size_t size)
{
    mesh_came(context, link, channel, data, size);
    if (channel == TR_CHANNEL_DATA) {
        kept = tr_mesh_keep(keeper);
        kept_data = data;
    }
}

/* Promise: MESH-LENT */
static void leaves_bytes_where_they_are_as_long_as_somebody_has_them(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *b = &meshes->places[1];
    tr_mesh_options options = mesh_options(meshes, 1);
    tr_crates crates;
    options.ears.came = keep_what_came;
    open_mesh(meshes, 1, &options);
    options = mesh_options(meshes, 0);
    open_mesh(meshes, 0, &options);
    keeper = b->mesh;
    kept = NULL;
    tr_mesh_link *link = dial(meshes, 0, 1);
    tr_crates_init(&crates, tr_allocator_default(), 0);
    tr_crate *crate = tr_crates_take(&crates, 40000);
    memset(crate->data, 0, 40000);
    assert_ok(tr_mesh_lend(link, TR_CHANNEL_DATA, crate->data, 40000, crate));
    turn_until(meshes, b->came[TR_CHANNEL_DATA] == 1);
    turn_until(meshes, tr_crate_is_alone(crate));

    memset(crate->data, 1, 40000);
    if (kept != NULL) { /* ThreadSanitizer has them copied */
        assert_true(((const char *) kept_data)[39999] == 0);
        tr_mesh_release(kept, NULL, 0);
    }
    assert_null(tr_mesh_keep(keeper)); /* nothing is being heard */
    tr_crate_drop(crate);
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
        WITH_MESHES(leaves_bytes_where_they_are_as_long_as_somebody_has_them),
        WITH_MESHES(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
