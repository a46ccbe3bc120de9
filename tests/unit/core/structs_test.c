/* SPDX-License-Identifier: MIT */
/* What the calls that take a plain struct or a protobuf body promise: they send copies, and refuse
 * bad arguments. */
#include <string.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_error doubles(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        const uint64_t twice = 2 * figure_of(message);
        error =
            troupe_message_wants_reply(message)
                ? troupe_reply_struct(self, message, &figure_type, &twice)
                : troupe_send_struct(self, troupe_message_sender(message), &figure_type, &twice);
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error sends_and_asks(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    uint64_t number = 21;
    (void) tell(cast, "sent", troupe_send_struct(self, cast->refs[0], &figure_type, &number));
    number = 4; /* a copy was sent */
    const troupe_error error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    probe_say(cast->seen, "%d", (int) figure_of(message));
    (void) tell(
        cast, "asked",
        troupe_ask_struct(self, cast->refs[0], &figure_type, &number, TROUPE_WITHIN_S(1), &reply));
    probe_say(cast->seen, "%d", (int) figure_of(reply));
    return error;
}

/* Promise: SEND-STRUCT */
static void are_copied_when_sent_asked_with_and_replied(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = doubles, .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = sends_and_asks, .argument = &cast));
    tr_world_run(*state);
    assert_said(cast.seen, "sent OK", "42", "asked OK", "8");
    drop_probe(&cast.seen);
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *mine = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_ref me = troupe_self_ref(self);
    const troupe_timeout soon = TROUPE_WITHIN_S(1);
    const uint64_t number = 1;
    const troupe_error error = a_figure(self, 1, &mine);
    (void) tell(cast, "a", troupe_send_struct(NULL, me, &figure_type, &number));
    (void) tell(cast, "b", troupe_send_struct(self, me, NULL, &number));
    (void) tell(cast, "c", troupe_send(NULL, me, NULL));
    (void) tell(cast, "d", troupe_send_with(NULL, me, NULL, NULL));
    (void) tell(cast, "e", troupe_send_with(self, me, NULL, NULL));
    (void) tell(cast, "f", troupe_forward(NULL, me, &mine));
    (void) tell(cast, "g", troupe_forward(self, me, NULL));
    (void) tell(cast, "h", troupe_ask_struct(NULL, me, &figure_type, &number, soon, &reply));
    (void) tell(cast, "i", troupe_ask_struct(self, me, NULL, &number, soon, &reply));
    (void) tell(cast, "j", troupe_ask_struct(self, me, &figure_type, &number, soon, NULL));
    (void) tell(cast, "k", troupe_reply_struct(NULL, mine, &figure_type, &number));
    (void) tell(cast, "l", troupe_reply_struct(self, NULL, &figure_type, &number));
    (void) tell(cast, "m", troupe_reply_struct(self, mine, NULL, &number));
    (void) tell(cast, "n", troupe_reply_struct(self, mine, &figure_type, &number));
    return error;
}

/* Promise: SEND-ARGUMENTS, ASK-ARGUMENTS */
static void are_not_sent_with_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = gives_bad_arguments, .argument = &cast));
    assert_int_equal(probe_count(cast.seen), 14);
    for (size_t i = 0; i < 14; i++) {
        assert_non_null(strstr(probe_line(cast.seen, i), "BAD_ARGUMENT"));
    }
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(are_copied_when_sent_asked_with_and_replied),
        WITH_WORLD_OF_THREE(are_copied_when_sent_asked_with_and_replied),
        WITH_WORLD(are_not_sent_with_bad_arguments),
    };
    return cmocka_run_group_tests_name("structs", tests, NULL, NULL);
}
