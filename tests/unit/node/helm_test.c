/* SPDX-License-Identifier: MIT */
/* Which thread runs a worker. The handler that is held up runs on the test's thread and has the
 * worker taken from itself there; the spare is a thread that only counts its rounds. */
#include "node/helm.h"

#include <sched.h>
#include <string.h>
#include <troupe/troupe.h>

#include "base/assert.h"
#include "node/membarrier.h"
#include "support/probe.h"
#include "support/world_fixture.h"

struct bridge {
    tr_helm helm;
    tr_runner spare;
    tr_thread thread;
    struct probe *seen;
    bool has_work;
    bool has_spare;
    tr_helm_outcome outcome;
    unsigned rounds;          /* of who has the worker: no atomic */
    _Atomic unsigned visible; /* the same */
    unsigned wakes;
};

static void wake(void *context)
{
    struct bridge *bridge = context;
    bridge->wakes++;
}

static bool has_work(void *context)
{
    const struct bridge *bridge = context;
    return bridge->has_work;
}

static void want_worker(void *context, tr_worker *worker, tr_seat *seat)
{
    (void) context;
    struct bridge *bridge = TR_CONTAINER_OF(seat, struct bridge, helm.home.seat);
    (void) worker;
    tr_helm_want(&bridge->helm, seat);
}

static void return_worker(void *context, tr_worker *worker, tr_seat *seat)
{
    (void) context;
    struct bridge *bridge = TR_CONTAINER_OF(seat, struct bridge, helm.home.seat);
    (void) worker;
    tr_helm_return(&bridge->helm, seat);
}

static void come_back(void *context, tr_worker *worker, tr_seat *seat)
{
    (void) context;
    struct bridge *bridge = TR_CONTAINER_OF(seat, struct bridge, helm.home.seat);
    (void) worker;
    tr_helm_come_back(&bridge->helm, seat);
}

static void run_spare(void *context)
{
    struct bridge *bridge = context;
    while (tr_helm_hold(&bridge->helm, &bridge->spare)) {
        bridge->rounds++;
        atomic_store(&bridge->visible, bridge->rounds);
        (void) sched_yield();
    }
}

static void wait_for_rounds(struct bridge *bridge, unsigned count)
{
    const unsigned before = atomic_load(&bridge->visible);
    while (atomic_load(&bridge->visible) < before + count) {
        (void) sched_yield();
    }
}

static void make_bridge(struct bridge *bridge, tr_world *world)
{
    tr_worker *worker = tr_world_worker(world, 0);
    memset(bridge, 0, sizeof *bridge);
    bridge->seen = a_probe();
    tr_helm_init(&bridge->helm, worker, wake, has_work, bridge);
    tr_runner_init(&bridge->spare, false);
    worker->system->ports.want_worker = want_worker;
    worker->system->ports.return_worker = return_worker;
    worker->system->ports.come_back = come_back;
}

static void drop_bridge(struct bridge *bridge)
{
    tr_worker *worker = bridge->helm.worker;
    atomic_store(&worker->seat, &worker->home_seat);
    tr_helm_fini(&bridge->helm);
    drop_probe(&bridge->seen);
}

/* What the held-up handler does. */
static troupe_error held_up_body(troupe_self *self, void *argument)
{
    struct bridge *bridge = argument;
    tr_seat *seat = &bridge->helm.home.seat;
    bridge->outcome = tr_helm_take(&bridge->helm, seat, bridge->has_spare ? &bridge->spare : NULL);
    if (bridge->outcome != TR_HELM_TAKEN) {
        return TROUPE_OK;
    }
    (void) tr_thread_start(&bridge->thread, "spare", run_spare, bridge);
    wait_for_rounds(bridge, 10);
    for (unsigned i = 0; i < 50; i++) {
        (void) troupe_self_now_ns(self); /* borrows it */
        const unsigned before = atomic_load(&bridge->visible);
        wait_for_rounds(bridge, 2); /* and it has been given back */
        (void) before;
    }
    /* Taken once, it is not taken again from the same handler. */
    const tr_helm_outcome again = tr_helm_take(&bridge->helm, seat, &bridge->spare);
    probe_say(bridge->seen, again == TR_HELM_LEFT ? "left" : "taken again");
    return TROUPE_OK;
}

static void is_lent_for_a_call_and_comes_back(void **state)
{
    struct bridge bridge;
    make_bridge(&bridge, *state);
    bridge.has_work = true;
    bridge.has_spare = true;

    a_root(*state, TROUPE_SPAWN(.body = held_up_body, .argument = &bridge));

    assert_int_equal(bridge.outcome, TR_HELM_TAKEN);
    tr_thread_join(&bridge.thread); /* it was released when the handler had come back */
    assert_true(tr_helm_is_alone(&bridge.helm, &bridge.helm.home));
    assert_ptr_equal(tr_worker_seat(bridge.helm.worker), &bridge.helm.home.seat);
    assert_true(tr_helm_hold(&bridge.helm, &bridge.helm.home));
    assert_said(bridge.seen, "left");
    assert_true(bridge.wakes >= 50);
    drop_bridge(&bridge);
}

static void is_left_where_it_is_if_that_helps_nobody(void **state)
{
    struct bridge bridge;
    make_bridge(&bridge, *state);
    bridge.has_spare = true;

    a_root(*state, TROUPE_SPAWN(.body = held_up_body, .argument = &bridge));

    assert_int_equal(bridge.outcome, TR_HELM_LEFT);
    assert_false(tr_seat_is_taken(&bridge.helm.home.seat));
    drop_bridge(&bridge);
}

static void is_left_where_it_is_without_a_spare(void **state)
{
    struct bridge bridge;
    make_bridge(&bridge, *state);
    bridge.has_work = true;

    a_root(*state, TROUPE_SPAWN(.body = held_up_body, .argument = &bridge));

    assert_int_equal(bridge.outcome, TR_HELM_LEFT);
    assert_false(tr_seat_is_taken(&bridge.helm.home.seat));
    drop_bridge(&bridge);
}

static void is_left_to_who_is_inside_the_library(void **state)
{
    struct bridge bridge;
    make_bridge(&bridge, *state);
    bridge.has_work = true;

    assert_int_equal(tr_helm_take(&bridge.helm, &bridge.helm.home.seat, &bridge.spare),
                     TR_HELM_LEFT);

    assert_false(tr_seat_is_taken(&bridge.helm.home.seat));
    drop_bridge(&bridge);
}

static int open_membarrier(void **state)
{
    (void) state;
    (void) tr_membarrier_open(); /* without it nothing is ever taken; the first test says so */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(is_lent_for_a_call_and_comes_back),
        WITH_WORLD(is_left_where_it_is_if_that_helps_nobody),
        WITH_WORLD(is_left_where_it_is_without_a_spare),
        WITH_WORLD(is_left_to_who_is_inside_the_library),
    };
    return cmocka_run_group_tests(tests, open_membarrier, NULL);
}
