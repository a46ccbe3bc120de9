/* SPDX-License-Identifier: MIT */
/* What connections promise: one is there or nothing is left of it, and why. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/io/io_fixture.h"

static int a_listener(const troupe_socket_options *options)
{
    int fd = -1;
    int number = 9;
    assert_ok(troupe_socket_listen(options, &fd, &number));
    assert_int_equal(number, 0);
    return fd;
}

/* A byte each way. */
static void assert_connected(const struct scene *scene, int near, int far)
{
    char byte = 0;
    assert_true((fcntl(near, F_GETFL) & O_NONBLOCK) != 0 &&
                (fcntl(far, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(near, F_GETFD) & FD_CLOEXEC) != 0 &&
                (fcntl(far, F_GETFD) & FD_CLOEXEC) != 0);
    assert_ok(troupe_write_fd(scene->self, near, "n", 1, TROUPE_FOREVER, NULL));
    assert_ok(troupe_read_fd(scene->self, far, &byte, 1, TROUPE_WITHIN_S(20), NULL));
    assert_int_equal(byte, 'n');
    assert_ok(troupe_write_fd(scene->self, far, "f", 1, TROUPE_FOREVER, NULL));
    assert_ok(troupe_read_fd(scene->self, near, &byte, 1, TROUPE_WITHIN_S(20), NULL));
    assert_int_equal(byte, 'f');
    troupe_close_fd(scene->self, near);
    assert_fails(troupe_read_fd(scene->self, far, &byte, 1, TROUPE_WITHIN_S(20), NULL), END);
    troupe_close_fd(scene->self, far);
}

static void connect_to(const struct scene *scene, const troupe_socket_options *options,
                       int listener)
{
    int near = -1;
    int far = -1;
    int number = 9;
    assert_ok(troupe_socket_connect(scene->self, options, TROUPE_WITHIN_S(20), &near, &number));
    assert_int_equal(number, 0);
    assert_ok(troupe_socket_accept(scene->self, listener, TROUPE_WITHIN_S(20), &far));
    assert_connected(scene, near, far);
}

/* Promise: SOCKET-CONNECT */
static void connects_by_address_name_and_path(void **state)
{
    const struct scene *scene = *state;
    int listener = a_listener(TROUPE_SOCKET(.host = "127.0.0.1"));
    uint32_t port = troupe_socket_port(listener);
    assert_true(port > 0);
    connect_to(scene, TROUPE_SOCKET(.host = "127.0.0.1", .port = port), listener);
    connect_to(scene, TROUPE_SOCKET(.host = "localhost", .port = port), listener);
    troupe_close_fd(scene->self, listener);
    listener = a_listener(TROUPE_SOCKET(.host = "*"));
    port = troupe_socket_port(listener);
    connect_to(scene, TROUPE_SOCKET(.port = port), listener);
    troupe_close_fd(scene->self, listener);

    char path[64];
    (void) snprintf(path, sizeof path, "/tmp/troupe_socket_test.%d", (int) getpid());
    listener = a_listener(TROUPE_SOCKET(.path = path, .backlog = 1));
    connect_to(scene, TROUPE_SOCKET(.path = path), listener);
    assert_int_equal(troupe_socket_port(listener), 0);
    troupe_close_fd(scene->self, listener);
    assert_int_equal(unlink(path), 0);
}

/* Promise: SOCKET-REFUSED */
static void says_why_it_is_not_connected(void **state)
{
    const struct scene *scene = *state;
    const int listener = a_listener(TROUPE_SOCKET(.host = "127.0.0.1"));
    const uint32_t port = troupe_socket_port(listener);
    int fd = -1;
    int number = 0;
    assert_fails(
        troupe_socket_listen(TROUPE_SOCKET(.host = "127.0.0.1", .port = port), &fd, &number),
        SYSTEM);
    assert_int_equal(number, EADDRINUSE);
    troupe_close_fd(scene->self, listener);
    assert_fails(troupe_socket_connect(scene->self,
                                       TROUPE_SOCKET(.host = "127.0.0.1", .port = port),
                                       TROUPE_WITHIN_S(20), &fd, &number),
                 DISCONNECTED);
    assert_int_equal(number, ECONNREFUSED);
    assert_fails(troupe_socket_connect(scene->self,
                                       TROUPE_SOCKET(.host = "no.such.host.invalid", .port = 1),
                                       TROUPE_WITHIN_S(20), &fd, &number),
                 DISCONNECTED);
    assert_true(number == ENOENT || number == EAGAIN);
    assert_fails(troupe_socket_connect(scene->self, TROUPE_SOCKET(.path = "/nowhere/at/all"),
                                       TROUPE_WITHIN_S(20), &fd, &number),
                 SYSTEM);
    assert_int_equal(number, ENOENT);
    assert_fails(troupe_socket_listen(TROUPE_SOCKET(.host = "some name"), &fd, NULL), BAD_ARGUMENT);
    assert_fails(troupe_socket_listen(TROUPE_SOCKET(.host = ""), &fd, NULL), BAD_ARGUMENT);
    assert_fails(troupe_socket_listen(TROUPE_SOCKET(.path = "a", .port = 1), &fd, NULL),
                 BAD_ARGUMENT);
    assert_fails(troupe_socket_listen(TROUPE_SOCKET(.port = 65536), &fd, NULL), BAD_ARGUMENT);
    assert_fails(
        troupe_socket_connect(scene->self, TROUPE_SOCKET(.host = "::1"), TROUPE_FOREVER, &fd, NULL),
        BAD_ARGUMENT);
    assert_int_equal(fd, -1);
}

/* Promise: SOCKET-DEADLINE */
static void waits_for_a_connection_no_longer_than_it_may(void **state)
{
    const struct scene *scene = *state;
    char path[64];
    (void) snprintf(path, sizeof path, "/tmp/troupe_socket_test.%d", (int) getpid());
    const int listener = a_listener(TROUPE_SOCKET(.path = path, .backlog = 1));
    int fd = -1;
    assert_fails(troupe_socket_accept(scene->self, listener, TROUPE_WITHIN_MS(2), &fd), TIMED_OUT);
    /* Its queue is full: nobody says when it is not any more. */
    int queued[8];
    unsigned count = 0;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && count < 8) {
        error = troupe_socket_connect(scene->self, TROUPE_SOCKET(.path = path),
                                      TROUPE_WITHIN_MS(20), &queued[count], NULL);
        count += error == TROUPE_OK ? 1 : 0;
    }
    assert_int_equal(error, TROUPE_ERROR_TIMED_OUT);
    assert_int_equal(fd, -1);
    for (unsigned i = 0; i < count; i++) {
        troupe_close_fd(scene->self, queued[i]);
    }
    troupe_close_fd(scene->self, listener);
    assert_int_equal(unlink(path), 0);
}

static troupe_error play_accepter(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    int fd = -1;
    const troupe_error error = troupe_socket_accept(self, player->fd, TROUPE_FOREVER, &fd);
    probe_say(player->scene->seen, "%s", troupe_error_name(error));
    troupe_close_fd(self, fd);
    return TROUPE_OK;
}

/* Promise: SOCKET-CANCEL */
static void ends_an_accept_with_the_cancel_and_the_stop(void **state)
{
    struct scene *scene = *state;
    const int listener = a_listener(TROUPE_SOCKET(.port = 0));
    struct player player[2];
    spawn_player(&player[0], scene, play_accepter, listener);
    spawn_player(&player[1], scene, play_accepter, listener);
    assert_ok(troupe_cancel(scene->self, player[0].ref));
    assert_true(probe_wait(scene->seen, 1));
    assert_ok(troupe_stop(scene->self, player[1].ref));
    assert_true(probe_wait(scene->seen, 2));
    assert_said(scene->seen, "CANCELLED", "STOPPING");
    connect_to(scene, TROUPE_SOCKET(.port = troupe_socket_port(listener)), listener);
    troupe_close_fd(scene->self, listener);
}

static troupe_error play_connecter(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    char path[64];
    (void) snprintf(path, sizeof path, "/tmp/troupe_socket_test.%d", (int) getpid());
    troupe_error error = TROUPE_OK;
    int fd = -1;
    int fds[32];
    unsigned count = 0;
    while (error == TROUPE_OK && count < 32) {
        error = troupe_socket_connect(self, TROUPE_SOCKET(.path = path), TROUPE_FOREVER, &fd, NULL);
        fds[count] = fd;
        count += error == TROUPE_OK ? 1 : 0;
    }
    while (count > 0) {
        troupe_close_fd(self, fds[--count]);
    }
    probe_say(player->scene->seen, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: SOCKET-CANCEL */
static void leaves_nothing_of_a_connect_that_was_cancelled(void **state)
{
    struct scene *scene = *state;
    char path[64];
    (void) snprintf(path, sizeof path, "/tmp/troupe_socket_test.%d", (int) getpid());
    const int listener = a_listener(TROUPE_SOCKET(.path = path, .backlog = 1));
    struct player player;
    spawn_player(&player, scene, play_connecter, listener);
    assert_ok(troupe_cancel(scene->self, player.ref));
    assert_true(probe_wait(scene->seen, 1));
    assert_said(scene->seen, "CANCELLED");
    troupe_close_fd(scene->self, listener);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(connects_by_address_name_and_path),
        WITH_SCENE(says_why_it_is_not_connected),
        WITH_SCENE(waits_for_a_connection_no_longer_than_it_may),
        WITH_SCENE(ends_an_accept_with_the_cancel_and_the_stop),
        WITH_SCENE(leaves_nothing_of_a_connect_that_was_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
