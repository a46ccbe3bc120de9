/* SPDX-License-Identifier: MIT */
/* What the handling of one message promises: it is bounded by the message's deadline and ended by
 * its asker's cancel, and by nothing else of theirs. */
#include <string.h>

#include "support/cast.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)

/* Asks refs[0] and says what came. */
static troupe_error play_asker(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return tell(cast, "asked", ask_figure(self, cast->refs[0], 21, TROUPE_WITHIN_S(3600), NULL));
}

/* Asks refs[0], with a continuation, and waits to be stopped. */
static troupe_error never_comes(troupe_self *self, void *state, troupe_error error,
                                troupe_message **reply, void *context)
{
    (void) self;
    (void) state;
    (void) reply;
    (void) tell(context, "continued", error);
    return TROUPE_OK;
}

static troupe_error asks_at_start(troupe_self *self, void *state, void *argument)
{
    struct cast *cast = argument;
    (void) state;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, 21, &message);
    return error ? error
                 : troupe_ask_message_then(self, cast->refs[0], &message, TROUPE_FOREVER,
                                           never_comes, cast);
}

static const troupe_behavior asking_behavior =
    TROUPE_BEHAVIOR(.name = "asking", .start = asks_at_start);

struct when {
    troupe_ref who;
    uint64_t after_s;
    bool is_stop;
};

/* Cancels or stops somebody after a while. */
static troupe_error play_canceller(troupe_self *self, void *argument)
{
    const struct when *when = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(when->after_s));
    if (error) {
        return error;
    }
    return when->is_stop ? troupe_stop(self, when->who) : troupe_cancel(self, when->who);
}

/* Lets the callee be asked, and the asker be cancelled after a second. */
static void play(tr_world *world, troupe_body *callee, struct cast *cast)
{
    cast->refs[0] =
        a_root(world, TROUPE_SPAWN(.body = callee, .argument = cast, .place = TROUPE_PLACE_ANY));
    struct when when = {.after_s = 1};
    when.who = a_root(
        world, TROUPE_SPAWN(.body = play_asker, .argument = cast, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = play_canceller, .argument = &when));
    tr_world_advance(world, 60 * SECOND);
}

/* Handles one request with waits that would last, and says how they end, and when. */
static troupe_error play_patient(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_message *reply = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    const uint64_t before_ns = troupe_self_now_ns(self);
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(100)));
    probe_say(cast->seen, "after %d s",
              (int) ((troupe_self_now_ns(self) - before_ns + SECOND / 2) / SECOND));
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(1)));
    (void) tell(cast, "asked on", ask_figure(self, troupe_self_ref(self), 1, TROUPE_FOREVER, NULL));
    troupe_ref child;
    (void) tell(cast, "spawned", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &child));
    (void) tell(cast, "detached", troupe_scope_detach(self));
    (void) tell(cast, "received", troupe_receive(self, &message, TROUPE_NOW));
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(1)));
    troupe_message_destroy(&reply);
    return error;
}

/* Promise: SCOPE-CANCEL */
static void makes_every_wait_return_cancelled_until_the_next_receive(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, play_patient, &cast);
    assert_int_equal(probe_count_of(cast.seen, "asked CANCELLED"), 1);
    assert_int_equal(probe_count(cast.seen), 9);
    assert_int_equal(probe_count_of(cast.seen, "slept CANCELLED"), 2);
    assert_int_equal(probe_count_of(cast.seen, "after 1 s"), 1);
    assert_int_equal(probe_count_of(cast.seen, "asked on CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "spawned CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "detached CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "received TIMED_OUT"), 1);
    assert_string_equal(probe_line(cast.seen, 8), "slept OK"); /* the actor lives on */
    drop_probe(&cast.seen);
}

/* Looks for the request only after its asker has gone. */
static troupe_error play_slow(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(5));
    (void) tell(cast, "received", troupe_receive(self, &message, TROUPE_NOW));
    return error;
}

/* Stashes the request, and takes it out after its asker has gone. */
static troupe_error play_stasher(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error == TROUPE_OK) {
        error = troupe_stash(self, &message);
    }
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(5)));
    probe_say(cast->seen, "put back %d", (int) troupe_unstash(self, SIZE_MAX));
    (void) tell(cast, "received", troupe_receive(self, &message, TROUPE_NOW));
    return error;
}

static void assert_cancelled_once(tr_world *world)
{
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_CANCELLED], 1);
    assert_int_equal(counts.late_replies, 0);
    assert_int_equal(counts.accepted, 1);
}

/* Promise: SCOPE-VOID */
static void is_not_begun_for_nobody(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, play_slow, &cast);
    assert_said(cast.seen, "asked CANCELLED", "received TIMED_OUT");
    assert_cancelled_once(*state);
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-VOID */
static void is_not_begun_from_the_stash_either(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, play_stasher, &cast);
    assert_int_equal(probe_count(cast.seen), 4);
    assert_int_equal(probe_count_of(cast.seen, "slept OK"), 1);
    assert_int_equal(probe_count_of(cast.seen, "put back 1"), 1);
    assert_int_equal(probe_count_of(cast.seen, "received TIMED_OUT"), 1);
    assert_cancelled_once(*state);
    drop_probe(&cast.seen);
}

/* Holds the request of a behavior that ends meanwhile. */
static troupe_error play_sleepy(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(100)));
    return error;
}

/* Promise: SCOPE-CANCEL */
static void is_cancelled_by_the_end_of_a_behavior_that_asked(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_sleepy, .argument = &cast));
    struct when when = {.after_s = 1, .is_stop = true};
    when.who = a_root(*state, TROUPE_SPAWN(.behavior = &asking_behavior, .argument = &cast,
                                           .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = play_canceller, .argument = &when));
    tr_world_advance(*state, 10 * SECOND);
    assert_said(cast.seen, "slept CANCELLED");
    drop_probe(&cast.seen);
}

/* Answers though nobody listens any more, which lifts the cancel. */
static troupe_error play_dutiful(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(100)));
    (void) tell(cast, "replied", reply_figure(self, message, 1));
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(1)));
    return error;
}

/* Promise: ASK-LIFTED */
static void is_lifted_by_a_reply(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, play_dutiful, &cast);
    assert_int_equal(probe_count_of(cast.seen, "slept CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "replied OK"), 1);
    assert_string_equal(probe_line(cast.seen, 3), "slept OK");
    drop_probe(&cast.seen);
}

/* Goes its own way: neither the cancel nor the deadline reach it. */
static troupe_error play_detached(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    (void) tell(cast, "detached", troupe_scope_detach(self));
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_WITHIN_S(5)));
    return error;
}

static troupe_error asks_for_a_second(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    (void) tell(cast, "asked", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), NULL));
    return TROUPE_OK;
}

/* Promise: SCOPE-DETACH */
static void outlives_the_cancel_when_detached(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, play_detached, &cast);
    assert_said(cast.seen, "detached OK", "asked CANCELLED", "slept OK");
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-DETACH */
static void outlives_the_deadline_when_detached(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_detached, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.body = asks_for_a_second, .argument = &cast,
                                       .place = TROUPE_PLACE_ANY));
    tr_world_advance(*state, 10 * SECOND);
    assert_said(cast.seen, "detached OK", "asked TIMED_OUT", "slept OK");
    drop_probe(&cast.seen);
}

static void refuses_null(void **state)
{
    (void) state;
    assert_fails(troupe_scope_detach(NULL), BAD_ARGUMENT);
}

#define IN_WORLDS(test) WITH_WORLD(test), WITH_WORLD_OF_THREE(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(makes_every_wait_return_cancelled_until_the_next_receive),
        IN_WORLDS(is_not_begun_for_nobody),
        IN_WORLDS(is_not_begun_from_the_stash_either),
        IN_WORLDS(is_cancelled_by_the_end_of_a_behavior_that_asked),
        IN_WORLDS(is_lifted_by_a_reply),
        IN_WORLDS(outlives_the_cancel_when_detached),
        IN_WORLDS(outlives_the_deadline_when_detached),
        cmocka_unit_test(refuses_null),
    };
    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
