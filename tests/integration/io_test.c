/* SPDX-License-Identifier: MIT */
/* Waiting for real descriptors on real threads: many at once, from wherever an actor is, and in
 * crowds whose waits end in all ways. */
#include <troupe/troupe.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/cast.h"
#include "support/node_fixture.h"

#define PAIRS_MAX 600
#define ROUNDS 20

struct pair {
    int ends[2];
    uint32_t rounds;
};

static struct pair pairs[PAIRS_MAX];
static struct probe *seen; /* a line for each that is done */

static void open_pairs(uint32_t count)
{
    seen = a_probe();
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (uint32_t i = 0; i < count; i++) {
        pairs[i] = (struct pair) {.rounds = ROUNDS};
        assert_int_equal(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pairs[i].ends), 0);
    }
}

static void close_pairs(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(close(pairs[i].ends[0]), 0);
        assert_int_equal(close(pairs[i].ends[1]), 0);
    }
    drop_probe(&seen);
}

static troupe_error take_byte(troupe_self *self, int fd)
{
    char byte = 0;
    while (read(fd, &byte, 1) != 1) {
        const troupe_error error =
            troupe_wait_fd(self, fd, TROUPE_READABLE, TROUPE_WITHIN_S(60), NULL);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

/* Throws a byte to and fro. */
static troupe_error play_pair(troupe_self *self, struct pair *pair, unsigned end)
{
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < pair->rounds && error == TROUPE_OK; i++) {
        if (end == 0 && write(pair->ends[0], "x", 1) != 1) {
            error = TROUPE_ERROR_SYSTEM;
        }
        if (error == TROUPE_OK) {
            error = take_byte(self, pair->ends[end]);
        }
        if (end == 1 && error == TROUPE_OK && write(pair->ends[1], "x", 1) != 1) {
            error = TROUPE_ERROR_SYSTEM;
        }
    }
    probe_say(seen, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

static troupe_error play_near(troupe_self *self, void *argument)
{
    return play_pair(self, argument, 0);
}

static troupe_error play_far(troupe_self *self, void *argument)
{
    return play_pair(self, argument, 1);
}

static troupe_error play_crowd(troupe_self *self, void *argument)
{
    (void) argument;
    for (uint32_t i = 0; i < PAIRS_MAX; i++) {
        troupe_ref ref;
        troupe_error error = troupe_spawn(
            self, TROUPE_SPAWN(.body = play_far, .argument = &pairs[i], .place = TROUPE_PLACE_ANY),
            &ref);
        if (error == TROUPE_OK) {
            error = troupe_spawn(
                self,
                TROUPE_SPAWN(.body = play_near, .argument = &pairs[i], .place = TROUPE_PLACE_ANY),
                &ref);
        }
        if (error) {
            return error;
        }
    }
    troupe_message *message = NULL;
    return troupe_receive(self, &message, TROUPE_FOREVER); /* they end with it */
}

static void wait_for_all(uint32_t count)
{
    assert_true(probe_wait(seen, count));
    assert_int_equal(probe_count_of(seen, "OK"), count);
}

/* Promise: FD-MANY */
static void serves_more_than_a_thousand_at_once(void **state)
{
    (void) state;
    open_pairs(PAIRS_MAX);
    troupe_node *node = a_node_of(2);
    a_root_of(node, TROUPE_SPAWN(.body = play_crowd));
    wait_for_all(2 * PAIRS_MAX);
    drop_node(&node);
    close_pairs(PAIRS_MAX);
}

/* Promise: FD-READY */
static void serves_own_threads_and_threads_from_outside_too(void **state)
{
    (void) state;
    open_pairs(2);
    troupe_node *node = a_node_of(2);
    a_root_of(node, TROUPE_SPAWN(.body = play_near, .argument = &pairs[0],
                                 .place = TROUPE_PLACE_OWN_THREAD));
    a_root_of(node, TROUPE_SPAWN(.body = play_near, .argument = &pairs[1]));
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(play_far(self, &pairs[0]));
    assert_ok(play_far(self, &pairs[1]));
    wait_for_all(4); /* the last byte has been taken */
    uint32_t events = 9;
    assert_fails(
        troupe_wait_fd(self, pairs[0].ends[0], TROUPE_READABLE, TROUPE_WITHIN_MS(1), &events),
        TIMED_OUT);
    assert_int_equal(events, 9);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    close_pairs(2);
}

struct scuffle {
    int fd;
    _Atomic uint32_t *counts; /* by error */
};

#define ERRORS 32
#define ENOUGH 500

static troupe_error play_scuffler(troupe_self *self, void *argument)
{
    const struct scuffle *scuffle = argument;
    for (;;) {
        const uint64_t random = troupe_self_random(self);
        const uint32_t events = 1 + (uint32_t) (random % 3);
        const troupe_error error =
            troupe_wait_fd(self, scuffle->fd, events, TROUPE_WITHIN_US(random >> 8 & 127), NULL);
        const uint32_t count = ++scuffle->counts[error];
        if ((error == TROUPE_OK || error == TROUPE_ERROR_TIMED_OUT) && count == ENOUGH) {
            probe_say(seen, "enough");
        }
        if (error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED) {
            return TROUPE_OK;
        }
        char bytes[64];
        const ssize_t size = error != TROUPE_OK ? 0
                             : (events & (uint32_t) TROUPE_WRITABLE) != 0
                                 ? write(scuffle->fd, bytes, sizeof bytes)
                                 : read(scuffle->fd, bytes, sizeof bytes);
        (void) size; /* another may have been faster */
    }
}

/* Promise: FD-CANCEL-SAFE */
static void ends_each_wait_once_in_a_scuffle(void **state)
{
    (void) state;
    _Atomic uint32_t counts[ERRORS] = {0};
    open_pairs(4);
    troupe_node *node = a_node_of(2);
    struct scuffle scuffles[8];
    for (unsigned i = 0; i < 8; i++) {
        scuffles[i] = (struct scuffle) {.fd = pairs[i / 2].ends[i % 2], .counts = counts};
    }
    for (unsigned i = 0; i < 32; i++) {
        a_root_of(node, TROUPE_SPAWN(.body = play_scuffler, .argument = &scuffles[i % 8],
                                     .place = TROUPE_PLACE_ANY));
    }
    assert_true(probe_wait(seen, 2));
    drop_node(&node);
    close_pairs(4);
    for (unsigned i = 0; i < ERRORS; i++) {
        const bool may_be = i == TROUPE_OK || i == TROUPE_ERROR_TIMED_OUT ||
                            i == TROUPE_ERROR_STOPPING || i == TROUPE_ERROR_CANCELLED;
        assert_true(may_be || counts[i] == 0);
    }
    assert_int_equal(counts[TROUPE_ERROR_STOPPING] + counts[TROUPE_ERROR_CANCELLED], 32);
}

/* Promise: FD-CLOSED */
static void hears_that_the_descriptor_was_closed(void **state)
{
    (void) state;
    open_pairs(1);
    troupe_node *node = a_node_of(1);
    pairs[0].rounds = 1;
    a_root_of(node, TROUPE_SPAWN(.body = play_far, .argument = &pairs[0]));
    assert_int_equal(close(pairs[0].ends[1]), 0);
    assert_true(probe_wait(seen, 1));
    assert_said(seen, "BAD_ARGUMENT");
    drop_node(&node);
    assert_int_equal(close(pairs[0].ends[0]), 0);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_more_than_a_thousand_at_once),
        cmocka_unit_test(serves_own_threads_and_threads_from_outside_too),
        cmocka_unit_test(ends_each_wait_once_in_a_scuffle),
        cmocka_unit_test(hears_that_the_descriptor_was_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
