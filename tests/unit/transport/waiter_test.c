/* SPDX-License-Identifier: MIT */
/* What sleeping promises: never over before something happened or the deadline came. */
#include "transport/waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

/* The kernel's call, which a test can take away as an older kernel would. */
static struct {
    int refusal; /* errno, or 0 */
    unsigned refused;
} kernel;

int epoll_pwait2(int set, struct epoll_event *events, int capacity, const struct timespec *timeout,
                 const sigset_t *signals)
{
    if (kernel.refusal != 0) {
        kernel.refused++;
        errno = kernel.refusal;
        return -1;
    }
    return (int) syscall(SYS_epoll_pwait2, set, events, capacity, timeout, signals, 8);
}

struct world {
    tr_waiter *waiter;
    int near; /* of a pair of sockets; in the waiter, where a test says so */
    int far;
};

static uint64_t now_ns(void)
{
    const tr_clock clock = tr_clock_real();
    return clock.now_ns(clock.context);
}

static int make_world(void **state)
{
    static struct world world;
    int pair[2];
    kernel.refusal = 0;
    kernel.refused = 0;
    assert_ok(tr_waiter_create(tr_allocator_default(), &world.waiter));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    world.near = pair[0];
    world.far = pair[1];
    *state = &world;
    return 0;
}

static int drop_world(void **state)
{
    struct world *world = *state;
    (void) close(world->near);
    (void) close(world->far);
    tr_waiter_destroy(&world->waiter);
    assert_null(world->waiter);
    return 0;
}

static uint32_t look(struct world *world, const tr_waiter_event **events)
{
    return tr_waiter_wait(world->waiter, 0, 0, events);
}

static void assert_sleeps_for(struct world *world, uint64_t duration_ns)
{
    const tr_waiter_event *events = NULL;
    const uint64_t before_ns = now_ns();

    const uint32_t count =
        tr_waiter_wait(world->waiter, before_ns + duration_ns, before_ns, &events);

    assert_int_equal(count, 0);
    assert_true(now_ns() >= before_ns + duration_ns);
}

static void sleeps_until_the_deadline(void **state)
{
    for (uint64_t duration_ns = 1; duration_ns < 5000000; duration_ns *= 3) {
        assert_sleeps_for(*state, duration_ns);
    }
}

static void sleeps_until_the_deadline_on_an_older_kernel(void **state)
{
    static const int refusals[] = {ENOSYS, EPERM};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct world *world = *state;
        tr_waiter_destroy(&world->waiter);
        assert_ok(tr_waiter_create(tr_allocator_default(), &world->waiter));
        kernel.refusal = refusals[i];
        kernel.refused = 0;

        for (uint64_t duration_ns = 1; duration_ns < 5000000; duration_ns *= 3) {
            assert_sleeps_for(world, duration_ns);
        }

        assert_int_equal(kernel.refused, 1);
    }
}

static void a_deadline_that_has_passed_is_a_look(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;

    assert_int_equal(tr_waiter_wait(world->waiter, 5, 5, &events), 0);
    assert_int_equal(tr_waiter_wait(world->waiter, 4, 5, &events), 0);
    kernel.refusal = ENOSYS;
    assert_int_equal(tr_waiter_wait(world->waiter, 4, 5, &events), 0);
}

static void reports_what_is_ready_as_long_as_it_is(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;
    assert_ok(tr_waiter_add(world->waiter, world->near, TR_WAITER_READ, world));
    assert_int_equal(look(world, &events), 0);

    assert_int_equal(write(world->far, "x", 1), 1);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(tr_waiter_wait(world->waiter, TR_NEVER, 0, &events), 1);
        assert_ptr_equal(events[0].tag, world);
        assert_int_equal(events[0].ready, TR_WAITER_READ);
    }
    char byte;
    assert_int_equal(read(world->near, &byte, 1), 1);
    assert_int_equal(look(world, &events), 0);
}

static void reports_what_was_asked_for(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;
    int tag = 0;
    assert_int_equal(write(world->far, "x", 1), 1);

    assert_ok(tr_waiter_add(world->waiter, world->near, TR_WAITER_WRITE, world));
    assert_int_equal(look(world, &events), 1);
    assert_int_equal(events[0].ready, TR_WAITER_WRITE);
    tr_waiter_remove(world->waiter, world->near);
    assert_int_equal(look(world, &events), 0);

    assert_ok(tr_waiter_add(world->waiter, world->near, TR_WAITER_READ_AND_WRITE, &tag));
    assert_int_equal(look(world, &events), 1);
    assert_int_equal(events[0].ready, TR_WAITER_READ_AND_WRITE);
    assert_ptr_equal(events[0].tag, &tag);
}

static void reports_a_hang_up(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;
    assert_ok(tr_waiter_add(world->waiter, world->near, TR_WAITER_WRITE, world));

    assert_int_equal(close(world->far), 0);
    world->far = -1;

    assert_int_equal(look(world, &events), 1);
    assert_int_equal(events[0].ready, TR_WAITER_READ_AND_WRITE);
}

static void forgets_a_descriptor_that_its_owner_has_closed(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;
    assert_ok(tr_waiter_add(world->waiter, world->near, TR_WAITER_WRITE, world));
    (void) close(world->near);

    tr_waiter_remove(world->waiter, world->near);

    world->near = -1;
    assert_int_equal(look(world, &events), 0);
}

static void refuses_what_cannot_be_waited_on(void **state)
{
    struct world *world = *state;
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);

    assert_fails(tr_waiter_add(world->waiter, file, TR_WAITER_READ, world), BAD_ARGUMENT);
    assert_fails(tr_waiter_add(world->waiter, -1, TR_WAITER_READ, world), BAD_ARGUMENT);
    assert_ok(tr_waiter_add(world->waiter, world->near, TR_WAITER_READ, world));
    assert_fails(tr_waiter_add(world->waiter, world->near, TR_WAITER_READ, world), BAD_ARGUMENT);

    (void) close(file);
}

static void reports_more_than_fit_in_turn(void **state)
{
    enum {
        COUNT = TR_WAITER_EVENTS_MAX * 2
    };
    struct world *world = *state;
    int seen[COUNT] = {0};
    int fds[COUNT];
    for (int i = 0; i < COUNT; i++) {
        fds[i] = dup(world->near);
        assert_ok(tr_waiter_add(world->waiter, fds[i], TR_WAITER_WRITE, &seen[i]));
    }

    const tr_waiter_event *events = NULL;
    for (int i = 0; i < 3; i++) {
        const uint32_t count = look(world, &events);
        assert_int_equal(count, TR_WAITER_EVENTS_MAX);
        for (uint32_t event = 0; event < count; event++) {
            int *tag = events[event].tag;
            (*tag)++;
        }
    }

    for (int i = 0; i < COUNT; i++) {
        assert_in_range(seen[i], 1, 2);
        tr_waiter_remove(world->waiter, fds[i]);
        (void) close(fds[i]);
    }
}

static void a_wake_before_the_wait_ends_it_at_once(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;
    tr_waiter_wake(world->waiter);
    tr_waiter_wake(world->waiter);

    assert_int_equal(tr_waiter_wait(world->waiter, TR_NEVER, 0, &events), 0);

    assert_sleeps_for(world, 1000000);
}

static void wake(void *context)
{
    struct world *world = context;
    tr_waiter_wake(world->waiter);
}

static void a_wake_from_another_thread_ends_the_wait(void **state)
{
    struct world *world = *state;
    const tr_waiter_event *events = NULL;
    for (int i = 0; i < 100; i++) {
        tr_thread thread;
        assert_ok(tr_thread_start(&thread, "waker", wake, world));
        assert_int_equal(tr_waiter_wait(world->waiter, TR_NEVER, 0, &events), 0);
        tr_thread_join(&thread);
    }
}

static void out_of_memory_changes_nothing(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_waiter *waiter = NULL;
    tr_failing_allocator_fail_after(&memory, 0);

    assert_fails(tr_waiter_create(&allocator, &waiter), NO_MEMORY);

    assert_null(waiter);
    tr_waiter_destroy(&waiter);
}

static void out_of_descriptors_is_an_error(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    const int lowest_free = fcntl(0, F_DUPFD, 0);
    assert_true(lowest_free >= 0);
    (void) close(lowest_free);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (unsigned more = 0; more < 2; more++) {
        const struct rlimit limit = {(rlim_t) lowest_free + more, old.rlim_max};
        tr_waiter *waiter = NULL;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

        assert_fails(tr_waiter_create(&allocator, &waiter), LIMIT_REACHED);

        assert_null(waiter);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(sleeps_until_the_deadline),
        WITH_WORLD(sleeps_until_the_deadline_on_an_older_kernel),
        WITH_WORLD(a_deadline_that_has_passed_is_a_look),
        WITH_WORLD(reports_what_is_ready_as_long_as_it_is),
        WITH_WORLD(reports_what_was_asked_for),
        WITH_WORLD(reports_a_hang_up),
        WITH_WORLD(forgets_a_descriptor_that_its_owner_has_closed),
        WITH_WORLD(refuses_what_cannot_be_waited_on),
        WITH_WORLD(reports_more_than_fit_in_turn),
        WITH_WORLD(a_wake_before_the_wait_ends_it_at_once),
        WITH_WORLD(a_wake_from_another_thread_ends_the_wait),
        cmocka_unit_test(out_of_memory_changes_nothing),
        cmocka_unit_test(out_of_descriptors_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
