/* SPDX-License-Identifier: MIT */
/* Actors that one node spawns for another. */
#include "cluster/nursery.h"

#include "shop.pb-c.h"
#include "support/fixtures.h"
#include "support/offers_fixture.h"

static troupe_error asks_it(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 21, TROUPE_WITHIN_S(1), &answer);
    probe_say(cast->seen, "answer %d %s", (int) answer, troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: REMOTE-SPAWN */
static void are_ready_when_the_spawn_returns(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, SLOWLY);
    (void) make(wires, &wish);
    wires_run(wires, 10 * MS);
    assert_silent(wish.cast.seen);
    wires_run(wires, 20 * MS);
    assert_said(wish.cast.seen, "spawn OK");
    assert_said(there, "born 3", "slept OK");
    assert_nothing_open(wires);
    probe_clear(wish.cast.seen);

    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_it, .argument = &wish));
    wires_run(wires, 5 * MS);
    assert_said(wish.cast.seen, "answer 42 OK");
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN */
static void tell_how_their_start_failed(void **state)
{
    struct wires *wires = *state;
    struct wish failing = a_wish(wires, FAILING);
    struct wish unknown = a_wish(wires, WELL);
    struct wish plain = a_wish(wires, WELL);
    struct wish strange = a_wish(wires, WELL);
    struct wish nowhere = a_wish(wires, WELL);
    unknown.name = "nothing";
    plain.name = "plain";
    strange.name = "shop"; /* whose argument is another */
    nowhere.name = "nowhere";
    nowhere.link = strange.link = failing.link = 1;
    nowhere.watches = failing.watches = true;
    (void) make(wires, &failing);
    (void) make(wires, &unknown);
    (void) make(wires, &plain);
    (void) make(wires, &strange);
    (void) make(wires, &nowhere);
    wires_run(wires, 10 * MS);

    assert_said(failing.cast.seen, "spawn PROTOCOL"); /* of its end nothing else is told */
    assert_said(unknown.cast.seen, "spawn NO_SUCH_ACTOR");
    assert_said(plain.cast.seen, "spawn OK");
    assert_said(strange.cast.seen, "spawn PROTOCOL");
    assert_said(nowhere.cast.seen, "spawn BAD_ARGUMENT");
    assert_nothing_open(wires);
    assert_int_equal(wires->ends[0].border.counts.answers_late, 0);
    drop_probe(&nowhere.cast.seen);
    drop_probe(&failing.cast.seen);
    drop_probe(&unknown.cast.seen);
    drop_probe(&plain.cast.seen);
    drop_probe(&strange.cast.seen);
}

static troupe_error wishes_for_shops(troupe_self *self, void *argument)
{
    const struct wish *wish = argument;
    Shop__Order order = SHOP__ORDER__INIT;
    char note[] = "tea";
    order.note = note;
    for (order.id = 12; order.id < 14; order.id++) {
        troupe_ref ref;
        const troupe_error error = troupe_spawn_on(
            self, wish->node, TROUPE_SPAWN_ON(.name = "shop", .protobuf = &order.base), &ref);
        probe_say(wish->cast.seen, "shop %d", (int) error);
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-SPAWN */
static void have_a_message_as_their_argument(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = wishes_for_shops, .argument = &wish));
    wires_run(wires, 10 * MS);

    assert_said(wish.cast.seen, "shop 0", "shop 1013");
    assert_said(there, "shop for 12, tea", "shop for 13, tea");
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-TIES */
static void are_watched_and_linked_from_their_start(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, AND_FAIL);
    wish.watches = wish.traps = true;
    wish.link = 1;
    (void) make(wires, &wish);
    wires_run(wires, 10 * MS);

    assert_int_equal(probe_count(wish.cast.seen), 3);
    assert_string_equal(probe_line(wish.cast.seen, 0), "spawn OK");
    assert_int_equal(probe_count_of(wish.cast.seen, "down FAILED 2 the one"), 1);
    assert_int_equal(probe_count_of(wish.cast.seen, "exit FAILED 2 the one"), 1);
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-TIES */
static void end_with_who_they_are_linked_to(void **state)
{
    struct wires *wires = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct wish wish = a_wish(wires, WELL);
        wish.link = 1;
        const troupe_ref spawner = make(wires, &wish);
        wires_run(wires, 5 * MS);
        assert_said(wish.cast.seen, "spawn OK");
        probe_clear(there);
        if (i == 0) {
            order(wires, 0, spawner, 99);
        } else {
            wires_cut(wires, true);
            wires_run(wires, 5 * MS);
        }
        assert_said(there, "ends CANCELLED");
        assert_nothing_open(wires);
        drop_probe(&wish.cast.seen);
    }
}

/* Promise: REMOTE-SPAWN-TIES */
static void can_be_unlinked_from(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    wish.link = 1;
    wish.traps = true;
    const troupe_ref spawner = make(wires, &wish);
    wires_run(wires, 5 * MS);
    order(wires, 0, spawner, 98);
    order(wires, 0, wish.cast.refs[0], 99);

    assert_said(wish.cast.seen, "spawn OK", "unlink 1");
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-TIES */
static void that_fail_to_start_strike_nobody(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, NEVER);
    wish.link = 1;
    wish.watches = true;
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    wires_cut(wires, true);
    wires_run(wires, 5 * MS);

    assert_said(wish.cast.seen, "spawn NODE_LOST"); /* and it goes on */
    assert_int_equal(probe_count(there), 2);        /* it is stopped, or cancelled by its link */
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-ENDS */
static void are_stopped_when_they_are_not_ready_in_time(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, NEVER);
    wish.within_ms = 10;
    wish.watches = true;
    (void) make(wires, &wish);
    wires_run(wires, 20 * MS);

    assert_said(wish.cast.seen, "spawn TIMED_OUT");
    assert_said(there, "born 4", "slept STOPPING");
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

static troupe_error cancels(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return troupe_cancel(self, cast->refs[0]);
}

/* Promise: REMOTE-SPAWN-ENDS */
static void are_stopped_when_who_asks_is_cancelled(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, NEVER);
    struct cast cast = {.refs[0] = make(wires, &wish)};
    wires_run(wires, 5 * MS);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = cancels, .argument = &cast));
    wires_run(wires, 5 * MS);

    assert_said(wish.cast.seen, "spawn CANCELLED");
    assert_said(there, "born 4", "slept STOPPING");
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-ENDS */
static void are_stopped_when_who_asks_is_lost(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, NEVER);
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    wires_cut(wires, true);
    wires_run(wires, 5 * MS);

    assert_said(wish.cast.seen, "spawn NODE_LOST");
    assert_said(there, "born 4", "slept STOPPING");
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-ENDS */
static void are_stopped_when_nobody_waits_for_the_answer(void **state)
{
    struct wires *wires = *state;
    for (unsigned i = 0; i < 4; i++) {
        struct wish wish = a_wish(wires, WELL);
        wish.within_ms = 10;
        wish.key = i == 2 ? 5 : 0;
        (void) make(wires, &wish);
        wires->ends[1].is_stuck = true;              /* the answer */
        wires_run(wires, (i == 3 ? 3000 : 20) * MS); /* so late that nothing is known of it */
        assert_said(wish.cast.seen, "spawn TIMED_OUT");
        assert_said(there, "born 1");
        if (i == 1) {
            wires_cut(wires, true);
            wires_connect(wires);
        }
        wires->ends[1].is_stuck = false;
        wires_run(wires, 10 * MS);

        if (i == 2) { /* who has a key asks again */
            assert_said(there, "born 1");
        } else {
            assert_said(there, "born 1", "ends STOPPING");
        }
        probe_clear(there);
        drop_probe(&wish.cast.seen);
    }
}

/* Promise: REMOTE-SPAWN-TIES */
static void end_before_their_node_leaves(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    wish.watches = true;
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    assert_true(tr_world_stop(wires->ends[1].world));
    wires_run(wires, 5 * MS);

    char down[32]; /* so that who watches may have it elsewhere */
    (void) snprintf(down, sizeof down, "down OK %d the one", TROUPE_DOWN_SHUTDOWN);
    assert_said(wish.cast.seen, "spawn OK", down);
    assert_said(there, "born 1", "ends STOPPING");
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN */
static void are_refused_where_they_cannot_go(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    wish.link = 1;
    wish.watches = true;
    wires_cut(wires, true);
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    assert_said(wish.cast.seen, "spawn UNREACHABLE");
    drop_probe(&wish.cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OFFERS(are_ready_when_the_spawn_returns),
        WITH_OFFERS(tell_how_their_start_failed),
        WITH_OFFERS(have_a_message_as_their_argument),
        WITH_OFFERS(are_watched_and_linked_from_their_start),
        WITH_OFFERS(end_with_who_they_are_linked_to),
        WITH_OFFERS(can_be_unlinked_from),
        WITH_OFFERS(that_fail_to_start_strike_nobody),
        WITH_OFFERS(are_stopped_when_they_are_not_ready_in_time),
        WITH_OFFERS(are_stopped_when_who_asks_is_cancelled),
        WITH_OFFERS(are_stopped_when_who_asks_is_lost),
        WITH_OFFERS(are_stopped_when_nobody_waits_for_the_answer),
        WITH_OFFERS(end_before_their_node_leaves),
        WITH_OFFERS(are_refused_where_they_cannot_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
