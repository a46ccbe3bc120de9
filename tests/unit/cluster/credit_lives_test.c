/* SPDX-License-Identifier: MIT */
/* Windows and landing queues whose actors come and go, stand still, or are many. */
#include "cluster/peer.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

/* Promise: CREDIT-LOST */
static void credit_for_windows_that_end_with_their_node_is_no_offence(void **state)
{
    struct wires *wires = *state;
    static struct cast cast;
    cast = (struct cast) {.seen = a_probe(), .number = 20};
    wires_open_windows(wires);
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    wires->delay_ns_max = UINT64_C(400000);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    for (unsigned i = 0; i < 100 && wires_peer(wires, 0)->outlets.count == 5; i++) {
        const tr_list *first = tr_list_first(&wires_peer(wires, 0)->outlets.all);
        uint32_t sent = 0;
        for (; first != NULL; first = tr_list_next(&wires_peer(wires, 0)->outlets.all, first)) {
            sent += TR_CONTAINER_OF_CONST(first, tr_outlet, link)->sent;
        }
        if (sent > 0) {
            break;
        }
        wires_run(wires, WIRE_STEP_NS);
    }
    wires->ends[0].is_stuck = true; /* so the carrier waits before it ends */
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    cast.number++;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    tr_worker *worker = wires->ends[0].border.worker;
    assert_ok(tr_actor_signal(worker, wires->ends[0].border.root, TR_SIGNAL_STOP));
    wires_run(wires, 900 * UINT64_C(1000));
    wires->ends[0].is_stuck = false;
    wires_run(wires, 5 * MS);

    assert_int_equal(wires->ends[0].border.counts.offences, 0);
    drop_probe(&cast.seen);
}

/* The last stands still from the start. To it much is sent before there are windows for all. */
struct burst {
    troupe_ref refs[TR_WINDOWS_READY + 1];
    uint64_t sent;
};

static troupe_error bursts(troupe_self *self, void *argument)
{
    struct burst *burst = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < TR_WINDOWS_READY && error == TROUPE_OK; i++) {
        error = send_figure(self, burst->refs[i], 1);
    }
    for (; error == TROUPE_OK; burst->sent++) {
        error = send_figure(self, burst->refs[TR_WINDOWS_READY], 1);
    }
    return error;
}

/* Those that wait for room are parked. */
static troupe_error parks_some(troupe_self *self, void *state, void *argument)
{
    (void) state;
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < cast->number && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i + 1);
    }
    return error;
}

static const troupe_behavior parks = TROUPE_BEHAVIOR(.name = "parks", .start = parks_some);

/* Promise: CREDIT-SLOWS */
static void one_that_stands_still_holds_up_no_newcomer(void **state)
{
    struct wires *wires = *state;
    static struct burst burst;
    static struct cast quick;
    static struct cast parked;
    burst = (struct burst) {0};
    quick = (struct cast) {.seen = a_probe(), .number = 3};
    parked = (struct cast) {.seen = a_probe(), .number = 4};
    wires_open_windows(wires);
    for (unsigned i = 0; i < TR_WINDOWS_READY; i++) {
        burst.refs[i] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    }
    burst.refs[TR_WINDOWS_READY] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    quick.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    parked.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &parked));
    const uint32_t left = wires_peer(wires, 0)->outlets.left;
    wires_peer(wires, 0)->outlets.left = 0; /* as if there were as many as there can be */
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = bursts, .argument = &burst));
    wires_run(wires, 20 * MS);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &quick));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.behavior = &parks, .argument = &parked));
    wires_run(wires, 20 * MS);
    assert_silent(quick.seen);
    wires_peer(wires, 0)->outlets.left = left;
    wires_run(wires, 2500 * MS);
    assert_said(parked.seen, "got 1", "got 2", "got 3", "got 4");
    drop_probe(&parked.seen);

    assert_true(burst.sent > 0);
    assert_said(quick.seen, "sent OK");
    assert_int_equal(wires->ends[1].border.counts.offences, 0);
    drop_probe(&quick.seen);
}

static troupe_error is_told_when_it_is_cancelled(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_sleep(self, TROUPE_FOREVER);
    return tell(cast, "slept", error);
}

static troupe_error gives_up_late(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1000), &answer);
}

/* Promise: CREDIT-ASK */
static void a_cancel_comes_also_when_the_window_has_gone(void **state)
{
    struct wires *wires = *state;
    static struct cast cast;
    cast = (struct cast) {.seen = a_probe()};
    wires_open_windows(wires);
    cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = is_told_when_it_is_cancelled, .argument = &cast));
    const troupe_ref asker =
        wires_root(wires, 0, TROUPE_SPAWN(.body = gives_up_late, .argument = &cast));
    wires_run(wires, 5000 * MS);
    assert_int_equal(wires_peer(wires, 0)->outlets.count, 1 + TR_WINDOWS_READY);
    assert_silent(cast.seen);

    const tr_address address = {.slot = asker.slot, .generation = asker.generation};
    assert_ok(tr_actor_signal(wires->ends[0].border.worker, address, TR_SIGNAL_CANCEL));
    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "slept CANCELLED");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(credit_for_windows_that_end_with_their_node_is_no_offence),
        WITH_WIRES(one_that_stands_still_holds_up_no_newcomer),
        WITH_WIRES(a_cancel_comes_also_when_the_window_has_gone),
    };
    return cmocka_run_group_tests_name("credit_lives", tests, NULL, NULL);
}
