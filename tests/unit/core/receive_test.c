/* SPDX-License-Identifier: MIT */
/* What receiving promises: order, time limits, a selective receive that leaves the rest alone. */
#include <stdlib.h>
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static const troupe_accept extras[] = {{.type = &extra_type}};

/* Sends 1, 101, 2, 102 ... count of each. */
static troupe_error send_pairs(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    for (uint64_t i = 1; i <= script->count; i++) {
        (void) send_item(self, script->to, i, script->options);
        (void) send_extra(self, script->to, 100 + i, script->options);
    }
    return TROUPE_OK;
}

static void play(tr_world *world, struct script *script, const troupe_spawn_options *options)
{
    troupe_spawn_options spawn = *options;
    spawn.argument = script;
    script->to = a_root(world, &spawn);
    (void) a_root(world, TROUPE_SPAWN(.body = send_pairs, .argument = script));
    advance_within_bounds(world, 10000 * MS);
    assert_true(tr_world_stop(world));
}

static troupe_error take_extras_first(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    while (error == TROUPE_OK) {
        error = troupe_receive_only(self, extras, 1, &message, TROUPE_WITHIN_MS(10));
        if (error == TROUPE_OK) {
            probe_say(script->seen, "%llu", (unsigned long long) item_of(message));
        }
    }
    say_error(script->seen, "then", error);
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(10)) == TROUPE_OK) {
        probe_say(script->seen, "%llu", (unsigned long long) item_of(message));
    }
    return TROUPE_OK;
}

/* Promise: MAILBOX-SELECTIVE */
static void takes_the_types_it_names_and_leaves_the_rest_in_order(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 3};
    play(*state, &script, TROUPE_SPAWN(.body = take_extras_first, .mailbox_capacity = 8));
    assert_said(seen, "101", "102", "103", "then TIMED_OUT", "1", "2", "3");
    drop_probe(&seen);
}

/* Promise: MAILBOX-SELECTIVE */
static void takes_from_all_lanes_of_an_actor_with_priorities(void **state)
{
    static const troupe_type_rule rule = {.type = &extra_type, .priority = 2};
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 2};
    play(*state, &script,
         TROUPE_SPAWN(.body = take_extras_first, .mailbox_capacity = 8, .type_rules = &rule,
                      .type_rule_count = 1));
    assert_said(seen, "101", "102", "then TIMED_OUT", "1", "2");
    drop_probe(&seen);
}

static troupe_error wait_for_extra(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive_only(self, extras, 1, &message, TROUPE_WITHIN_S(1));
    probe_say(script->seen, "%s at %llu", troupe_error_name(error),
              (unsigned long long) troupe_self_now_ns(self) / MS % 1000);
    return TROUPE_OK;
}

static void fill_with_items(tr_world *world, struct probe *seen, troupe_body *body,
                            uint32_t capacity)
{
    struct script script = {
        .seen = seen, .count = capacity + 1, .options = TROUPE_SEND(.timeout = TROUPE_NOW)};
    script.to = a_root(
        world, TROUPE_SPAWN(.body = body, .argument = &script, .mailbox_capacity = capacity));
    struct script sender = {.to = script.to, .seen = a_probe(), .count = capacity};
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = &sender));
    tr_world_advance(world, 5000 * MS);
    drop_probe(&sender.seen);
    assert_true(tr_world_stop(world));
}

/* Promise: MAILBOX-SELECTIVE */
static void fails_a_selective_wait_when_the_mailbox_fills_with_others(void **state)
{
    struct probe *seen = a_probe();
    fill_with_items(*state, seen, wait_for_extra, 2);
    assert_said(seen, "MAILBOX_FULL at 0");
    drop_probe(&seen);
}

static troupe_error wait_for_extra_later(troupe_self *self, void *argument)
{
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(20));
    return wait_for_extra(self, argument);
}

/* Promise: MAILBOX-SELECTIVE */
static void fails_a_selective_receive_at_once_when_the_mailbox_is_full_of_others(void **state)
{
    struct probe *seen = a_probe();
    fill_with_items(*state, seen, wait_for_extra_later, 2);
    assert_said(seen, "MAILBOX_FULL at 20");
    drop_probe(&seen);
}

static troupe_error stash_one_and_wait_for_extra(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error == TROUPE_OK) {
        error = troupe_stash(self, &message);
    }
    return error ? error : wait_for_extra(self, argument);
}

/* Promise: MAILBOX-SELECTIVE */
static void counts_the_stash_to_what_fills_the_mailbox(void **state)
{
    struct probe *seen = a_probe();
    fill_with_items(*state, seen, stash_one_and_wait_for_extra, 3);
    assert_said(seen, "MAILBOX_FULL at 0");
    drop_probe(&seen);
}

static troupe_error end_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

static troupe_error wait_for_down(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    static const troupe_accept downs[] = {{.type = &troupe_down_type}};
    troupe_monitor_id first;
    troupe_monitor_id second;
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) send_item(self, troupe_self_ref(self), 1, NULL);
    troupe_error error = troupe_monitor(self, script->other, &first);
    if (error == TROUPE_OK) {
        error = troupe_monitor(self, script->other, &second);
    }
    if (error == TROUPE_OK) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(20)); /* both DOWNs are queued */
    }
    const bool stood = troupe_demonitor(self, first);
    if (error == TROUPE_OK) {
        error = troupe_receive_only(self, downs, 1, &message, TROUPE_WITHIN_S(1));
    }
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    probe_say(script->seen, "%s %s %s", stood ? "stood" : "gone", troupe_error_name(error),
              down != NULL && down->monitor.id == second.id ? "the second" : "another");
    probe_say(script->seen, "%s", troupe_demonitor(self, second) ? "still stands" : "is spent");
    return TROUPE_OK;
}

/* Promise: MAILBOX-SELECTIVE */
static void takes_a_down_past_what_it_does_not_accept(void **state)
{
    static const troupe_type_rule rule = {.type = &extra_type, .priority = 2};
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    for (size_t rules = 0; rules < 2; rules++) {
        script.other = a_root(*state, TROUPE_SPAWN(.body = end_at_once));
        (void) a_root(*state, TROUPE_SPAWN(.body = wait_for_down, .argument = &script,
                                           .type_rules = &rule, .type_rule_count = rules));
        tr_world_advance(*state, 2000 * MS);
    }
    assert_said(seen, "stood OK the second", "is spent", "stood OK the second", "is spent");
    drop_probe(&seen);
}

static troupe_error take_by_priority(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(10));
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(10)) == TROUPE_OK) {
        probe_say(script->seen, "%llu", (unsigned long long) item_of(message));
    }
    return TROUPE_OK;
}

/* Promise: PRIORITY-WEIGHT */
static void serves_priorities_by_weight_and_starves_none(void **state)
{
    static const troupe_type_rule rules[] = {{.type = &item_type, .priority = 0},
                                             {.type = &extra_type, .priority = 3}};
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 34};
    play(*state, &script,
         TROUPE_SPAWN(.body = take_by_priority, .mailbox_capacity = 68, .type_rules = rules,
                      .type_rule_count = 2));
    assert_int_equal(probe_count(seen), 68);
    assert_string_equal(probe_line(seen, 0), "1");
    assert_string_equal(probe_line(seen, 15), "16");
    assert_string_equal(probe_line(seen, 16), "101");
    assert_string_equal(probe_line(seen, 17), "17");
    assert_string_equal(probe_line(seen, 33), "102");
    assert_string_equal(probe_line(seen, 34), "33");
    assert_string_equal(probe_line(seen, 36), "103");
    assert_string_equal(probe_line(seen, 67), "134");
    drop_probe(&seen);
}

static troupe_error send_of_each_priority(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    for (uint64_t i = 0; i < script->count; i++) {
        (void) send_item(self, script->to, i, NULL);
        (void) send_extra(self, script->to, 1000 + i, NULL);
        (void) send_bulk(self, script->to, 2000 + i, NULL);
    }
    return TROUPE_OK;
}

/* Promise: PRIORITY-WEIGHT */
static void serves_three_priorities_16_to_4_to_2(void **state)
{
    static const troupe_type_rule rules[] = {{.type = &item_type, .priority = 0},
                                             {.type = &extra_type, .priority = 1},
                                             {.type = &bulk_type, .priority = 2}};
    struct probe *seen = a_probe();
    struct script script = {.seen = seen, .count = 40};
    script.to = a_root(*state, TROUPE_SPAWN(.body = take_by_priority, .argument = &script,
                                            .mailbox_capacity = 120, .type_rules = rules,
                                            .type_rule_count = 3));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_of_each_priority, .argument = &script));
    tr_world_advance(*state, 1000 * MS);
    unsigned served[3] = {0};
    for (size_t i = 0; i < 45; i++) { /* two rounds, and the first of the third */
        served[strtoul(probe_line(seen, i), NULL, 10) / 1000]++;
    }
    assert_int_equal(served[0], 33);
    assert_int_equal(served[1], 8);
    assert_int_equal(served[2], 4);
    drop_probe(&seen);
}

static troupe_error receive_badly(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    static const troupe_accept neither[] = {{.type = NULL}};
    struct probe *seen = script->seen;
    troupe_message *message = NULL;
    const troupe_timeout now = TROUPE_NOW;
    say_error(seen, "self", troupe_receive(NULL, &message, now));
    say_error(seen, "message", troupe_receive(self, NULL, now));
    say_error(seen, "none", troupe_receive_only(self, NULL, 1, &message, now));
    say_error(seen, "no types", troupe_receive_only(self, extras, 0, &message, now));
    say_error(seen, "neither", troupe_receive_only(self, neither, 1, &message, now));
    say_error(seen, "message", troupe_receive_only(self, extras, 1, NULL, now));
    say_error(seen, "sleep", troupe_sleep(NULL, now));
    say_error(seen, "yield", troupe_yield(NULL));
    say_error(seen, "nothing there", troupe_receive(self, &message, now));
    return TROUPE_OK;
}

/* Promise: MAILBOX-ARGUMENTS */
static void refuses_bad_arguments(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    (void) a_root(*state, TROUPE_SPAWN(.body = receive_badly, .argument = &script));
    tr_world_run(*state);
    assert_said(seen, "self BAD_ARGUMENT", "message BAD_ARGUMENT", "none BAD_ARGUMENT",
                "no types BAD_ARGUMENT", "neither BAD_ARGUMENT", "message BAD_ARGUMENT",
                "sleep BAD_ARGUMENT", "yield BAD_ARGUMENT", "nothing there TIMED_OUT");
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(takes_the_types_it_names_and_leaves_the_rest_in_order),
        WITH_WORLD(takes_from_all_lanes_of_an_actor_with_priorities),
        WITH_WORLD(fails_a_selective_wait_when_the_mailbox_fills_with_others),
        WITH_WORLD(fails_a_selective_receive_at_once_when_the_mailbox_is_full_of_others),
        WITH_WORLD(counts_the_stash_to_what_fills_the_mailbox),
        WITH_WORLD(takes_a_down_past_what_it_does_not_accept),
        WITH_WORLD(serves_priorities_by_weight_and_starves_none),
        WITH_WORLD(serves_three_priorities_16_to_4_to_2),
        WITH_WORLD(refuses_bad_arguments),
    };
    return cmocka_run_group_tests_name("receive", tests, NULL, NULL);
}
