/* SPDX-License-Identifier: MIT */
/* Links that are dialled: one that cannot be made is told of. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mesh_fixture.h"

static void a_link_that_cannot_be_made_is_told_of(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *a = &meshes->places[0];
    tr_mesh_options options = mesh_options(meshes, 0);
    options.listen = NULL;
    options.handshake_ms = 200;
    open_mesh(meshes, 0, &options);
    assert_null(tr_mesh_endpoint(a->mesh));
    tr_mesh_link *link = NULL;
    assert_ok(tr_mesh_dial(a->mesh, "tcp://127.0.0.1:1", NULL, NULL, &link));
    turn_until(meshes, a->downs == 1);
    assert_int_equal(a->reason, TROUPE_ERROR_UNREACHABLE);

    /* Somebody listens, and says nothing. */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(silent >= 0);
    assert_int_equal(bind(silent, (struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(silent, 5), 0);
    assert_int_equal(getsockname(silent, (struct sockaddr *) &address, &size), 0);
    char endpoint[64];
    (void) snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    assert_ok(tr_mesh_dial(a->mesh, endpoint, NULL, NULL, &link));
    turn_until(meshes, a->downs == 2);
    assert_int_equal(a->reason, TROUPE_ERROR_UNREACHABLE);
    assert_int_equal(close(silent), 0);
    assert_int_equal(a->ups, 0);
}

int main(void)
{
#define WITH_MESHES(test) cmocka_unit_test_setup_teardown(test, make_meshes, drop_meshes)
    const struct CMUnitTest tests[] = {
        WITH_MESHES(a_link_that_cannot_be_made_is_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
