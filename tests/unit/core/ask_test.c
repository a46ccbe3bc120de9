/* SPDX-License-Identifier: MIT */
/* What an ask promises: one answer, a deadline, and what it says when there is no reply. */
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* Spawns the callee and asks it. */
static troupe_error ask_one(troupe_self *self, const struct cast *cast, troupe_body *callee,
                            troupe_timeout timeout)
{
    troupe_ref ref;
    troupe_error error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.body = callee, .argument = (void *) (uintptr_t) cast,
                                  .place = TROUPE_PLACE_ANY),
                     &ref);
    uint64_t answer = 0;
    if (error == TROUPE_OK) {
        error = ask_figure(self, ref, 21, timeout, &answer);
    }
    probe_say(cast->seen, "asked %s %d", troupe_error_name(error), (int) answer);
    return TROUPE_OK;
}

static troupe_error asks_doubler(troupe_self *self, void *argument)
{
    return ask_one(self, argument, play_doubler, TROUPE_WITHIN_S(1));
}

/* Runs a root actor with this body for a minute. */
static void play(tr_world *world, troupe_body *body, struct cast *cast)
{
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(world, UINT64_C(60000000000));
}

/* Promise: ASK-REPLY */
static void gives_the_reply(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_doubler, &cast);
    assert_said(cast.seen, "asked OK 42");
    drop_probe(&cast.seen);
}

static troupe_error asks_idle(troupe_self *self, void *argument)
{
    return ask_one(self, argument, play_idle, TROUPE_WITHIN_S(1));
}

/* Promise: ASK-NO-REPLY */
static void is_told_that_the_request_ended_without_a_reply(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_idle, &cast);
    assert_said(cast.seen, "asked NO_REPLY 0");
    drop_probe(&cast.seen);
}

static troupe_error asks_failing(troupe_self *self, void *argument)
{
    return ask_one(self, argument, play_failing, TROUPE_WITHIN_S(1));
}

/* Promise: ASK-HANDLER-FAILED */
static void is_told_that_the_callee_failed_with_the_request(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_failing, &cast);
    assert_said(cast.seen, "asked HANDLER_FAILED 0");
    drop_probe(&cast.seen);
}

/* Destroys the request and does something long. */
static troupe_error play_careless(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    troupe_message_destroy(&message);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_S(30));
}

static troupe_error asks_careless(troupe_self *self, void *argument)
{
    return ask_one(self, argument, play_careless, TROUPE_WITHIN_S(1));
}

/* Promise: ASK-NO-REPLY */
static void is_told_when_the_destroyer_of_its_request_waits(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_careless, &cast);
    assert_said(cast.seen, "asked NO_REPLY 0");
    drop_probe(&cast.seen);
}

/* Takes one, ends a second later. */
static troupe_error play_leaver(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(500));
}

static troupe_error asks_leaver(troupe_self *self, void *argument)
{
    return ask_one(self, argument, play_leaver, TROUPE_WITHIN_S(1));
}

/* Promise: ASK-STALE */
static void is_told_that_the_callee_ended_with_the_request_queued(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_leaver, &cast);
    assert_said(cast.seen, "asked STALE 0");
    drop_probe(&cast.seen);
}

/* Answers, but after two seconds. */
static troupe_error play_late(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(2)));
    /* The deadline has passed: no more waiting for this message. */
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(2)));
    (void) tell(cast, "replied", reply_figure(self, message, 1));
    /* Replying has lifted it. */
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(2)));
    return error;
}

static troupe_error asks_late(troupe_self *self, void *argument)
{
    const troupe_error error = ask_one(self, argument, play_late, TROUPE_WITHIN_S(1));
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_S(10));
}

/* Promise: ASK-DEADLINE, ASK-LATE, ASK-LIFTED */
static void times_out_and_drops_what_comes_late(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_late, .argument = &cast));
    tr_world_advance(*state, UINT64_C(5000000000));

    assert_int_equal(probe_count(cast.seen), 5);
    assert_int_equal(probe_count_of(cast.seen, "asked TIMED_OUT 0"), 1);
    assert_int_equal(probe_count_of(cast.seen, "slept TIMED_OUT"), 2);
    assert_int_equal(probe_count_of(cast.seen, "replied OK"), 1);
    assert_int_equal(probe_count_of(cast.seen, "slept OK"), 1);
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.late_replies, 1);
    drop_probe(&cast.seen);
}

/* In the middle of a chain: asks on without a limit of its own. */
static troupe_error play_middle(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    const uint64_t before_ns = troupe_self_now_ns(self);
    (void) ask_one(self, cast, play_hoarder, TROUPE_FOREVER);
    probe_say(cast->seen, "after %d ms",
              (int) ((troupe_self_now_ns(self) - before_ns) / UINT64_C(1000000)));
    return error;
}

static troupe_error asks_middle(troupe_self *self, void *argument)
{
    return ask_one(self, argument, play_middle, TROUPE_WITHIN_MS(300));
}

/* Promise: ASK-INHERITED */
static void inherits_the_deadline_of_the_message_being_handled(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_middle, &cast);
    assert_int_equal(probe_count_of(cast.seen, "asked TIMED_OUT 0"), 2);
    assert_true(probe_has(cast.seen, "after 300 ms") || probe_has(cast.seen, "after 299 ms"));
    drop_probe(&cast.seen);
}

/* Is busy while the request waits, then tells what it finds. */
static troupe_error play_busy(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error slept = troupe_sleep(self, TROUPE_WITHIN_S(2));
    (void) tell(cast, "received", troupe_receive(self, &message, TROUPE_NOW));
    return slept;
}

static troupe_error asks_busy(troupe_self *self, void *argument)
{
    (void) ask_one(self, argument, play_busy, TROUPE_WITHIN_S(1));
    return troupe_sleep(self, TROUPE_WITHIN_S(5));
}

/* Promise: ASK-EXPIRED */
static void is_not_handled_after_its_deadline(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_busy, &cast);
    assert_said(cast.seen, "asked TIMED_OUT 0", "received TIMED_OUT");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_EXPIRED], 1);
    drop_probe(&cast.seen);
}

/* A reply larger than the asker accepts. */
static troupe_error play_large(troupe_self *self, void *argument)
{
    static const unsigned char bytes[200];
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        const size_t size = 99 + figure_of(message);
        (void) tell(cast, "made",
                    troupe_message_create_bytes(
                        self, NULL, &(troupe_bytes) {.data = bytes, .size = size}, &reply));
        (void) tell(cast, "replied", troupe_reply_message(self, message, &reply));
        probe_say(cast->seen, reply != NULL ? "kept" : "taken");
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error asks_large(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    const troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = play_large, .argument = argument), &ref);
    (void) tell(cast, "asked", ask_figure(self, ref, 1, TROUPE_WITHIN_S(1), NULL));
    (void) tell(cast, "asked", ask_figure(self, ref, 2, TROUPE_WITHIN_S(1), NULL));
    return error;
}

/* Promise: ASK-REPLY-BYTES */
static void limits_the_size_of_its_reply_on_both_sides(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_large, .argument = &cast, .reply_bytes = 100));
    tr_world_run(*state);
    assert_said(cast.seen, "made OK", "replied OK", "taken", "asked OK", "made OK",
                "replied TOO_LARGE", "kept", "asked TOO_LARGE");
    drop_probe(&cast.seen);
}

/* Asks a full mailbox: the second waits for room until its deadline. */
static troupe_error fills_and_asks(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    const troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1, .place = TROUPE_PLACE_ANY),
        &ref);
    (void) tell(cast, "sent", send_figure(self, ref, 1));
    (void) tell(cast, "asked", ask_figure(self, ref, 2, TROUPE_WITHIN_S(1), NULL));
    return error;
}

/* Promise: ASK-DEADLINE */
static void waits_for_room_until_its_deadline(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, fills_and_asks, &cast);
    assert_said(cast.seen, "sent OK", "asked TIMED_OUT");
    drop_probe(&cast.seen);
}

/* Hands the request on to the doubler. */
static troupe_error play_broker(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "forwarded", troupe_forward(self, cast->refs[0], &message));
    return error;
}

static troupe_error asks_broker(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY), &cast->refs[0]);
    return error ? error : ask_one(self, cast, play_broker, TROUPE_WITHIN_S(1));
}

/* Promise: ASK-FORWARD */
static void is_answered_by_whom_it_was_forwarded_to(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_broker, &cast);
    assert_int_equal(probe_count_of(cast.seen, "forwarded OK"), 1);
    assert_int_equal(probe_count_of(cast.seen, "asked OK 42"), 1);
    drop_probe(&cast.seen);
}

/* Asks and is stopped, then cancelled, while it waits. */
static troupe_error waits_for_ever(troupe_self *self, void *argument)
{
    const troupe_error error = ask_one(self, argument, play_hoarder, TROUPE_FOREVER);
    (void) tell(argument, "asked again",
                ask_figure(self, troupe_self_ref(self), 1, TROUPE_FOREVER, NULL));
    return error;
}

static troupe_error stops_the_asker(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    (void) tell(cast, "stop", troupe_stop(self, cast->refs[0]));
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(1)));
    (void) tell(cast, "cancel", troupe_cancel(self, cast->refs[0]));
    return TROUPE_OK;
}

/* Promise: ACTOR-STOP, ACTOR-CANCEL */
static void goes_on_when_its_actor_is_stopped_but_not_when_it_is_cancelled(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = waits_for_ever, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.body = stops_the_asker, .argument = &cast));
    tr_world_advance(*state, UINT64_C(5000000000));
    assert_said(cast.seen, "stop OK", "slept OK", "cancel OK", "asked CANCELLED 0",
                "asked again CANCELLED");
    drop_probe(&cast.seen);
}

static troupe_error never_called(troupe_self *self, void *state, troupe_error error,
                                 troupe_message **reply, void *context)
{
    (void) self;
    (void) state;
    (void) reply;
    (void) context;
    return error;
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *mine = NULL;
    troupe_message *none = NULL;
    troupe_message *reply = NULL;
    const troupe_ref me = troupe_self_ref(self);
    const troupe_timeout soon = TROUPE_WITHIN_S(1);
    const troupe_timeout not_given = {0};
    const troupe_error error = a_figure(self, 1, &mine);
    (void) tell(cast, "a", troupe_ask_message(NULL, me, &mine, soon, &reply));
    (void) tell(cast, "b", troupe_ask_message(self, me, NULL, soon, &reply));
    (void) tell(cast, "c", troupe_ask_message(self, me, &none, soon, &reply));
    (void) tell(cast, "d", troupe_ask_message(self, me, &mine, soon, NULL));
    (void) tell(cast, "e", troupe_ask_message(self, me, &mine, soon, &mine));
    (void) tell(cast, "no limit", troupe_ask_message(self, me, &mine, not_given, &reply));
    (void) tell(cast, "f", troupe_ask(NULL, me, NULL, soon, &reply));
    (void) tell(cast, "g", troupe_ask(self, me, NULL, soon, &reply));
    (void) tell(cast, "h", troupe_ask_then(self, me, NULL, soon, never_called, NULL));
    (void) tell(cast, "i", troupe_ask_message_then(NULL, me, &mine, soon, never_called, NULL));
    (void) tell(cast, "j", troupe_ask_message_then(self, me, &none, soon, never_called, NULL));
    (void) tell(cast, "k", troupe_ask_message_then(self, me, &mine, soon, NULL, NULL));
    (void) tell(cast, "not of a behavior",
                troupe_ask_message_then(self, me, &mine, soon, never_called, NULL));
    probe_say(cast->seen, mine != NULL ? "kept BAD_ARGUMENT" : "lost");
    return error;
}

/* Promise: ASK-ARGUMENTS */
static void refuses_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = gives_bad_arguments, .argument = &cast));
    assert_int_equal(probe_count(cast.seen), 14);
    for (size_t i = 0; i < 14; i++) {
        assert_non_null(strstr(probe_line(cast.seen, i), "BAD_ARGUMENT"));
    }
    drop_probe(&cast.seen);
}

static troupe_error asks_nobody(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref = troupe_self_ref(self);
    (void) tell(cast, "none", ask_figure(self, troupe_ref_none(), 1, TROUPE_FOREVER, NULL));
    (void) tell(cast, "at once", ask_figure(self, ref, 1, TROUPE_NOW, NULL));
    ref.generation++;
    (void) tell(cast, "never was", ask_figure(self, ref, 1, TROUPE_FOREVER, NULL));
    ref.node++;
    (void) tell(cast, "elsewhere", ask_figure(self, ref, 1, TROUPE_FOREVER, NULL));
    return TROUPE_OK;
}

/* Promise: ACTOR-STALE */
static void says_that_there_is_nobody_to_ask(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_nobody, .argument = &cast));
    assert_said(cast.seen, "none NO_SUCH_ACTOR", "at once TIMED_OUT", "never was NO_SUCH_ACTOR",
                "elsewhere STALE");
    drop_probe(&cast.seen);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(gives_the_reply),
        IN_WORLDS(is_told_that_the_request_ended_without_a_reply),
        IN_WORLDS(is_told_that_the_callee_failed_with_the_request),
        IN_WORLDS(is_told_when_the_destroyer_of_its_request_waits),
        IN_WORLDS(is_told_that_the_callee_ended_with_the_request_queued),
        IN_WORLDS(times_out_and_drops_what_comes_late),
        IN_WORLDS(inherits_the_deadline_of_the_message_being_handled),
        IN_WORLDS(is_not_handled_after_its_deadline),
        IN_WORLDS(limits_the_size_of_its_reply_on_both_sides),
        IN_WORLDS(waits_for_room_until_its_deadline),
        IN_WORLDS(is_answered_by_whom_it_was_forwarded_to),
        IN_WORLDS(goes_on_when_its_actor_is_stopped_but_not_when_it_is_cancelled),
        WITH_WORLD(refuses_bad_arguments),
        WITH_WORLD(says_that_there_is_nobody_to_ask),
    };
    return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
