/* SPDX-License-Identifier: MIT */
/* What goes to another node: that it is bounded, ordered, counted and in time. */
#include "cluster/peer.h"
#include "core/actor.h"
#include "core/types.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static troupe_error sends_many(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (; cast->count < cast->number && error == TROUPE_OK; cast->count++) {
        error = send_figure(self, cast->refs[0], cast->count + 1);
    }
    return tell(cast, "sent", error);
}

static troupe_error counts_in_order(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        cast->count++;
        if (figure_of(message) != cast->count) {
            probe_say(cast->seen, "%d came as %d", (int) figure_of(message), (int) cast->count);
        }
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-BOUND */
static void waits_in_a_bounded_mailbox_while_the_wire_takes_nothing(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 3 * TR_CARRIER_CAPACITY};
    struct cast there = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1,
                              TROUPE_SPAWN(.body = counts_in_order, .argument = &there,
                                           .mailbox_capacity = 4 * TR_CARRIER_CAPACITY));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));

    wires_run(wires, 20 * MS);
    const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
    assert_silent(cast.seen);
    /* What the carrier had in hand at its first turn, and its mailbox. */
    assert_in_range(cast.count, TR_CARRIER_CAPACITY, 2 * TR_CARRIER_CAPACITY);
    assert_non_null(peer->out.head);
    wires->ends[0].is_stuck = false;
    wires_run(wires, 50 * MS);

    assert_said(cast.seen, "sent OK");
    assert_silent(there.seen);
    assert_int_equal(there.count, cast.number);
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

/* Promise: REMOTE-BOUND */
static void is_stopped_even_while_the_wire_takes_nothing(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 3};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));
    wires_run(wires, 5 * MS);

    assert_true(tr_world_stop(wires->ends[0].world));
    const troupe_counts counts = wires_counts(wires, 0);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_UNREACHABLE] +
                         counts.dead_letters[TROUPE_DEAD_STOPPING], /* still in the mailbox */
                     3);
    drop_probe(&cast.seen);
}

static troupe_error sends_on_and_on(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 100 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], 1);
        error = error ? error : troupe_sleep(self, troupe_timeout_of_ns(MS / 10));
    }
    return tell(cast, "sent", error);
}

/* Promise: REMOTE-BOUND */
static void takes_in_what_comes_until_it_is_stopped(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 3};
    struct cast there = {.seen = a_probe()};
    there.refs[0] = wires_root(wires, 0, TROUPE_SPAWN(.body = play_idle));
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));
    (void) wires_root(wires, 1, TROUPE_SPAWN(.body = sends_on_and_on, .argument = &there));
    wires_run(wires, 2 * MS);

    tr_virtual_node_stop(tr_fleet_berth(tr_world_fleet(wires->ends[0].world), 0)->node);
    wires_run(wires, 20 * MS);
    assert_said(there.seen, "sent OK");
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

static troupe_error asks_once(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), &answer));
}

/* Who asks again and again, and takes no answer, does not fill the memory of who answers.
 * Promise: REMOTE-HOSTILE */
static void has_so_many_answers_at_most(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler));
    tr_peer *peer = tr_border_peer(&wires->ends[1].border, wires->ends[0].node);
    peer->answer_bytes = TR_ANSWERS_BYTES_MAX;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_once, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_said(cast.seen, "ask LIMIT_REACHED");
    assert_int_equal(peer->answer_bytes, TR_ANSWERS_BYTES_MAX);
    peer->answer_bytes = 0;
    probe_clear(cast.seen);

    wires->ends[1].is_stuck = true;
    peer->at_once = TR_ANSWERS_AT_ONCE_MAX - 1; /* as if there were so many */
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_once, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_int_equal(wires->ends[1].border.counts.offences, 0);
    assert_int_equal(peer->answer_bytes, sizeof(uint64_t));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_once, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_int_equal(wires->ends[1].border.counts.offences, 1);
    wires->ends[1].is_stuck = false;
    wires_run(wires, 5 * MS);
    assert_said(cast.seen, "ask NODE_LOST", "ask NODE_LOST");
    assert_int_equal(peer->answer_bytes, 0);
    drop_probe(&cast.seen);
}

static troupe_error tells_its_time(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const uint64_t left_ns = troupe_message_remaining(self, message).ns;
        probe_say(cast->seen, "%d left", (int) (left_ns / UINT64_C(1000000)));
        (void) reply_figure(self, message, 1);
    }
    return TROUPE_OK;
}

static troupe_error asks_within_100(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    (void) tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_MS(100), &answer));
    return TROUPE_OK;
}

/* Promise: REMOTE-BUDGET */
static void takes_the_time_that_is_left_along(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = tells_its_time, .argument = &cast));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_within_100, .argument = &cast));

    wires_run(wires, 60 * MS); /* spent at the sender */
    wires->ends[0].is_stuck = false;
    wires_run(wires, 10 * MS);

    assert_int_equal(probe_count(cast.seen), 2);
    const char *left = probe_line(cast.seen, 0);
    assert_true(left[0] == '3' || (left[0] == '4' && left[1] == '0'));
    assert_string_equal(probe_line(cast.seen, 1), "ask OK");
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-BUDGET */
static void takes_along_how_long_it_has_waited_in_a_session(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = tells_its_time, .argument = &cast));
    wires->age_ns = 60 * MS;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_within_100, .argument = &cast));

    wires_run(wires, 10 * MS);
    assert_int_equal(probe_count(cast.seen), 2);
    const char *left = probe_line(cast.seen, 0);
    assert_true(left[0] == '3' || (left[0] == '4' && left[1] == '0'));
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-BUDGET */
static void does_not_go_when_its_time_is_over(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = tells_its_time, .argument = &cast));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_within_100, .argument = &cast));

    wires_run(wires, 120 * MS);
    wires->ends[0].is_stuck = false;
    wires_run(wires, 10 * MS);

    assert_said(cast.seen, "ask TIMED_OUT");
    assert_int_equal(wires_counts(wires, 0).outcomes[TROUPE_OUTCOME_EXPIRED], 1);
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-BUDGET */
static void is_given_up_at_its_deadline_though_the_answer_is_lost(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    wires->ends[0].is_deaf = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_within_100, .argument = &cast));

    wires_run(wires, 150 * MS);
    const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
    assert_said(cast.seen, "ask TIMED_OUT");
    assert_int_equal(peer->numbers.own.count, 1);
    wires_run(wires, 2000 * MS);

    assert_int_equal(peer->numbers.own.count, 0);
    drop_probe(&cast.seen);
}

static troupe_error asks_within_1500(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_MS(1500), NULL)) ==
                   TROUPE_OK
               ? TROUPE_ERROR_FAILED
               : TROUPE_OK;
}

/* Promise: REMOTE-BUDGET */
static void is_forgotten_when_its_deadline_is_over_however_late_that_is(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    wires->ends[0].is_deaf = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_within_1500, .argument = &cast));
    wires_run(wires, 3000 * MS);
    const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
    assert_said(cast.seen, "ask TIMED_OUT");
    assert_int_equal(peer->numbers.own.count, 0);
    drop_probe(&cast.seen);
}

static troupe_error sends_bulks(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    while (send_bulk(self, cast->refs[0], 900 << 10, NULL) == TROUPE_OK) {
        cast->count++;
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-BOUND */
static void waits_up_to_so_many_bytes(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.refs = {{.node = wires->ends[1].node, .slot = 1, .generation = 1}}};
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_bulks, .argument = &cast));
    wires_run(wires, 10 * MS);
    /* Its mailbox, and what it had in hand when it was choked. */
    assert_in_range(cast.count, TR_SHAKEN(9, 1), TR_WINDOW_BYTES / (900 << 10) + 10);
    wires_cut(wires, true);
}

static troupe_error says_when_cancelled(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(10)));
}

static troupe_error asks_long(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(9), &answer));
}

/* Promise: REMOTE-CANCEL */
static void is_cancelled_there_when_its_asker_is_cancelled_here(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = says_when_cancelled, .argument = &cast));
    const troupe_ref asker =
        wires_root(wires, 0, TROUPE_SPAWN(.body = asks_long, .argument = &cast));
    wires_run(wires, 5 * MS);

    const tr_address address = {.slot = asker.slot, .generation = asker.generation};
    assert_ok(tr_actor_signal(tr_world_worker(wires->ends[0].world, 0), address, TR_SIGNAL_CANCEL));
    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "ask CANCELLED", "slept CANCELLED");
    const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
    assert_int_equal(peer->numbers.own.count, 0);
    drop_probe(&cast.seen);
}

static troupe_error forwards_all(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        (void) tell(cast, "forward", troupe_forward(self, cast->refs[1], &message));
    }
    return TROUPE_OK;
}

static troupe_error asks_for_double(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 21, TROUPE_WITHIN_S(1), &answer);
    probe_say(cast->seen, "answer %d %s", (int) answer, troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: REMOTE-FORWARD */
static void is_forwarded_and_answered_to_its_asker(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    /* Here to there; and there to here and back again. */
    cast.refs[1] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    cast.refs[0] = wires_root(wires, 0, TROUPE_SPAWN(.body = forwards_all, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_for_double, .argument = &cast));
    wires_run(wires, 10 * MS);
    assert_said(cast.seen, "forward OK", "answer 42 OK");
    probe_clear(cast.seen);

    (void) wires_root(wires, 1, TROUPE_SPAWN(.body = asks_for_double, .argument = &cast));
    wires_run(wires, 10 * MS);

    assert_said(cast.seen, "forward OK", "answer 42 OK");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(waits_in_a_bounded_mailbox_while_the_wire_takes_nothing),
        WITH_WIRES(is_stopped_even_while_the_wire_takes_nothing),
        WITH_WIRES(takes_in_what_comes_until_it_is_stopped),
        WITH_WIRES(has_so_many_answers_at_most),
        WITH_WIRES(takes_the_time_that_is_left_along),
        WITH_WIRES(takes_along_how_long_it_has_waited_in_a_session),
        WITH_WIRES(does_not_go_when_its_time_is_over),
        WITH_WIRES(is_given_up_at_its_deadline_though_the_answer_is_lost),
        WITH_WIRES(is_forgotten_when_its_deadline_is_over_however_late_that_is),
        WITH_WIRES(waits_up_to_so_many_bytes),
        WITH_WIRES(is_cancelled_there_when_its_asker_is_cancelled_here),
        WITH_WIRES(is_forwarded_and_answered_to_its_asker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
