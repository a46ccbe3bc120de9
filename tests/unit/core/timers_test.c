/* SPDX-License-Identifier: MIT */
/* What timers promise: each fires once, in the first advance that reaches its time, in order. */
#include "base/assert.h"
#include "base/clock.h"
#include "base/random.h"
#include "core/timers.h"
#include "support/fixtures.h"
#include "support/model_heap.h"

#include <stdlib.h>
#include <string.h>

#define NAMED 8
#define START_NS UINT64_C(1000000007)

/* Timers by number, and the numbers of those that have fired. */
struct fixture {
    tr_timers timers;
    tr_timer named[NAMED];
    size_t fired[64];
    size_t fired_count;
};

static void note(tr_timer *timer, void *context)
{
    struct fixture *fixture = context;
    TR_ASSERT(fixture->fired_count < 64);
    fixture->fired[fixture->fired_count] = (size_t) (timer - fixture->named);
    fixture->fired_count++;
}

static int make_timers(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    tr_timers_init(&fixture.timers, START_NS);
    for (size_t i = 0; i < NAMED; i++) {
        tr_timer_init(&fixture.named[i], note, &fixture);
    }
    *state = &fixture;
    return 0;
}

static int check_timers(void **state)
{
    const struct fixture *fixture = *state;
    return tr_timers_is_sound(&fixture->timers) ? 0 : 1;
}

static void start(struct fixture *fixture, size_t number, uint64_t due_ns)
{
    tr_timers_start(&fixture->timers, &fixture->named[number], due_ns);
}

static void have_nothing_due_at_first(void **state)
{
    struct fixture *fixture = *state;
    assert_true(tr_timers_next_due_ns(&fixture->timers) == TR_NEVER);
    tr_timers_advance(&fixture->timers, START_NS + 1000);
    assert_int_equal(fixture->fired_count, 0);
}

static void fire_to_the_nanosecond(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, START_NS + 123456789);

    tr_timers_advance(&fixture->timers, START_NS + 123456788);
    assert_int_equal(fixture->fired_count, 0);
    tr_timers_advance(&fixture->timers, START_NS + 123456789);
    assert_int_equal(fixture->fired_count, 1);
    assert_false(tr_timer_is_running(&fixture->named[0]));
}

static void fire_in_the_order_of_their_times(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, START_NS + 300);
    start(fixture, 1, START_NS + 5000000000);
    start(fixture, 2, START_NS + 299);
    start(fixture, 3, START_NS + 40000);

    tr_timers_advance(&fixture->timers, START_NS + 6000000000);

    const size_t expected[] = {2, 0, 3, 1};
    assert_int_equal(fixture->fired_count, 4);
    assert_memory_equal(fixture->fired, expected, sizeof expected);
}

static void fire_in_the_order_of_starting_at_equal_times(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t due_ns = START_NS + 1000000000;
    start(fixture, 0, due_ns);
    tr_timers_advance(&fixture->timers, due_ns - 1000000);
    start(fixture, 1, due_ns);
    start(fixture, 2, due_ns - 1);
    tr_timers_advance(&fixture->timers, due_ns - 10);
    start(fixture, 3, due_ns);
    start(fixture, 0, due_ns); /* again: now it is the last */

    tr_timers_advance(&fixture->timers, due_ns);

    const size_t expected[] = {2, 1, 3, 0};
    assert_int_equal(fixture->fired_count, 4);
    assert_memory_equal(fixture->fired, expected, sizeof expected);
}

static void fire_what_was_due_in_the_past_in_the_next_advance(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, START_NS);
    start(fixture, 1, 7);
    start(fixture, 2, 0);
    start(fixture, 3, 7);
    assert_int_equal(tr_timers_next_due_ns(&fixture->timers), 0);

    tr_timers_advance(&fixture->timers, START_NS);

    const size_t expected[] = {2, 1, 3, 0};
    assert_int_equal(fixture->fired_count, 4);
    assert_memory_equal(fixture->fired, expected, sizeof expected);
}

static void do_not_fire_when_cancelled(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, START_NS + 100);
    start(fixture, 1, START_NS - 100);
    start(fixture, 2, START_NS + 100);

    tr_timers_cancel(&fixture->timers, &fixture->named[0]);
    tr_timers_cancel(&fixture->timers, &fixture->named[1]);
    tr_timers_cancel(&fixture->timers, &fixture->named[1]);
    tr_timers_advance(&fixture->timers, START_NS + 200);

    assert_int_equal(fixture->fired_count, 1);
    assert_int_equal(fixture->fired[0], 2);
    assert_true(tr_timers_next_due_ns(&fixture->timers) == TR_NEVER);
}

static void tell_when_the_next_is_due(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, START_NS + 70000000123);
    assert_true(tr_timers_next_due_ns(&fixture->timers) == START_NS + 70000000123);
    start(fixture, 1, START_NS + 70000000122);
    assert_true(tr_timers_next_due_ns(&fixture->timers) == START_NS + 70000000122);

    tr_timers_advance(&fixture->timers, START_NS + 70000000122);

    assert_true(tr_timers_next_due_ns(&fixture->timers) == START_NS + 70000000123);
}

/* After a cancellation the next time may come too early; each wake-up then has to get somewhere. */
static void do_not_keep_a_sleeper_spinning(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t due_ns = START_NS + 60000000000;
    start(fixture, 0, due_ns);
    start(fixture, 1, due_ns - 1);
    start(fixture, 2, due_ns - 2);
    tr_timers_cancel(&fixture->timers, &fixture->named[2]);
    tr_timers_cancel(&fixture->timers, &fixture->named[1]);

    int wakeups = 0;
    uint64_t now_ns = 0;
    while (fixture->fired_count == 0 && wakeups <= TR_TIMERS_LEVELS) {
        assert_true(tr_timers_next_due_ns(&fixture->timers) > now_ns);
        now_ns = tr_timers_next_due_ns(&fixture->timers);
        assert_true(now_ns <= due_ns);
        tr_timers_advance(&fixture->timers, now_ns);
        wakeups++;
    }

    assert_int_equal(fixture->fired_count, 1);
    assert_true(now_ns == due_ns);
}

static void never_fire_what_is_never_due(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, TR_NEVER);

    tr_timers_advance(&fixture->timers, TR_NEVER - 1);

    assert_true(tr_timer_is_running(&fixture->named[0]));
    assert_true(tr_timers_next_due_ns(&fixture->timers) == TR_NEVER);
}

static void survive_a_clock_that_goes_back(void **state)
{
    struct fixture *fixture = *state;
    start(fixture, 0, START_NS + 10);

    tr_timers_advance(&fixture->timers, START_NS + 5);
    tr_timers_advance(&fixture->timers, START_NS - 5);
    start(fixture, 1, START_NS);
    tr_timers_advance(&fixture->timers, START_NS - 1);
    assert_int_equal(fixture->fired_count, 0);

    tr_timers_advance(&fixture->timers, START_NS + 10);
    assert_int_equal(fixture->fired_count, 2);
}

/* 3 counts down and starts itself again; on the way it cancels 5. */
static void start_again_and_cancel(tr_timer *timer, void *context)
{
    struct fixture *fixture = context;
    note(timer, context);
    tr_timers_cancel(&fixture->timers, &fixture->named[5]);
    if (fixture->fired_count < 4) {
        tr_timers_start(&fixture->timers, timer, timer->due_ns + 10);
    }
}

static void may_start_and_cancel_while_they_fire(void **state)
{
    struct fixture *fixture = *state;
    tr_timer_init(&fixture->named[3], start_again_and_cancel, fixture);
    start(fixture, 3, START_NS + 10);
    start(fixture, 4, START_NS + 20);
    start(fixture, 5, START_NS + 10);

    tr_timers_advance(&fixture->timers, START_NS + 1000);

    const size_t expected[] = {3, 4, 3, 3};
    assert_int_equal(fixture->fired_count, 4);
    assert_memory_equal(fixture->fired, expected, sizeof expected);
}

static void free_the_timer(tr_timer *timer, void *context)
{
    size_t *freed = context;
    free(timer);
    (*freed)++;
}

static void may_be_freed_while_they_fire(void **state)
{
    struct fixture *fixture = *state;
    size_t freed = 0;
    for (size_t i = 0; i < 10; i++) {
        tr_timer *timer = malloc(sizeof *timer);
        assert_non_null(timer);
        tr_timer_init(timer, free_the_timer, &freed);
        tr_timers_start(&fixture->timers, timer, START_NS + i / 2);
    }

    tr_timers_advance(&fixture->timers, START_NS + 10);

    assert_int_equal(freed, 10);
}

/* The wheel and the model run side by side; both note what fires. */
#define SUBJECTS 200
#define SEEDS 200
#define STEPS 300
#define MODEL_CAPACITY 100000

struct subject {
    tr_timer timer;
    uint64_t order; /* of the entry in the model that counts; 0: not running */
};

struct trial {
    tr_timers timers;
    tr_random random;
    uint64_t now_ns;
    uint64_t orders;
    tr_model_heap model;
    tr_model_entry room[MODEL_CAPACITY];
    struct subject subjects[SUBJECTS];
    uint64_t fired;
    uint64_t mistakes;
};

/* From the past to beyond the highest level, with many equal ones. */
static uint64_t a_due_time(struct trial *trial, uint64_t base_ns)
{
    const uint64_t magnitude = UINT64_C(1) << tr_random_below(&trial->random, 42);
    const uint64_t distance_ns = tr_random_below(&trial->random, magnitude);
    if (tr_random_chance(&trial->random, 1, 10)) {
        return base_ns > distance_ns ? base_ns - distance_ns : 0;
    }
    if (tr_random_chance(&trial->random, 1, 5)) {
        return base_ns + (distance_ns & ~UINT64_C(0xfff));
    }
    return base_ns + distance_ns;
}

static void start_in_both(struct trial *trial, uint64_t id, uint64_t due_ns)
{
    trial->orders++;
    trial->subjects[id].order = trial->orders;
    tr_model_heap_push(&trial->model,
                       (tr_model_entry) {.due_ns = due_ns, .order = trial->orders, .id = id});
    tr_timers_start(&trial->timers, &trial->subjects[id].timer, due_ns);
}

static void cancel_in_both(struct trial *trial, uint64_t id)
{
    trial->subjects[id].order = 0;
    tr_timers_cancel(&trial->timers, &trial->subjects[id].timer);
}

/* The first that counts, or NULL. */
static const tr_model_entry *first_of_model(struct trial *trial)
{
    const tr_model_entry *first = tr_model_heap_peek(&trial->model);
    while (first != NULL && trial->subjects[first->id].order != first->order) {
        tr_model_heap_pop(&trial->model);
        first = tr_model_heap_peek(&trial->model);
    }
    return first;
}

static void compare_with_model(tr_timer *timer, void *context)
{
    struct trial *trial = context;
    struct subject *subject = TR_CONTAINER_OF(timer, struct subject, timer);
    const uint64_t id = (uint64_t) (subject - trial->subjects);
    const tr_model_entry *first = first_of_model(trial);
    const bool is_right = first != NULL && first->id == id && first->due_ns <= trial->now_ns;
    trial->mistakes += is_right ? 0 : 1;
    trial->fired++;
    subject->order = 0;

    if (tr_random_chance(&trial->random, 1, 4)) {
        cancel_in_both(trial, tr_random_below(&trial->random, SUBJECTS));
    }
    if (tr_random_chance(&trial->random, 1, 2)) {
        const uint64_t other = tr_random_below(&trial->random, SUBJECTS);
        start_in_both(trial, other, a_due_time(trial, trial->now_ns - trial->now_ns / 8));
    }
}

static void advance_and_compare(struct trial *trial, uint64_t now_ns)
{
    trial->now_ns = now_ns;
    tr_timers_advance(&trial->timers, now_ns);
    const tr_model_entry *first = first_of_model(trial);
    assert_true(first == NULL || first->due_ns > now_ns);
    assert_true(tr_timers_next_due_ns(&trial->timers) > now_ns);
}

static void take_a_step(struct trial *trial)
{
    tr_timers_foresee(&trial->timers); /* changes nothing */
    const uint64_t id = tr_random_below(&trial->random, SUBJECTS);
    const uint64_t choice = tr_random_below(&trial->random, 10);
    if (choice < 5) {
        start_in_both(trial, id, a_due_time(trial, trial->now_ns));
    } else if (choice < 7) {
        cancel_in_both(trial, id);
    } else if (choice < 8) {
        advance_and_compare(trial, a_due_time(trial, trial->now_ns + (UINT64_C(1) << 20)));
    } else if (tr_timers_next_due_ns(&trial->timers) != TR_NEVER) {
        advance_and_compare(trial, tr_timers_next_due_ns(&trial->timers));
    }

    const tr_model_entry *first = first_of_model(trial);
    const uint64_t next_ns = tr_timers_next_due_ns(&trial->timers);
    assert_true(first == NULL ? next_ns == TR_NEVER : next_ns <= first->due_ns);
}

/* Promise: TIMER-TIMES */
static void agree_with_a_heap(void **state)
{
    (void) state;
    static struct trial trial;
    uint64_t fired = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        memset(&trial, 0, sizeof trial);
        trial.model = (tr_model_heap) {.entries = trial.room, .capacity = MODEL_CAPACITY};
        tr_random_seed(&trial.random, seed);
        trial.now_ns = tr_random_below(&trial.random, UINT64_C(1) << 50);
        tr_timers_init(&trial.timers, trial.now_ns);
        for (size_t i = 0; i < SUBJECTS; i++) {
            tr_timer_init(&trial.subjects[i].timer, compare_with_model, &trial);
        }

        for (int step = 0; step < STEPS; step++) {
            take_a_step(&trial);
        }

        assert_true(tr_timers_is_sound(&trial.timers));
        assert_int_equal(trial.mistakes, 0);
        fired += trial.fired;
    }
    assert_true(fired > UINT64_C(10) * SEEDS);
}

#define MANY 1000000

struct many {
    tr_timers timers;
    tr_timer *all;
    uint64_t last_ns;
    uint64_t fired;
    bool is_ordered;
};

static void check_order(tr_timer *timer, void *context)
{
    struct many *many = context;
    many->is_ordered = many->is_ordered && many->last_ns <= timer->due_ns;
    many->last_ns = timer->due_ns;
    many->fired++;
}

static void can_be_a_million(void **state)
{
    (void) state;
    static struct many many;
    many.all = calloc(MANY, sizeof(tr_timer));
    assert_non_null(many.all);
    many.is_ordered = true;
    tr_random random;
    tr_random_seed(&random, 1);
    tr_timers_init(&many.timers, START_NS);
    for (size_t i = 0; i < MANY; i++) {
        tr_timer_init(&many.all[i], check_order, &many);
        const uint64_t distance_ns = tr_random_below(&random, UINT64_C(30000000000));
        tr_timers_start(&many.timers, &many.all[i], START_NS + distance_ns);
    }
    for (size_t i = 0; i < MANY; i += 4) {
        tr_timers_cancel(&many.timers, &many.all[i]);
    }

    for (uint64_t ms = 1; ms <= 30000; ms++) {
        tr_timers_advance(&many.timers, START_NS + ms * 1000000);
    }

    assert_true(many.is_ordered);
    assert_int_equal(many.fired, MANY - MANY / 4);
    free(many.all);
}

#define WITH_TIMERS(test) cmocka_unit_test_setup_teardown(test, make_timers, check_timers)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TIMERS(have_nothing_due_at_first),
        WITH_TIMERS(fire_to_the_nanosecond),
        WITH_TIMERS(fire_in_the_order_of_their_times),
        WITH_TIMERS(fire_in_the_order_of_starting_at_equal_times),
        WITH_TIMERS(fire_what_was_due_in_the_past_in_the_next_advance),
        WITH_TIMERS(do_not_fire_when_cancelled),
        WITH_TIMERS(tell_when_the_next_is_due),
        WITH_TIMERS(do_not_keep_a_sleeper_spinning),
        WITH_TIMERS(never_fire_what_is_never_due),
        WITH_TIMERS(survive_a_clock_that_goes_back),
        WITH_TIMERS(may_start_and_cancel_while_they_fire),
        WITH_TIMERS(may_be_freed_while_they_fire),
        cmocka_unit_test(agree_with_a_heap),
        cmocka_unit_test(can_be_a_million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
