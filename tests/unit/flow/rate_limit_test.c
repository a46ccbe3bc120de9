/* SPDX-License-Identifier: MIT */
/* What a bucket of tokens promises: never more than it may give, never less, and in turn. */
#include <troupe/rate_limit.h>
#include <troupe/scope.h>
#include <troupe/task.h>

#include "base/random.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define GRANTS 200

static troupe_rate_limit a_limit(uint32_t rate, uint32_t burst)
{
    troupe_rate_limit limit;
    assert_ok(troupe_rate_limit_init(&limit, rate, burst));
    return limit;
}

static void begins_full_and_fills_at_its_rate(void **state)
{
    (void) state;
    troupe_rate_limit limit = a_limit(10, 3);
    assert_true(troupe_rate_limit_try(&limit, 3, 5 * SECOND));
    assert_false(troupe_rate_limit_try(&limit, 1, 5 * SECOND));
    assert_int_equal(troupe_rate_limit_wait_ns(&limit, 1, 5 * SECOND), 100 * MS);
    assert_int_equal(troupe_rate_limit_wait_ns(&limit, 3, 5 * SECOND + 50 * MS), 250 * MS);
    assert_false(troupe_rate_limit_try(&limit, 1, 5 * SECOND + 100 * MS - 1));
    assert_true(troupe_rate_limit_try(&limit, 1, 5 * SECOND + 100 * MS));
    assert_true(troupe_rate_limit_try(&limit, 0, 5 * SECOND));  /* a clock that went back */
    assert_true(troupe_rate_limit_try(&limit, 3, 60 * SECOND)); /* what overflows is lost */
    assert_false(troupe_rate_limit_try(&limit, 1, 60 * SECOND));
    assert_false(troupe_rate_limit_try(&limit, 4, UINT64_MAX));
    assert_int_equal(troupe_rate_limit_wait_ns(&limit, 4, UINT64_MAX), UINT64_MAX);
}

static void counts_exactly_at_any_rate(void **state)
{
    (void) state;
    troupe_rate_limit slow = a_limit(3, 1);
    assert_true(troupe_rate_limit_try(&slow, 1, 0));
    uint64_t now_ns = 0;
    for (unsigned i = 0; i < 3000; i++) { /* a thousand seconds, in steps that do not divide */
        now_ns += troupe_rate_limit_wait_ns(&slow, 1, now_ns);
        assert_true(troupe_rate_limit_try(&slow, 1, now_ns));
    }
    assert_in_range(now_ns, 1000 * SECOND, 1000 * SECOND + 3000);

    troupe_rate_limit fast = a_limit(UINT32_MAX, UINT32_MAX);
    assert_true(troupe_rate_limit_try(&fast, UINT32_MAX, 0));
    assert_int_equal(troupe_rate_limit_wait_ns(&fast, UINT32_MAX, 0), SECOND);
    assert_true(troupe_rate_limit_try(&fast, UINT32_MAX, SECOND));
    assert_true(troupe_rate_limit_try(&fast, UINT32_MAX, UINT64_MAX));
}

struct grant {
    uint64_t ns;
    uint64_t count;
};

/* In no span more than the burst and what the rate brings in it, rounded down. */
static void check_spans(const troupe_rate_limit *limit, const struct grant *grants, size_t count)
{
    for (size_t from = 0; from < count; from++) {
        uint64_t sum = 0;
        for (size_t to = from; to < count; to++) {
            sum += grants[to].count;
            const uint64_t span_ns = grants[to].ns - grants[from].ns;
            assert_true(sum <= limit->burst + span_ns * limit->rate / SECOND);
        }
    }
}

/* Takes at random times; what is refused is there exactly when it says. */
static void take_at_random(uint64_t seed, void *context)
{
    (void) context;
    struct grant grants[GRANTS];
    tr_random random;
    tr_random_seed(&random, seed);
    const uint32_t burst = 1 + (uint32_t) tr_random_below(&random, 50);
    troupe_rate_limit limit = a_limit(1 + (uint32_t) tr_random_below(&random, 10000), burst);
    uint64_t now_ns = tr_random_below(&random, SECOND);
    for (size_t i = 0; i < GRANTS; i++) {
        now_ns += tr_random_below(&random, 10 * SECOND / limit.rate);
        const uint32_t count = 1 + (uint32_t) tr_random_below(&random, burst);
        const uint64_t wait_ns = troupe_rate_limit_wait_ns(&limit, count, now_ns);
        if (wait_ns > 0) {
            assert_false(troupe_rate_limit_try(&limit, count, now_ns));
            assert_false(troupe_rate_limit_try(&limit, count, now_ns + wait_ns - 1));
            now_ns += wait_ns;
        }
        assert_true(troupe_rate_limit_try(&limit, count, now_ns));
        grants[i] = (struct grant) {now_ns, count};
    }
    check_spans(&limit, grants, GRANTS);
}

/* Promise: RATE-BOUND */
static void gives_no_more_than_its_burst_and_rate_in_any_span(void **state)
{
    (void) state;
    for_each_seed(200, take_at_random, NULL);
}

/* A world's time begins with one second. */
static unsigned time_ms(const troupe_self *self)
{
    return (unsigned) ((troupe_self_now_ns(self) - SECOND) / MS);
}

/* What the coroutines of a test share. */
struct taker {
    struct probe *seen;
    troupe_rate_limit *limit;
    uint32_t count;
    troupe_timeout timeout;
    const char *name;
};

static troupe_error takes(troupe_self *self, void *argument)
{
    const struct taker *taker = argument;
    const troupe_error error =
        troupe_rate_limit_take(self, taker->limit, taker->count, taker->timeout);
    probe_say(taker->seen, "%s %s %u", taker->name, troupe_error_name(error), time_ms(self));
    return TROUPE_OK;
}

static troupe_ref a_taker(tr_world *world, struct taker *taker)
{
    return a_root(world, TROUPE_SPAWN(.body = takes, .argument = taker));
}

/* Promise: RATE-TAKE */
static void lets_those_who_wait_have_their_tokens_in_turn(void **state)
{
    troupe_rate_limit limit = a_limit(100, 10);
    struct taker first = {.seen = a_probe(), .limit = &limit, .count = 10, .name = "first"};
    struct taker second = first;
    struct taker third = first;
    second.name = "second";
    third.name = "third";
    third.count = 1;
    (void) a_taker(*state, &first);
    (void) a_taker(*state, &second);
    (void) a_taker(*state, &third);
    tr_world_advance(*state, 100000 * MS);
    assert_said(first.seen, "first OK 0", "second OK 100", "third OK 110");
    drop_probe(&first.seen);
}

/* Promise: RATE-TAKE */
static void is_told_at_once_that_it_would_be_too_late(void **state)
{
    troupe_rate_limit limit = a_limit(100, 10);
    struct taker first = {.seen = a_probe(), .limit = &limit, .count = 10, .name = "first"};
    struct taker late = first;
    struct taker in_time = first;
    struct taker huge = first;
    late.name = "late";
    late.timeout = TROUPE_WITHIN_MS(99);
    in_time.name = "in time";
    in_time.timeout = TROUPE_WITHIN_MS(100);
    huge.name = "huge";
    huge.count = 11;
    (void) a_taker(*state, &first);
    (void) a_taker(*state, &late);
    (void) a_taker(*state, &in_time);
    (void) a_taker(*state, &huge);
    tr_world_advance(*state, 100000 * MS);
    assert_said(first.seen, "first OK 0", "late TIMED_OUT 0", "huge BAD_ARGUMENT 0",
                "in time OK 100");
    drop_probe(&first.seen);
}

static void says_so_when_too_much_is_promised(void **state)
{
    troupe_rate_limit limit = a_limit(1, UINT32_MAX);
    struct taker taker = {.seen = a_probe(), .limit = &limit, .count = UINT32_MAX, .name = "taker"};
    for (unsigned i = 0; i < 3; i++) {
        (void) a_taker(*state, &taker);
    }
    assert_said(taker.seen, "taker OK 0", "taker LIMIT_REACHED 0");
    assert_true(tr_world_stop(*state));
    drop_probe(&taker.seen);
}

/* Cancels the actor after so many ns. */
struct canceller {
    troupe_ref actor;
    uint64_t after_ns;
};

static troupe_error cancels(troupe_self *self, void *argument)
{
    const struct canceller *canceller = argument;
    const troupe_error error = troupe_sleep(self, troupe_timeout_of_ns(canceller->after_ns));
    return error ? error : troupe_cancel(self, canceller->actor);
}

/* Promise: RATE-CANCEL */
static void gives_back_what_was_promised_to_one_that_is_cancelled(void **state)
{
    troupe_rate_limit limit = a_limit(100, 10);
    struct taker first = {.seen = a_probe(), .limit = &limit, .count = 10, .name = "first"};
    struct taker second = first;
    struct taker third = first;
    second.name = "second";
    third.name = "third";
    third.count = 5;
    (void) a_taker(*state, &first);
    struct canceller canceller = {a_taker(*state, &second), 20 * MS};
    (void) a_root(*state, TROUPE_SPAWN(.body = cancels, .argument = &canceller));
    tr_world_advance(*state, 30 * MS);
    (void) a_taker(*state, &third);
    tr_world_advance(*state, 100000 * MS);
    assert_said(first.seen, "first OK 0", "second CANCELLED 20", "third OK 50");
    drop_probe(&first.seen);
}

#define TASKS 5

/* Tasks of one actor that take from one limit, in a scope that ends before the last are served. */
static troupe_error take_in_a_scope(troupe_self *self, void *argument)
{
    struct taker *takers = argument;
    troupe_scope *scope = NULL;
    troupe_error error =
        troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(250)), &scope);
    for (size_t i = 0; i < TASKS && error == TROUPE_OK; i++) {
        error = troupe_task_start(self, scope, TROUPE_TASK(.body = takes, .argument = &takers[i]),
                                  NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    probe_say(
        takers[0].seen, "left %s %u, %u ms for 5", troupe_error_name(left), time_ms(self),
        (unsigned) (troupe_rate_limit_wait_ns(takers[0].limit, 5, troupe_self_now_ns(self)) / MS));
    return error;
}

/* Promise: RATE-CANCEL */
static void gives_back_what_its_scope_has_no_time_for(void **state)
{
    static const char *const names[TASKS] = {"one", "two", "three", "four", "five"};
    troupe_rate_limit limit = a_limit(100, 10);
    struct taker takers[TASKS];
    struct probe *seen = a_probe();
    for (size_t i = 0; i < TASKS; i++) {
        takers[i] = (struct taker) {.seen = seen, .limit = &limit, .count = 10, .name = names[i]};
    }
    (void) a_root(*state, TROUPE_SPAWN(.body = take_in_a_scope, .argument = takers));
    tr_world_advance(*state, 10000 * MS);
    assert_said(seen, "one OK 0", "two OK 100", "three OK 200", "four TIMED_OUT 250",
                "five TIMED_OUT 250", "left TIMED_OUT 250, 0 ms for 5");
    drop_probe(&seen);
}

/* One that takes a token, and notes when it was due and when it was told. */
struct racer {
    troupe_rate_limit limit;
    uint64_t due_ns;
    uint64_t told_ns;
    troupe_error error;
};

static troupe_error races(troupe_self *self, void *argument)
{
    struct racer *racer = argument;
    const uint64_t now_ns = troupe_self_now_ns(self);
    racer->due_ns = now_ns + troupe_rate_limit_wait_ns(&racer->limit, 1, now_ns);
    racer->error = troupe_rate_limit_take(self, &racer->limit, 1, TROUPE_FOREVER);
    racer->told_ns = troupe_self_now_ns(self);
    return TROUPE_OK;
}

/* The cancel comes about when the token is due, in a world where each pass takes its time: it may
 * be under way when the moment comes. Either the taker has the token or it is there for others. */
static void race(uint64_t seed, void *context)
{
    unsigned *cancelled = context;
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = seed, .workers = 2, .delay_ns_max = MS, .pass_ns = MS / 2});
    struct racer racer = {.limit = a_limit(10, 1), .error = TROUPE_ERROR_USER};
    assert_true(troupe_rate_limit_try(&racer.limit, 1, tr_world_now_ns(world)));
    struct canceller canceller = {
        .actor = a_root(world, TROUPE_SPAWN(.body = races, .argument = &racer)),
        .after_ns = 100 * MS - seed % 40 * MS / 10,
    };
    (void) a_root(world, TROUPE_SPAWN(.body = cancels, .argument = &canceller,
                                      .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    tr_world_advance(world, 1000 * MS);
    const bool has_taken = racer.error == TROUPE_OK;
    assert_true(has_taken || racer.error == TROUPE_ERROR_CANCELLED);
    assert_int_equal(has_taken, racer.told_ns >= racer.due_ns);
    assert_int_equal(troupe_rate_limit_try(&racer.limit, 1, racer.due_ns), !has_taken);
    *cancelled += has_taken ? 0 : 1;
    drop_world(&world);
}

/* Promise: RATE-CANCEL */
static void has_what_was_due_when_the_cancel_came(void **state)
{
    (void) state;
    unsigned cancelled = 0;
    for_each_seed(200, race, &cancelled);
    assert_in_range(cancelled, 20, 180); /* both happen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_full_and_fills_at_its_rate),
        cmocka_unit_test(counts_exactly_at_any_rate),
        cmocka_unit_test(gives_no_more_than_its_burst_and_rate_in_any_span),
        WITH_WORLD(lets_those_who_wait_have_their_tokens_in_turn),
        WITH_WORLD(is_told_at_once_that_it_would_be_too_late),
        WITH_WORLD(says_so_when_too_much_is_promised),
        WITH_WORLD(gives_back_what_was_promised_to_one_that_is_cancelled),
        WITH_WORLD(gives_back_what_its_scope_has_no_time_for),
        cmocka_unit_test(has_what_was_due_when_the_cancel_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
