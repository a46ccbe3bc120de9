/* SPDX-License-Identifier: MIT */
/* What an engine does for those who wait for descriptors while its worker is busy, or held up. */
#include "node/descriptors.h"

#include <stdatomic.h>
#include <sys/eventfd.h>
#include <troupe/troupe.h>
#include <unistd.h>

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

/* Promise: FD-BUSY */
static void are_found_while_a_handler_blocks(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .spares_max = 1));
    struct waiting waiting;
    open_waiting(&waiting);
    struct blocking blocking = {.probe = waiting.seen, .latch = a_latch()};
    a_root_of(node, TROUPE_SPAWN(.body = play_waiting, .argument = &waiting));
    a_root_of(node, TROUPE_SPAWN(.body = blocking_body, .argument = &blocking));
    assert_true(probe_wait_for(waiting.seen, "blocked"));
    make_ready(&waiting);
    assert_true(probe_wait_for(waiting.seen, "OK 1"));
    latch_open(blocking.latch);
    assert_true(probe_wait_for(waiting.seen, "freed"));
    drop_node(&node);
    close_waiting(&waiting);
    drop_latch(&blocking.latch);
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
