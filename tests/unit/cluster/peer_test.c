/* SPDX-License-Identifier: MIT */
/* What a node promises when the connection to another is lost, and when there is one again. */
#include "cluster/peer.h"

#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static troupe_error asks_a_hoarder(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(100), &answer)) ==
                   TROUPE_OK
               ? TROUPE_ERROR_FAILED
               : TROUPE_OK;
}

static troupe_error watches(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_monitor_id id;
    const troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    return error ? error : play_listener(self, argument);
}

/* Promise: REMOTE-LOST */
static void tells_whoever_waits_once(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_hoarder, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_a_hoarder, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = watches, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_silent(cast.seen);

    wires_cut(wires, true);
    wires_run(wires, 5 * MS);

    assert_int_equal(probe_count_of(cast.seen, "ask NODE_LOST"), 1);
    assert_int_equal(probe_count_of(cast.seen, "down NODE_LOST"), 1);
    assert_int_equal(probe_count(cast.seen), 2);
    wires_connect(wires);
    wires_run(wires, 5 * MS);
    assert_int_equal(probe_count(cast.seen), 2);
    drop_probe(&cast.seen);
}

static troupe_error tries_each_way(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    (void) tell(cast, "send", send_figure(self, cast->refs[0], 7));
    (void) tell(cast, "ask", ask_figure(self, cast->refs[0], 8, TROUPE_WITHIN_MS(5), &answer));
    (void) watches(self, argument);
    return TROUPE_OK;
}

/* Promise: REMOTE-UNREACHABLE */
static void refuses_at_once_what_cannot_go(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    wires_cut(wires, true);

    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_each_way, .argument = &cast));
    wires_run(wires, 1 * MS);

    assert_said(cast.seen, "send UNREACHABLE", "ask UNREACHABLE", "down NODE_LOST");
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-AGAIN */
static void reaches_the_same_actors_when_it_is_there_again(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    wires_cut(wires, true);
    wires_connect(wires);

    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_each_way, .argument = &cast));
    wires_run(wires, 1 * MS);

    assert_said(cast.seen, "send OK", "ask OK");
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-INCARNATION */
static void says_of_an_incarnation_that_is_over_that_it_is(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    const uint64_t node = wires->ends[1].node;

    tr_border_lost(&wires->ends[0].border, node, TROUPE_ERROR_STALE);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_each_way, .argument = &cast));
    wires_run(wires, 1 * MS);

    assert_said(cast.seen, "send STALE", "ask STALE", "down STALE");

    /* And so it is when what carried to it has ended. */
    probe_clear(cast.seen);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_each_way, .argument = &cast));
    wires_run(wires, 1 * MS);
    assert_said(cast.seen, "send STALE", "ask STALE", "down STALE");
    assert_fails(tr_border_connected(&wires->ends[0].border, node), STALE);
    assert_false(tr_border_is_connected(&wires->ends[0].border, node));
    drop_probe(&cast.seen);
}

static troupe_error replies_late(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(20));
    (void) tell(cast, "slept", error);
    return TROUPE_OK;
}

/* Promise: REMOTE-LOST */
static void cancels_what_was_asked_from_there(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    struct cast there = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = replies_late, .argument = &there));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_a_hoarder, .argument = &cast));
    wires_run(wires, 5 * MS);

    wires_cut(wires, true);
    wires_run(wires, 30 * MS);

    assert_said(there.seen, "slept CANCELLED");
    assert_said(cast.seen, "ask NODE_LOST");
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

/* Many short lives of the other node: what is kept of each is bounded. */
static void forgets_old_incarnations_one_day(void **state)
{
    struct wires *wires = *state;
    tr_border *border = &wires->ends[0].border;
    for (uint64_t node = 1001; node < 1001 + 3 * TR_GONE_MAX; node++) {
        assert_ok(tr_border_connected(border, node));
        wires_run(wires, WIRE_STEP_NS);
        tr_border_lost(border, node, TROUPE_ERROR_STALE);
        wires_run(wires, WIRE_STEP_NS);
    }

    assert_in_range(border->peers.count, 1, TR_GONE_MAX + 2);
    assert_in_range(border->system->far_nodes.count, 1, TR_GONE_MAX + 1);
}

/* Promise: REMOTE-HOSTILE */
static void are_so_many_and_no_more(void **state)
{
    struct wires *wires = *state;
    tr_border *border = &wires->ends[0].border;
    for (uint64_t i = 1; i < TR_PEERS_MAX; i++) { /* and the other end */
        assert_ok(tr_border_connected(border, UINT64_C(0x3333) + i));
    }
    assert_fails(tr_border_connected(border, 0x3333), LIMIT_REACHED);
    assert_fails(tr_border_connected(border, wires->ends[0].node), BAD_ARGUMENT);
    assert_fails(tr_border_connected(border, 0), BAD_ARGUMENT);
    assert_ok(tr_border_connected(border, 0x3334)); /* known, and lost first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(tells_whoever_waits_once),
        WITH_WIRES(refuses_at_once_what_cannot_go),
        WITH_WIRES(reaches_the_same_actors_when_it_is_there_again),
        WITH_WIRES(says_of_an_incarnation_that_is_over_that_it_is),
        WITH_WIRES(cancels_what_was_asked_from_there),
        WITH_WIRES(forgets_old_incarnations_one_day),
        WITH_WIRES(are_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
