/* SPDX-License-Identifier: MIT */
/* What the water marks promise: one word when the high one is reached, one when the low one is. */
#include "core/pressure.h"

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_error watch(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_watch_pressure(self, script->to);
    if (error == TROUPE_OK) {
        error = troupe_watch_pressure(self, script->to); /* told once all the same */
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_pressure *pressure = troupe_message_struct(message, &troupe_pressure_type);
        if (pressure != NULL) {
            probe_say(script->seen, "%s at %u%s", pressure->is_high ? "high" : "low",
                      pressure->depth,
                      troupe_ref_is_same(pressure->actor, script->to) ? "" : " of another");
        }
    }
    return error;
}

/* A receiver of capacity 8 that takes one each 10 ms, watched. */
static void watch_a_slow_one(tr_world *world, struct receiver *receiver, struct script *script,
                             uint32_t high, uint32_t low)
{
    receiver->each_ms = 10;
    script->to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = receiver,
                                            .mailbox_capacity = 8, .high_water = high,
                                            .low_water = low, .place = TROUPE_PLACE_ANY));
    script->other =
        a_root(world, TROUPE_SPAWN(.body = watch, .argument = script, .mailbox_capacity = 4));
    tr_world_run(world);
}

static void send_more(tr_world *world, struct script *script, uint64_t count)
{
    script->count = count;
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = script));
    tr_world_run(world);
}

/* Promise: MAILBOX-PRESSURE */
static void tells_of_the_high_and_of_the_low_mark_once(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = NULL};
    struct script script = {.seen = seen};
    watch_a_slow_one(*state, &receiver, &script, 0, 0); /* 6 and 2 */
    send_more(*state, &script, 5);
    assert_silent(seen);
    send_more(*state, &script, 3);
    assert_int_equal(probe_count_of(seen, "high at 6"), 1);

    tr_world_advance(*state, 25 * MS); /* down by some, and up again: between the marks */
    send_more(*state, &script, 2);
    assert_int_equal(probe_count(seen), 1);
    tr_world_advance(*state, 1000 * MS);

    assert_said(seen, "high at 6", "low at 2");
    drop_probe(&seen);
}

/* Promise: MAILBOX-PRESSURE */
static void tells_each_time_again(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = NULL};
    struct script script = {.seen = seen};
    watch_a_slow_one(*state, &receiver, &script, 3, 1);
    for (int i = 0; i < 2; i++) {
        send_more(*state, &script, 4);
        tr_world_advance(*state, 200 * MS);
    }
    assert_said(seen, "high at 3", "low at 1", "high at 3", "low at 1");
    drop_probe(&seen);
}

static troupe_error stop_other(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    return troupe_stop(self, script->other);
}

/* Promise: MAILBOX-PRESSURE */
static void forgets_a_watcher_that_has_ended(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = NULL};
    struct script script = {.seen = seen};
    watch_a_slow_one(*state, &receiver, &script, 3, 1);
    const tr_actor *actor = atomic_load(&slot_of(*state, script.to)->actor);
    assert_non_null(actor->extra->pressure.head);
    (void) a_root(*state, TROUPE_SPAWN(.body = stop_other, .argument = &script));
    tr_world_run(*state);

    send_more(*state, &script, 4);

    assert_null(actor->extra->pressure.head);
    assert_silent(seen);
    drop_probe(&seen);
}

static troupe_error watch_and_sleep(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    const troupe_error error = troupe_watch_pressure(self, script->to);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

/* Promise: MAILBOX-PRESSURE */
static void drops_a_notice_that_meets_a_full_mailbox(void **state)
{
    struct receiver receiver = {.each_ms = 10};
    struct script script = {.seen = NULL};
    script.to = a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                            .mailbox_capacity = 4, .high_water = 2));
    script.other = a_root(
        *state, TROUPE_SPAWN(.body = watch_and_sleep, .argument = &script, .mailbox_capacity = 1));
    tr_world_run(*state);
    send_more(*state, &script, 4);
    tr_world_advance(*state, 1000 * MS);
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 1);
    assert_int_equal(depth_of(*state, script.other), 1);
}

static troupe_error watch_badly(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    say_error(script->seen, "self", troupe_watch_pressure(NULL, troupe_self_ref(self)));
    say_error(script->seen, "nobody", troupe_watch_pressure(self, troupe_ref_none()));
    say_error(script->seen, "ended", troupe_watch_pressure(self, script->to));
    return TROUPE_OK;
}

static troupe_error end_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

/* Promise: MAILBOX-ARGUMENTS */
static void watches_nobody_where_there_is_none(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    script.to = a_root(*state, TROUPE_SPAWN(.body = end_at_once));
    tr_world_run(*state);
    (void) a_root(*state, TROUPE_SPAWN(.body = watch_badly, .argument = &script));
    assert_int_equal(probe_count_of(seen, "self BAD_ARGUMENT"), 1);
    assert_int_equal(probe_count_of(seen, "nobody NO_SUCH_ACTOR"), 1);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(tells_of_the_high_and_of_the_low_mark_once),
        WITH_WORLD(tells_each_time_again),
        WITH_WORLD(forgets_a_watcher_that_has_ended),
        WITH_WORLD(drops_a_notice_that_meets_a_full_mailbox),
        WITH_WORLD(watches_nobody_where_there_is_none),
    };
    return cmocka_run_group_tests_name("pressure", tests, NULL, NULL);
}
