/* SPDX-License-Identifier: MIT */
/* What an actor's timers promise: to the nanosecond, without drift, never two of one at a time. */
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* Says key, milliseconds since `start_ns`, and what was missed of each tick. */
static troupe_error say_ticks(troupe_self *self, const struct cast *cast, uint64_t start_ns,
                              uint64_t count)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < count && error == TROUPE_OK; i++) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
        const troupe_tick *tick =
            message != NULL ? troupe_message_struct(message, &troupe_tick_type) : NULL;
        if (tick != NULL) {
            probe_say(cast->seen, "%d at %d missed %d", (int) tick->key,
                      (int) ((troupe_self_now_ns(self) - start_ns) / MS), (int) tick->missed);
        }
    }
    return error;
}

static troupe_error starts_once_and_every(troupe_self *self, void *argument)
{
    const uint64_t start_ns = troupe_self_now_ns(self);
    troupe_timer timer;
    troupe_error error =
        troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(25), .key = 1), &timer);
    error = error ? error
                  : troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(10), .key = 2),
                                       &timer);
    error = error ? error
                  : troupe_timer_start(
                        self,
                        TROUPE_TIMER(.after = TROUPE_NOW, .every = TROUPE_WITHIN_MS(30), .key = 3),
                        &timer);
    return error ? error : say_ticks(self, argument, start_ns, 7);
}

/* Promise: TIMER-TIMES */
static void come_once_or_every_time_without_drift(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = starts_once_and_every, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "3 at 0 missed 0", "2 at 10 missed 0", "2 at 20 missed 0",
                "1 at 25 missed 0", "3 at 30 missed 0", "2 at 30 missed 0", "2 at 40 missed 0");
    drop_probe(&cast.seen);
}

static troupe_error sleeps_through(troupe_self *self, void *argument)
{
    const uint64_t start_ns = troupe_self_now_ns(self);
    troupe_timer timer;
    troupe_error error =
        troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(10), .key = 1), &timer);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(45));
    return error ? error : say_ticks(self, argument, start_ns, 3);
}

/* Promise: TIMER-SKIP */
static void are_skipped_and_counted_while_one_is_queued(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = sleeps_through, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "1 at 45 missed 0", "1 at 50 missed 3", "1 at 60 missed 0");
    drop_probe(&cast.seen);
}

static troupe_error cancels(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t start_ns = troupe_self_now_ns(self);
    troupe_timer running;
    troupe_timer queued;
    troupe_timer kept;
    troupe_error error =
        troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(50)), &running);
    error = error ? error
                  : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(5)), &queued);
    error = error ? error
                  : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(6), .key = 7),
                                       &kept);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    probe_say(cast->seen, troupe_timer_cancel(self, running) ? "was running" : "was over");
    probe_say(cast->seen, troupe_timer_cancel(self, queued) ? "was queued" : "was over");
    probe_say(cast->seen, troupe_timer_cancel(self, queued) ? "was queued" : "was over");
    probe_say(cast->seen, troupe_timer_cancel(self, (troupe_timer) {0}) ? "was" : "was none");
    probe_say(cast->seen, troupe_timer_cancel(NULL, kept) ? "was" : "was none");
    error = error ? error : say_ticks(self, cast, start_ns, 1);
    /* Being handled: once, so it is over. */
    probe_say(cast->seen, troupe_timer_cancel(self, kept) ? "was running" : "was over");
    return error ? error : say_ticks(self, cast, start_ns, 1);
}

/* Promise: TIMER-CANCEL */
static void can_be_cancelled_even_when_queued(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = cancels, .argument = &cast));
    tr_world_advance(*state, 5000 * MS);
    assert_said(cast.seen, "was running", "was queued", "was over", "was none", "was none",
                "7 at 10 missed 0", "was over");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_CANCELLED], 1);
    drop_probe(&cast.seen);
}

static troupe_error starts_too_many(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_timer timers[3];
    const troupe_timer_options *options = TROUPE_TIMER(.every = TROUPE_WITHIN_MS(5));
    (void) tell(cast, "first", troupe_timer_start(self, options, &timers[0]));
    (void) tell(cast, "second", troupe_timer_start(self, options, &timers[1]));
    (void) tell(cast, "third", troupe_timer_start(self, options, &timers[2]));
    probe_say(cast->seen, troupe_timer_cancel(self, timers[0]) ? "cancelled" : "not");
    (void) tell(cast, "third", troupe_timer_start(self, options, &timers[2]));
    return TROUPE_OK;
}

/* Promise: TIMER-LIMIT */
static void are_limited_in_number(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = starts_too_many, .argument = &cast, .timers_max = 2));
    assert_said(cast.seen, "first OK", "second OK", "third LIMIT_REACHED", "cancelled", "third OK");
    drop_probe(&cast.seen);
}

static troupe_error starts_far_ones(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t start_ns = troupe_self_now_ns(self);
    troupe_timer timer;
    (void) tell(cast, "far",
                troupe_timer_start(self,
                                   TROUPE_TIMER(.after = TROUPE_NOW,
                                                .every = TROUPE_WITHIN_S(UINT64_MAX), .key = 1),
                                   &timer));
    return say_ticks(self, cast, start_ns, 2);
}

/* Promise: TIMER-TIMES */
static void may_be_further_apart_than_time_goes(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = starts_far_ones, .argument = &cast));
    tr_world_advance(*state, 5000 * MS);
    assert_said(cast.seen, "far OK", "1 at 0 missed 0");
    drop_probe(&cast.seen);
}

/* A type of the program's own, for a behavior. */
static const troupe_type pulse_type = {
    .size = sizeof(troupe_type), .name = "pulse", .body_size = sizeof(troupe_tick)};

static troupe_error starts_pulse(troupe_self *self, void *state, void *argument)
{
    troupe_timer timer;
    *(struct cast **) state = argument;
    return troupe_timer_start(
        self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(10), .type = &pulse_type, .key = 3), &timer);
}

static troupe_error feels_pulse(troupe_self *self, void *state, troupe_message **message)
{
    struct cast *cast = *(struct cast **) state;
    const troupe_tick *tick = troupe_message_struct(*message, &pulse_type);
    cast->number += tick->key;
    if (++cast->count == 4) {
        probe_say(cast->seen, troupe_timer_cancel(self, tick->timer) ? "cancelled" : "not");
    }
    return TROUPE_OK;
}

static const troupe_handles pulse_handlers[] = {{.type = &pulse_type, .handler = feels_pulse}, {0}};
static const troupe_behavior heart =
    TROUPE_BEHAVIOR(.name = "heart", .state_size = sizeof(struct cast *), .start = starts_pulse,
                    .handlers = pulse_handlers);

/* Promise: TIMER-TYPE */
static void may_have_a_type_of_their_own(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &heart, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "cancelled");
    assert_int_equal(cast.number, 12);
    drop_probe(&cast.seen);
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_timer timer;
    const troupe_timer_options *good = TROUPE_TIMER(.after = TROUPE_WITHIN_MS(1));
    const troupe_timer_options wrong[] = {
        {.size = sizeof(troupe_timer_options)},
        {.size = 3, .after = TROUPE_WITHIN_MS(1)},
        {.size = sizeof(troupe_timer_options), .after = TROUPE_FOREVER},
        {.size = sizeof(troupe_timer_options), .every = TROUPE_FOREVER},
        {.size = sizeof(troupe_timer_options), .every = TROUPE_NOW},
        {.size = sizeof(troupe_timer_options), .after = TROUPE_NOW, .type = &figure_type},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void) tell(cast, "wrong", troupe_timer_start(self, &wrong[i], &timer));
    }
    (void) tell(cast, "wrong", troupe_timer_start(self, NULL, &timer));
    (void) tell(cast, "wrong", troupe_timer_start(self, good, NULL));
    (void) tell(cast, "wrong", troupe_timer_start(NULL, good, &timer));
    return TROUPE_OK;
}

static void refuse_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = gives_bad_arguments, .argument = &cast));
    assert_int_equal(probe_count(cast.seen), 9);
    assert_int_equal(probe_count_of(cast.seen, "wrong BAD_ARGUMENT"), 9);
    drop_probe(&cast.seen);
}

#define MANY 1000000

static troupe_error starts_a_million(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_timer timer;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < MANY && error == TROUPE_OK; i++) {
        const uint64_t ms = 1 + troupe_self_random(self) % 100000;
        error = troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(ms), .key = ms),
                                   &timer);
        if (i % 4 == 0 && error == TROUPE_OK && troupe_timer_cancel(self, timer)) {
            cast->number++;
        }
    }
    const uint64_t start_ns = troupe_self_now_ns(self);
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (error == TROUPE_OK && cast->count + cast->number < MANY) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_tick *tick = error ? NULL : troupe_message_struct(message, &troupe_tick_type);
        if (tick != NULL && start_ns + tick->key * MS == troupe_self_now_ns(self)) {
            cast->count++;
        }
    }
    return error;
}

/* Promise: TIMER-MANY */
static void may_be_a_million(void **state)
{
    struct cast cast = {0};
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = starts_a_million, .argument = &cast, .timers_max = MANY));
    tr_world_advance(*state, 100001 * MS);
    assert_int_equal(cast.number, MANY / 4);
    assert_int_equal(cast.count, MANY - MANY / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(come_once_or_every_time_without_drift),
        WITH_WORLD(are_skipped_and_counted_while_one_is_queued),
        WITH_WORLD(can_be_cancelled_even_when_queued),
        WITH_WORLD(are_limited_in_number),
        WITH_WORLD(may_be_further_apart_than_time_goes),
        WITH_WORLD(may_have_a_type_of_their_own),
        WITH_WORLD(refuse_bad_arguments),
        WITH_WORLD(may_be_a_million),
    };
    return cmocka_run_group_tests_name("actor_timer", tests, NULL, NULL);
}
