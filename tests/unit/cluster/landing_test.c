/* SPDX-License-Identifier: MIT */
/* What has come for an actor without room, and is in its mailbox later. */
#include "cluster/landing.h"

#include "cluster/peer.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static troupe_error listens_late(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    return error ? error : play_listener(self, argument);
}

/* Promise: CREDIT-POLICY */
static void meets_the_receivers_policy_when_it_enters(void **state)
{
    struct wires *wires = *state;
    const troupe_on_full policies[] = {TROUPE_ON_FULL_WAIT, TROUPE_ON_FULL_FAIL,
                                       TROUPE_ON_FULL_DROP_OLDEST, TROUPE_ON_FULL_DROP_NEWEST,
                                       TROUPE_ON_FULL_DEAD_LETTER};
    const bool lands[] = {true, true, false, false, false};
    wires_open_windows(wires);
    for (unsigned i = 0; i < 5; i++) {
        struct cast cast = {.seen = a_probe(), .number = 4};
        struct cast there = {.seen = a_probe()};
        cast.refs[0] = wires_root(wires, 1,
                                  TROUPE_SPAWN(.body = listens_late, .argument = &there,
                                               .mailbox_capacity = 2, .on_full = policies[i]));
        (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
        wires_run(wires, 5 * MS);
        assert_int_equal(tr_landing_held(&wires_peer(wires, 1)->landings), lands[i] ? 2 : 0);
        wires_run(wires, 15 * MS);

        assert_said(cast.seen, "sent OK");
        if (lands[i]) {
            assert_said(there.seen, "got 1", "got 2", "got 3", "got 4");
        } else if (policies[i] == TROUPE_ON_FULL_DROP_OLDEST) {
            assert_said(there.seen, "got 3", "got 4");
        } else {
            assert_said(there.seen, "got 1", "got 2");
        }
        drop_probe(&cast.seen);
        drop_probe(&there.seen);
    }
    assert_int_equal(wires_counts(wires, 1).dead_letters[TROUPE_DEAD_OVERFLOW], 2);
    assert_int_equal(wires_counts(wires, 1).outcomes[TROUPE_OUTCOME_DROPPED], 4);
}

static troupe_error asks_briefly(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return tell(cast, "ask", ask_figure(self, cast->refs[0], 7, TROUPE_WITHIN_MS(5), &answer));
}

static troupe_error asks_once(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 7, TROUPE_WITHIN_MS(1000), &answer);
    probe_say(cast->seen, "%s %d", troupe_error_name(error), (int) answer);
    return error;
}

/* Asks one that takes nothing, after so many messages and before as many. */
static void assert_told(struct wires *wires, const troupe_spawn_options *receiver, uint64_t before,
                        uint64_t after, const char *told)
{
    struct cast first = {.seen = a_probe(), .number = before};
    struct cast then = {.seen = a_probe(), .number = after};
    first.refs[0] = wires_root(wires, 1, receiver);
    then.refs[0] = first.refs[0];
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &first));
    wires_run(wires, 5 * MS);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_once, .argument = &first));
    wires_run(wires, 5 * MS);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &then));
    wires_run(wires, 5 * MS);
    assert_said(first.seen, "sent OK", told);
    assert_said(then.seen, "sent OK");
    assert_int_equal(tr_landing_held(&wires_peer(wires, 1)->landings), 0);
    drop_probe(&first.seen);
    drop_probe(&then.seen);
}

#define FULL_WITH_TWO .body = play_sleeper, .mailbox_capacity = 2

/* Promise: CREDIT-POLICY */
static void tells_who_asks_what_the_policy_made_of_it(void **state)
{
    struct wires *wires = *state;
    const troupe_ref doubler = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler));
    const char full[] = "MAILBOX_FULL 0";
    wires_open_windows(wires);
    assert_told(wires, TROUPE_SPAWN(FULL_WITH_TWO, .on_full = TROUPE_ON_FULL_CONFLATE), 0, 1, full);
    assert_told(wires, TROUPE_SPAWN(FULL_WITH_TWO, .on_full = TROUPE_ON_FULL_DROP_OLDEST), 0, 3,
                full);
    assert_told(wires, TROUPE_SPAWN(FULL_WITH_TWO, .on_full = TROUPE_ON_FULL_DEAD_LETTER), 2, 1,
                full);
    assert_told(
        wires,
        TROUPE_SPAWN(FULL_WITH_TWO, .on_full = TROUPE_ON_FULL_REDIRECT, .redirect_to = doubler), 2,
        1, "OK 14");
    assert_told(wires, TROUPE_SPAWN(FULL_WITH_TWO, .on_full = TROUPE_ON_FULL_STOP_ACTOR), 2, 1,
                full);
}

static troupe_error spawns_with_redirect(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    const troupe_error error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.body = play_sleeper, .redirect_to = cast->refs[0],
                                  .on_full = TROUPE_ON_FULL_REDIRECT),
                     &ref);
    (void) tell(cast, "spawn", error);
    return TROUPE_OK;
}

/* Promise: MAILBOX-REDIRECT */
static void is_not_where_another_node_redirects(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = spawns_with_redirect, .argument = &cast));
    cast.refs[0] = troupe_ref_none();
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = spawns_with_redirect, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_said(cast.seen, "spawn LOCAL_ONLY", "spawn BAD_ARGUMENT");
    drop_probe(&cast.seen);
}

static troupe_error doubles_late(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
    return error ? error : play_doubler(self, argument);
}

/* Promise: CREDIT-ASK */
static void takes_the_time_of_requests(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 1};
    wires_open_windows(wires);
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = doubles_late, .mailbox_capacity = 1));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_briefly, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_once, .argument = &cast));
    wires_run(wires, 3 * MS);
    assert_int_equal(tr_landing_held(&wires_peer(wires, 1)->landings), 2);
    wires_run(wires, 40 * MS);

    assert_said(cast.seen, "sent OK", "ask TIMED_OUT", "OK 14");
    const troupe_counts there = wires_counts(wires, 1);
    assert_int_equal(
        there.outcomes[TROUPE_OUTCOME_EXPIRED] + there.outcomes[TROUPE_OUTCOME_CANCELLED], 1);
    drop_probe(&cast.seen);
}

/* Promise: CREDIT-BOUND */
static void is_bounded_also_for_who_knows_no_credit(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 3 * TR_ENTRANCE_PARKED_MAX};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    wires_run(wires, 50 * MS);

    assert_said(cast.seen, "sent OK");
    const tr_landings *landings = &wires_peer(wires, 1)->landings;
    assert_int_equal(landings->others.messages, TR_ENTRANCE_PARKED_MAX);
    assert_int_equal(landings->counted.messages, 0);
    assert_int_equal(wires_counts(wires, 1).dead_letters[TROUPE_DEAD_OVERFLOW],
                     2 * TR_ENTRANCE_PARKED_MAX - 1);
    drop_probe(&cast.seen);
}

/* Promise: CREDIT-HOSTILE */
static void refuses_who_has_no_credit_for_it(void **state)
{
    struct wires *wires = *state;
    wires_open_windows(wires);
    tr_border *border = &wires->ends[1].border;
    tr_peer *peer = wires_peer(wires, 1);
    const uint64_t begun = border->counts.connections;
    peer->landings.counted.messages = TR_CREDIT_MESSAGES; /* as if so much had come */
    struct cast cast = {.seen = a_probe(), .number = 2};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    wires_run(wires, 5 * MS);

    assert_int_equal(border->counts.offences, 1);
    assert_true(border->counts.connections > begun);
    peer->landings.others = (tr_landing_count) {0};

    tr_outlet_credit_came(wires_peer(wires, 0), 1, 1, 0); /* nothing is out */
    wires_run(wires, 5 * MS);
    assert_int_equal(wires->ends[0].border.counts.offences, 1);
    drop_probe(&cast.seen);
}

static troupe_error sends_and_ends(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1 + 3 * cast->count));
    for (uint64_t i = 0; i < 20 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

/* Takes its time for each. */
static troupe_error watches(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id id;
    troupe_error error = troupe_monitor(self, cast->refs[1], &id);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && troupe_message_is(message, &troupe_down_type)) {
            probe_say(cast->seen, "down %s", cast->count < cast->number ? "in time" : "last");
        } else if (error == TROUPE_OK) {
            cast->count++;
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        }
    }
    return error;
}

/* A DOWN stands behind what its actor has sent, and not behind all that ever comes after it.
 * Promise: CREDIT-DOWN */
static void has_downs_in_their_places(void **state)
{
    struct wires *wires = *state;
    struct cast first = {.count = 0};
    struct cast second = {.count = 1};
    struct cast there = {.seen = a_probe(), .number = 40};
    wires_open_windows(wires);
    there.refs[1] = wires_root(wires, 0, TROUPE_SPAWN(.body = sends_and_ends, .argument = &first));
    first.refs[0] = wires_root(
        wires, 1, TROUPE_SPAWN(.body = watches, .argument = &there, .mailbox_capacity = 2));
    second.refs[0] = first.refs[0];
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_and_ends, .argument = &second));
    wires_run(wires, 10 * MS);
    assert_int_not_equal(tr_landing_held(&wires_peer(wires, 1)->landings), 0);
    wires_run(wires, 100 * MS);
    assert_said(there.seen, "down in time");
    assert_int_equal(there.count, 40);
    drop_probe(&there.seen);
}

static troupe_error takes_one_in_a_while(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

/* Promise: CREDIT-ASK */
static void finds_a_request_again_as_long_as_it_stands_there(void **state)
{
    struct wires *wires = *state;
    struct cast before = {.seen = a_probe(), .number = 3};
    struct cast after = {.seen = a_probe(), .number = 20};
    uint64_t ticket = 0;
    wires_open_windows(wires);
    before.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = takes_one_in_a_while, .mailbox_capacity = 2));
    after.refs[0] = before.refs[0];
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &before));
    wires_run(wires, MS);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_once, .argument = &before));
    wires_run(wires, MS);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &after));
    wires_run(wires, MS);
    const tr_peer *peer = wires_peer(wires, 1);
    const tr_their *their = tr_numbers_first_their(&peer->numbers);
    assert_non_null(their);
    const tr_landing_stand stand = their->stand;
    const tr_landing_stand other = {
        .message = stand.message, .queue = stand.queue + 1, .place = stand.place};
    const tr_address to = their->to;
    assert_true(tr_landing_has_ask(peer, to, &stand, &ticket));
    assert_int_not_equal(ticket, 0);
    assert_false(tr_landing_has_ask(peer, to, &other, &ticket));
    wires_run(wires, 30 * MS); /* it was taken, and others stand there still */
    assert_true(tr_landing_held(&peer->landings) > 0);
    assert_false(tr_landing_has_ask(peer, to, &stand, &ticket));
    assert_int_equal(ticket, 0);
    wires_run(wires, 200 * MS);
    assert_said(before.seen, "sent OK", "NO_REPLY 0");
    assert_said(after.seen, "sent OK");
    drop_probe(&before.seen);
    drop_probe(&after.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(finds_a_request_again_as_long_as_it_stands_there),
        WITH_WIRES(meets_the_receivers_policy_when_it_enters),
        WITH_WIRES(tells_who_asks_what_the_policy_made_of_it),
        WITH_WIRES(is_not_where_another_node_redirects),
        WITH_WIRES(takes_the_time_of_requests),
        WITH_WIRES(is_bounded_also_for_who_knows_no_credit),
        WITH_WIRES(refuses_who_has_no_credit_for_it),
        WITH_WIRES(has_downs_in_their_places),
    };
    return cmocka_run_group_tests_name("landing", tests, NULL, NULL);
}
