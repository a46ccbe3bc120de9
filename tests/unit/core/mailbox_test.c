/* SPDX-License-Identifier: MIT */
/* What a full mailbox does with the next message, policy by policy. */
#include "core/mailbox.h"

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* A receiver that pauses for 10 ms and a sender of `count` numbers to it; runs both to the end. */
static void send_to_paused(tr_world *world, struct probe *seen, uint64_t count,
                           const troupe_spawn_options *options)
{
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    troupe_spawn_options spawn = *options;
    spawn.body = receiver_body;
    spawn.argument = &receiver;
    const troupe_ref to = a_root(world, &spawn);
    struct script script = {.seen = seen, .to = to, .count = count};
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = &script));

    advance_within_bounds(world, 100 * MS);
    assert_int_equal(depth_of(world, to), 0);
    assert_true(tr_world_stop(world)); /* before what it uses goes */
}

/* Promise: MAILBOX-FAIL */
static void fails_the_send_and_keeps_what_it_has(void **state)
{
    struct probe *seen = a_probe();
    send_to_paused(*state, seen, 4,
                   TROUPE_SPAWN(.mailbox_capacity = 2, .on_full = TROUPE_ON_FULL_FAIL));
    assert_said(seen, "3 MAILBOX_FULL", "4 MAILBOX_FULL", "1", "2");
    drop_probe(&seen);
}

/* Promise: MAILBOX-DROP-NEWEST */
static void drops_the_newest_and_says_so(void **state)
{
    struct probe *seen = a_probe();
    send_to_paused(*state, seen, 4,
                   TROUPE_SPAWN(.mailbox_capacity = 2, .on_full = TROUPE_ON_FULL_DROP_NEWEST));
    troupe_counts counts;
    tr_world_counts(*state, &counts);

    assert_said(seen, "3 dropped", "4 dropped", "1", "2");
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 2);
    drop_probe(&seen);
}

/* Promise: MAILBOX-DROP-OLDEST */
static void drops_the_oldest(void **state)
{
    struct probe *seen = a_probe();
    send_to_paused(*state, seen, 9,
                   TROUPE_SPAWN(.mailbox_capacity = 3, .on_full = TROUPE_ON_FULL_DROP_OLDEST));
    troupe_counts counts;
    tr_world_counts(*state, &counts);

    assert_said(seen, "7", "8", "9");
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 6);
    drop_probe(&seen);
}

/* Promise: MAILBOX-DROP-OLDEST */
static void drops_the_newest_past_twice_the_capacity_under_way(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    const troupe_ref to =
        a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                    .mailbox_capacity = 2, .on_full = TROUPE_ON_FULL_DROP_OLDEST,
                                    .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    struct script script = {.seen = seen, .to = to, .count = 6};
    (void) a_root(*state, TROUPE_SPAWN(.body = sender_body, .argument = &script));

    advance_within_bounds(*state, 100 * MS);

    assert_said(seen, "5 dropped", "6 dropped", "3", "4");
    drop_probe(&seen);
}

/* Promise: MAILBOX-DEAD-LETTER */
static void makes_dead_letters_of_the_newest(void **state)
{
    struct probe *seen = a_probe();
    send_to_paused(*state, seen, 3,
                   TROUPE_SPAWN(.mailbox_capacity = 2, .on_full = TROUPE_ON_FULL_DEAD_LETTER));
    troupe_counts counts;
    tr_world_counts(*state, &counts);

    assert_said(seen, "3 dropped", "1", "2");
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 1);
    assert_int_equal(tr_world_worker(*state, 0)->ledger.dead_letters[TROUPE_DEAD_OVERFLOW], 1);
    drop_probe(&seen);
}

/* Promise: MAILBOX-WAIT */
static void lets_a_coroutine_wait_for_room(void **state)
{
    struct probe *seen = a_probe();
    send_to_paused(*state, seen, 4, TROUPE_SPAWN(.mailbox_capacity = 1));
    assert_said(seen, "1", "2", "3", "4");
    drop_probe(&seen);
}

static uint64_t tens(const troupe_message *message)
{
    return item_of(message) / 10;
}

static troupe_error send_keyed(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    static const uint64_t numbers[] = {11, 21, 12, 31, 22, 13, 41};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const troupe_error error = send_item(self, script->to, numbers[i], NULL);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static void conflate(tr_world *world, struct probe *seen, uint32_t capacity)
{
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct script script = {.seen = seen};
    script.to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                           .mailbox_capacity = capacity, .conflate_key = tens,
                                           .on_full = TROUPE_ON_FULL_CONFLATE));
    (void) a_root(world, TROUPE_SPAWN(.body = send_keyed, .argument = &script));
    advance_within_bounds(world, 100 * MS);
    assert_true(tr_world_stop(world));
}

/* Promise: MAILBOX-CONFLATE */
static void replaces_the_message_of_the_same_key_in_its_place(void **state)
{
    struct probe *seen = a_probe();
    conflate(*state, seen, 8);
    assert_said(seen, "13", "22", "31", "41");
    drop_probe(&seen);
}

/* Promise: MAILBOX-CONFLATE */
static void drops_the_oldest_where_no_key_is_the_same(void **state)
{
    struct probe *seen = a_probe();
    conflate(*state, seen, 3);
    assert_said(seen, "22", "31", "41");
    drop_probe(&seen);
}

static troupe_error send_both_types(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    for (uint64_t i = 1; i <= script->count; i++) {
        bool was_dropped = false;
        const troupe_send_options *options = TROUPE_SEND(.out_dropped = &was_dropped);
        troupe_error error = send_item(self, script->to, i, options);
        if (error || was_dropped) {
            say_error(script->seen, was_dropped ? "number dropped" : "number", error);
        }
        error = send_extra(self, script->to, 100 + i, options);
        if (error || was_dropped) {
            say_error(script->seen, was_dropped ? "other dropped" : "other", error);
        }
    }
    return TROUPE_OK;
}

static void send_by_rule(tr_world *world, struct probe *seen, const troupe_type_rule *rule,
                         troupe_on_full on_full)
{
    struct receiver receiver = {.seen = seen, .pause_ms = 10};
    struct script script = {.seen = seen, .count = 2};
    script.to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                           .mailbox_capacity = 2, .type_rules = rule,
                                           .type_rule_count = 1, .on_full = on_full));
    (void) a_root(world, TROUPE_SPAWN(.body = send_both_types, .argument = &script));
    advance_within_bounds(world, 100 * MS);
    assert_true(tr_world_stop(world));
}

/* Promise: MAILBOX-RULES */
static void follows_the_rule_for_the_type_before_the_actors_policy(void **state)
{
    static const troupe_type_rule rule = {.type = &extra_type,
                                          .on_full = TROUPE_ON_FULL_DROP_NEWEST};
    struct probe *seen = a_probe();
    send_by_rule(*state, seen, &rule, TROUPE_ON_FULL_FAIL);
    assert_said(seen, "number MAILBOX_FULL", "other dropped OK", "1", "101");
    drop_probe(&seen);
}

/* Promise: MAILBOX-RULES */
static void evicts_only_messages_of_types_that_may_be_dropped(void **state)
{
    static const troupe_type_rule rule = {.type = &extra_type,
                                          .on_full = TROUPE_ON_FULL_DROP_OLDEST};
    struct probe *seen = a_probe();
    send_by_rule(*state, seen, &rule, TROUPE_ON_FULL_FAIL);
    assert_said(seen, "number MAILBOX_FULL", "1", "102");
    drop_probe(&seen);
}

/* A policy for which the send's own option says something else. */
static troupe_error send_third(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    bool was_dropped = false;
    (void) send_item(self, script->to, 1, NULL); /* there is room */
    const troupe_error error =
        send_item(self, script->to, 2,
                  TROUPE_SEND(.on_full = script->options->on_full, .out_dropped = &was_dropped));
    say_error(script->seen, was_dropped ? "dropped" : "sent", error);
    return TROUPE_OK;
}

static void override(tr_world *world, struct probe *seen, troupe_on_full of_receiver,
                     troupe_on_full of_send)
{
    struct receiver receiver = {.pause_ms = 10};
    struct script script = {.seen = seen, .options = TROUPE_SEND(.on_full = of_send)};
    script.to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                           .mailbox_capacity = 1, .on_full = of_receiver));
    (void) a_root(world, TROUPE_SPAWN(.body = send_third, .argument = &script));
    tr_world_advance(world, 100 * MS);
    assert_true(tr_world_stop(world));
}

/* Promise: MAILBOX-RULES */
static void follows_the_sends_option_before_all(void **state)
{
    struct probe *seen = a_probe();
    override(*state, seen, TROUPE_ON_FULL_DROP_NEWEST, TROUPE_ON_FULL_FAIL);
    assert_said(seen, "sent MAILBOX_FULL");
    drop_probe(&seen);
}

/* Promise: MAILBOX-RULES */
static void waits_where_the_send_says_so(void **state)
{
    struct probe *seen = a_probe();
    override(*state, seen, TROUPE_ON_FULL_FAIL, TROUPE_ON_FULL_WAIT);
    assert_said(seen, "sent OK");
    drop_probe(&seen);
}

/* Promise: MAILBOX-RULES */
static void buries_where_the_send_says_so(void **state)
{
    struct probe *seen = a_probe();
    override(*state, seen, TROUPE_ON_FULL_FAIL, TROUPE_ON_FULL_DEAD_LETTER);
    assert_said(seen, "dropped OK");
    drop_probe(&seen);
}

/* The receivers of a chain: each redirects to the next, the last to nobody. */
#define CHAIN_MAX 7

static void redirect(tr_world *world, struct probe *seen, unsigned length, uint64_t count)
{
    static struct receiver receivers[CHAIN_MAX];
    struct script script = {.seen = seen, .count = count};
    troupe_ref next = troupe_ref_none();
    for (unsigned i = length; i-- > 0;) {
        receivers[i] = (struct receiver) {.seen = seen, .pause_ms = 10 * (i + 1)};
        next = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &receivers[i],
                                          .mailbox_capacity = 1, .redirect_to = next,
                                          .on_full = i == length - 1 ? TROUPE_ON_FULL_FAIL
                                                                     : TROUPE_ON_FULL_REDIRECT));
    }
    script.to = next;
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = &script));
    advance_within_bounds(world, 200 * MS);
    assert_true(tr_world_stop(world));
}

/* Promise: MAILBOX-REDIRECT */
static void redirects_along_a_chain(void **state)
{
    struct probe *seen = a_probe();
    redirect(*state, seen, 3, 4);
    assert_said(seen, "4 MAILBOX_FULL", "1", "2", "3");
    drop_probe(&seen);
}

/* Promise: LEDGER-HOLDER */
static void counts_a_redirected_message_once(void **state)
{
    struct probe *seen = a_probe();
    redirect(*state, seen, 3, 3);
    troupe_counts counts;
    tr_world_counts(*state, &counts);

    assert_said(seen, "1", "2", "3");
    assert_int_equal(counts.accepted, 3);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_HANDLED], 3);
    drop_probe(&seen);
}

/* Promise: MAILBOX-REDIRECT */
static void fails_after_four_redirects(void **state)
{
    struct probe *seen = a_probe();
    redirect(*state, seen, 7, 6);
    assert_said(seen, "6 MAILBOX_FULL", "1", "2", "3", "4", "5");
    drop_probe(&seen);
}

static troupe_error watch_overload(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    troupe_monitor_id monitor;
    troupe_error error = troupe_monitor(self, script->to, &monitor);
    for (uint64_t i = 1; error == TROUPE_OK && i <= 2; i++) {
        say_error(script->seen, "sent", send_item(self, script->to, i, NULL));
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    if (down != NULL) {
        say_error(script->seen, "down", down->reason);
    }
    return error;
}

/* Promise: MAILBOX-STOP-ACTOR */
static void fails_the_receiver_as_overloaded(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.pause_ms = 10};
    struct script script = {.seen = seen};
    script.to =
        a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                    .mailbox_capacity = 1, .on_full = TROUPE_ON_FULL_STOP_ACTOR));
    (void) a_root(*state, TROUPE_SPAWN(.body = watch_overload, .argument = &script));

    tr_world_advance(*state, 2000 * MS);

    assert_said(seen, "sent OK", "sent MAILBOX_FULL", "down OVERLOADED");
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(fails_the_send_and_keeps_what_it_has),
        WITH_WORLD(drops_the_newest_and_says_so),
        WITH_WORLD(drops_the_oldest),
        WITH_WORLD_OF_TWO(drops_the_newest_past_twice_the_capacity_under_way),
        WITH_WORLD(makes_dead_letters_of_the_newest),
        WITH_WORLD(lets_a_coroutine_wait_for_room),
        WITH_WORLD(replaces_the_message_of_the_same_key_in_its_place),
        WITH_WORLD(drops_the_oldest_where_no_key_is_the_same),
        WITH_WORLD(follows_the_rule_for_the_type_before_the_actors_policy),
        WITH_WORLD(evicts_only_messages_of_types_that_may_be_dropped),
        WITH_WORLD(follows_the_sends_option_before_all),
        WITH_WORLD(waits_where_the_send_says_so),
        WITH_WORLD(buries_where_the_send_says_so),
        WITH_WORLD(redirects_along_a_chain),
        WITH_WORLD(counts_a_redirected_message_once),
        WITH_WORLD(fails_after_four_redirects),
        WITH_WORLD(fails_the_receiver_as_overloaded),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
