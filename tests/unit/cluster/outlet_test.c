/* SPDX-License-Identifier: MIT */
/* Windows: what an actor here may have sent to one of another node that has not taken it yet. */
#include "cluster/outlet.h"

#include "cluster/outgoing.h"
#include "cluster/peer.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

enum {
    MANY = TR_SHAKEN(15000, 100),
    CROWD = 300
};

/* What is in all windows of one end. */
static uint64_t places_taken(struct wires *wires, unsigned end)
{
    uint64_t taken = 0;
    const tr_peer *peer = wires_peer(wires, end);
    for (const tr_list *node = tr_list_first(&peer->outlets.all); node != NULL;
         node = tr_list_next(&peer->outlets.all, node)) {
        const tr_outlet *outlet = TR_CONTAINER_OF_CONST(node, tr_outlet, link);
        const tr_slot *slot = tr_system_slot(wires_system(wires, end), outlet->address);
        taken += atomic_load(&slot->admission) & TR_SLOT_DEPTH_MASK;
        assert_true(taken >= outlet->sent);
    }
    return taken;
}

static void assert_all_credited(struct wires *wires)
{
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(places_taken(wires, i), 0);
        assert_int_equal(tr_landing_held(&wires_peer(wires, i)->landings), 0);
    }
}

static troupe_error sends_many(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (; cast->count < cast->number && error == TROUPE_OK; cast->count++) {
        error = send_figure(self, cast->refs[0], cast->count + 1);
    }
    return tell(cast, "sent", error);
}

/* Takes nothing until its time. */
static troupe_error counts_late(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(cast->number));
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        cast->count += error == TROUPE_OK ? 1 : 0;
        if (error == TROUPE_OK && figure_of(message) != cast->count) {
            probe_say(cast->seen, "%d came as %d", (int) figure_of(message), (int) cast->count);
        }
    }
    return TROUPE_OK;
}

/* Promise: CREDIT-SLOWS */
static void slows_who_sends_to_a_slow_one_and_nobody_else(void **state)
{
    struct wires *wires = *state;
    struct cast slow = {.seen = a_probe(), .number = 100};
    struct cast quick = {.seen = slow.seen, .number = 1};
    struct cast first = {.seen = slow.seen, .number = MANY};
    struct cast second = {.seen = slow.seen, .number = MANY};
    wires_open_windows(wires);
    first.refs[0] = wires_root(
        wires, 1, TROUPE_SPAWN(.body = counts_late, .argument = &slow, .mailbox_capacity = 4));
    second.refs[0] = wires_root(
        wires, 1, TROUPE_SPAWN(.body = counts_late, .argument = &quick, .mailbox_capacity = 4));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &first));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &second));

    wires_run(wires, 90 * MS);
    assert_said(slow.seen, "sent OK");
    assert_int_equal(quick.count, MANY);
    assert_in_range(first.count, 1, TR_WINDOW_MOST + 4); /* and the mailbox */
    wires_run(wires, 100 * MS);

    assert_said(slow.seen, "sent OK", "sent OK");
    assert_int_equal(slow.count, MANY);
    const troupe_counts there = wires_counts(wires, 1);
    assert_int_equal(there.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 0);
    assert_all_credited(wires);
    drop_probe(&slow.seen);
}

static troupe_error send_as(troupe_self *self, const struct cast *cast, troupe_on_full on_full,
                            troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, 1, &message);
    return error ? error
                 : troupe_send_message_with(self, cast->refs[0], &message,
                                            TROUPE_SEND(.on_full = on_full, .timeout = timeout,
                                                        .margin = (uint32_t) cast->number));
}

static troupe_error tries(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 2; i++) { /* of what finds room there is credit in between */
        for (error = TROUPE_OK; error == TROUPE_OK; cast->count++) {
            error = send_as(self, cast, TROUPE_ON_FULL_FAIL, (troupe_timeout) {0});
        }
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(5));
    }
    (void) tell(cast, "try", error);
    (void) tell(cast, "drop",
                send_as(self, cast, TROUPE_ON_FULL_DROP_NEWEST, (troupe_timeout) {0}));
    return tell(cast, "wait", send_as(self, cast, TROUPE_ON_FULL_DEFAULT, TROUPE_WITHIN_MS(3)));
}

/* Promise: CREDIT-POLICY */
static void decides_here_what_does_not_wait(void **state)
{
    struct wires *wires = *state;
    wires_open_windows(wires);
    for (unsigned i = 0; i < 2; i++) {
        struct cast cast = {.seen = a_probe(), .number = 2 * i};
        cast.refs[0] =
            wires_root(wires, 1, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
        (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries, .argument = &cast));
        wires_run(wires, 20 * MS);

        assert_said(cast.seen, "try MAILBOX_FULL", "drop OK",
                    i == 0 ? "wait TIMED_OUT" : "wait MAILBOX_FULL");
        assert_in_range(cast.count, 2, TR_WINDOW_MOST + 3); /* one in the mailbox, two in vain */
        drop_probe(&cast.seen);
    }
    assert_int_equal(wires_counts(wires, 0).outcomes[TROUPE_OUTCOME_DROPPED], 2);
    assert_int_equal(wires_counts(wires, 1).outcomes[TROUPE_OUTCOME_DEAD_LETTER], 0);
}

/* Promise: CREDIT-LOST */
static void begin_anew_with_each_connection(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = MANY};
    struct cast there = {.seen = a_probe(), .number = 30};
    wires_open_windows(wires);
    cast.refs[0] = wires_root(
        wires, 1, TROUPE_SPAWN(.body = counts_late, .argument = &there, .mailbox_capacity = 4));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_in_range(cast.count, 1, TR_WINDOW_MOST + 4);
    const uint64_t landed = tr_landing_held(&wires_peer(wires, 1)->landings);
    assert_true(landed > 0);

    wires_cut(wires, true);
    wires_run(wires, 5 * MS);
    assert_int_equal(places_taken(wires, 0), 0);
    assert_int_equal(tr_landing_held(&wires_peer(wires, 1)->landings), landed);
    wires_connect(wires);
    wires_open_windows(wires);
    wires_run(wires, 300 * MS);

    assert_int_equal(wires_peer(wires, 1)->landings.others.messages, 0);
    assert_all_credited(wires); /* and for what had landed before there was none */
    assert_int_equal(wires->ends[0].border.counts.offences, 0);
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

static troupe_error ends_late(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(10));
}

/* Promise: CREDIT-ENDED */
static void come_back_from_one_that_has_ended(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = MANY};
    wires_open_windows(wires);
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = ends_late, .mailbox_capacity = 4));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));
    wires_run(wires, 60 * MS);

    assert_said(cast.seen, "sent OK");
    const troupe_counts counts = wires_counts(wires, 1);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], MANY);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_OVERFLOW], 0);
    assert_all_credited(wires);
    drop_probe(&cast.seen);
}

struct crowd {
    troupe_ref refs[CROWD];
    uint64_t came;
    bool sends;
};

static troupe_error counts_three(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        crowd->came++;
    }
    return TROUPE_OK;
}

static troupe_error sends_to_all(troupe_self *self, void *argument)
{
    const struct crowd *crowd = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < CROWD && error == TROUPE_OK; i++) {
            error = send_figure(self, crowd->refs[i], 1);
        }
    }
    return error;
}

/* Promise: CREDIT-BOUND */
static void are_smaller_the_more_there_are_and_go_when_they_are_idle(void **state)
{
    struct wires *wires = *state;
    static struct crowd crowd;
    crowd = (struct crowd) {.came = 0};
    wires_open_windows(wires);
    for (unsigned i = 0; i < CROWD; i++) {
        crowd.refs[i] =
            wires_root(wires, 1, TROUPE_SPAWN(.body = counts_three, .argument = &crowd));
    }
    const tr_outlets *outlets = &wires_peer(wires, 0)->outlets;
    for (unsigned i = 0; i < 3; i++) {
        (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_to_all, .argument = &crowd));
        wires_run(wires, TR_SHAKEN(20, 400) * MS);
        uint64_t places = 0;
        uint32_t least = TR_WINDOW_MOST;
        for (const tr_list *node = tr_list_first(&outlets->all); node != NULL;
             node = tr_list_next(&outlets->all, node)) {
            const tr_outlet *outlet = TR_CONTAINER_OF_CONST(node, tr_outlet, link);
            places += outlet->places;
            least = outlet->places < least ? outlet->places : least;
        }
        assert_int_equal(places + outlets->left, TR_CREDIT_MESSAGES);
        assert_true(least < TR_WINDOW_MOST);
    }
    assert_int_equal(crowd.came, 9 * CROWD);
    if (!SHAKES) { /* else there is room for few */
        assert_true(outlets->count > CROWD / 2);
    }

    for (unsigned i = 0; i < 5; i++) {
        wires_run(wires, 1000 * MS);
    }
    assert_int_equal(outlets->count, 1 + TR_WINDOWS_READY);
    assert_all_credited(wires);
}

static tr_peer *scarce;

/* What makes windows is told before it is sent to two that have none yet: so that comes while the
 * first is being made. */
static troupe_error sends_meanwhile(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    scarce->outlets.left = TR_WINDOW_LEAST + 1;
    scarce->outlets.wants_more = true;
    tr_outgoing_flush_soon(scarce);
    const troupe_error error = send_figure(self, cast->refs[0], 1);
    return error ? error : send_figure(self, cast->refs[1], 1);
}

/* Promise: CREDIT-BOUND */
static void are_no_more_than_are_left_whatever_comes_meanwhile(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe()};
    struct wires *wires = some_wires(1, 1);
    wires_open_windows(wires);
    scarce = wires_peer(wires, 0);
    const uint32_t before = scarce->outlets.left;
    for (unsigned i = 0; i < 2; i++) {
        cast.refs[i] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    }
    assert_int_equal(scarce->outlets.windows.ready_count, TR_WINDOWS_READY);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_meanwhile, .argument = &cast));
    wires_run(wires, 2 * MS);
    assert_in_range(scarce->outlets.left, 0, TR_WINDOW_LEAST);
    scarce->outlets.left += before - (TR_WINDOW_LEAST + 1);
    drop_probe(&cast.seen);
    drop_wires(&wires);
}

/* None is made under an actor that has told its children to stop.
 * Promise: REMOTE-BOUND */
static void are_not_made_any_more_when_the_node_stops(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 3};
    wires_open_windows(wires);
    tr_peer *peer = wires_peer(wires, 0);
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));
    wires_run(wires, 2 * MS);
    const tr_virtual_node *node = tr_fleet_berth(tr_world_fleet(wires->ends[0].world), 0)->node;
    tr_virtual_node_stop(tr_fleet_berth(tr_world_fleet(wires->ends[0].world), 0)->node);
    for (unsigned i = 0; i < 100; i++) {
        wires_run(wires, WIRE_STEP_NS);
        if (peer->is_connected) { /* somebody has found no window of his own */
            peer->outlets.wants_more = true;
            tr_outgoing_flush_soon(peer);
        }
    }
    wires_run(wires, 100 * MS);
    assert_true(tr_virtual_node_has_ended(node));
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(slows_who_sends_to_a_slow_one_and_nobody_else),
        WITH_WIRES(decides_here_what_does_not_wait),
        WITH_WIRES(begin_anew_with_each_connection),
        WITH_WIRES(come_back_from_one_that_has_ended),
        WITH_WIRES(are_smaller_the_more_there_are_and_go_when_they_are_idle),
        WITH_WIRES(are_not_made_any_more_when_the_node_stops),
        cmocka_unit_test(are_no_more_than_are_left_whatever_comes_meanwhile),
    };
    return cmocka_run_group_tests_name("outlet", tests, NULL, NULL);
}
