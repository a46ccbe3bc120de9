/* SPDX-License-Identifier: MIT */
/* What the list of errors promises: a name, a text and an outcome for every number. */
#include "support/fixtures.h"

#include <string.h>

static const troupe_error codes[] = {TROUPE_OK,
#define CODE(name, value, outcome, text) TROUPE_ERROR_##name,
                                     TROUPE_ERRORS(CODE)
#undef CODE
};

#define CODE_COUNT (sizeof codes / sizeof codes[0])

static void has_no_gaps(void **state)
{
    (void) state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        assert_int_equal(codes[i], i);
    }
}

static void has_a_name_and_a_text_for_every_code(void **state)
{
    (void) state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        assert_true(strlen(troupe_error_name(codes[i])) > 0);
        assert_true(strlen(troupe_error_text(codes[i])) > 0);
    }
    assert_string_equal(troupe_error_name(TROUPE_ERROR_MAILBOX_FULL), "MAILBOX_FULL");
    assert_string_equal(troupe_error_text(TROUPE_ERROR_NO_MEMORY), "out of memory");
}

static void writes_texts_without_a_full_stop(void **state)
{
    (void) state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        const char *text = troupe_error_text(codes[i]);
        assert_int_not_equal(text[strlen(text) - 1], '.');
    }
}

static void calls_success_ok(void **state)
{
    (void) state;
    assert_string_equal(troupe_error_name(TROUPE_OK), "OK");
    assert_string_equal(troupe_error_text(TROUPE_OK), "success");
}

static void knows_nothing_of_the_programs_own_codes(void **state)
{
    (void) state;
    const troupe_error own = (troupe_error) (TROUPE_ERROR_USER + 7);

    assert_string_equal(troupe_error_name(own), "USER");
    assert_string_equal(troupe_error_text(own), "an error of the program's own");
    assert_int_equal(troupe_error_outcome(own), TROUPE_OUTCOME_UNKNOWN);
}

static void takes_codes_that_a_newer_version_may_send(void **state)
{
    (void) state;
    const troupe_error newer = (troupe_error) CODE_COUNT;

    assert_string_equal(troupe_error_name(newer), "UNKNOWN");
    assert_non_null(troupe_error_text(newer));
    assert_int_equal(troupe_error_outcome(newer), TROUPE_OUTCOME_UNKNOWN);
}

/* Promise: ERROR-OUTCOME */
static void tells_what_surely_was_not_executed(void **state)
{
    (void) state;
    static const troupe_error surely_not[] = {
        TROUPE_ERROR_MAILBOX_FULL, TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_NO_SUCH_ACTOR,
        TROUPE_ERROR_STALE,        TROUPE_ERROR_EXPIRED,    TROUPE_ERROR_NOT_AUTHORISED};
    static const troupe_error perhaps[] = {TROUPE_ERROR_TIMED_OUT, TROUPE_ERROR_CANCELLED,
                                           TROUPE_ERROR_NODE_LOST, TROUPE_ERROR_HANDLER_FAILED,
                                           TROUPE_ERROR_PROTOCOL,  TROUPE_ERROR_NO_REPLY};
    for (size_t i = 0; i < sizeof surely_not / sizeof surely_not[0]; i++) {
        assert_int_equal(troupe_error_outcome(surely_not[i]), TROUPE_OUTCOME_NOT_EXECUTED);
    }
    for (size_t i = 0; i < sizeof perhaps / sizeof perhaps[0]; i++) {
        assert_int_equal(troupe_error_outcome(perhaps[i]), TROUPE_OUTCOME_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_no_gaps),
        cmocka_unit_test(has_a_name_and_a_text_for_every_code),
        cmocka_unit_test(writes_texts_without_a_full_stop),
        cmocka_unit_test(calls_success_ok),
        cmocka_unit_test(knows_nothing_of_the_programs_own_codes),
        cmocka_unit_test(takes_codes_that_a_newer_version_may_send),
        cmocka_unit_test(tells_what_surely_was_not_executed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
