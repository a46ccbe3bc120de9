/* SPDX-License-Identifier: MIT */
/* What a failure promises: who had asked learns the code and the text. */
#include "support/cast.h"
#include "support/world_fixture.h"

#define ERROR_OF_OURS ((troupe_error) (TROUPE_ERROR_USER + 7))

static void say_failure(troupe_self *self, const struct cast *cast)
{
    const char *text = NULL;
    const troupe_error error = troupe_last_failure(self, &text);
    probe_say(cast->seen, "%d '%s'", (int) error, text);
}

/* Takes one and fails, with words. */
static troupe_error play_teller(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : troupe_fail(self, ERROR_OF_OURS, "no ink left in %s", "the printer");
}

static troupe_error fails_with_words(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    (void) message;
    return troupe_fail(self, TROUPE_ERROR_SYSTEM, "disk %d is gone", 3);
}

static const troupe_behavior failing_behavior =
    TROUPE_BEHAVIOR(.name = "failing", .other = fails_with_words);

static troupe_error asks_three(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_spawn_options *const options[] = {
        TROUPE_SPAWN(.body = play_teller, .place = TROUPE_PLACE_ANY),
        TROUPE_SPAWN(.behavior = &failing_behavior, .place = TROUPE_PLACE_ANY),
        TROUPE_SPAWN(.body = play_failing, .place = TROUPE_PLACE_ANY),
    };
    say_failure(self, cast);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        troupe_ref ref;
        const troupe_error error = troupe_spawn(self, options[i], &ref);
        if (error) {
            return error;
        }
        (void) tell(cast, "asked", ask_figure(self, ref, 1, TROUPE_WITHIN_S(1), NULL));
        say_failure(self, cast);
    }
    return TROUPE_OK;
}

/* Promise: ASK-WHY-FAILED */
static void is_told_with_code_and_text(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_three, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "0 ''", "asked HANDLER_FAILED", "1007 'no ink left in the printer'",
                "asked HANDLER_FAILED", "18 'disk 3 is gone'", "asked HANDLER_FAILED", "24 ''");
    drop_probe(&cast.seen);
}

static troupe_error asks_one(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    const troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = play_teller, .place = TROUPE_PLACE_ANY), &ref);
    (void) tell(cast, "asked", ask_figure(self, ref, 1, TROUPE_WITHIN_S(1), NULL));
    say_failure(self, cast);
    return error;
}

/* Promise: ASK-REPLY-BYTES */
static void is_the_bare_error_for_who_takes_no_such_reply(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_one, .argument = &cast, .reply_bytes = 100));
    tr_world_run(*state);
    assert_said(cast.seen, "asked HANDLER_FAILED", "0 ''");
    drop_probe(&cast.seen);
}

static troupe_error continues(troupe_self *self, void *state, troupe_error error,
                              troupe_message **reply, void *context)
{
    (void) state;
    (void) reply;
    (void) tell(context, "continued", error);
    say_failure(self, context);
    return TROUPE_OK;
}

static troupe_error asks_at_start(troupe_self *self, void *state, void *argument)
{
    (void) state;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    troupe_error error = troupe_spawn_nowait(self, TROUPE_SPAWN(.body = play_teller), &ref);
    if (error == TROUPE_OK) {
        error = a_figure(self, 1, &message);
    }
    return error ? error
                 : troupe_ask_message_then(self, ref, &message, TROUPE_WITHIN_S(1), continues,
                                           argument);
}

static const troupe_behavior asking_behavior =
    TROUPE_BEHAVIOR(.name = "asking", .start = asks_at_start);

/* Promise: ASK-WHY-FAILED */
static void is_told_to_a_continuation(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &asking_behavior, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "continued HANDLER_FAILED", "1007 'no ink left in the printer'");
    drop_probe(&cast.seen);
}

static void takes_null(void **state)
{
    (void) state;
    const char *text = NULL;
    assert_ok(troupe_last_failure(NULL, &text));
    assert_string_equal(text, "");
    assert_ok(troupe_last_failure(NULL, NULL));
}

#define IN_WORLDS(test) WITH_WORLD(test), WITH_WORLD_OF_THREE(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(is_told_with_code_and_text),
        IN_WORLDS(is_the_bare_error_for_who_takes_no_such_reply),
        IN_WORLDS(is_told_to_a_continuation),
        cmocka_unit_test(takes_null),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
