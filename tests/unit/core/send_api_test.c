/* SPDX-License-Identifier: MIT */
/* What the calls that send promise: who owns the message, what the options do, what is refused. */
#include <string.h>
#include <troupe/troupe.h>

#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* Runs a body with a paused receiver of this capacity as script->to; then lets it receive. */
static void play(tr_world *world, struct script *script, troupe_body *body, uint32_t capacity)
{
    struct receiver receiver = {.seen = script->seen, .pause_ms = 10};
    script->to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                            .mailbox_capacity = capacity));
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = script));
    advance_within_bounds(world, 1000 * MS);
    assert_true(tr_world_stop(world));
}

static troupe_error send_again(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *first = NULL;
    TROUPE_AUTO(troupe_message) *second = NULL;
    troupe_error error = make_item(self, 1, &first);
    if (error == TROUPE_OK) {
        error = make_item(self, 2, &second);
    }
    say_error(script->seen, "first", troupe_send_message(self, script->to, &first));
    probe_say(script->seen, "%s", first == NULL ? "taken" : "kept");
    say_error(
        script->seen, "tries",
        troupe_send_message_with(self, script->to, &second, TROUPE_SEND(.timeout = TROUPE_NOW)));
    probe_say(script->seen, "%s", second == NULL ? "taken" : "kept");
    say_error(script->seen, "waits", troupe_send_message(self, script->to, &second));
    return error;
}

/* Promise: SEND-OWNER, SEND-TRY */
static void leaves_a_refused_message_with_the_sender_who_may_send_it_again(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    play(*state, &script, send_again, 1);
    assert_said(seen, "first OK", "taken", "tries MAILBOX_FULL", "kept", "1", "waits OK", "2");
    drop_probe(&seen);
}

static troupe_error send_with_margin(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    for (uint64_t i = 1; i <= 3; i++) {
        say_error(script->seen, "bulk", send_item(self, script->to, i, TROUPE_SEND(.margin = 2)));
    }
    say_error(script->seen, "vital", send_item(self, script->to, 4, NULL));
    return TROUPE_OK;
}

/* Promise: SEND-MARGIN */
static void keeps_the_margin_free_for_others(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    play(*state, &script, send_with_margin, 4);
    assert_said(seen, "bulk OK", "bulk OK", "bulk MAILBOX_FULL", "vital OK", "1", "2", "4");
    drop_probe(&seen);
}

static troupe_error fill_oneself(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    for (uint64_t i = 1; i <= 2; i++) {
        say_error(script->seen, "self", send_item(self, troupe_self_ref(self), i, NULL));
    }
    return TROUPE_OK;
}

/* Promise: SEND-SELF */
static void fails_at_once_at_ones_own_full_mailbox(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = fill_oneself, .argument = &script, .mailbox_capacity = 1));
    tr_world_run(*state);
    assert_said(seen, "self OK", "self MAILBOX_FULL");
    drop_probe(&seen);
}

#define MANY 5

static troupe_error send_five(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_message *messages[MANY] = {NULL};
    for (uint64_t i = 0; i < MANY; i++) {
        if (make_item(self, i + 1, &messages[i]) != TROUPE_OK) {
            return TROUPE_ERROR_NO_MEMORY;
        }
    }
    size_t sent = 99;
    bool was_dropped = true;
    troupe_send_options options = *script->options;
    options.out_dropped = &was_dropped;
    const troupe_error error = troupe_send_many(self, script->to, messages, MANY, &options, &sent);
    probe_say(script->seen, "%s %d%s", troupe_error_name(error), (int) sent,
              was_dropped ? " dropped" : "");
    for (size_t i = 0; i < MANY; i++) {
        if ((messages[i] == NULL) != (i < sent)) {
            probe_say(script->seen, "message %d is with the wrong side", (int) i);
        }
        troupe_message_destroy(&messages[i]);
    }
    return TROUPE_OK;
}

/* Promise: SEND-MANY */
static void sends_many_in_order_as_there_is_room(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .options = TROUPE_SEND(.margin = 0)};
    play(*state, &script, send_five, 2);
    assert_int_equal(probe_count(seen), 6);
    assert_int_equal(probe_count_of(seen, "OK 5"), 1);
    drop_probe(&seen);
}

/* Promise: SEND-MANY */
static void says_how_many_were_sent_before_the_first_that_failed(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .options = TROUPE_SEND(.timeout = TROUPE_NOW)};
    play(*state, &script, send_five, 3);
    assert_said(seen, "MAILBOX_FULL 3", "1", "2", "3");
    drop_probe(&seen);
}

/* Promise: SEND-MANY */
static void waits_for_all_of_many_until_one_deadline(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .each_ms = 4};
    struct script script = {.seen = seen, .options = TROUPE_SEND(.timeout = TROUPE_WITHIN_MS(6))};
    script.to = a_root(
        *state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver, .mailbox_capacity = 1));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_five, .argument = &script));
    tr_world_advance(*state, 1000 * MS);
    assert_said(seen, "1", "2", "TIMED_OUT 3", "3");
    drop_probe(&seen);
}

/* Promise: SEND-MANY */
static void tells_whether_any_of_many_was_dropped(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen,
                            .options = TROUPE_SEND(.on_full = TROUPE_ON_FULL_DROP_NEWEST)};
    play(*state, &script, send_five, 4);
    assert_said(seen, "OK 5 dropped", "1", "2", "3", "4");
    drop_probe(&seen);
}

static troupe_error pass_on(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    if (error == TROUPE_OK) {
        error = troupe_send_message(self, script->to, &message);
        say_error(script->seen, "sends a request on", error);
        error = troupe_forward(self, script->to, &message);
    }
    return error;
}

static troupe_error answer(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    if (error == TROUPE_OK) {
        const bool is_askers = troupe_ref_is_same(troupe_message_sender(message), script->other);
        probe_say(script->seen, "%s, within %llu ms", is_askers ? "asker's" : "other's",
                  (unsigned long long) (troupe_message_remaining(self, message).ns / MS));
        error = make_item(self, item_of(message) + 1, &reply);
    }
    return error ? error : troupe_reply_message(self, message, &reply);
}

static troupe_error ask_through(troupe_self *self, void *argument)
{
    struct script *script = argument;
    script->other = troupe_self_ref(self);
    TROUPE_AUTO(troupe_message) *question = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = make_item(self, 1, &question);
    if (error == TROUPE_OK) {
        error = troupe_ask_message(self, script->to, &question, TROUPE_WITHIN_MS(500), &reply);
    }
    say_error(script->seen, "asked", error);
    probe_say(script->seen, "%llu", (unsigned long long) item_of(reply));
    return error;
}

/* Promise: SEND-FORWARD */
static void forwards_with_sender_deadline_and_wish_for_a_reply(void **state)
{
    struct probe *seen = a_probe();
    struct script asking = {.seen = seen};
    struct script passing = {.seen = seen};
    passing.to = a_root(*state, TROUPE_SPAWN(.body = answer, .argument = &asking));
    asking.to = a_root(*state, TROUPE_SPAWN(.body = pass_on, .argument = &passing));
    (void) a_root(*state, TROUPE_SPAWN(.body = ask_through, .argument = &asking));
    tr_world_advance(*state, 1000 * MS);
    assert_said(seen, "sends a request on BAD_ARGUMENT", "asker's, within 500 ms", "asked OK", "2");
    drop_probe(&seen);
}

static troupe_error send_expiring(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) send_item(self, script->to, 1, TROUPE_SEND(.expires = TROUPE_WITHIN_MS(9)));
    (void) send_item(self, script->to, 2, TROUPE_SEND(.expires = TROUPE_WITHIN_MS(11)));
    return TROUPE_OK;
}

/* Promise: SEND-EXPIRES */
static void handles_no_message_that_has_expired(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    play(*state, &script, send_expiring, 4);
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_said(seen, "2");
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_EXPIRED], 1);
    drop_probe(&seen);
}

static troupe_error say_trace(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(100));
        if (error == TROUPE_OK) {
            probe_say(script->seen, "%llu of trace %llu", (unsigned long long) item_of(message),
                      (unsigned long long) troupe_message_trace_id(message));
        }
        if (error == TROUPE_OK && !troupe_ref_is_none(script->to)) {
            error = send_item(self, script->to, item_of(message) + 10, NULL);
        }
    }
    return TROUPE_OK;
}

static troupe_error send_traced(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) send_item(self, script->to, 1, TROUPE_SEND(.trace_id = 77));
    (void) send_item(self, script->to, 2, NULL);
    return TROUPE_OK;
}

/* Promise: SEND-TRACE */
static void hands_the_trace_id_on_to_what_is_sent_while_handling(void **state)
{
    struct probe *seen = a_probe();
    struct script last = {.seen = seen};
    struct script middle = {.seen = seen};
    middle.to = a_root(*state, TROUPE_SPAWN(.body = say_trace, .argument = &last));
    struct script first = {.seen = seen};
    first.to = a_root(*state, TROUPE_SPAWN(.body = say_trace, .argument = &middle));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_traced, .argument = &first));
    tr_world_advance(*state, 1000 * MS);
    assert_int_equal(probe_count_of(seen, "1 of trace 77"), 1);
    assert_int_equal(probe_count_of(seen, "11 of trace 77"), 1);
    assert_int_equal(probe_count_of(seen, "12 of trace 0"), 1);
    drop_probe(&seen);
}

/* Says what a call with a bad argument returned, and whether the message was left alone. */
static troupe_error send_badly(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    struct probe *seen = script->seen;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_message *none = NULL;
    const troupe_error error = make_item(self, 1, &message);
    troupe_send_options newer[2] = {{.size = sizeof newer}};
    newer[1].margin = 1;
    say_error(seen, "self", troupe_send_message(NULL, script->to, &message));
    say_error(seen, "message", troupe_send_message(self, script->to, NULL));
    say_error(seen, "message", troupe_send_message(self, script->to, &none));
    say_error(seen, "policy",
              troupe_send_message_with(self, script->to, &message, TROUPE_SEND(.on_full = 99)));
    say_error(seen, "policy",
              troupe_send_message_with(self, script->to, &message,
                                       TROUPE_SEND(.on_full = TROUPE_ON_FULL_DROP_OLDEST)));
    say_error(seen, "unknown option", troupe_send_message_with(self, script->to, &message, newer));
    say_error(seen, "nobody", troupe_send_message(self, troupe_ref_none(), &message));
    say_error(seen, "body", troupe_send(self, script->to, NULL));
    say_error(seen, "forward own", troupe_forward(self, script->to, &message));
    say_error(seen, "forward none", troupe_forward(self, script->to, &none));
    troupe_flush(NULL);
    probe_say(seen, "%s", message != NULL ? "kept" : "lost");
    return error;
}

/* Promise: SEND-ARGUMENTS */
static void refuses_bad_arguments(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    play(*state, &script, send_badly, 4);
    assert_said(seen, "self BAD_ARGUMENT", "message BAD_ARGUMENT", "message BAD_ARGUMENT",
                "policy BAD_ARGUMENT", "policy BAD_ARGUMENT", "unknown option BAD_ARGUMENT",
                "nobody NO_SUCH_ACTOR", "body BAD_ARGUMENT", "forward own BAD_ARGUMENT",
                "forward none BAD_ARGUMENT", "kept");
    drop_probe(&seen);
}

static troupe_error send_many_badly(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_message *messages[2] = {NULL, NULL};
    const troupe_error error = make_item(self, 1, &messages[0]);
    size_t sent = 99;
    say_error(script->seen, "count", troupe_send_many(self, script->to, messages, 1, NULL, NULL));
    say_error(script->seen, "self", troupe_send_many(NULL, script->to, messages, 1, NULL, &sent));
    say_error(script->seen, "array", troupe_send_many(self, script->to, NULL, 1, NULL, &sent));
    say_error(script->seen, "none", troupe_send_many(self, script->to, NULL, 0, NULL, &sent));
    say_error(script->seen, "nobody",
              troupe_send_many(self, troupe_ref_none(), messages, 1, NULL, &sent));
    say_error(script->seen, "a hole", troupe_send_many(self, script->to, messages, 2, NULL, &sent));
    probe_say(script->seen, "%d", (int) sent);
    return error;
}

/* Promise: SEND-ARGUMENTS */
static void refuses_bad_arguments_of_many(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    play(*state, &script, send_many_badly, 4);
    assert_said(seen, "count BAD_ARGUMENT", "self BAD_ARGUMENT", "array BAD_ARGUMENT", "none OK",
                "nobody NO_SUCH_ACTOR", "a hole BAD_ARGUMENT", "1", "1");
    drop_probe(&seen);
}

static troupe_error send_receipts(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    for (uint64_t i = 1; i <= 2; i++) {
        receipt.order_id = i;
        say_error(script->seen, "sent", troupe_send(self, script->to, &receipt.base));
    }
    say_error(
        script->seen, "tried",
        troupe_send_with(self, script->to, &receipt.base, TROUPE_SEND(.timeout = TROUPE_NOW)));
    return TROUPE_OK;
}

/* Promise: SEND-COPY */
static void sends_copies_of_protobuf_messages(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    play(*state, &script, send_receipts, 2);
    assert_said(seen, "sent OK", "sent OK", "tried MAILBOX_FULL", "18446744073709551615",
                "18446744073709551615");
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(leaves_a_refused_message_with_the_sender_who_may_send_it_again),
        WITH_WORLD(keeps_the_margin_free_for_others),
        WITH_WORLD(fails_at_once_at_ones_own_full_mailbox),
        WITH_WORLD(sends_many_in_order_as_there_is_room),
        WITH_WORLD(says_how_many_were_sent_before_the_first_that_failed),
        WITH_WORLD(waits_for_all_of_many_until_one_deadline),
        WITH_WORLD(tells_whether_any_of_many_was_dropped),
        WITH_WORLD(forwards_with_sender_deadline_and_wish_for_a_reply),
        WITH_WORLD_OF_THREE(forwards_with_sender_deadline_and_wish_for_a_reply),
        WITH_WORLD(handles_no_message_that_has_expired),
        WITH_WORLD(hands_the_trace_id_on_to_what_is_sent_while_handling),
        WITH_WORLD(refuses_bad_arguments),
        WITH_WORLD(refuses_bad_arguments_of_many),
        WITH_WORLD(sends_copies_of_protobuf_messages),
    };
    return cmocka_run_group_tests_name("send_api", tests, NULL, NULL);
}
