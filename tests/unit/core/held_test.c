/* SPDX-License-Identifier: MIT */
/* What is promised of received messages: each ends once, as what became of it. */
#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static void play(tr_world *world, const troupe_spawn_options *options, uint64_t count)
{
    struct script script = {.seen = NULL, .count = count};
    script.to = a_root(world, options);
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = &script));
    tr_world_advance(world, 1000 * MS);
}

static uint64_t outcome_of(const tr_world *world, troupe_outcome outcome)
{
    troupe_counts counts;
    tr_world_counts(world, &counts);
    return counts.outcomes[outcome];
}

static troupe_error keep_three(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    troupe_message *kept[3] = {NULL};
    for (size_t i = 0; i < 3; i++) {
        if (troupe_receive(self, &kept[i], TROUPE_WITHIN_S(1)) != TROUPE_OK) {
            return TROUPE_ERROR_FAILED;
        }
    }
    troupe_message_destroy(&kept[1]); /* not the newest, not the oldest */
    probe_say(seen, "%llu %llu", (unsigned long long) item_of(kept[0]),
              (unsigned long long) item_of(kept[2]));
    TROUPE_AUTO(troupe_message) *none = NULL;
    const troupe_error error = troupe_receive(self, &none, TROUPE_WITHIN_MS(1));
    say_error(seen, "then", error);
    troupe_message_destroy(&kept[0]);
    troupe_message_destroy(&kept[2]);
    return TROUPE_OK;
}

/* Promise: MESSAGE-ENDS */
static void ends_messages_kept_aside_in_any_order(void **state)
{
    struct probe *seen = a_probe();
    play(*state, TROUPE_SPAWN(.body = keep_three, .argument = seen, .mailbox_capacity = 1), 3);
    assert_said(seen, "1 3", "then TIMED_OUT");
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_HANDLED), 3);
    assert_sound(*state);
    drop_probe(&seen);
}

static troupe_error fail_holding(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *first = NULL;
    troupe_message *second = NULL;
    troupe_error error = troupe_receive(self, &first, TROUPE_WITHIN_S(1));
    if (error == TROUPE_OK) {
        error = troupe_receive(self, &second, TROUPE_WITHIN_S(1));
    }
    return error ? error : TROUPE_ERROR_USER;
}

/* Promise: MESSAGE-ENDS */
static void fails_the_messages_that_a_failing_actor_holds(void **state)
{
    play(*state, TROUPE_SPAWN(.body = fail_holding, .mailbox_capacity = 8), 3);
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_FAILED), 2);
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_DEAD_LETTER), 1);
}

static troupe_error fail_after_replying(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_message *request = NULL;
    troupe_message *reply = NULL;
    troupe_error error = troupe_receive(self, &request, TROUPE_WITHIN_S(1));
    error = error ? error : make_item(self, 1, &reply);
    error = error ? error : troupe_reply_message(self, request, &reply);
    return error ? error : TROUPE_ERROR_USER;
}

static troupe_error ask_item(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *request = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = make_item(self, 1, &request);
    say_error(script->seen, "asked",
              error ? error
                    : troupe_ask_message(self, script->to, &request, TROUPE_WITHIN_S(1), &reply));
    return error;
}

/* Promise: MESSAGE-ENDS */
static void counts_a_request_as_handled_once_it_is_answered(void **state)
{
    struct script script = {.seen = a_probe()};
    script.to = a_root(*state, TROUPE_SPAWN(.body = fail_after_replying));
    (void) a_root(*state, TROUPE_SPAWN(.body = ask_item, .argument = &script));
    tr_world_advance(*state, 1000 * MS);
    assert_said(script.seen, "asked OK");
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_HANDLED), 2); /* and the reply */
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_FAILED), 0);
    drop_probe(&script.seen);
}

static troupe_error handler_that_destroys(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    troupe_message_destroy(message);
    return TROUPE_OK;
}

static troupe_error handler_that_keeps(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    troupe_message **kept = state;
    troupe_message_destroy(kept);
    *kept = *message;
    *message = NULL;
    return TROUPE_OK;
}

static uint64_t handled_by(const tr_world *world, troupe_ref ref)
{
    const tr_actor *actor = atomic_load(&slot_of(world, ref)->actor);
    return actor->handled;
}

static void handle_five(tr_world *world, troupe_handler *handler, uint64_t ended)
{
    const troupe_behavior behavior =
        TROUPE_BEHAVIOR(.name = "handler", .state_size = sizeof(troupe_message *),
                        .other = handler);
    struct script script = {.count = 5};
    script.to = a_root(world, TROUPE_SPAWN(.behavior = &behavior));
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = &script));
    tr_world_run(world);
    assert_int_equal(handled_by(world, script.to), 5);
    assert_int_equal(outcome_of(world, TROUPE_OUTCOME_HANDLED), ended);
    assert_true(tr_world_stop(world)); /* before the behavior goes */
}

/* Promise: MESSAGE-ENDS */
static void counts_a_message_that_its_handler_destroys_once(void **state)
{
    handle_five(*state, handler_that_destroys, 5);
}

/* Promise: MESSAGE-ENDS */
static void ends_a_message_that_a_handler_kept_when_it_is_destroyed(void **state)
{
    handle_five(*state, handler_that_keeps, 4);
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_HANDLED), 5);
}

static troupe_error handler_that_fails(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    (void) message;
    return TROUPE_ERROR_USER;
}

/* Promise: MESSAGE-ENDS */
static void counts_the_message_that_a_handler_failed_at_as_failed(void **state)
{
    static const troupe_behavior behavior =
        TROUPE_BEHAVIOR(.name = "failing", .other = handler_that_fails);
    play(*state, TROUPE_SPAWN(.behavior = &behavior), 1);
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_FAILED), 1);
}

/* Promise: MESSAGE-ENDS */
static void buries_what_no_handler_takes(void **state)
{
    static const troupe_behavior behavior = TROUPE_BEHAVIOR(.name = "deaf");
    play(*state, TROUPE_SPAWN(.behavior = &behavior), 2);
    assert_int_equal(outcome_of(*state, TROUPE_OUTCOME_DEAD_LETTER), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(ends_messages_kept_aside_in_any_order),
        WITH_WORLD(fails_the_messages_that_a_failing_actor_holds),
        WITH_WORLD(counts_a_request_as_handled_once_it_is_answered),
        WITH_WORLD(counts_a_message_that_its_handler_destroys_once),
        WITH_WORLD(ends_a_message_that_a_handler_kept_when_it_is_destroyed),
        WITH_WORLD(counts_the_message_that_a_handler_failed_at_as_failed),
        WITH_WORLD(buries_what_no_handler_takes),
    };
    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
