/* SPDX-License-Identifier: MIT */
/* A link breaks: who has not hung up is told, once. */

#include "mesh_fixture.h"

/* Promise: MESH-DOWN */
static void both_ends_are_told_once_when_it_breaks(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *a = &meshes->places[0];
    struct mesh_place *b = &meshes->places[1];
    open_two(meshes);
    tr_mesh_link *link = dial(meshes, 0, 1);
    tr_mesh_hang_up(&link);
    turn_until(meshes, b->downs == 1);
    assert_int_equal(b->reason, TROUPE_ERROR_DISCONNECTED);
    assert_int_equal(a->downs, 0); /* it has hung up itself */

    link = NULL;
    assert_ok(tr_mesh_dial(a->mesh, tr_mesh_endpoint(b->mesh), NULL, NULL, &link));
    turn_until(meshes, a->ups == 2 && b->ups == 2);
    tr_mesh_hang_up(&b->link);
    turn_until(meshes, a->downs == 1);
    assert_int_equal(a->reason, TROUPE_ERROR_DISCONNECTED);
    assert_int_equal(b->downs, 1);
    assert_null(a->link);
}

int main(void)
{
#define WITH_MESHES(test) cmocka_unit_test_setup_teardown(test, make_meshes, drop_meshes)
    const struct CMUnitTest tests[] = {
        WITH_MESHES(both_ends_are_told_once_when_it_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
