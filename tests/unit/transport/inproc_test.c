/* SPDX-License-Identifier: MIT */
/* What the carrier promises, seen from one thread that plays all workers: order, nothing lost, ends
 * that come and go, and errors instead of aborts. */
#include "transport/inproc.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

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

/* Messages are pointers to the carrier; these are never looked into. */
static troupe_message *a_message(uint32_t number)
{
    static char messages[1 << 20];
    return (troupe_message *) (void *) &messages[number];
}

static tr_batch a_batch(uint32_t number)
{
    return (tr_batch) {.head = a_message(number), .tail = a_message(number + 1), .count = 2};
}

static troupe_error send_number(tr_inproc_end *end, uint32_t to, uint32_t number)
{
    const tr_batch batch = a_batch(number);
    return tr_inproc_send(end, to, &batch);
}

static void assert_receives(tr_inproc_end *end, uint32_t from, uint32_t number)
{
    tr_inproc_arrival arrival;
    assert_true(tr_inproc_receive(end, &arrival));
    assert_int_equal(arrival.from, from);
    assert_ptr_equal(arrival.batch.head, a_message(number));
    assert_ptr_equal(arrival.batch.tail, a_message(number + 1));
    assert_int_equal(arrival.batch.count, 2);
}

static void assert_receives_nothing(tr_inproc_end *end)
{
    tr_inproc_arrival arrival;
    assert_false(tr_inproc_receive(end, &arrival));
}

static bool is_readable(int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll(&item, 1, 0) == 1;
}

static tr_inproc_end *open_end(tr_inproc *inproc, uint32_t index)
{
    tr_inproc_end *end = NULL;
    assert_ok(tr_inproc_open(inproc, index, &end));
    return end;
}

/* Drops what is still under way. */
static void close_end(tr_inproc_end **end)
{
    tr_inproc_arrival arrival;
    while (tr_inproc_drain(*end, &arrival)) {}
    tr_inproc_close(end);
}

struct world {
    tr_failing_allocator memory;
    troupe_allocator allocator;
    char log[256];
    troupe_log hook;
    tr_inproc *inproc;
    tr_inproc_end *left;  /* index 1 */
    tr_inproc_end *right; /* index 2 */
};

static void keep_line(void *context, troupe_log_level level, const char *text)
{
    struct world *world = context;
    (void) level;
    (void) snprintf(world->log, sizeof world->log, "%s", text);
}

static tr_inproc_options options_of(struct world *world)
{
    return (tr_inproc_options) {
        .name = "orders", .allocator = &world->allocator, .log = &world->hook, .ends_max = 0};
}

static int make_world(void **state)
{
    static struct world world;
    world = (struct world) {.memory = TR_FAILING_ALLOCATOR_INIT,
                            .hook = {.write = keep_line, .context = &world}};
    world.allocator = tr_failing_allocator_port(&world.memory);
    const tr_inproc_options options = options_of(&world);
    assert_ok(tr_inproc_create(&options, &world.inproc));
    world.left = open_end(world.inproc, 1);
    world.right = open_end(world.inproc, 2);
    memset(&zeromq, 0, sizeof zeromq);
    *state = &world;
    return 0;
}

static int drop_world(void **state)
{
    struct world *world = *state;
    close_end(&world->left);
    close_end(&world->right);
    tr_inproc_destroy(&world->inproc);
    assert_null(world->inproc);
    assert_int_equal(tr_failing_allocator_live(&world->memory), 0);
    return 0;
}

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
    assert_fails(tr_inproc_open(world->inproc, 256, &end), BAD_ARGUMENT);

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

/* A worker that never sleeps and is sent nothing lets go of what closed ends have left. */
static void frees_closed_ends_while_a_peer_is_busy(void **state)
{
    struct world *world = *state;
    for (uint32_t round = 0; round < 3000; round++) {
        tr_inproc_end *guest = open_end(world->inproc, 7);
        assert_ok(send_number(guest, 1, round));
        close_end(&guest);

        assert_receives(world->left, 7, round);
        for (int looks = 0; looks < 1024; looks++) {
            assert_receives_nothing(world->left);
        }
    }
}

static void sixty_four_ends_send_to_all_with_1024_descriptors(void **state)
{
    struct world *world = *state;
    tr_inproc_end *ends[64];
    for (uint32_t i = 0; i < 64; i++) {
        ends[i] = open_end(world->inproc, 100 + i);
    }

    for (uint32_t number = 0; number < 3; number++) {
        for (uint32_t pair = 0; pair < 64 * 64; pair++) {
            if (pair / 64 != pair % 64) {
                assert_ok(send_number(ends[pair / 64], 100 + pair % 64, pair * 4 + number));
            }
        }
    }

    for (uint32_t to = 0; to < 64; to++) {
        uint32_t next[64] = {0};
        tr_inproc_arrival arrival;
        for (uint32_t i = 0; i < 63 * 3; i++) {
            assert_true(tr_inproc_receive(ends[to], &arrival));
            const uint32_t from = arrival.from - 100;
            assert_ptr_equal(arrival.batch.head, a_message((from * 64 + to) * 4 + next[from]++));
        }
        assert_false(tr_inproc_receive(ends[to], &arrival));
    }
    for (uint32_t i = 0; i < 64; i++) {
        close_end(&ends[i]);
    }
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

static void out_of_memory_changes_nothing(void **state)
{
    struct world *world = *state;
    const tr_inproc_options options = options_of(world);
    tr_inproc *inproc = NULL;
    tr_inproc_end *end = NULL;

    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    for (int allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator_fail_after(&world->memory, allowed);
        error = tr_inproc_create(&options, &inproc);
        assert_true(error == TROUPE_OK || inproc == NULL);
    }
    assert_ok(error);
    assert_fails(tr_inproc_open(inproc, 1, &end), NO_MEMORY);
    assert_null(end);
    tr_failing_allocator_fail_never(&world->memory);

    end = open_end(inproc, 1);
    close_end(&end);
    tr_inproc_destroy(&inproc);
}

static int set_descriptors_limit(rlim_t count)
{
    struct rlimit limit;
    (void) getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
    limit.rlim_cur = count;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static int allow_1024_descriptors(void **state)
{
    (void) state;
    return set_descriptors_limit(1024);
}

/* Lets the process have `more` descriptors besides those it has. */
static void allow_descriptors(unsigned more)
{
    assert_int_equal(set_descriptors_limit(1024), 0);
    const int lowest_free = fcntl(0, F_DUPFD, 0);
    assert_true(lowest_free >= 0);
    assert_int_equal(close(lowest_free), 0);
    assert_int_equal(set_descriptors_limit((rlim_t) lowest_free + more), 0);
}

static void out_of_descriptors_is_an_error(void **state)
{
    struct world *world = *state;
    const tr_inproc_options options = options_of(world);
    tr_inproc *inproc = NULL;

    troupe_error error = TROUPE_ERROR_LIMIT_REACHED;
    for (unsigned more = 0; error == TROUPE_ERROR_LIMIT_REACHED; more++) {
        allow_descriptors(more);
        error = tr_inproc_create(&options, &inproc);
        assert_true(error == TROUPE_OK || inproc == NULL);
    }
    assert_ok(error);

    tr_inproc_end *ends[64];
    uint32_t count = 0;
    while (count < 64 && (error = tr_inproc_open(inproc, count, &ends[count])) == TROUPE_OK) {
        count++;
    }
    assert_int_equal(error, TROUPE_ERROR_LIMIT_REACHED);
    assert_int_equal(allow_1024_descriptors(state), 0);
    ends[count] = open_end(inproc, count);
    for (uint32_t i = 0; i <= count; i++) {
        close_end(&ends[i]);
    }
    tr_inproc_destroy(&inproc);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(carries_batches_in_order),
        WITH_WORLD(carries_both_ways_when_both_begin_at_once),
        WITH_WORLD(sends_to_nobody_fail),
        WITH_WORLD(refuses_an_index_that_is_in_use_or_too_large),
        WITH_WORLD(uses_an_index_again),
        WITH_WORLD(delivers_what_was_sent_before_the_sender_closed),
        WITH_WORLD(drains_what_is_under_way_and_refuses_the_rest),
        WITH_WORLD(the_descriptor_tells_a_sleeper_of_a_batch),
        WITH_WORLD(finds_what_came_before_it_prepared_to_sleep),
        WITH_WORLD(an_idle_look_does_not_ask_zeromq),
        WITH_WORLD(a_look_while_there_is_something_asks_once),
        WITH_WORLD(a_send_that_is_not_taken_leaves_no_trace),
        WITH_WORLD(a_signal_in_a_send_is_no_failure),
        WITH_WORLD(says_what_the_system_refused),
        WITH_WORLD(frees_closed_ends_while_a_peer_is_busy),
        WITH_WORLD(sixty_four_ends_send_to_all_with_1024_descriptors),
        WITH_WORLD(two_nodes_live_side_by_side),
        WITH_WORLD(out_of_memory_changes_nothing),
        WITH_WORLD(out_of_descriptors_is_an_error),
    };
    return cmocka_run_group_tests(tests, allow_1024_descriptors, NULL);
}
