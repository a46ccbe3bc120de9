/* SPDX-License-Identifier: MIT */
/* What the carrier promises, seen from one thread that plays all workers: order, nothing lost, and
 * ends that come and go. */
#include "transport/inproc.h"

#include "core/limits.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <zmq.h>

#include "unit/transport/inproc_fixture.h"

/* ZeroMQ's own calls, counted, and made to fail when a test says so. */
static struct {
    unsigned receives;
    unsigned sends_refused; /* that are still to be refused */
    int refusal;            /* with this errno */
} zeromq;

typedef int receive_function(void *socket, void *data, size_t size, int flags);
typedef int send_function(void *socket, const void *data, size_t size, int flags);

int zmq_recv(void *socket, void *data, size_t size, int flags)
{
    receive_function *next = NULL;
    void *symbol = dlsym(RTLD_NEXT, "zmq_recv");
    memcpy(&next, &symbol, sizeof next);
    zeromq.receives++;
    return next(socket, data, size, flags);
}

int zmq_send(void *socket, const void *data, size_t size, int flags)
{
    send_function *next = NULL;
    void *symbol = dlsym(RTLD_NEXT, "zmq_send");
    memcpy(&next, &symbol, sizeof next);
    if (zeromq.sends_refused > 0) {
        zeromq.sends_refused--;
        errno = zeromq.refusal;
        return -1;
    }
    return next(socket, data, size, flags);
}

/* Whatever ZeroMQ was asked before does not count. */
static int make_counted_world(void **state)
{
    const int result = make_world(state);
    memset(&zeromq, 0, sizeof zeromq);
    return result;
}

static bool is_readable(int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll(&item, 1, 0) == 1;
}

/* Promise: CARRIER-ORDER */
static void carries_batches_in_order(void **state)
{
    struct world *world = *state;

    for (uint32_t i = 0; i < 1000; i++) {
        assert_ok(send_number(world->left, 2, i));
    }

    for (uint32_t i = 0; i < 1000; i++) {
        assert_receives(world->right, 1, i);
    }
    assert_receives_nothing(world->right);
    assert_receives_nothing(world->left);
}

static void carries_both_ways_when_both_begin_at_once(void **state)
{
    struct world *world = *state;

    for (uint32_t i = 0; i < 300; i++) {
        assert_ok(send_number(world->left, 2, i));
        assert_ok(send_number(world->right, 1, i));
    }

    for (uint32_t i = 0; i < 300; i++) {
        assert_receives(world->right, 1, i);
        assert_receives(world->left, 2, i);
    }
}

/* Promise: CARRIER-NOBODY */
static void sends_to_nobody_fail(void **state)
{
    struct world *world = *state;

    assert_fails(send_number(world->left, 3, 0), NO_SUCH_ACTOR);

    tr_inproc_end *third = open_end(world->inproc, 3);
    assert_receives_nothing(third);
    assert_ok(send_number(world->left, 3, 0));
    assert_receives(third, 1, 0);
    close_end(&third);
    assert_fails(send_number(world->left, 3, 0), NO_SUCH_ACTOR);
}

static void refuses_an_index_that_is_in_use_or_too_large(void **state)
{
    struct world *world = *state;
    tr_inproc_end *end = NULL;

    assert_fails(tr_inproc_open(world->inproc, 1, &end), BAD_ARGUMENT);
    assert_fails(tr_inproc_open(world->inproc, TR_ENDS_MAX, &end), BAD_ARGUMENT);

    assert_null(end);
}

static void uses_an_index_again(void **state)
{
    struct world *world = *state;

    for (uint32_t round = 0; round < 100; round++) {
        tr_inproc_end *guest = open_end(world->inproc, 7);
        assert_int_equal(tr_inproc_index(guest), 7);
        assert_ok(send_number(world->left, 7, round));
        assert_ok(send_number(guest, 1, round));
        assert_ok(send_number(guest, 1, round + 1));
        assert_receives(guest, 1, round);
        close_end(&guest);
        assert_receives(world->left, 7, round);
        assert_receives(world->left, 7, round + 1);
        assert_receives_nothing(world->left);
    }
}

/* Promise: CARRIER-LINGER */
static void delivers_what_was_sent_before_the_sender_closed(void **state)
{
    struct world *world = *state;
    tr_inproc_end *guest = open_end(world->inproc, 7);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_ok(send_number(guest, 1, i));
    }

    close_end(&guest);

    for (uint32_t i = 0; i < 1000; i++) {
        assert_receives(world->left, 7, i);
    }
}

/* Promise: CARRIER-LINGER */
static void drains_what_is_under_way_and_refuses_the_rest(void **state)
{
    struct world *world = *state;
    tr_inproc_end *guest = open_end(world->inproc, 7);
    assert_ok(send_number(world->left, 7, 0));
    assert_ok(send_number(world->right, 7, 1));
    assert_false(tr_inproc_prepare_sleep(guest));

    tr_inproc_arrival arrival;
    unsigned count = 0;
    while (tr_inproc_drain(guest, &arrival)) {
        assert_fails(send_number(world->left, 7, 2), NO_SUCH_ACTOR);
        count++;
    }

    assert_int_equal(count, 2);
    assert_ok(send_number(guest, 1, 3));
    tr_inproc_close(&guest);
    assert_null(guest);
    assert_receives(world->left, 7, 3);
}

static void an_end_that_nobody_has_used_may_be_closed(void **state)
{
    struct world *world = *state;
    tr_inproc_end *guest = open_end(world->inproc, 7);

    tr_inproc_close(&guest);
    tr_inproc_close(&guest);

    assert_null(guest);
    assert_fails(send_number(world->left, 7, 0), NO_SUCH_ACTOR);
}

static void the_descriptor_tells_a_sleeper_of_a_batch(void **state)
{
    struct world *world = *state;
    for (uint32_t i = 0; i < 1000; i++) {
        while (!tr_inproc_prepare_sleep(world->right)) {
            assert_receives_nothing(world->right);
        }
        assert_false(is_readable(tr_inproc_fd(world->right)));

        assert_ok(send_number(world->left, 2, i));

        assert_true(is_readable(tr_inproc_fd(world->right)));
        assert_false(tr_inproc_prepare_sleep(world->right));
        assert_false(tr_inproc_prepare_sleep(world->right));
        assert_receives(world->right, 1, i);
    }
}

/* The descriptor stays silent for what comes while the end is not on its way to sleep. */
static void finds_what_came_before_it_prepared_to_sleep(void **state)
{
    struct world *world = *state;
    assert_ok(send_number(world->left, 2, 0));
    assert_receives(world->right, 1, 0);
    assert_ok(send_number(world->left, 2, 1));
    assert_ok(send_number(world->left, 2, 2));

    assert_false(tr_inproc_prepare_sleep(world->right));
    assert_receives(world->right, 1, 1);
    assert_false(tr_inproc_prepare_sleep(world->right));
    assert_receives(world->right, 1, 2);
    assert_true(tr_inproc_prepare_sleep(world->right));
}

static void an_idle_look_does_not_ask_zeromq(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 1000 * 1024; i++) {
        assert_receives_nothing(world->left);
    }

    assert_in_range(zeromq.receives, 1, 1000);
}

static void a_look_while_there_is_something_asks_once(void **state)
{
    struct world *world = *state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_ok(send_number(world->left, 2, i));
        assert_receives(world->right, 1, i);
        assert_receives_nothing(world->right);
    }

    assert_in_range(zeromq.receives, 2000, 2010);
}

static void a_send_that_is_not_taken_leaves_no_trace(void **state)
{
    struct world *world = *state;
    assert_ok(send_number(world->left, 2, 0));
    zeromq.sends_refused = 1;
    zeromq.refusal = EAGAIN;

    assert_fails(send_number(world->left, 2, 1), MAILBOX_FULL);

    assert_receives(world->right, 1, 0);
    zeromq.receives = 0;
    assert_receives_nothing(world->right);
    assert_int_equal(zeromq.receives, 0);
    assert_ok(send_number(world->left, 2, 1));
    assert_receives(world->right, 1, 1);
}

static void a_signal_in_a_send_is_no_failure(void **state)
{
    struct world *world = *state;
    zeromq.sends_refused = 3;
    zeromq.refusal = EINTR;

    assert_ok(send_number(world->left, 2, 1));

    assert_receives(world->right, 1, 1);
}

static void says_what_the_system_refused(void **state)
{
    struct world *world = *state;
    zeromq.sends_refused = 1;
    zeromq.refusal = EHOSTUNREACH;

    assert_fails(send_number(world->left, 2, 1), SYSTEM);

    assert_string_equal(world->log,
                        "node 'orders': cannot send to another worker: Host unreachable");
}

static void two_nodes_live_side_by_side(void **state)
{
    struct world *world = *state;
    const tr_inproc_options options = {.name = NULL};
    tr_inproc *other = NULL;
    assert_ok(tr_inproc_create(&options, &other));
    tr_inproc_end *left = open_end(other, 1);
    tr_inproc_end *right = open_end(other, 2);

    assert_ok(send_number(left, 2, 5));

    assert_receives_nothing(world->right);
    assert_receives(right, 1, 5);
    close_end(&left);
    close_end(&right);
    tr_inproc_destroy(&other);
}

#define WITH_COUNTED_WORLD(test)                                                                   \
    cmocka_unit_test_setup_teardown(test, make_counted_world, drop_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_COUNTED_WORLD(carries_batches_in_order),
        WITH_COUNTED_WORLD(carries_both_ways_when_both_begin_at_once),
        WITH_COUNTED_WORLD(sends_to_nobody_fail),
        WITH_COUNTED_WORLD(refuses_an_index_that_is_in_use_or_too_large),
        WITH_COUNTED_WORLD(uses_an_index_again),
        WITH_COUNTED_WORLD(delivers_what_was_sent_before_the_sender_closed),
        WITH_COUNTED_WORLD(drains_what_is_under_way_and_refuses_the_rest),
        WITH_COUNTED_WORLD(an_end_that_nobody_has_used_may_be_closed),
        WITH_COUNTED_WORLD(the_descriptor_tells_a_sleeper_of_a_batch),
        WITH_COUNTED_WORLD(finds_what_came_before_it_prepared_to_sleep),
        WITH_COUNTED_WORLD(an_idle_look_does_not_ask_zeromq),
        WITH_COUNTED_WORLD(a_look_while_there_is_something_asks_once),
        WITH_COUNTED_WORLD(a_send_that_is_not_taken_leaves_no_trace),
        WITH_COUNTED_WORLD(a_signal_in_a_send_is_no_failure),
        WITH_COUNTED_WORLD(says_what_the_system_refused),
        WITH_COUNTED_WORLD(two_nodes_live_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
