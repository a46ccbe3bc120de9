/* SPDX-License-Identifier: MIT */
/* What an engine does for those who wait for descriptors while its worker is busy, or held up. */
#include "node/descriptors.h"

#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "core/fds.h"
#include "node/node.h"
#include "support/node_fixture.h"

struct waiting {
    struct probe *seen;
    int fd;
};

static void open_waiting(struct waiting *waiting)
{
    waiting->seen = a_probe();
    waiting->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(waiting->fd >= 0);
}

static void close_waiting(struct waiting *waiting)
{
    assert_int_equal(close(waiting->fd), 0);
    drop_probe(&waiting->seen);
}

static troupe_error play_waiting(troupe_self *self, void *argument)
{
    const struct waiting *waiting = argument;
    uint32_t events = 0;
    probe_say(waiting->seen, "waits");
    const troupe_error error =
        troupe_wait_fd(self, waiting->fd, TROUPE_READABLE, TROUPE_WITHIN_S(20), &events);
    probe_say(waiting->seen, "%s %u", troupe_error_name(error), events);
    return TROUPE_OK;
}

static void make_ready(const struct waiting *waiting)
{
    const uint64_t one = 1;
    assert_int_equal(write(waiting->fd, &one, sizeof one), sizeof one);
}

/* Promise: FD-BUSY */
static void are_found_while_the_worker_never_rests(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    static struct stubborn stubborn;
    struct waiting waiting;
    open_waiting(&waiting);
    stubborn = (struct stubborn) {.probe = waiting.seen};
    a_root_of(node, TROUPE_SPAWN(.body = play_waiting, .argument = &waiting));
    a_root_of(node, TROUPE_SPAWN(.body = stubborn_body, .argument = &stubborn));
    assert_true(probe_wait(waiting.seen, 2));
    make_ready(&waiting);
    assert_true(probe_wait_for(waiting.seen, "OK 1"));
    atomic_store(&stubborn.may_end, 1);
    drop_node(&node);
    close_waiting(&waiting);
}

/* How long it takes to be told while a handler blocks the worker. */
static uint64_t time_while_blocked(void)
{
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .spares_max = 1));
    struct waiting waiting;
    open_waiting(&waiting);
    struct blocking blocking = {.probe = waiting.seen, .latch = a_latch()};
    a_root_of(node, TROUPE_SPAWN(.body = play_waiting, .argument = &waiting));
    a_root_of(node, TROUPE_SPAWN(.body = blocking_body, .argument = &blocking));
    assert_true(probe_wait_for(waiting.seen, "blocked"));
    const uint64_t before_ns = tr_node_now_ns(node);
    make_ready(&waiting);
    assert_true(probe_wait_for(waiting.seen, "OK 1"));
    const uint64_t took_ns = tr_node_now_ns(node) - before_ns;
    latch_open(blocking.latch);
    assert_true(probe_wait_for(waiting.seen, "freed"));
    drop_node(&node);
    close_waiting(&waiting);
    drop_latch(&blocking.latch);
    return took_ns;
}

/* Promise: FD-BUSY */
static void are_found_while_a_handler_blocks(void **state)
{
    (void) state;
    /* By then the look at what is still open would have been due, too. */
    uint64_t took_ns = TR_FDS_CHECK_NS;
    for (unsigned i = 0; i < 5 && took_ns >= TR_FDS_CHECK_NS * 2 / 3; i++) {
        took_ns = time_while_blocked();
    }
    assert_true(took_ns < TR_FDS_CHECK_NS * 2 / 3);
}

/* That the program has computed. */
static uint64_t cpu_time_us(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    return (uint64_t) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000U +
           (uint64_t) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static troupe_error play_sleeper(troupe_self *self, void *argument)
{
    const struct waiting *waiting = argument;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(300));
    probe_say(waiting->seen, "slept");
    return TROUPE_OK;
}

/* One that was closed unseen, of which there is a copy, is reported to nobody and keeps nobody
 * awake. */
static void do_no_harm_when_they_were_closed_unseen(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    struct waiting waiting;
    open_waiting(&waiting);
    const int copy = dup(waiting.fd);
    a_root_of(node, TROUPE_SPAWN(.body = play_waiting, .argument = &waiting));
    assert_true(probe_wait(waiting.seen, 1));
    assert_int_equal(close(waiting.fd), 0);
    assert_true(probe_wait_for(waiting.seen, "BAD_ARGUMENT 0"));
    const uint64_t one = 1;
    assert_int_equal(write(copy, &one, sizeof one), sizeof one);
    const uint64_t before_us = cpu_time_us();
    a_root_of(node, TROUPE_SPAWN(.body = play_sleeper, .argument = &waiting));
    assert_true(probe_wait_for(waiting.seen, "slept"));
    assert_true(cpu_time_us() - before_us < 50000); /* it sleeps, too */

    struct waiting second;
    open_waiting(&second);
    a_root_of(node, TROUPE_SPAWN(.body = play_waiting, .argument = &second));
    make_ready(&second);
    assert_true(probe_wait_for(second.seen, "OK 1"));
    drop_node(&node);
    close_waiting(&second);
    assert_int_equal(close(copy), 0);
    drop_probe(&waiting.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_found_while_the_worker_never_rests),
        cmocka_unit_test(are_found_while_a_handler_blocks),
        cmocka_unit_test(do_no_harm_when_they_were_closed_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
