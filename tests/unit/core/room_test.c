/* SPDX-License-Identifier: MIT */
/* What a coroutine's wait for room promises: how it ends, and that an end loses nothing. */
#include "core/room.h"

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_ref a_paused(tr_world *world, struct receiver *receiver)
{
    receiver->pause_ms = 100;
    return a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = receiver,
                                      .mailbox_capacity = 1, .place = TROUPE_PLACE_ANY));
}

static troupe_error send_in_time(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    const uint64_t began_ns = troupe_self_now_ns(self);
    (void) send_item(self, script->to, 1, NULL);
    const troupe_error error =
        send_item(self, script->to, 2, TROUPE_SEND(.timeout = TROUPE_WITHIN_MS(30)));
    probe_say(script->seen, "%s after %llu ms", troupe_error_name(error),
              (unsigned long long) ((troupe_self_now_ns(self) - began_ns) / MS));
    return TROUPE_OK;
}

/* Promise: SEND-TIMEOUT */
static void ends_a_wait_at_its_deadline(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen};
    struct script script = {.seen = seen};
    script.to = a_paused(*state, &receiver);
    (void) a_root(*state, TROUPE_SPAWN(.body = send_in_time, .argument = &script));
    advance_within_bounds(*state, 1000 * MS);
    assert_said(seen, "TIMED_OUT after 30 ms", "1");
    drop_probe(&seen);
}

static troupe_error send_while_handling(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    const uint64_t began_ns = troupe_self_now_ns(self);
    (void) send_item(self, script->other, 1, NULL);
    say_error(script->seen, "sent",
              send_item(self, script->other, 2, TROUPE_SEND(.timeout = TROUPE_FOREVER)));
    say_error(script->seen, "again", send_item(self, script->other, 3, NULL));
    probe_say(script->seen, "%llu ms",
              (unsigned long long) ((troupe_self_now_ns(self) - began_ns) / MS));
    return error;
}

static troupe_error send_with_deadline(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    return send_item(self, script->to, 9, TROUPE_SEND(.expires = TROUPE_WITHIN_MS(20)));
}

/* Promise: SEND-TIMEOUT */
static void ends_a_wait_at_the_deadline_of_the_message_being_handled(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = NULL};
    struct script script = {.seen = seen};
    script.other = a_paused(*state, &receiver);
    script.to = a_root(*state, TROUPE_SPAWN(.body = send_while_handling, .argument = &script));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_with_deadline, .argument = &script));
    advance_within_bounds(*state, 1000 * MS);
    assert_said(seen, "sent TIMED_OUT", "again TIMED_OUT", "20 ms");
    drop_probe(&seen);
}

static troupe_error send_until_cancelled(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) send_item(self, script->to, 1, NULL);
    say_error(script->seen, "waiting", send_item(self, script->to, 2, NULL));
    say_error(script->seen, "again", send_item(self, script->to, 3, NULL));
    say_error(script->seen, "without waiting",
              send_item(self, script->to, 4, TROUPE_SEND(.timeout = TROUPE_NOW)));
    return TROUPE_OK;
}

static troupe_error cancel_one(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) troupe_cancel(self, script->other); /* it may have ended */
    return TROUPE_OK;
}

/* Promise: SEND-CANCEL */
static void fails_every_wait_of_a_cancelled_actor(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen};
    struct script script = {.seen = seen};
    script.to = a_paused(*state, &receiver);
    script.other = a_root(*state, TROUPE_SPAWN(.body = send_until_cancelled, .argument = &script));
    tr_world_run(*state);
    (void) a_root(*state, TROUPE_SPAWN(.body = cancel_one, .argument = &script));
    advance_within_bounds(*state, 1000 * MS);
    assert_said(seen, "waiting CANCELLED", "again CANCELLED", "without waiting MAILBOX_FULL", "1");
    drop_probe(&seen);
}

static troupe_error give_up_often(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = send_item(self, script->to, 1, NULL);
    uint64_t timeouts = 0;
    while (error == TROUPE_OK || error == TROUPE_ERROR_TIMED_OUT) {
        error = send_item(self, script->to, 2, TROUPE_SEND(.timeout = troupe_timeout_of_ns(2)));
        timeouts += error == TROUPE_ERROR_TIMED_OUT ? 1 : 0;
    }
    probe_say(script->seen, "%s after %llu", troupe_error_name(error),
              (unsigned long long) timeouts);
    return TROUPE_OK;
}

/* Promise: SEND-TICKETS */
static void fails_when_too_many_places_in_line_were_given_up_and_are_not_back(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = NULL, .pause_ms = 100};
    struct script script = {.seen = seen};
    script.to = a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                            .mailbox_capacity = 1, .place = TROUPE_PLACE_WORKER,
                                            .place_worker = 1));
    (void) a_root(*state, TROUPE_SPAWN(.body = give_up_often, .argument = &script));
    advance_within_bounds(*state, 1000 * MS);
    assert_said(seen, "MAILBOX_FULL after 16");
    assert_int_equal(depth_of(*state, script.to), 0);
    drop_probe(&seen);
}

/* A sender that is cancelled at about the time it gets its place. */
struct outcome {
    troupe_ref to;
    troupe_error error;
};

static troupe_error send_two(troupe_self *self, void *argument)
{
    struct outcome *outcome = argument;
    (void) send_item(self, outcome->to, 1, NULL);
    outcome->error = send_item(self, outcome->to, 2, NULL);
    return TROUPE_OK;
}

static void cancel_seed(uint64_t seed, void *context)
{
    unsigned *cancelled = context;
    tr_world *world = a_world(seed, 1 + (uint32_t) seed % 3);
    struct receiver receiver = {.seen = NULL};
    struct outcome outcome = {.to = a_paused(world, &receiver)};
    struct script script = {
        .other = a_root(world, TROUPE_SPAWN(.body = send_two, .argument = &outcome))};
    tr_world_advance(world, 100 * MS - (seed % 5) * MS / 2);
    (void) a_root(world, TROUPE_SPAWN(.body = cancel_one, .argument = &script));

    advance_within_bounds(world, 1000 * MS);

    if (outcome.error == TROUPE_OK) {
        assert_int_equal(receiver.count, 2); /* what was sent is delivered */
    } else {
        assert_int_equal(outcome.error, TROUPE_ERROR_CANCELLED);
        assert_int_equal(receiver.count, 1);
        ++*cancelled;
    }
    assert_int_equal(depth_of(world, outcome.to), 0);
    drop_world(&world);
}

/* Promise: SEND-CANCEL */
static void delivers_what_was_sent_and_nothing_else_when_a_cancel_races(void **state)
{
    (void) state;
    unsigned cancelled = 0;
    for_each_seed(100, cancel_seed, &cancelled);
    assert_true(cancelled > 0 && cancelled < 100);
}

/* Promise: MAILBOX-WAIT */
static void counts_sends_that_waited(void **state)
{
    struct receiver receiver = {.seen = NULL};
    struct outcome outcome = {.to = a_paused(*state, &receiver)};
    (void) a_root(*state, TROUPE_SPAWN(.body = send_two, .argument = &outcome));
    tr_world_advance(*state, 1000 * MS);
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.waited, 1);
    assert_int_equal(counts.refused, 0);
    assert_int_equal(outcome.error, TROUPE_OK);
}

#define IN_WORLDS(test) WITH_WORLD(test), WITH_WORLD_OF_THREE(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(ends_a_wait_at_its_deadline),
        IN_WORLDS(ends_a_wait_at_the_deadline_of_the_message_being_handled),
        IN_WORLDS(fails_every_wait_of_a_cancelled_actor),
        WITH_WORLD_OF_TWO(fails_when_too_many_places_in_line_were_given_up_and_are_not_back),
        cmocka_unit_test(delivers_what_was_sent_and_nothing_else_when_a_cancel_races),
        WITH_WORLD(counts_sends_that_waited),
    };
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
