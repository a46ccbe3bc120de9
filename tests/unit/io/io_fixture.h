/* SPDX-License-Identifier: MIT */
/* io_fixture: a thread that is attached to a node, so that a test can call what waits, and assert.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_UNIT_IO_IO_FIXTURE_H
#define TR_TESTS_UNIT_IO_IO_FIXTURE_H

#include <fcntl.h>
#include <sys/socket.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "support/cast.h"
#include "support/node_fixture.h"

struct scene {
    troupe_node *node;
    troupe_self *self; /* the test's own */
    struct probe *seen;
    int near; /* of a pair of sockets */
    int far;
    int descriptors; /* open before */
};

static inline int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

static inline int open_scene(void **state)
{
    static struct scene scene;
    int pair[2];
    scene.descriptors = count_descriptors();
    scene.node = a_node_of(2);
    scene.seen = a_probe();
    assert_ok(troupe_attach(scene.node, NULL, &scene.self));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    scene.near = pair[0];
    scene.far = pair[1];
    *state = &scene;
    return 0;
}

/* What was opened has been closed. */
static inline int close_scene(void **state)
{
    struct scene *scene = *state;
    troupe_close_fd(scene->self, scene->near);
    troupe_close_fd(scene->self, scene->far);
    assert_ok(troupe_detach(&scene->self));
    drop_node(&scene->node);
    drop_probe(&scene->seen);
    assert_int_equal(count_descriptors(), scene->descriptors);
    return 0;
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

/* An actor that is to be cancelled or stopped while it waits. */
struct player {
    struct scene *scene;
    int fd;
    troupe_ref ref;
};

static inline void spawn_player(struct player *player, struct scene *scene, troupe_body *body,
                                int fd)
{
    *player = (struct player) {.scene = scene, .fd = fd};
    assert_ok(troupe_spawn(
        scene->self, TROUPE_SPAWN(.body = body, .argument = player, .place = TROUPE_PLACE_ANY),
        &player->ref));
}

#endif
