/* SPDX-License-Identifier: MIT */
/* What reading and writing promise: no byte is lost or doubled, whatever ends the call. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "unit/io/io_fixture.h"

#define LARGE (4U << 20)

static unsigned char large[LARGE];

/* Promise: IO-READ */
static void reads_what_there_is(void **state)
{
    const struct scene *scene = *state;
    char bytes[8] = {0};
    troupe_transfer done;
    assert_int_equal(write(scene->far, "abc", 3), 3);
    assert_ok(troupe_read_fd(scene->self, scene->near, bytes, 8, TROUPE_FOREVER, &done));
    assert_int_equal(done.count, 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_fails(troupe_read_fd(scene->self, scene->near, bytes, 8, TROUPE_NOW, &done), TIMED_OUT);
    assert_fails(troupe_read_fd(scene->self, scene->near, bytes, 8, TROUPE_WITHIN_MS(1), &done),
                 TIMED_OUT);
    assert_int_equal(done.count, 0);
    assert_ok(troupe_socket_finish(scene->far));
    assert_fails(troupe_read_fd(scene->self, scene->near, bytes, 8, TROUPE_FOREVER, &done), END);
}

/* Promise: IO-READ */
static void reads_all_or_says_how_many_there_were(void **state)
{
    const struct scene *scene = *state;
    char bytes[8] = {0};
    troupe_transfer done;
    assert_int_equal(write(scene->far, "abcdefghij", 10), 10);
    assert_ok(troupe_read_fd_all(scene->self, scene->near, bytes, 8, TROUPE_FOREVER, &done));
    assert_int_equal(done.count, 8);
    assert_memory_equal(bytes, "abcdefgh", 8);
    assert_fails(troupe_read_fd_all(scene->self, scene->near, bytes, 8, TROUPE_WITHIN_MS(1), &done),
                 TIMED_OUT);
    assert_int_equal(done.count, 2);
    assert_memory_equal(bytes, "ij", 2);
    assert_int_equal(write(scene->far, "k", 1), 1);
    assert_ok(troupe_socket_finish(scene->far));
    assert_fails(troupe_read_fd_all(scene->self, scene->near, bytes, 8, TROUPE_FOREVER, &done),
                 END);
    assert_int_equal(done.count, 1);
    assert_memory_equal(bytes, "k", 1);
}

static troupe_error play_drain(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    static unsigned char bytes[LARGE];
    troupe_transfer done;
    const troupe_error error =
        troupe_read_fd_all(self, player->fd, bytes, LARGE, TROUPE_FOREVER, &done);
    probe_say(player->scene->seen, "%s %zu %d", troupe_error_name(error), done.count,
              memcmp(bytes, large, LARGE) == 0);
    return TROUPE_OK;
}

/* Promise: IO-WRITE */
static void writes_all_however_little_fits(void **state)
{
    struct scene *scene = *state;
    struct player player;
    troupe_transfer done;
    for (size_t i = 0; i < LARGE; i++) {
        large[i] = (unsigned char) (i * 31 >> 3);
    }
    spawn_player(&player, scene, play_drain, scene->far);
    assert_ok(troupe_write_fd(scene->self, scene->near, large, LARGE, TROUPE_FOREVER, &done));
    assert_int_equal(done.count, LARGE);
    assert_true(probe_wait(scene->seen, 1));
    assert_said(scene->seen, "OK 4194304 1");
}

/* Promise: IO-WRITE */
static void says_how_much_was_written_when_it_could_not_write_all(void **state)
{
    const struct scene *scene = *state;
    static unsigned char bytes[LARGE];
    troupe_transfer done;
    assert_fails(
        troupe_write_fd(scene->self, scene->near, large, LARGE, TROUPE_WITHIN_MS(1), &done),
        TIMED_OUT);
    assert_true(done.count > 0 && done.count < LARGE);
    troupe_transfer got;
    assert_ok(troupe_read_fd_all(scene->self, scene->far, bytes, done.count, TROUPE_FOREVER, &got));
    assert_int_equal(got.count, done.count);
    assert_fails(troupe_read_fd(scene->self, scene->far, bytes, 1, TROUPE_NOW, NULL), TIMED_OUT);
}

/* Promise: IO-WRITE */
static void raises_no_signal_when_nobody_reads(void **state)
{
    struct scene *scene = *state;
    int ends[2];
    troupe_transfer done;
    troupe_close_fd(scene->self, scene->far);
    scene->far = -1;
    assert_fails(troupe_write_fd(scene->self, scene->near, "x", 1, TROUPE_FOREVER, &done),
                 DISCONNECTED);
    assert_int_equal(done.system_error, EPIPE);
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_fails(troupe_write_fd(scene->self, ends[1], "x", 1, TROUPE_FOREVER, &done),
                 DISCONNECTED);
    assert_int_equal(done.system_error, EPIPE);
    troupe_close_fd(scene->self, ends[1]);
    sigset_t pending;
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

static troupe_error play_reader(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    char bytes[4];
    troupe_transfer done;
    probe_say(player->scene->seen, "reads");
    for (unsigned i = 0; i < 2; i++) {
        const troupe_error error =
            troupe_read_fd_all(self, player->fd, bytes, 4, TROUPE_FOREVER, &done);
        probe_say(player->scene->seen, "%s %zu", troupe_error_name(error), done.count);
    }
    return TROUPE_OK;
}

/* Promise: IO-CANCEL */
static void ends_a_read_with_the_cancel_and_the_stop(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct player player;
        probe_clear(scene->seen);
        spawn_player(&player, scene, play_reader, scene->near);
        assert_int_equal(write(scene->far, "ab", 2), 2);
        assert_true(probe_wait(scene->seen, 1));
        while (recv(scene->near, &(char) {0}, 1, MSG_PEEK) == 1) {
            assert_ok(troupe_yield(scene->self)); /* until it has what there is */
        }
        assert_ok(i == 0 ? troupe_cancel(scene->self, player.ref)
                         : troupe_stop(scene->self, player.ref));
        assert_true(probe_wait(scene->seen, 3));
        if (i == 0) {
            assert_said(scene->seen, "reads", "CANCELLED 2", "CANCELLED 0");
        } else {
            assert_said(scene->seen, "reads", "STOPPING 2", "STOPPING 0");
        }
    }
}

static troupe_error play_greedy(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    char bytes[64];
    troupe_transfer done;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_read_fd(self, player->fd, bytes, sizeof bytes, TROUPE_FOREVER, &done);
    }
    probe_say(player->scene->seen, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: IO-CANCEL */
static void ends_and_lets_others_run_though_there_is_always_something(void **state)
{
    struct scene *scene = *state;
    const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_true(zeros >= 0);
    struct player player[2];
    spawn_player(&player[0], scene, play_greedy, zeros);
    spawn_player(&player[1], scene, play_greedy, zeros);
    assert_ok(troupe_cancel(scene->self, player[0].ref));
    assert_true(probe_wait(scene->seen, 1));
    assert_ok(troupe_stop(scene->self, player[1].ref));
    assert_true(probe_wait(scene->seen, 2));
    assert_said(scene->seen, "CANCELLED", "STOPPING");
    assert_int_equal(close(zeros), 0);
}

/* Promise: IO-CLOSE */
static void closes_under_those_who_wait(void **state)
{
    struct scene *scene = *state;
    struct player player;
    spawn_player(&player, scene, play_greedy, scene->near);
    troupe_close_fd(scene->self, scene->near);
    scene->near = -1;
    assert_true(probe_wait(scene->seen, 1));
    assert_said(scene->seen, "BAD_ARGUMENT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(reads_what_there_is),
        WITH_SCENE(reads_all_or_says_how_many_there_were),
        WITH_SCENE(writes_all_however_little_fits),
        WITH_SCENE(says_how_much_was_written_when_it_could_not_write_all),
        WITH_SCENE(raises_no_signal_when_nobody_reads),
        WITH_SCENE(ends_a_read_with_the_cancel_and_the_stop),
        WITH_SCENE(ends_and_lets_others_run_though_there_is_always_something),
        WITH_SCENE(closes_under_those_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
