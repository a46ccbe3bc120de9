/* SPDX-License-Identifier: MIT */
/* What retrying promises: only what is worth it, later each time, within deadline and budget. */
#include <troupe/retry.h>
#include <troupe/scope.h>

#include "base/random.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* A world's time begins with one second. */
static unsigned time_ms(const troupe_self *self)
{
    return (unsigned) (troupe_self_now_ns(self) / MS - 1000);
}

/* A call whose attempts end with these errors, the last for ever. */
struct call {
    struct probe *seen;
    const troupe_retry_options *options;
    troupe_error errors[4];
    unsigned attempts;
    uint64_t took_ns; /* each attempt */
    unsigned ended_ms;
};

static troupe_error attempt(troupe_self *self, const troupe_retry *retry, void *context)
{
    struct call *call = context;
    const unsigned index = call->attempts < 3 ? call->attempts : 3;
    call->attempts++;
    probe_say(call->seen, "attempt %u at %u, %d left", (unsigned) retry->attempt, time_ms(self),
              troupe_retry_remaining(self, retry).ns == UINT64_MAX
                  ? -1
                  : (int) (troupe_retry_remaining(self, retry).ns / MS));
    if (call->took_ns != 0 && troupe_sleep(self, troupe_timeout_of_ns(call->took_ns))) {
        return TROUPE_ERROR_TIMED_OUT;
    }
    return call->errors[index];
}

static troupe_error calls(troupe_self *self, void *argument)
{
    struct call *call = argument;
    const troupe_error error = troupe_retry_call(self, call->options, attempt, call);
    call->ended_ms = time_ms(self);
    probe_say(call->seen, "%s at %u", troupe_error_name(error), call->ended_ms);
    return TROUPE_OK;
}

static troupe_ref play(tr_world *world, struct call *call)
{
    call->seen = call->seen != NULL ? call->seen : a_probe();
    return a_root(world, TROUPE_SPAWN(.body = calls, .argument = call));
}

/* Jitter can be made small, not nothing: of 1 percent the times are nearly exact. */
#define EXACT .jitter_percent = 1

/* Promise: RETRY-BACK-OFF */
static void tries_again_later_each_time(void **state)
{
    struct call call = {.options = TROUPE_RETRY(.attempts = 4, .delay_max = TROUPE_WITHIN_MS(500),
                                                .first_delay = TROUPE_WITHIN_MS(200), EXACT),
                        .errors = {TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_MAILBOX_FULL,
                                   TROUPE_ERROR_STALE, TROUPE_OK}};
    (void) play(*state, &call);
    tr_world_advance(*state, 100000 * MS);
    assert_int_equal(probe_count(call.seen), 5);
    unsigned at = 0;
    static const unsigned delays[] = {0, 200, 400, 500};
    for (size_t i = 0; i < 4; i++) {
        unsigned number = 0;
        unsigned ms = 0;
        assert_int_equal(
            sscanf(probe_line(call.seen, i), "attempt %u at %u", &number, &ms), /* NOLINT */
            2);
        assert_int_equal(number, i + 1);
        assert_in_range(ms, at + delays[i] - delays[i] / 100 - (i > 0 ? 1 : 0), at + delays[i]);
        at = ms;
    }
    drop_probe(&call.seen);
}

struct verdict {
    troupe_error error;
    bool plain;
    bool idempotent;
};

static troupe_error decides(troupe_self *self, void *argument)
{
    static const struct verdict verdicts[] = {{TROUPE_ERROR_MAILBOX_FULL, true, true},
                                              {TROUPE_ERROR_OVERLOADED, true, true},
                                              {TROUPE_ERROR_EXPIRED, true, true},
                                              {TROUPE_ERROR_NO_SUCH_ACTOR, true, true},
                                              {TROUPE_ERROR_STALE, true, true},
                                              {TROUPE_ERROR_TIMED_OUT, false, true},
                                              {TROUPE_ERROR_HANDLER_FAILED, false, true},
                                              {TROUPE_ERROR_NO_REPLY, false, true},
                                              {TROUPE_ERROR_NODE_LOST, false, true},
                                              {TROUPE_ERROR_CANCELLED, false, false},
                                              {TROUPE_ERROR_STOPPING, false, false},
                                              {TROUPE_ERROR_BAD_ARGUMENT, false, false},
                                              {TROUPE_ERROR_NOT_AUTHORISED, false, false},
                                              {TROUPE_ERROR_FAILED, false, false},
                                              {TROUPE_ERROR_USER, false, false},
                                              {TROUPE_OK, false, false}};
    struct cast *cast = argument;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        for (uint32_t idempotent = 0; idempotent < 2; idempotent++) {
            troupe_retry retry;
            troupe_timeout delay = {0};
            const bool expected = idempotent ? verdicts[i].idempotent : verdicts[i].plain;
            troupe_error error =
                troupe_retry_init(self, TROUPE_RETRY(.is_idempotent = idempotent), &retry);
            if (error || troupe_retry_decide(self, &retry, verdicts[i].error, &delay) != expected ||
                (delay.ns != 0) != expected) {
                probe_say(cast->seen, "wrong: %s", troupe_error_name(verdicts[i].error));
            }
        }
    }
    return TROUPE_OK;
}

/* Promise: RETRY-WORTH */
static void does_not_repeat_what_may_have_been_done(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = decides, .argument = &cast));
    tr_world_advance(*state, 100000 * MS);
    assert_silent(cast.seen);
    drop_probe(&cast.seen);
}

static bool is_of_the_program(troupe_error error, void *context)
{
    (void) context;
    return error == TROUPE_ERROR_USER;
}

static void can_be_told_what_is_worth_it(void **state)
{
    struct call call = {.options = TROUPE_RETRY(.attempts = 9, .is_worth = is_of_the_program),
                        .errors = {TROUPE_ERROR_USER, TROUPE_ERROR_USER, TROUPE_ERROR_OVERLOADED}};
    (void) play(*state, &call);
    tr_world_advance(*state, 100000 * MS);
    assert_int_equal(call.attempts, 3);
    drop_probe(&call.seen);
}

static void gives_up_after_so_many_attempts(void **state)
{
    struct call call = {.errors = {TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_OVERLOADED,
                                   TROUPE_ERROR_MAILBOX_FULL, TROUPE_OK}};
    (void) play(*state, &call);
    tr_world_advance(*state, 100000 * MS);
    assert_int_equal(call.attempts, 3);
    assert_true(probe_has(call.seen, "MAILBOX_FULL at "));
    drop_probe(&call.seen);
}

/* Promise: RETRY-DEADLINE */
static void never_waits_past_its_deadline(void **state)
{
    struct call call = {.options = TROUPE_RETRY(.attempts = 9, .timeout = TROUPE_WITHIN_MS(100),
                                                .first_delay = TROUPE_WITHIN_MS(60), EXACT),
                        .took_ns = 10 * MS,
                        .errors = {TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_OVERLOADED}};
    (void) play(*state, &call);
    tr_world_advance(*state, 100000 * MS);
    assert_int_equal(call.attempts, 2);
    assert_in_range(call.ended_ms, 78, 80);
    assert_string_equal(probe_line(call.seen, 0), "attempt 1 at 0, 100 left");
    assert_true(probe_has(call.seen, "OVERLOADED at "));
    drop_probe(&call.seen);
}

/* Calls while it handles a request. */
static troupe_error serves(troupe_self *self, void *argument)
{
    struct call *call = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : calls(self, call);
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    (void) ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_MS(50), NULL);
    return TROUPE_OK;
}

/* Promise: RETRY-DEADLINE */
static void ends_with_the_request_being_handled(void **state)
{
    struct call call = {.seen = a_probe(),
                        .options =
                            TROUPE_RETRY(.attempts = 9, .first_delay = TROUPE_WITHIN_MS(40), EXACT),
                        .errors = {TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_OVERLOADED,
                                   TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_OVERLOADED}};
    struct cast cast = {.refs = {a_root(*state, TROUPE_SPAWN(.body = serves, .argument = &call))}};
    (void) a_root(*state, TROUPE_SPAWN(.body = asks, .argument = &cast));
    tr_world_advance(*state, 100000 * MS);
    assert_int_equal(call.attempts, 2);
    assert_true(probe_has(call.seen, "OVERLOADED at 50"));
    drop_probe(&call.seen);
}

static troupe_error calls_in_a_scope(troupe_self *self, void *argument)
{
    troupe_scope *scope = NULL;
    const troupe_error error =
        troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(50)), &scope);
    if (error) {
        return error;
    }
    (void) calls(self, argument);
    (void) troupe_scope_leave(self, &scope); /* TIMED_OUT */
    return TROUPE_OK;
}

/* Promise: RETRY-DEADLINE */
static void ends_with_the_scope_it_is_in(void **state)
{
    struct call call = {.seen = a_probe(),
                        .options =
                            TROUPE_RETRY(.attempts = 9, .first_delay = TROUPE_WITHIN_MS(40), EXACT),
                        .errors = {TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_MAILBOX_FULL, TROUPE_OK}};
    (void) a_root(*state, TROUPE_SPAWN(.body = calls_in_a_scope, .argument = &call));
    tr_world_advance(*state, 10000 * MS);
    assert_int_equal(call.attempts, 2);
    assert_true(probe_has(call.seen, "MAILBOX_FULL at 50"));
    drop_probe(&call.seen);
}

struct canceller {
    troupe_ref actor;
    uint64_t after_ms;
    bool stops;
};

static troupe_error interrupts(troupe_self *self, void *argument)
{
    const struct canceller *canceller = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(canceller->after_ms));
    if (error) {
        return error;
    }
    return canceller->stops ? troupe_stop(self, canceller->actor)
                            : troupe_cancel(self, canceller->actor);
}

/* Promise: RETRY-CANCEL */
static void ends_at_once_when_it_is_cancelled_or_stopped(void **state)
{
    for (unsigned stops = 0; stops < 2; stops++) {
        tr_world *world = a_world(stops, 1);
        struct call call = {.options = TROUPE_RETRY(.first_delay = TROUPE_WITHIN_S(10)),
                            .errors = {TROUPE_ERROR_OVERLOADED}};
        struct canceller canceller = {play(world, &call), 30, stops == 1};
        (void) a_root(world, TROUPE_SPAWN(.body = interrupts, .argument = &canceller));
        tr_world_advance(world, 100000 * MS);
        assert_said(call.seen, "attempt 1 at 0, -1 left",
                    stops == 1 ? "STOPPING at 30" : "CANCELLED at 30");
        drop_world(&world);
        drop_probe(&call.seen);
    }
    (void) state;
}

/* Many calls of which some fail, over one budget: never more retries than it allows. */
struct crowd {
    troupe_retry_budget budget;
    tr_random random;
    uint32_t failing_percent;
    uint64_t attempts;
};

static troupe_error try_luck(troupe_self *self, const troupe_retry *retry, void *context)
{
    struct crowd *crowd = context;
    (void) self;
    (void) retry;
    crowd->attempts++;
    return tr_random_chance(&crowd->random, crowd->failing_percent, 100) ? TROUPE_ERROR_OVERLOADED
                                                                         : TROUPE_OK;
}

static troupe_error calls_often(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 200 && error != TROUPE_ERROR_CANCELLED; i++) {
        error = troupe_retry_call(self, TROUPE_RETRY(.budget = &crowd->budget, .attempts = 5),
                                  try_luck, crowd);
    }
    return TROUPE_OK;
}

static void spend(uint64_t seed, void *context)
{
    (void) context;
    struct crowd crowd = {.failing_percent = 1 + (uint32_t) (seed % 100)};
    tr_world *world = a_world(seed, 1);
    tr_random_seed(&crowd.random, seed);
    assert_ok(troupe_retry_budget_init(&crowd.budget, 10, 5));
    for (unsigned i = 0; i < 5; i++) {
        (void) a_root(world, TROUPE_SPAWN(.body = calls_often, .argument = &crowd));
    }
    tr_world_advance(world, 100000 * MS);
    const troupe_retry_budget *budget = &crowd.budget;
    assert_int_equal(budget->calls, 1000);
    assert_int_equal(crowd.attempts, budget->calls + budget->retries);
    assert_true(budget->retries <= 5 + budget->calls / 10);
    if (crowd.failing_percent >= 50) {
        assert_true(budget->retries >= budget->calls / 10); /* and not much less */
        assert_true(budget->refused > 0);
    } else if (crowd.failing_percent <= 4) {
        assert_true(budget->retries > 0 && budget->refused <= budget->retries);
    }
    drop_world(&world);
}

/* Promise: RETRY-BUDGET */
static void adds_no_more_load_than_its_budget(void **state)
{
    (void) state;
    for_each_seed(200, spend, NULL);
}

/* When those who failed at the same moment come back: not at the same one. */
static troupe_error draws(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (unsigned i = 0; i < 1000; i++) {
        troupe_retry retry;
        troupe_timeout delay = {0};
        if (troupe_retry_init(
                self, TROUPE_RETRY(.first_delay = TROUPE_WITHIN_US(1), .jitter_percent = 40),
                &retry) ||
            !troupe_retry_decide(self, &retry, TROUPE_ERROR_OVERLOADED, &delay)) {
            return TROUPE_ERROR_FAILED;
        }
        least = delay.ns < least ? delay.ns : least;
        most = delay.ns > most ? delay.ns : most;
    }
    cast->number = least;
    cast->count = most;
    return TROUPE_OK;
}

/* Promise: RETRY-BACK-OFF */
static void takes_a_random_part_of_each_delay_away(void **state)
{
    struct cast cast = {0};
    (void) a_root(*state, TROUPE_SPAWN(.body = draws, .argument = &cast));
    tr_world_advance(*state, 100000 * MS);
    assert_in_range(cast.number, 600, 605);
    assert_in_range(cast.count, 995, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(tries_again_later_each_time),
        WITH_WORLD(does_not_repeat_what_may_have_been_done),
        WITH_WORLD(can_be_told_what_is_worth_it),
        WITH_WORLD(gives_up_after_so_many_attempts),
        WITH_WORLD(never_waits_past_its_deadline),
        WITH_WORLD(ends_with_the_request_being_handled),
        WITH_WORLD(ends_with_the_scope_it_is_in),
        cmocka_unit_test(ends_at_once_when_it_is_cancelled_or_stopped),
        cmocka_unit_test(adds_no_more_load_than_its_budget),
        WITH_WORLD(takes_a_random_part_of_each_delay_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
