/* SPDX-License-Identifier: MIT */
/* What a set of descriptors promises: each is reported once, then when it is asked for again. */
#include "transport/poller.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <troupe/io.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#define BOTH ((uint32_t) TROUPE_READABLE | (uint32_t) TROUPE_WRITABLE)

struct scene {
    tr_poller *poller;
    int near; /* of a pair of sockets, in the set */
    int far;
};

static int open_scene(void **state)
{
    static struct scene scene;
    int pair[2];
    assert_ok(tr_poller_create(tr_allocator_default(), &scene.poller));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    scene.near = pair[0];
    scene.far = pair[1];
    assert_ok(tr_poller_add(scene.poller, scene.near, TROUPE_READABLE));
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    (void) close(scene->near);
    (void) close(scene->far);
    tr_poller_destroy(&scene->poller);
    assert_null(scene->poller);
    return 0;
}

static void assert_reports(const struct scene *scene, uint32_t ready)
{
    const tr_poller_event *events = NULL;
    assert_int_equal(tr_poller_is_ready(scene->poller), ready != 0);
    assert_int_equal(tr_poller_look(scene->poller, &events), ready != 0 ? 1 : 0);
    if (ready != 0) {
        assert_int_equal(events[0].fd, scene->near);
        assert_int_equal(events[0].ready, ready);
    }
}

static void reports_once_until_it_is_asked_again(void **state)
{
    const struct scene *scene = *state;
    assert_reports(scene, 0);
    assert_int_equal(write(scene->far, "x", 1), 1);
    assert_reports(scene, TROUPE_READABLE);
    assert_reports(scene, 0);
    assert_ok(tr_poller_change(scene->poller, scene->near, TROUPE_READABLE));
    assert_reports(scene, TROUPE_READABLE);
    assert_ok(tr_poller_change(scene->poller, scene->near, BOTH));
    assert_reports(scene, BOTH);
    assert_ok(tr_poller_change(scene->poller, scene->near, TROUPE_WRITABLE));
    assert_reports(scene, TROUPE_WRITABLE);
    assert_ok(tr_poller_change(scene->poller, scene->near, BOTH));
    tr_poller_remove(scene->poller, scene->near);
    assert_reports(scene, 0);
    assert_ok(tr_poller_add(scene->poller, scene->near, TROUPE_READABLE));
    assert_reports(scene, TROUPE_READABLE);
}

static void reports_what_is_over_as_both(void **state)
{
    const struct scene *scene = *state;
    assert_int_equal(shutdown(scene->far, SHUT_WR), 0);
    assert_reports(scene, TROUPE_READABLE); /* its end can be read */
    assert_ok(tr_poller_change(scene->poller, scene->near, TROUPE_READABLE));
    assert_int_equal(shutdown(scene->near, SHUT_RDWR), 0);
    assert_reports(scene, BOTH);
}

static void knows_what_was_closed(void **state)
{
    struct scene *scene = *state;
    assert_fails(tr_poller_add(scene->poller, scene->near, TROUPE_READABLE), BAD_ARGUMENT);
    assert_int_equal(close(scene->near), 0);
    assert_fails(tr_poller_change(scene->poller, scene->near, BOTH), BAD_ARGUMENT);
    assert_fails(tr_poller_add(scene->poller, scene->near, BOTH), BAD_ARGUMENT);
    const int other = eventfd(0, 0);
    assert_int_equal(other, scene->near); /* the lowest that is free */
    assert_fails(tr_poller_change(scene->poller, other, BOTH), BAD_ARGUMENT);
    tr_poller_remove(scene->poller, other);
    assert_ok(tr_poller_add(scene->poller, other, TROUPE_WRITABLE));
    assert_reports(scene, TROUPE_WRITABLE);
}

static void refuses_what_cannot_be_polled(void **state)
{
    const struct scene *scene = *state;
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_fails(tr_poller_add(scene->poller, file, TROUPE_READABLE), BAD_ARGUMENT);
    assert_fails(tr_poller_add(scene->poller, tr_poller_fd(scene->poller), BOTH), BAD_ARGUMENT);
    assert_int_equal(close(file), 0);
}

static void looks_at_any_one(void **state)
{
    const struct scene *scene = *state;
    uint32_t ready = 9;
    assert_ok(tr_poller_look_at(scene->near, BOTH, &ready));
    assert_int_equal(ready, TROUPE_WRITABLE);
    assert_ok(tr_poller_look_at(scene->near, TROUPE_READABLE, &ready));
    assert_int_equal(ready, 0);
    assert_int_equal(write(scene->far, "x", 1), 1);
    assert_ok(tr_poller_look_at(scene->near, BOTH, &ready));
    assert_int_equal(ready, BOTH);
    assert_fails(tr_poller_look_at(12345, BOTH, &ready), BAD_ARGUMENT);
}

static void says_why_it_was_not_made(void **state)
{
    (void) state;
    tr_poller *poller = NULL;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_after(&memory, 0);
    assert_fails(tr_poller_create(&allocator, &poller), NO_MEMORY);
    tr_failing_allocator_fail_after(&memory, 1);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const troupe_error error = tr_poller_create(&allocator, &poller);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, TROUPE_ERROR_LIMIT_REACHED);
    assert_null(poller);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(reports_once_until_it_is_asked_again),
        WITH_SCENE(reports_what_is_over_as_both),
        WITH_SCENE(knows_what_was_closed),
        WITH_SCENE(refuses_what_cannot_be_polled),
        WITH_SCENE(looks_at_any_one),
        cmocka_unit_test(says_why_it_was_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
