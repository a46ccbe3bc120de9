/* SPDX-License-Identifier: MIT */
/* What stash, unstash and continue promise: places, order, and who owns what. */
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* Runs `body` with a mailbox of `capacity`, and before it runs anything puts 1 to `count` into
 * it. */
static void run_with_queued(tr_world *world, struct script *script, troupe_body *body,
                            const troupe_spawn_options *options)
{
    troupe_spawn_options spawn = *options;
    spawn.body = body;
    spawn.argument = script;
    script->to = a_root(world, &spawn); /* sleeps first, so that it is ready */
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = script));
    advance_within_bounds(world, 1000 * MS);
    assert_int_equal(depth_of(world, script->to), 0);
}

static void say_item(const struct script *script, const troupe_message *message)
{
    probe_say(script->seen, "%llu", (unsigned long long) item_of(message));
}

static troupe_error stash_odd_ones(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 1; error == TROUPE_OK && i <= 4; i++) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(1));
        if (error == TROUPE_OK && item_of(message) % 2 == 1) {
            error = troupe_stash(self, &message);
        } else {
            say_item(script, message);
        }
    }
    probe_say(script->seen, "unstashed %d", (int) troupe_unstash(self, SIZE_MAX));
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(1)) == TROUPE_OK) {
        say_item(script, message);
    }
    return error;
}

/* Promise: STASH-ORDER */
static void puts_stashed_messages_back_before_newer_ones_in_order(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 6};
    run_with_queued(*state, &script, stash_odd_ones, TROUPE_SPAWN(.mailbox_capacity = 6));
    assert_said(seen, "2", "4", "unstashed 2", "1", "3", "5", "6");
    drop_probe(&seen);
}

static troupe_error unstash_some(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 1; error == TROUPE_OK && i <= 3; i++) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(1));
        if (error == TROUPE_OK) {
            error = troupe_stash(self, &message);
        }
    }
    for (size_t i = 0; error == TROUPE_OK && i < 3; i++) {
        probe_say(script->seen, "unstashed %d", (int) troupe_unstash(self, i));
    }
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(1)) == TROUPE_OK) {
        say_item(script, message);
    }
    return error;
}

/* Promise: STASH-ORDER */
static void puts_back_as_many_as_asked_the_oldest_first(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 3};
    run_with_queued(*state, &script, unstash_some, TROUPE_SPAWN(.mailbox_capacity = 3));
    assert_said(seen, "unstashed 0", "unstashed 1", "unstashed 2", "2", "3", "1");
    drop_probe(&seen);
}

static troupe_error stash_all(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(5));
        if (error == TROUPE_OK) {
            say_item(script, message);
            error = troupe_stash(self, &message);
        }
    }
    say_error(script->seen, "ends with", error);
    return TROUPE_OK;
}

/* Promise: STASH-BOUND */
static void counts_the_stash_within_the_capacity(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {
        .seen = seen, .count = 3, .options = TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL)};
    run_with_queued(*state, &script, stash_all, TROUPE_SPAWN(.mailbox_capacity = 2));
    assert_said(seen, "3 MAILBOX_FULL", "1", "2", "ends with TIMED_OUT");
    drop_probe(&seen);
}

static troupe_error stash_after_waiting(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(5));
    }
    if (error == TROUPE_OK) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(5)); /* its place goes to one who waits */
    }
    if (error == TROUPE_OK) {
        say_error(script->seen, "full", troupe_stash(self, &message));
        say_item(script, message);
    }
    return error;
}

/* Promise: STASH-BOUND */
static void leaves_a_message_that_finds_no_place_with_the_actor(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 2};
    run_with_queued(*state, &script, stash_after_waiting, TROUPE_SPAWN(.mailbox_capacity = 1));
    assert_said(seen, "full MAILBOX_FULL", "1");
    drop_probe(&seen);
}

static troupe_error stash_in_vain(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_message *none = NULL;
    TROUPE_AUTO(troupe_message) *own = NULL;
    const troupe_error error = make_item(self, 1, &own);
    say_error(script->seen, "own", troupe_stash(self, &own));
    say_error(script->seen, "none", troupe_stash(self, &none));
    say_error(script->seen, "null", troupe_stash(self, NULL));
    say_error(script->seen, "no self", troupe_stash(NULL, &own));
    probe_say(script->seen, "%d %d", (int) troupe_unstash(NULL, 1),
              (int) troupe_unstash(self, SIZE_MAX));
    return error;
}

/* Promise: STASH-OWNER */
static void stashes_only_what_was_received_from_the_mailbox(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    (void) a_root(*state, TROUPE_SPAWN(.body = stash_in_vain, .argument = &script));
    assert_said(seen, "own BAD_ARGUMENT", "none BAD_ARGUMENT", "null BAD_ARGUMENT",
                "no self BAD_ARGUMENT", "0 0");
    drop_probe(&seen);
}

static troupe_error stash_an_evicting_one(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(5));
    }
    if (error == TROUPE_OK) {
        error = send_item(self, troupe_self_ref(self), 8, NULL);
    }
    if (error == TROUPE_OK) {
        say_error(script->seen, "stash", troupe_stash(self, &message));
    }
    return error;
}

/* Promise: STASH-BOUND */
static void stashes_nothing_beyond_the_capacity_where_the_oldest_gives_way(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 2};
    run_with_queued(*state, &script, stash_an_evicting_one,
                    TROUPE_SPAWN(.mailbox_capacity = 2, .on_full = TROUPE_ON_FULL_DROP_OLDEST));
    assert_said(seen, "stash MAILBOX_FULL");
    drop_probe(&seen);
}

static troupe_error reactor_start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    *(struct script **) state = argument;
    return TROUPE_OK;
}

static troupe_error reactor_got(troupe_self *self, void *state, troupe_message **message)
{
    const struct script *script = *(struct script **) state;
    if (item_of(*message) != 1) {
        return TROUPE_OK;
    }
    const troupe_error error = send_item(self, troupe_self_ref(self), 8, NULL);
    say_error(script->seen, "stash", error ? error : troupe_stash(self, message));
    return TROUPE_OK;
}

/* Promise: STASH-BOUND */
static void lets_no_behavior_stash_beyond_the_capacity_either(void **state)
{
    static const troupe_behavior reactor =
        TROUPE_BEHAVIOR(.name = "reactor", .state_size = sizeof(struct script *),
                        .start = reactor_start, .other = reactor_got);
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 2};
    script.to =
        a_root(*state, TROUPE_SPAWN(.behavior = &reactor, .argument = &script,
                                    .mailbox_capacity = 2, .on_full = TROUPE_ON_FULL_DROP_OLDEST));
    (void) a_root(*state, TROUPE_SPAWN(.body = sender_body, .argument = &script));
    advance_within_bounds(*state, 10 * MS);
    assert_said(seen, "stash MAILBOX_FULL");
    drop_probe(&seen);
}

static troupe_error continue_once(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(5));
        if (error == TROUPE_OK) {
            TROUPE_AUTO(troupe_message) *next = NULL;
            say_item(script, message);
            error = make_item(self, item_of(message) + 10, &next);
            if (error == TROUPE_OK && item_of(message) < 20) {
                error = troupe_continue(self, &next);
                say_error(script->seen, "again", troupe_continue(self, &next));
            }
        }
    }
    return TROUPE_OK;
}

/* Promise: SEND-CONTINUE */
static void continues_in_the_place_of_the_message_being_handled(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 2};
    run_with_queued(*state, &script, continue_once, TROUPE_SPAWN(.mailbox_capacity = 1));
    assert_said(seen, "1", "again BAD_ARGUMENT", "11", "again BAD_ARGUMENT", "21", "2",
                "again BAD_ARGUMENT", "12", "again BAD_ARGUMENT", "22");
    drop_probe(&seen);
}

static troupe_error continue_larger(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *bulk = NULL;
    TROUPE_AUTO(troupe_message) *larger = NULL;
    say_error(script->seen, "made", make_bulk(self, 1000, &bulk));
    say_error(script->seen, "made", make_bulk(self, 1257, &larger));
    say_error(script->seen, "nothing handled", troupe_continue(self, &bulk));
    if (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(5));
    }
    say_error(script->seen, "beyond the bytes", troupe_continue(self, &larger));
    say_error(script->seen, "within", troupe_continue(self, &bulk));
    if (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(5));
    }
    say_item(script, message);
    return error;
}

/* Promise: SEND-CONTINUE */
static void takes_the_bytes_of_a_larger_continuation_anew(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 1};
    run_with_queued(*state, &script, continue_larger,
                    TROUPE_SPAWN(.mailbox_capacity = 1, .mailbox_bytes = 1000));
    assert_int_equal(bytes_of(*state, script.to), 0);
    assert_said(seen, "made OK", "made OK", "nothing handled BAD_ARGUMENT",
                "beyond the bytes MAILBOX_FULL", "within OK", "1000");
    drop_probe(&seen);
}

static troupe_error continue_in_vain(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_message *none = NULL;
    TROUPE_AUTO(troupe_message) *own = NULL;
    const troupe_error error = make_item(self, 1, &own);
    say_error(script->seen, "none", troupe_continue(self, &none));
    say_error(script->seen, "null", troupe_continue(self, NULL));
    say_error(script->seen, "no self", troupe_continue(NULL, &own));
    probe_say(script->seen, "%s", own != NULL ? "kept" : "lost");
    return error;
}

/* Promise: SEND-ARGUMENTS */
static void refuses_to_continue_with_nothing(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    (void) a_root(*state, TROUPE_SPAWN(.body = continue_in_vain, .argument = &script));
    assert_said(seen, "none BAD_ARGUMENT", "null BAD_ARGUMENT", "no self BAD_ARGUMENT", "kept");
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(puts_stashed_messages_back_before_newer_ones_in_order),
        WITH_WORLD_OF_THREE(puts_back_as_many_as_asked_the_oldest_first),
        WITH_WORLD(counts_the_stash_within_the_capacity),
        WITH_WORLD(leaves_a_message_that_finds_no_place_with_the_actor),
        WITH_WORLD(stashes_only_what_was_received_from_the_mailbox),
        WITH_WORLD(stashes_nothing_beyond_the_capacity_where_the_oldest_gives_way),
        WITH_WORLD(lets_no_behavior_stash_beyond_the_capacity_either),
        WITH_WORLD(continues_in_the_place_of_the_message_being_handled),
        WITH_WORLD(takes_the_bytes_of_a_larger_continuation_anew),
        WITH_WORLD(refuses_to_continue_with_nothing),
    };
    return cmocka_run_group_tests_name("stash", tests, NULL, NULL);
}
