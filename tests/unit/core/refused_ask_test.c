/* SPDX-License-Identifier: MIT */
/* What an ask is told when a policy drops its request, and what is then known of it. */
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_error asks(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const uint64_t number = ++cast->count;
    const troupe_error error = ask_figure(self, cast->refs[0], number, TROUPE_WITHIN_S(1), NULL);
    probe_say(cast->seen, "%d %s", (int) number, troupe_error_name(error));
    return TROUPE_OK;
}

/* Two ask one who has room for one request and takes none. */
static void ask_twice(tr_world *world, struct cast *cast, troupe_on_full policy)
{
    cast->seen = a_probe();
    cast->count = 0;
    cast->refs[0] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1,
                                               .on_full = policy, .place = TROUPE_PLACE_ANY));
    for (unsigned i = 0; i < 2; i++) {
        (void) a_root(world, TROUPE_SPAWN(.body = asks, .argument = cast));
        tr_world_advance(world, 10 * MS);
    }
    tr_world_advance(world, 2000 * MS);
}

/* Promise: ASK-FULL */
static void is_told_at_once_that_there_was_no_room_for_it(void **state)
{
    static const troupe_on_full policies[] = {TROUPE_ON_FULL_FAIL, TROUPE_ON_FULL_DROP_NEWEST,
                                              TROUPE_ON_FULL_DEAD_LETTER};
    struct cast cast = {0};
    for (size_t i = 0; i < 3; i++) {
        ask_twice(*state, &cast, policies[i]);
        assert_said(cast.seen, "2 MAILBOX_FULL", "1 TIMED_OUT");
        drop_probe(&cast.seen);
    }
    ask_twice(*state, &cast, TROUPE_ON_FULL_STOP_ACTOR);
    assert_int_equal(probe_count_of(cast.seen, "2 MAILBOX_FULL"), 1);
    assert_int_equal(probe_count_of(cast.seen, "1 STALE"), 1); /* the receiver has failed */
    drop_probe(&cast.seen);
}

/* Promise: ASK-FULL */
static void is_told_when_its_request_has_given_way_to_another(void **state)
{
    static const troupe_on_full policies[] = {TROUPE_ON_FULL_DROP_OLDEST, TROUPE_ON_FULL_CONFLATE};
    struct cast cast = {0};
    for (size_t i = 0; i < 2; i++) {
        ask_twice(*state, &cast, policies[i]);
        assert_said(cast.seen, "1 MAILBOX_FULL", "2 TIMED_OUT");
        drop_probe(&cast.seen);
    }
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.late_replies, 0);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 2);
}

/* Handles the request: only the answer is too large. */
static troupe_error answers_at_length(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : make_bulk(self, 101, &reply);
    (void) tell(cast, "handled", troupe_reply_message(self, message, &reply));
    return error;
}

static troupe_error asks_for_much(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_error error = ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), NULL);
    (void) tell(cast, "asked", error);
    probe_say(cast->seen,
              troupe_error_outcome(error) == TROUPE_OUTCOME_UNKNOWN ? "may have been" : "was not");
    return TROUPE_OK;
}

/* Promise: ERROR-OUTCOME */
static void is_not_said_to_be_undone_when_only_its_answer_was_refused(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = answers_at_length, .argument = &cast));
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = asks_for_much, .argument = &cast, .reply_bytes = 100));
    tr_world_run(*state);
    assert_said(cast.seen, "handled TOO_LARGE", "asked TOO_LARGE", "may have been");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(is_told_at_once_that_there_was_no_room_for_it),
        WITH_WORLD_OF_THREE(is_told_at_once_that_there_was_no_room_for_it),
        WITH_WORLD(is_told_when_its_request_has_given_way_to_another),
        WITH_WORLD_OF_THREE(is_told_when_its_request_has_given_way_to_another),
        WITH_WORLD(is_not_said_to_be_undone_when_only_its_answer_was_refused),
    };
    return cmocka_run_group_tests_name("refused_ask", tests, NULL, NULL);
}
