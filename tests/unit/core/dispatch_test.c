/* SPDX-License-Identifier: MIT */
/* What a behavior promises: one handler at a time, its state, and what becomes of what it asks. */
#include "core/dispatch.h"

#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* The state of all behaviors here. */
struct role {
    struct cast *cast;
    uint64_t handled;
    troupe_message *kept;
};

static troupe_error begin(troupe_self *self, void *state, void *argument)
{
    struct role *role = state;
    (void) self;
    role->cast = argument;
    probe_say(role->cast->seen, role->handled == 0 && role->kept == NULL ? "zeroed" : "dirty");
    return TROUPE_OK;
}

static void say_stop(troupe_self *self, void *state, troupe_error reason)
{
    const struct role *role = state;
    (void) self;
    (void) tell(role->cast, "stop", reason);
}

static troupe_error handle_second(troupe_self *self, void *state, troupe_message **message)
{
    const struct role *role = state;
    (void) self;
    probe_say(role->cast->seen, "second %d after %d", (int) figure_of(*message),
              (int) role->handled);
    return figure_of(*message) == 9 ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static const troupe_behavior second =
    TROUPE_BEHAVIOR(.name = "second", .state_size = sizeof(struct role), .other = handle_second,
                    .stop = say_stop);
static const troupe_behavior larger =
    TROUPE_BEHAVIOR(.name = "larger", .state_size = sizeof(struct role) + 1);

static troupe_error handle_first(troupe_self *self, void *state, troupe_message **message)
{
    struct role *role = state;
    role->handled++;
    probe_say(role->cast->seen, "first %d", (int) figure_of(*message));
    if (figure_of(*message) == 2) {
        (void) tell(role->cast, "larger", troupe_become(self, &larger));
        (void) tell(role->cast, "none", troupe_become(self, NULL));
        (void) tell(role->cast, "second", troupe_become(self, &second));
    }
    return TROUPE_OK;
}

static const troupe_handles first_handlers[] = {{.type = &figure_type, .handler = handle_first},
                                                {0}};
static const troupe_behavior first =
    TROUPE_BEHAVIOR(.name = "first", .state_size = sizeof(struct role), .start = begin,
                    .handlers = first_handlers, .stop = say_stop);

static troupe_error sends_four(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t figures[] = {1, 2, 3, 9};
    (void) tell(cast, "a coroutine", troupe_become(self, &second));
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < 4 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], figures[i]);
    }
    return error;
}

/* Promise: ACTOR-BECOME, ACTOR-STATE, ACTOR-STOP-HANDLER */
static void becomes_another_and_is_told_why_it_ended(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.behavior = &first, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.body = sends_four, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "zeroed", "a coroutine BAD_ARGUMENT", "first 1", "first 2",
                "larger BAD_ARGUMENT", "none BAD_ARGUMENT", "second OK", "second 3 after 2",
                "second 9 after 2", "stop PROTOCOL");
    drop_probe(&cast.seen);
}

/* Keeps a request, and answers it in `stop`. */
static troupe_error keep(troupe_self *self, void *state, troupe_message **message)
{
    struct role *role = state;
    role->kept = *message;
    *message = NULL;
    return troupe_stop(self, troupe_self_ref(self));
}

static void answer_kept(troupe_self *self, void *state, troupe_error reason)
{
    struct role *role = state;
    (void) tell(role->cast, "stop", reason);
    (void) tell(role->cast, "replied", reply_figure(self, role->kept, 5));
    troupe_message_destroy(&role->kept);
}

static const troupe_behavior keeper =
    TROUPE_BEHAVIOR(.name = "keeper", .state_size = sizeof(struct role), .start = begin,
                    .other = keep, .stop = answer_kept);
static const troupe_behavior loser =
    TROUPE_BEHAVIOR(.name = "loser", .state_size = sizeof(struct role), .start = begin,
                    .other = keep);

static troupe_error asks_it(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), &answer);
    probe_say(cast->seen, "asked %s %d", troupe_error_name(error), (int) answer);
    return TROUPE_OK;
}

/* Promise: ACTOR-STOP-HANDLER */
static void may_answer_what_it_kept_when_it_stops(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.behavior = &keeper, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_it, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "zeroed", "stop OK", "replied OK", "asked OK 5");
    drop_probe(&cast.seen);
}

/* Promise: ASK-NO-REPLY */
static void answers_by_itself_what_it_kept_and_did_not_answer(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.behavior = &loser, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_it, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "zeroed", "asked NO_REPLY 0");
    drop_probe(&cast.seen);
}

/* Says what came of an ask; the context is its number. */
static troupe_error say_answer(troupe_self *self, void *state, troupe_error error,
                               troupe_message **reply, void *context)
{
    const struct role *role = state;
    const uint64_t *number = context;
    probe_say(role->cast->seen, "%d: %s %d", (int) *number, troupe_error_name(error),
              (int) figure_of(*reply));
    return *number == 99 ? troupe_stop(self, troupe_self_ref(self)) : TROUPE_OK;
}

static const uint64_t numbers[] = {0, 1, 2, 3, 4};

/* Asks one of the cast, with a limit of a second. */
static troupe_error ask_then(troupe_self *self, const struct cast *cast, size_t which)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, which, &message);
    return error ? error
                 : troupe_ask_message_then(self, cast->refs[which], &message, TROUPE_WITHIN_S(1),
                                           say_answer, (void *) (uintptr_t) &numbers[which]);
}

static troupe_error ask_all(troupe_self *self, void *state, void *argument)
{
    struct role *role = state;
    role->cast = argument;
    for (size_t i = 0; i < 5; i++) {
        (void) tell(role->cast, "ask", ask_then(self, role->cast, i));
    }
    return TROUPE_OK;
}

static const troupe_behavior asker =
    TROUPE_BEHAVIOR(.name = "asker", .state_size = sizeof(struct role), .start = ask_all);

/* Promise: ASK-CONTINUATION, ASK-LIMIT */
static void goes_on_with_the_answer_of_each_ask(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY));
    cast.refs[1] = a_root(*state, TROUPE_SPAWN(.body = play_doubler));
    cast.refs[2] = a_root(*state, TROUPE_SPAWN(.body = play_failing, .place = TROUPE_PLACE_ANY));
    cast.refs[3] = a_root(*state, TROUPE_SPAWN(.body = play_hoarder, .place = TROUPE_PLACE_ANY));
    cast.refs[4] = cast.refs[0];
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &asker, .argument = &cast, .asks_max = 4));
    tr_world_advance(*state, 5000 * MS);
    assert_int_equal(probe_count(cast.seen), 9);
    assert_int_equal(probe_count_of(cast.seen, "ask OK"), 4);
    assert_int_equal(probe_count_of(cast.seen, "ask LIMIT_REACHED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "0: OK 0"), 1);
    assert_int_equal(probe_count_of(cast.seen, "1: OK 2"), 1);
    assert_int_equal(probe_count_of(cast.seen, "2: HANDLER_FAILED 0"), 1);
    assert_string_equal(probe_line(cast.seen, 8), "3: TIMED_OUT 0");
    drop_probe(&cast.seen);
}

/* Parks its request: one that is never taken, and one whose receiver ends. */
static troupe_error ask_full(troupe_self *self, void *state, void *argument)
{
    struct role *role = state;
    role->cast = argument;
    for (size_t i = 0; i < 2; i++) {
        (void) tell(role->cast, "sent", send_figure(self, role->cast->refs[i], 1));
        (void) tell(role->cast, "ask", ask_then(self, role->cast, i));
    }
    return TROUPE_OK;
}

static const troupe_behavior parker =
    TROUPE_BEHAVIOR(.name = "parker", .state_size = sizeof(struct role), .start = ask_full);

static troupe_error naps(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(100));
}

/* Promise: ASK-PARKED */
static void is_told_what_became_of_a_parked_ask(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    cast.refs[1] = a_root(*state, TROUPE_SPAWN(.body = naps, .mailbox_capacity = 1));
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &parker, .argument = &cast));
    tr_world_advance(*state, 5000 * MS);
    assert_said(cast.seen, "sent OK", "ask OK", "sent OK", "ask OK", "1: STALE 0",
                "0: TIMED_OUT 0");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.late_replies, 0);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_EXPIRED], 1);
    drop_probe(&cast.seen);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(becomes_another_and_is_told_why_it_ended),
        IN_WORLDS(may_answer_what_it_kept_when_it_stops),
        IN_WORLDS(answers_by_itself_what_it_kept_and_did_not_answer),
        IN_WORLDS(goes_on_with_the_answer_of_each_ask),
        IN_WORLDS(is_told_what_became_of_a_parked_ask),
    };
    return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
