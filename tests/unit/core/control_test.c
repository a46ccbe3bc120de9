/* SPDX-License-Identifier: MIT */
/* What control, ticks, DOWNs and replies promise: room of their own, whatever a mailbox is full of,
 * and their place in the order. */
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static troupe_error naps(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(10));
}

/* Sends one each ms, whether or not there is room. */
static troupe_error floods(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < 30 && error == TROUPE_OK; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, i, &message);
        if (error == TROUPE_OK) {
            (void) troupe_send_message_with(self, cast->refs[0], &message,
                                            TROUPE_SEND(.timeout = TROUPE_NOW));
        }
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    return error;
}

static troupe_error says_what_came(troupe_self *self, struct cast *cast)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(20)) == TROUPE_OK) {
        if (troupe_message_is(message, &figure_type)) {
            cast->count++;
        } else {
            probe_say(cast->seen, "%s", troupe_message_type_name(message));
        }
    }
    return TROUPE_OK;
}

/* Is flooded from 0 to 30 ms; the tick and the DOWN come at 10, the reply in between. */
static troupe_error is_flooded(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_timer timer;
    uint64_t answer = 0;
    troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = naps, .place = TROUPE_PLACE_ANY), &ref);
    error = error ? error : troupe_monitor(self, ref, &monitor);
    error = error ? error
                  : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(10)), &timer);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(6));
    (void) tell(cast, "asked", ask_figure(self, cast->refs[1], 21, TROUPE_WITHIN_S(1), &answer));
    probe_say(cast->seen, "%d", (int) answer);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(20));
    return error ? error : says_what_came(self, cast);
}

/* Promise: CONTROL-RESERVE */
static void comes_past_a_full_mailbox_whatever_its_policy(void **state)
{
    for (troupe_on_full policy = TROUPE_ON_FULL_WAIT; policy <= TROUPE_ON_FULL_CONFLATE; policy++) {
        struct cast cast = {.seen = a_probe()};
        cast.refs[1] =
            a_root(*state, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY));
        cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = is_flooded, .argument = &cast,
                                                   .mailbox_capacity = 2, .on_full = policy));
        (void) a_root(*state,
                      TROUPE_SPAWN(.body = floods, .argument = &cast, .place = TROUPE_PLACE_ANY));
        tr_world_advance(*state, 20 * MS);
        assert_true(depth_of(*state, cast.refs[0]) >= (policy == TROUPE_ON_FULL_CONFLATE ? 1 : 2));
        tr_world_advance(*state, 1000 * MS);
        assert_int_equal(probe_count(cast.seen), 4);
        assert_string_equal(probe_line(cast.seen, 0), "asked OK");
        assert_string_equal(probe_line(cast.seen, 1), "42");
        assert_int_equal(probe_count_of(cast.seen, "troupe_tick"), 1);
        assert_int_equal(probe_count_of(cast.seen, "troupe_down"), 1);
        assert_true(cast.count > 0);
        drop_probe(&cast.seen);
    }
}

static troupe_error takes_slowly(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        probe_say(cast->seen, "got %d", (int) figure_of(message));
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(10)); /* the next receive tells, too */
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return tell(cast, "then", error);
}

/* Fills the mailbox, stands in line for more with another, and stops or cancels the receiver. */
static troupe_error fills_and_ends_it(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5));
    if (error == TROUPE_OK) {
        error = cast->number == 0 ? troupe_stop(self, cast->refs[0])
                                  : troupe_cancel(self, cast->refs[0]);
    }
    return tell(cast, "ended", error);
}

/* Promise: CONTROL-OVERTAKES */
static void overtakes_what_is_queued_to_stop_or_cancel(void **state)
{
    static const char *const names[] = {"then STOPPING", "then CANCELLED"};
    for (uint64_t i = 0; i < 2; i++) {
        struct cast cast = {.seen = a_probe(), .number = i};
        cast.refs[0] = a_root(
            *state, TROUPE_SPAWN(.body = takes_slowly, .argument = &cast, .mailbox_capacity = 3));
        (void) a_root(*state, TROUPE_SPAWN(.body = fills_and_ends_it, .argument = &cast,
                                           .place = TROUPE_PLACE_ANY));
        tr_world_advance(*state, 1000 * MS);
        assert_said(cast.seen, "got 1", "ended OK", names[i]);
        drop_probe(&cast.seen);
    }
}

/* A behavior with a message parked, which comes back when it is stopped. */
static troupe_error parks(troupe_self *self, void *state, void *argument)
{
    const struct cast *cast = *(struct cast **) state = argument;
    const troupe_error error = send_figure(self, cast->refs[0], 1);
    return error ? error : send_figure(self, cast->refs[0], 2);
}

static troupe_error gets_back(troupe_self *self, void *state, troupe_error reason,
                              troupe_message **message)
{
    (void) self;
    (void) message;
    (void) tell(*(struct cast **) state, "back", reason);
    return TROUPE_OK;
}

static const troupe_behavior parker =
    TROUPE_BEHAVIOR(.name = "parker", .state_size = sizeof(struct cast *), .start = parks,
                    .refused = gets_back);

static troupe_error watches_parker(troupe_self *self, void *argument)
{
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.behavior = &parker, .argument = argument, .place = TROUPE_PLACE_ANY),
        &ref);
    error = error ? error : troupe_monitor(self, ref, &monitor);
    error = error ? error : troupe_stop(self, ref);
    return error ? error : play_listener(self, argument);
}

static void run_parker(uint64_t seed, void *context)
{
    (void) context;
    struct cast cast = {.seen = a_probe()};
    tr_world *world = a_world(seed, 1 + (uint32_t) (seed % 3));
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1,
                                              .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = watches_parker, .argument = &cast));
    tr_world_advance(world, 1000 * MS);
    assert_said(cast.seen, "back STOPPING", "down OK");
    drop_world(&world);
    drop_probe(&cast.seen);
}

/* Promise: MONITOR-PARKED */
static void tells_of_an_end_after_what_was_parked_has_ended(void **state)
{
    (void) state;
    for_each_seed(50, run_parker, NULL);
}

static const troupe_type_rule low[] = {{.type = &figure_type, .priority = 1}};

/* Eight of a lower priority are queued before the tick and the DOWN; says the order. */
static troupe_error is_late(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_timer timer;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = naps), &ref);
    error = error ? error : troupe_monitor(self, ref, &monitor);
    error = error ? error
                  : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(10)), &timer);
    for (uint64_t i = 0; i < 8 && error == TROUPE_OK; i++) {
        error = send_figure(self, troupe_self_ref(self), i);
    }
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(20));
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(1));
        probe_say(cast->seen, "%s", error ? "none" : troupe_message_type_name(message));
    }
    return TROUPE_OK;
}

/* Promise: PRIORITY-TICK, MONITOR-BEHIND */
static void serves_ticks_with_the_highest_priority_and_downs_behind_all(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = is_late, .argument = &cast, .mailbox_capacity = 8,
                                       .type_rules = low, .type_rule_count = 1));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "troupe_tick", "figure", "figure", "figure", "figure", "figure",
                "figure", "figure", "figure", "troupe_down", "none");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(comes_past_a_full_mailbox_whatever_its_policy),
        WITH_WORLD_OF_THREE(comes_past_a_full_mailbox_whatever_its_policy),
        WITH_WORLD(overtakes_what_is_queued_to_stop_or_cancel),
        WITH_WORLD_OF_THREE(overtakes_what_is_queued_to_stop_or_cancel),
        cmocka_unit_test(tells_of_an_end_after_what_was_parked_has_ended),
        WITH_WORLD(serves_ticks_with_the_highest_priority_and_downs_behind_all),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
