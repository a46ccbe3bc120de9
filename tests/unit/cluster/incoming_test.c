/* SPDX-License-Identifier: MIT */
/* What comes from another node: it is admitted, answered and watched like what is sent here. */
#include "cluster/peer.h"

#include <string.h>

#include "core/actor.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static troupe_error sends_five(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 5 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return tell(cast, "sent", error);
}

/* Promise: REMOTE-TELL */
static void comes_in_the_order_sent(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_five, .argument = &cast));

    wires_run(wires, 10 * MS);

    assert_said(cast.seen, "sent OK", "got 1", "got 2", "got 3", "got 4", "got 5");
    drop_probe(&cast.seen);
}

static troupe_error asks_for_double(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 21, TROUPE_WITHIN_S(1), &answer);
    probe_say(cast->seen, "answer %d %s", (int) answer, troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: REMOTE-ASK */
static void is_answered_there(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_for_double, .argument = &cast));

    wires_run(wires, 10 * MS);

    assert_said(cast.seen, "answer 42 OK");
    drop_probe(&cast.seen);
}

static troupe_error fails_saying(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error
                 : troupe_fail(self, TROUPE_ERROR_PROTOCOL, "%s", (const char *) cast->more);
}

static troupe_error asks_why(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    for (unsigned i = 0; i < 3; i++) {
        const troupe_error error = ask_figure(self, cast->refs[i], 1, TROUPE_WITHIN_S(1), &answer);
        const char *text = NULL;
        const troupe_error cause = troupe_last_failure(self, &text);
        probe_say(cast->seen, "%s %s %.8s %d", troupe_error_name(error), troupe_error_name(cause),
                  text, (int) strlen(text));
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-WHY */
static void is_told_why_the_receiver_failed(void **state)
{
    struct wires *wires = *state;
    char long_text[400];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    struct cast cast = {.seen = a_probe()};
    char brief_text[] = "no tea";
    struct cast brief = {.more = brief_text};
    struct cast lengthy = {.more = long_text};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = fails_saying, .argument = &brief));
    cast.refs[1] = wires_root(wires, 1, TROUPE_SPAWN(.body = fails_saying, .argument = &lengthy));
    cast.refs[2] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_failing));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_why, .argument = &cast));

    wires_run(wires, 20 * MS);

    assert_int_equal(probe_count(cast.seen), 3);
    assert_string_equal(probe_line(cast.seen, 0), "HANDLER_FAILED PROTOCOL no tea 6");
    assert_string_equal(probe_line(cast.seen, 1), "HANDLER_FAILED PROTOCOL xxxxxxxx 255");
    assert_string_equal(probe_line(cast.seen, 2), "HANDLER_FAILED FAILED  0");
    drop_probe(&cast.seen);
}

/* Asks and tells an actor that has ended, one that never was, and a fellow of it. */
static troupe_error tries_the_dead(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    troupe_ref unknown = cast->refs[0];
    unknown.slot += 1000;
    (void) tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), &answer));
    (void) tell(cast, "ask", ask_figure(self, unknown, 1, TROUPE_WITHIN_S(1), &answer));
    (void) tell(cast, "tell", send_figure(self, cast->refs[0], 1));
    return TROUPE_OK;
}

static troupe_error ends_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

/* Promise: REMOTE-STALE */
static void is_told_that_the_receiver_has_ended(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = ends_at_once));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_the_dead, .argument = &cast));

    wires_run(wires, 10 * MS);

    assert_said(cast.seen, "ask STALE", "ask NO_SUCH_ACTOR", "tell OK");
    assert_int_equal(wires_counts(wires, 1).dead_letters[TROUPE_DEAD_STALE], 1);
    drop_probe(&cast.seen);
}

static troupe_error sends_three_and_fails(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(2));
    for (uint64_t i = 1; i <= 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[1], i);
    }
    return error ? error : TROUPE_ERROR_PROTOCOL;
}

static troupe_error watches_and_listens(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id id;
    const troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    (void) tell(cast, "monitor", error);
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        if (down == NULL) {
            probe_say(cast->seen, "got %d", (int) figure_of(message));
        } else {
            probe_say(cast->seen, "down %d %s %s", (int) down->kind,
                      troupe_error_name(down->reason),
                      troupe_ref_is_same(down->actor, cast->refs[0]) ? "the one" : "another");
        }
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-MONITOR */
static void is_watched_and_its_end_told_behind_its_messages(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = sends_three_and_fails, .argument = &cast));
    cast.refs[1] =
        wires_root(wires, 0, TROUPE_SPAWN(.body = watches_and_listens, .argument = &cast));

    wires_run(wires, 20 * MS);

    assert_said(cast.seen, "monitor OK", "got 1", "got 2", "got 3", "down 2 PROTOCOL the one");
    drop_probe(&cast.seen);
}

static troupe_error watches_and_listens_later(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_monitor_id id;
    troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    return error ? error : play_listener(self, argument);
}

/* Promise: REMOTE-MONITOR */
static void is_told_behind_its_messages_though_there_is_no_room_for_them(void **state)
{
    struct wires *wires = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct cast cast = {.seen = a_probe()};
        cast.refs[0] =
            wires_root(wires, 1, TROUPE_SPAWN(.body = sends_three_and_fails, .argument = &cast));
        cast.refs[1] = wires_root(wires, 0,
                                  TROUPE_SPAWN(.body = watches_and_listens_later, .argument = &cast,
                                               .mailbox_capacity = 1));

        wires_run(wires, 5 * MS);
        const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
        assert_true(tr_landing_held(&peer->landings) > 0); /* what the DOWN is to stand behind */
        if (i == 1) {
            wires_cut(wires, true);
        }
        wires_run(wires, 20 * MS);

        assert_said(cast.seen, "got 1", "got 2", "got 3", "down PROTOCOL");
        drop_probe(&cast.seen);
    }
}

static troupe_error watches_and_sleeps(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_monitor_id id;
    const troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

/* The teardown looks for what is left. */
static void leaves_nothing_when_the_node_stops_before_it_is_told(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = sends_three_and_fails, .argument = &cast));
    cast.refs[1] = wires_root(
        wires, 0,
        TROUPE_SPAWN(.body = watches_and_sleeps, .argument = &cast, .mailbox_capacity = 1));
    wires_run(wires, 5 * MS);

    assert_true(tr_world_stop(wires->ends[0].world));
    assert_sound(wires->ends[0].world);
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-MONITOR */
static void is_told_at_once_if_it_had_ended(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = ends_at_once));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = watches_and_listens, .argument = &cast));

    wires_run(wires, 20 * MS);

    assert_said(cast.seen, "monitor OK", "down 5 STALE the one");
    drop_probe(&cast.seen);
}

static troupe_error watches_for_a_while(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_monitor_id id;
    troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5));
    probe_say(cast->seen, "watched %d", error == TROUPE_OK && troupe_demonitor(self, id));
    TROUPE_AUTO(troupe_message) *message = NULL;
    return tell(cast, "then", troupe_receive(self, &message, TROUPE_WITHIN_MS(50)));
}

static troupe_error stops_it(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
    return error ? error : troupe_stop(self, cast->refs[0]);
}

/* Promise: REMOTE-MONITOR */
static void is_not_told_after_a_demonitor(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = watches_for_a_while, .argument = &cast));
    (void) wires_root(wires, 1, TROUPE_SPAWN(.body = stops_it, .argument = &cast));

    wires_run(wires, 10 * MS);
    const tr_actor *watched = slot_of(wires->ends[1].world, cast.refs[0])->actor;
    assert_null(watched->watchers);
    wires_run(wires, 90 * MS);

    assert_int_equal(probe_count_of(cast.seen, "watched 1"), 1);
    assert_int_equal(probe_count_of(cast.seen, "then TIMED_OUT"), 1);
    drop_probe(&cast.seen);
}

static troupe_error looks_up(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref found = troupe_ref_none();
    troupe_error error =
        troupe_lookup_on(self, cast->refs[0].node, "clerk", TROUPE_WITHIN_S(1), &found);
    probe_say(cast->seen, "clerk %s %d", troupe_error_name(error),
              troupe_ref_is_same(found, cast->refs[0]));
    error = troupe_lookup_on(self, cast->refs[0].node, "nobody", TROUPE_WITHIN_S(1), &found);
    (void) tell(cast, "nobody", error);
    error = troupe_lookup_on(self, troupe_self_node_id(self), "me", TROUPE_WITHIN_S(1), &found);
    probe_say(cast->seen, "me %s %d", troupe_error_name(error),
              troupe_ref_is_same(found, troupe_self_ref(self)));
    return TROUPE_OK;
}

/* Promise: REMOTE-LOOKUP */
static void is_found_by_name(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle, .name = "clerk", .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = looks_up, .name = "me", .argument = &cast));

    wires_run(wires, 10 * MS);

    assert_said(cast.seen, "clerk OK 1", "nobody NO_SUCH_ACTOR", "me OK 1");
    drop_probe(&cast.seen);
}

static troupe_error answers_its_sender(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const troupe_ref sender = troupe_message_sender(message);
        probe_say(cast->seen, "from the sender %d", troupe_ref_is_same(sender, cast->refs[1]));
        if (send_figure(self, sender, 10 * figure_of(message)) != TROUPE_OK) {
            break;
        }
    }
    return TROUPE_OK;
}

static troupe_error sends_and_listens(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    error = error ? error : send_figure(self, cast->refs[0], 4);
    return error ? error : play_listener(self, argument);
}

/* Promise: REMOTE-REF */
static void names_its_sender_who_can_be_answered(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = answers_its_sender, .argument = &cast));
    cast.refs[1] = wires_root(wires, 0, TROUPE_SPAWN(.body = sends_and_listens, .argument = &cast));

    wires_run(wires, 20 * MS);

    assert_said(cast.seen, "from the sender 1", "got 40");
    drop_probe(&cast.seen);
}

static troupe_error floods(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 40 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    error = error ? error : send_figure(self, cast->refs[1], 1000);
    return tell(cast, "sent", error);
}

static troupe_error listens_later(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
    return error ? error : play_listener(self, argument);
}

/* Promise: REMOTE-FULL */
static void waits_for_room_and_holds_up_nobody_else(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    struct cast other = {.seen = a_probe()};
    cast.refs[0] = wires_root(
        wires, 1, TROUPE_SPAWN(.body = listens_later, .argument = &other, .mailbox_capacity = 2));
    cast.refs[1] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = floods, .argument = &cast));

    wires_run(wires, 10 * MS);
    assert_said(cast.seen, "sent OK", "got 1000");
    assert_silent(other.seen);
    assert_int_equal(depth_of(wires->ends[1].world, cast.refs[0]), 2);
    wires_run(wires, 30 * MS);

    assert_int_equal(probe_count(other.seen), 40);
    assert_string_equal(probe_line(other.seen, 0), "got 1");
    assert_string_equal(probe_line(other.seen, 39), "got 40");
    drop_probe(&cast.seen);
    drop_probe(&other.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(comes_in_the_order_sent),
        WITH_WIRES(is_answered_there),
        WITH_WIRES(is_told_why_the_receiver_failed),
        WITH_WIRES(is_told_that_the_receiver_has_ended),
        WITH_WIRES(is_watched_and_its_end_told_behind_its_messages),
        WITH_WIRES(is_told_behind_its_messages_though_there_is_no_room_for_them),
        WITH_WIRES(leaves_nothing_when_the_node_stops_before_it_is_told),
        WITH_WIRES(is_told_at_once_if_it_had_ended),
        WITH_WIRES(is_not_told_after_a_demonitor),
        WITH_WIRES(is_found_by_name),
        WITH_WIRES(names_its_sender_who_can_be_answered),
        WITH_WIRES(waits_for_room_and_holds_up_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
