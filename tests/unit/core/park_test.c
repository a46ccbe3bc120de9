/* SPDX-License-Identifier: MIT */
/* What a behavior's sends to full mailboxes promise: it goes on, they keep their order, and each
 * one arrives or comes back. */
#include "core/park.h"

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static const troupe_type poke_type = TROUPE_SIGNAL("poke");

/* The argument and state of a behavior that does `act`, says what it gets and what comes back. */

struct plot {
    struct script script;
    troupe_error (*act)(troupe_self *self, const struct script *script);
    troupe_error refused_verdict;
    bool keeps_refused;
};

static troupe_error parker_start(troupe_self *self, void *state, void *argument)
{
    struct plot **plot = state;
    *plot = argument;
    TROUPE_AUTO(troupe_message) *poke = NULL;
    const troupe_error error = troupe_message_create(self, &poke_type, NULL, &poke);
    return error ? error : troupe_send_message(self, troupe_self_ref(self), &poke);
}

static troupe_error parker_poked(troupe_self *self, void *state, troupe_message **message)
{
    (void) message;
    struct plot **plot = state;
    return (*plot)->act(self, &(*plot)->script);
}

static troupe_error parker_other(troupe_self *self, void *state, troupe_message **message)
{
    struct plot **plot = state;
    (void) self;
    if (troupe_message_is(*message, &troupe_tick_type)) {
        probe_say((*plot)->script.seen, "tick");
    } else {
        probe_say((*plot)->script.seen, "got %llu", (unsigned long long) item_of(*message));
    }
    return TROUPE_OK;
}

static troupe_error parker_refused(troupe_self *self, void *state, troupe_error reason,
                                   troupe_message **message)
{
    struct plot **plot = state;
    (void) self;
    probe_say((*plot)->script.seen, "back %llu %s", (unsigned long long) item_of(*message),
              troupe_error_name(reason));
    if ((*plot)->keeps_refused) {
        troupe_message_destroy(message);
    }
    return (*plot)->refused_verdict;
}

static const troupe_handles parker_handlers[] = {{.type = &poke_type, .handler = parker_poked},
                                                 {0}};
static const troupe_behavior parker_behavior =
    TROUPE_BEHAVIOR(.name = "parker", .state_size = sizeof(struct plot *), .start = parker_start,
                    .handlers = parker_handlers, .other = parker_other, .refused = parker_refused);
static const troupe_behavior careless_behavior =
    TROUPE_BEHAVIOR(.name = "careless", .state_size = sizeof(struct plot *), .start = parker_start,
                    .handlers = parker_handlers, .other = parker_other);

static troupe_ref a_parker(tr_world *world, struct plot *plot)
{
    return a_root(world,
                  TROUPE_SPAWN(.behavior = &parker_behavior, .argument = plot,
                               .place = TROUPE_PLACE_ANY, .parked_max = 3, .parked_bytes = 2000));
}

static troupe_ref a_paused(tr_world *world, struct receiver *receiver, uint32_t capacity)
{
    return a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = receiver,
                                      .mailbox_capacity = capacity));
}

static troupe_error send_count(troupe_self *self, const struct script *script)
{
    for (uint64_t i = 1; i <= script->count; i++) {
        const troupe_error error = send_item(self, script->to, i, script->options);
        if (error) {
            probe_say(script->seen, "%llu %s", (unsigned long long) i, troupe_error_name(error));
        }
    }
    return TROUPE_OK;
}

/* Promise: PARK-ORDER */
static void delivers_what_is_parked_in_order(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen, .count = 4}, .act = send_count};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "1", "2", "3", "4");
    assert_false(is_waiting_flag_set(*state, plot.script.to));
    drop_probe(&seen);
}

/* Promise: PARK-LIMIT */
static void refuses_more_messages_than_may_be_parked(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen, .count = 6}, .act = send_count};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "5 LIMIT_REACHED", "6 LIMIT_REACHED", "1", "2", "3", "4");
    drop_probe(&seen);
}

static troupe_error send_bulks(troupe_self *self, const struct script *script)
{
    for (uint64_t i = 1; i <= 3; i++) {
        say_error(script->seen, "bulk", send_bulk(self, script->to, 900, NULL));
    }
    return TROUPE_OK;
}

/* Promise: PARK-LIMIT */
static void refuses_more_bytes_than_may_be_parked(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen}, .act = send_bulks};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);
    plot.act = send_bulks;

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "bulk OK", "bulk OK", "bulk OK", "900", "900", "900");
    drop_probe(&seen);
}

static troupe_error send_big_bulks(troupe_self *self, const struct script *script)
{
    say_error(script->seen, "bulk", send_bulk(self, script->to, 1100, NULL));
    say_error(script->seen, "bulk", send_bulk(self, script->to, 1100, NULL));
    say_error(script->seen, "bulk", send_bulk(self, script->to, 1100, NULL));
    return TROUPE_OK;
}

/* Promise: PARK-LIMIT */
static void parks_no_message_that_exceeds_the_bytes(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen}, .act = send_big_bulks};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "bulk OK", "bulk OK", "bulk LIMIT_REACHED", "1100", "1100");
    drop_probe(&seen);
}

static troupe_error park_and_listen(troupe_self *self, const struct script *script)
{
    troupe_timer timer;
    const troupe_error error =
        troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(1)), &timer);
    return error ? error : send_count(self, script);
}

/* Promise: PARK-QUIET */
static void takes_ticks_but_no_user_message_while_it_has_parked(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen, .count = 2}, .act = park_and_listen};
    plot.script.to = a_paused(*state, &receiver, 1);
    struct script sender = {.seen = seen, .count = 1};
    sender.to = a_parker(*state, &plot);
    tr_world_run(*state);
    (void) a_root(*state, TROUPE_SPAWN(.body = sender_body, .argument = &sender));

    tr_world_advance(*state, 5 * MS);
    assert_said(seen, "tick");

    tr_world_advance(*state, 100 * MS);
    assert_int_equal(probe_count(seen), 4);
    assert_int_equal(probe_count_of(seen, "got 1"), 1);
    drop_probe(&seen);
}

static troupe_error send_expiring(troupe_self *self, const struct script *script)
{
    (void) send_item(self, script->to, 1, NULL);
    say_error(script->seen, "sent",
              send_item(self, script->to, 2, TROUPE_SEND(.expires = TROUPE_WITHIN_MS(5))));
    say_error(script->seen, "sent", send_item(self, script->to, 3, NULL));
    return TROUPE_OK;
}

/* Promise: PARK-RETURN */
static void gives_back_what_expires_and_delivers_the_rest(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen}, .act = send_expiring};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "sent OK", "sent OK", "back 2 EXPIRED", "1", "3");
    drop_probe(&seen);
}

/* The second is parked for 5 ms at most, the third for longer than need be, the fourth not. */
static troupe_error send_patiently(troupe_self *self, const struct script *script)
{
    static const uint64_t patience_ms[] = {1, 5, 50, 0};
    for (uint64_t i = 0; i < 4; i++) {
        const troupe_timeout timeout = troupe_timeout_of_ns(patience_ms[i] * MS + (i == 3 ? 1 : 0));
        say_error(script->seen, "sent",
                  send_item(self, script->to, i + 1, TROUPE_SEND(.timeout = timeout)));
    }
    return TROUPE_OK;
}

/* Promise: PARK-RETURN */
static void gives_back_what_was_parked_too_long_and_delivers_the_rest(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen}, .act = send_patiently};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);

    tr_world_advance(*state, 6 * MS);
    assert_said(seen, "sent OK", "sent OK", "sent OK", "sent MAILBOX_FULL", "back 2 TIMED_OUT");
    advance_within_bounds(*state, 100 * MS);

    assert_int_equal(probe_count(seen), 7);
    assert_string_equal(probe_line(seen, 5), "1");
    assert_string_equal(probe_line(seen, 6), "3");
    drop_probe(&seen);
}

static troupe_error stop_other(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    return troupe_stop(self, script->other);
}

static troupe_error cancel_other(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    return troupe_cancel(self, script->other);
}

/* Two messages parked; then `body` is run with the parker or the receiver as `other`. */
static void park_then(tr_world *world, struct plot *plot, const troupe_behavior *behavior,
                      troupe_body *body, bool is_about_receiver)
{
    struct receiver receiver = {.pause_ms = 1000};
    plot->act = send_count;
    plot->script.count = 3;
    plot->script.to = a_paused(world, &receiver, 1);
    const troupe_ref parker = a_root(
        world, TROUPE_SPAWN(.behavior = behavior, .argument = plot, .place = TROUPE_PLACE_ANY));
    tr_world_run(world);
    struct script killer = {.other = is_about_receiver ? plot->script.to : parker};
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = &killer));
    tr_world_advance(world, 10 * MS);
    assert_true(tr_world_stop(world));
}

/* Promise: PARK-RETURN */
static void gives_all_back_when_the_receiver_ends(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}};
    park_then(*state, &plot, &parker_behavior, stop_other, true);
    assert_said(seen, "back 2 STALE", "back 3 STALE");
    drop_probe(&seen);
}

/* Promise: PARK-RETURN */
static void lets_the_behavior_keep_what_comes_back(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}, .keeps_refused = true};
    park_then(*state, &plot, &parker_behavior, stop_other, true);
    assert_said(seen, "back 2 STALE", "back 3 STALE");
    drop_probe(&seen);
}

/* Promise: PARK-RETURN */
static void buries_what_a_behavior_without_refused_gets_back(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}};
    park_then(*state, &plot, &careless_behavior, stop_other, true);
    uint64_t refused = 0;
    for (uint32_t i = 0; i < tr_world_worker_count(*state); i++) {
        refused += tr_world_worker(*state, i)->ledger.dead_letters[TROUPE_DEAD_REFUSED];
    }
    assert_int_equal(refused, 2);
    assert_silent(seen);
    drop_probe(&seen);
}

/* Promise: PARK-RETURN */
static void gives_all_back_when_it_is_stopped(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}};
    park_then(*state, &plot, &parker_behavior, stop_other, false);
    assert_said(seen, "back 2 STOPPING", "back 3 STOPPING");
    drop_probe(&seen);
}

/* Promise: PARK-RETURN */
static void gives_all_back_when_it_is_cancelled(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}};
    park_then(*state, &plot, &parker_behavior, cancel_other, false);
    assert_said(seen, "back 2 CANCELLED", "back 3 CANCELLED");
    drop_probe(&seen);
}

/* Promise: PARK-RETURN */
static void accounts_for_all_when_refused_fails(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}, .refused_verdict = TROUPE_ERROR_FAILED};
    park_then(*state, &plot, &parker_behavior, stop_other, false);
    assert_said(seen, "back 2 STOPPING", "back 3 STOPPING");
    assert_sound(*state);
    drop_probe(&seen);
}

/* Promise: PARK-RETURN */
static void accounts_for_all_when_refused_fails_while_it_lives(void **state)
{
    struct probe *seen = a_probe();
    struct plot plot = {.script = {.seen = seen}, .refused_verdict = TROUPE_ERROR_FAILED};
    park_then(*state, &plot, &parker_behavior, stop_other, true);
    assert_said(seen, "back 2 STALE");
    assert_sound(*state);
    drop_probe(&seen);
}

static troupe_error send_differently(troupe_self *self, const struct script *script)
{
    (void) send_item(self, script->to, 1, NULL);
    say_error(script->seen, "waits", send_item(self, script->to, 2, NULL));
    say_error(script->seen, "tries",
              send_item(self, script->to, 3, TROUPE_SEND(.timeout = TROUPE_NOW)));
    say_error(script->seen, "with margin",
              send_item(self, script->to, 4, TROUPE_SEND(.margin = 1)));
    say_error(script->seen, "too large", send_bulk(self, script->to, BULK_MAX, NULL));
    return TROUPE_OK;
}

/* Promise: PARK-ORDER */
static void treats_a_receiver_with_parked_messages_as_full(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct plot plot = {.script = {.seen = seen}, .act = send_differently};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_parker(*state, &plot);

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "waits OK", "tries MAILBOX_FULL", "with margin MAILBOX_FULL",
                "too large TOO_LARGE", "1", "2");
    drop_probe(&seen);
}

static troupe_error forwarder_other(troupe_self *self, void *state, troupe_message **message)
{
    const struct plot *const *plot = state;
    return troupe_forward(self, (*plot)->script.to, message);
}

static troupe_error forwarder_start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    struct plot **plot = state;
    *plot = argument;
    return TROUPE_OK;
}

static const troupe_behavior forwarder_behavior =
    TROUPE_BEHAVIOR(.name = "forwarder", .state_size = sizeof(struct plot *),
                    .start = forwarder_start, .other = forwarder_other);

static troupe_error ask_once(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *question = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = make_item(self, 7, &question);
    if (error == TROUPE_OK) {
        error = troupe_ask_message(self, script->to, &question, TROUPE_WITHIN_S(5), &reply);
    }
    say_error(script->seen, "asked", error);
    return TROUPE_OK;
}

/* Promise: PARK-FORWARD */
static void answers_the_asker_of_a_forwarded_request_that_comes_back(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.pause_ms = 1000};
    struct plot plot = {.script = {.seen = seen, .count = 1}};
    plot.script.to = a_paused(*state, &receiver, 1);
    (void) a_root(*state, TROUPE_SPAWN(.body = sender_body, .argument = &plot.script));
    struct script asker = {.seen = seen};
    asker.to = a_root(*state, TROUPE_SPAWN(.behavior = &forwarder_behavior, .argument = &plot,
                                           .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = ask_once, .argument = &asker));
    tr_world_run(*state);

    struct script killer = {.other = plot.script.to};
    (void) a_root(*state, TROUPE_SPAWN(.body = stop_other, .argument = &killer));
    tr_world_advance(*state, 10 * MS);

    assert_said(seen, "asked STALE");
    drop_probe(&seen);
}

#define IN_WORLDS(test) WITH_WORLD(test), WITH_WORLD_OF_THREE(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(delivers_what_is_parked_in_order),
        IN_WORLDS(refuses_more_messages_than_may_be_parked),
        IN_WORLDS(refuses_more_bytes_than_may_be_parked),
        IN_WORLDS(parks_no_message_that_exceeds_the_bytes),
        IN_WORLDS(takes_ticks_but_no_user_message_while_it_has_parked),
        IN_WORLDS(gives_back_what_expires_and_delivers_the_rest),
        IN_WORLDS(gives_back_what_was_parked_too_long_and_delivers_the_rest),
        IN_WORLDS(gives_all_back_when_the_receiver_ends),
        IN_WORLDS(lets_the_behavior_keep_what_comes_back),
        IN_WORLDS(buries_what_a_behavior_without_refused_gets_back),
        IN_WORLDS(gives_all_back_when_it_is_stopped),
        IN_WORLDS(gives_all_back_when_it_is_cancelled),
        IN_WORLDS(accounts_for_all_when_refused_fails),
        IN_WORLDS(accounts_for_all_when_refused_fails_while_it_lives),
        IN_WORLDS(treats_a_receiver_with_parked_messages_as_full),
        IN_WORLDS(answers_the_asker_of_a_forwarded_request_that_comes_back),
    };
    return cmocka_run_group_tests_name("park", tests, NULL, NULL);
}
