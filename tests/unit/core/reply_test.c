/* SPDX-License-Identifier: MIT */
/* What replying promises: once, by who handles the request, within the asker's bounds. */
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* Asks the callee that the cast names. */
static troupe_error asks(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 21, TROUPE_WITHIN_S(1), &answer);
    probe_say(cast->seen, "asked %d %s %d", (int) error, troupe_error_name(error), (int) answer);
    return TROUPE_OK;
}

/* Spawns a callee with this body, has it asked, and runs for a minute. */
static void play(tr_world *world, troupe_body *body, struct cast *cast)
{
    cast->refs[0] =
        a_root(world, TROUPE_SPAWN(.body = body, .argument = cast, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = asks, .argument = cast));
    tr_world_advance(world, UINT64_C(60000000000));
}

static troupe_error replies_twice(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    probe_say(cast->seen, troupe_message_wants_reply(message) ? "wanted" : "not wanted");
    (void) tell(cast, "first", reply_figure(self, message, 1));
    probe_say(cast->seen, troupe_message_wants_reply(message) ? "wanted" : "not wanted");
    (void) tell(cast, "second", reply_figure(self, message, 2));
    (void) tell(cast, "third", troupe_reply_error(self, message, TROUPE_ERROR_FAILED));
    return error;
}

/* Promise: ASK-ONE-REPLY */
static void accepts_one_reply_and_counts_a_second(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, replies_twice, &cast);
    assert_said(cast.seen, "wanted", "first OK", "not wanted", "second BAD_ARGUMENT",
                "third BAD_ARGUMENT", "asked 0 OK 1");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.second_replies, 2);
    assert_int_equal(counts.late_replies, 0);
    drop_probe(&cast.seen);
}

static troupe_error replies_with_an_error(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "OK is none", troupe_reply_error(self, message, TROUPE_OK));
    (void) tell(cast, "replied",
                troupe_reply_error(self, message, (troupe_error) (TROUPE_ERROR_USER + 7)));
    return error;
}

/* Promise: ASK-REPLY-ERROR */
static void carries_a_code_of_the_programs_own(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, replies_with_an_error, &cast);
    assert_said(cast.seen, "OK is none BAD_ARGUMENT", "replied OK", "asked 1007 USER 0");
    drop_probe(&cast.seen);
}

/* Keeps the request, and answers it while it handles another message. */
static troupe_error replies_later(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *kept = NULL;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &kept, TROUPE_FOREVER);
    troupe_timer timer;
    (void) tell(cast, "timer",
                troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(10)), &timer));
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    probe_say(cast->seen, "%s", troupe_message_type_name(message));
    (void) tell(cast, "no request", reply_figure(self, message, 1));
    (void) tell(cast, "replied", reply_figure(self, kept, 5));
    return error;
}

/* Promise: ASK-REPLY */
static void may_come_while_another_message_is_handled(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, replies_later, &cast);
    assert_said(cast.seen, "timer OK", "troupe_tick", "no request BAD_ARGUMENT", "replied OK",
                "asked 0 OK 5");
    drop_probe(&cast.seen);
}

/* Gives the request's own kind of message back: another that it received. */
static troupe_error replies_with_a_received_one(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *first = NULL;
    TROUPE_AUTO(troupe_message) *request = NULL;
    (void) tell(cast, "sent", send_figure(self, troupe_self_ref(self), 8));
    troupe_error error = troupe_receive(self, &first, TROUPE_FOREVER);
    error = error ? error : troupe_receive(self, &request, TROUPE_FOREVER);
    (void) tell(cast, "itself", troupe_reply_message(self, request, &request));
    (void) tell(cast, "replied", troupe_reply_message(self, request, &first));
    probe_say(cast->seen, first == NULL ? "taken" : "kept");
    return error;
}

/* Promise: ASK-REPLY */
static void may_be_a_message_that_was_received(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, replies_with_a_received_one, &cast);
    assert_said(cast.seen, "sent OK", "itself BAD_ARGUMENT", "replied OK", "taken", "asked 0 OK 8");
    drop_probe(&cast.seen);
}

/* Replies, then uses the request as a request of its own. */
static troupe_error asks_on(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ref doubler;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_doubler), &doubler);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "still wanted",
                troupe_ask_message(self, doubler, &message, TROUPE_WITHIN_S(1), &reply));
    (void) tell(cast, "replied", reply_figure(self, message, 1));
    (void) tell(cast, "asked on",
                troupe_ask_message(self, doubler, &message, TROUPE_WITHIN_S(1), &reply));
    probe_say(cast->seen, "%d", (int) figure_of(reply));
    return error;
}

/* Promise: ASK-REPLY */
static void frees_the_request_to_be_sent_as_another(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, asks_on, &cast);
    assert_int_equal(probe_count_of(cast.seen, "still wanted BAD_ARGUMENT"), 1);
    assert_int_equal(probe_count_of(cast.seen, "asked on OK"), 1);
    assert_int_equal(probe_count_of(cast.seen, "42"), 1);
    drop_probe(&cast.seen);
}

/* Replies to an asker that is gone. */
static troupe_error replies_in_vain(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_cancel(self, troupe_message_sender(message));
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(500)); /* within the request's deadline */
    (void) tell(cast, "replied", reply_figure(self, message, 1));
    return error;
}

/* Promise: ASK-LATE */
static void is_dropped_and_counted_when_the_asker_has_died(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, replies_in_vain, &cast);
    assert_said(cast.seen, "asked 7 CANCELLED 0", "replied OK");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.late_replies, 1);
    drop_probe(&cast.seen);
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *mine = NULL;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, 1, &mine);
    (void) tell(cast, "no self", troupe_reply_message(NULL, mine, &message));
    (void) tell(cast, "no request", troupe_reply_message(self, NULL, &mine));
    (void) tell(cast, "no message", troupe_reply_message(self, mine, &message));
    (void) tell(cast, "no variable", troupe_reply_message(self, mine, NULL));
    (void) tell(cast, "no body", troupe_reply(self, mine, NULL));
    (void) tell(cast, "no self", troupe_reply(NULL, mine, NULL));
    (void) tell(cast, "not received", troupe_reply_error(self, mine, TROUPE_ERROR_FAILED));
    (void) tell(cast, "no self", troupe_reply_error(NULL, mine, TROUPE_ERROR_FAILED));
    (void) tell(cast, "no request", troupe_reply_error(self, NULL, TROUPE_ERROR_FAILED));
    return error;
}

static void refuses_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = gives_bad_arguments, .argument = &cast));
    assert_int_equal(probe_count(cast.seen), 9);
    for (size_t i = 0; i < 9; i++) {
        assert_non_null(strstr(probe_line(cast.seen, i), "BAD_ARGUMENT"));
    }
    drop_probe(&cast.seen);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(accepts_one_reply_and_counts_a_second),
        IN_WORLDS(carries_a_code_of_the_programs_own),
        IN_WORLDS(may_come_while_another_message_is_handled),
        IN_WORLDS(may_be_a_message_that_was_received),
        IN_WORLDS(frees_the_request_to_be_sent_as_another),
        IN_WORLDS(is_dropped_and_counted_when_the_asker_has_died),
        WITH_WORLD(refuses_bad_arguments),
    };
    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
