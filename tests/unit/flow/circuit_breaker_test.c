/* SPDX-License-Identifier: MIT */
/* What a circuit breaker promises: when it opens, how long it stays so, and how few may try. */
#include <troupe/circuit_breaker.h>

#include "base/random.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static troupe_circuit_breaker a_breaker(const troupe_circuit_options *options)
{
    troupe_circuit_breaker breaker;
    assert_ok(troupe_circuit_breaker_init(&breaker, options));
    return breaker;
}

static bool allows(troupe_circuit_breaker *breaker, uint64_t now_ns)
{
    return troupe_circuit_breaker_allow(breaker, now_ns).epoch != 0;
}

/* Makes calls that are let through and end so at once. */
static void call(troupe_circuit_breaker *breaker, troupe_circuit_result result, unsigned times,
                 uint64_t now_ns)
{
    for (unsigned i = 0; i < times; i++) {
        const troupe_circuit_permit permit = troupe_circuit_breaker_allow(breaker, now_ns);
        assert_true(permit.epoch != 0);
        troupe_circuit_breaker_record(breaker, permit, result, now_ns);
    }
}

#define assert_state(breaker, now_ns, STATE)                                                       \
    assert_int_equal(troupe_circuit_breaker_state((breaker), (now_ns)), TROUPE_CIRCUIT_##STATE)

/* Promise: CIRCUIT-OPENS */
static void opens_after_so_many_failures_in_a_row(void **state)
{
    (void) state;
    troupe_circuit_breaker breaker = a_breaker(NULL);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 4, SECOND);
    call(&breaker, TROUPE_CIRCUIT_SUCCESS, 1, SECOND);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 4, SECOND);
    assert_state(&breaker, SECOND, CLOSED);
    call(&breaker, TROUPE_CIRCUIT_IGNORED, 9, SECOND);
    assert_state(&breaker, SECOND, CLOSED);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, SECOND);
    assert_state(&breaker, SECOND, OPEN);
    assert_false(allows(&breaker, 2 * SECOND - 1));
    assert_int_equal(breaker.refused, 1);
    assert_true(allows(&breaker, 2 * SECOND));
}

/* Promise: CIRCUIT-OPENS */
static void opens_when_too_many_of_the_window_fail(void **state)
{
    (void) state;
    troupe_circuit_breaker breaker =
        a_breaker(TROUPE_CIRCUIT(.failures_in_row = UINT32_MAX, .failure_percent = 30,
                                 .calls_min = 10, .window = TROUPE_WITHIN_S(10)));
    call(&breaker, TROUPE_CIRCUIT_SUCCESS, 1, 0);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 8, 0);
    assert_state(&breaker, 0, CLOSED); /* 9 calls only */
    call(&breaker, TROUPE_CIRCUIT_SUCCESS, 20, 9 * SECOND);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 8, 10 * SECOND); /* what failed at 0 has left */
    assert_state(&breaker, 10 * SECOND, CLOSED);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, 10 * SECOND); /* 9 of 29 */
    assert_state(&breaker, 10 * SECOND, OPEN);
    assert_int_equal(breaker.opened, 1);
}

/* Promise: CIRCUIT-PROBES */
static void lets_few_try_and_closes_when_they_succeed(void **state)
{
    (void) state;
    troupe_circuit_breaker breaker =
        a_breaker(TROUPE_CIRCUIT(.failures_in_row = 1, .probes_max = 2, .probes_needed = 3));
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, 0);
    const troupe_circuit_permit one = troupe_circuit_breaker_allow(&breaker, SECOND);
    const troupe_circuit_permit two = troupe_circuit_breaker_allow(&breaker, SECOND);
    assert_true(one.epoch != 0 && two.epoch != 0);
    assert_false(allows(&breaker, SECOND));
    troupe_circuit_breaker_record(&breaker, one, TROUPE_CIRCUIT_IGNORED, SECOND);
    call(&breaker, TROUPE_CIRCUIT_SUCCESS, 2, SECOND);
    assert_state(&breaker, SECOND, HALF_OPEN);
    troupe_circuit_breaker_record(&breaker, two, TROUPE_CIRCUIT_SUCCESS, SECOND);
    assert_state(&breaker, SECOND, CLOSED);
}

/* Promise: CIRCUIT-BACK-OFF */
static void stays_open_twice_as_long_each_time_up_to_its_limit(void **state)
{
    (void) state;
    static const uint64_t lengths_s[] = {1, 2, 4, 5, 5};
    troupe_circuit_breaker breaker =
        a_breaker(TROUPE_CIRCUIT(.failures_in_row = 1, .open_for_max = TROUPE_WITHIN_S(5)));
    uint64_t now_ns = 0;
    for (size_t i = 0; i < 5; i++) {
        call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, now_ns);
        assert_state(&breaker, now_ns + lengths_s[i] * SECOND - 1, OPEN);
        now_ns += lengths_s[i] * SECOND;
        assert_state(&breaker, now_ns, HALF_OPEN);
    }
    call(&breaker, TROUPE_CIRCUIT_SUCCESS, 1, now_ns);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, now_ns);
    assert_state(&breaker, now_ns + SECOND, HALF_OPEN); /* from the beginning */
}

/* Promise: CIRCUIT-PROBES */
static void does_not_wait_for_ever_for_a_probe(void **state)
{
    (void) state;
    troupe_circuit_breaker breaker =
        a_breaker(TROUPE_CIRCUIT(.failures_in_row = 1, .open_for_max = TROUPE_WITHIN_S(3)));
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, 0);
    const troupe_circuit_permit lost = troupe_circuit_breaker_allow(&breaker, SECOND);
    assert_false(allows(&breaker, 4 * SECOND - 1));
    assert_state(&breaker, 4 * SECOND, OPEN); /* for two seconds now */
    assert_false(allows(&breaker, 6 * SECOND - 1));
    assert_true(allows(&breaker, 6 * SECOND));
    troupe_circuit_breaker_record(&breaker, lost, TROUPE_CIRCUIT_SUCCESS, 6 * SECOND);
    assert_state(&breaker, 6 * SECOND, HALF_OPEN); /* that was a probe of before */
}

/* Promise: CIRCUIT-STALE */
static void takes_no_notice_of_results_of_before_it_changed(void **state)
{
    (void) state;
    troupe_circuit_breaker breaker = a_breaker(TROUPE_CIRCUIT(.failures_in_row = 1));
    const troupe_circuit_permit old = troupe_circuit_breaker_allow(&breaker, 0);
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, 0);
    troupe_circuit_breaker_record(&breaker, old, TROUPE_CIRCUIT_FAILURE, MS);
    assert_true(allows(&breaker, SECOND)); /* not open for longer */
    troupe_circuit_breaker_record(&breaker, old, TROUPE_CIRCUIT_SUCCESS, SECOND);
    assert_state(&breaker, SECOND, HALF_OPEN);
    assert_false(allows(&breaker, SECOND)); /* nor has the probe's place become free */
}

static void note_change(void *context, troupe_circuit_state state)
{
    unsigned *sum = context;
    *sum = *sum * 10 + (unsigned) state + 1;
}

static void tells_of_each_change(void **state)
{
    (void) state;
    unsigned seen = 0;
    troupe_circuit_breaker breaker =
        a_breaker(TROUPE_CIRCUIT(.failures_in_row = 1, .changed = note_change, .context = &seen));
    call(&breaker, TROUPE_CIRCUIT_FAILURE, 1, 0);
    call(&breaker, TROUPE_CIRCUIT_SUCCESS, 1, SECOND);
    assert_int_equal(seen, 231);
}

/* Against a side that is down in some seconds and up in others. */
static void protect(uint64_t seed, void *context)
{
    (void) context;
    tr_random random;
    tr_random_seed(&random, seed);
    troupe_circuit_breaker breaker = a_breaker(NULL);
    uint64_t under_way = 0;
    troupe_circuit_permit permits[8];
    uint64_t now_ns = 0;
    for (unsigned i = 0; i < 2000; i++) {
        now_ns += tr_random_below(&random, 20 * MS);
        const bool is_up = now_ns / SECOND % 4 < 2;
        const bool was_open = troupe_circuit_breaker_state(&breaker, now_ns) == TROUPE_CIRCUIT_OPEN;
        const troupe_circuit_permit permit = troupe_circuit_breaker_allow(&breaker, now_ns);
        assert_true(!was_open || permit.epoch == 0);
        assert_true(breaker.probes <= 1);
        if (permit.epoch != 0) {
            permits[under_way++] = permit;
        }
        if (under_way == 8 || (under_way > 0 && tr_random_chance(&random, 1, 2))) {
            troupe_circuit_breaker_record(&breaker, permits[--under_way],
                                          is_up ? TROUPE_CIRCUIT_SUCCESS : TROUPE_CIRCUIT_FAILURE,
                                          now_ns);
        }
    }
    assert_int_equal(breaker.allowed + breaker.refused, 2000);
    assert_true(breaker.opened > 0 && breaker.refused > 100);
}

/* Promise: CIRCUIT-PROBES */
static void lets_none_through_while_open_and_one_at_a_time_after(void **state)
{
    (void) state;
    for_each_seed(200, protect, NULL);
}

static void knows_what_says_nothing_of_the_other_side(void **state)
{
    (void) state;
    troupe_circuit_breaker breaker;
    assert_int_equal(troupe_circuit_result_of(TROUPE_OK), TROUPE_CIRCUIT_SUCCESS);
    assert_int_equal(troupe_circuit_result_of(TROUPE_ERROR_TIMED_OUT), TROUPE_CIRCUIT_FAILURE);
    assert_int_equal(troupe_circuit_result_of(TROUPE_ERROR_OVERLOADED), TROUPE_CIRCUIT_FAILURE);
    assert_int_equal(troupe_circuit_result_of(TROUPE_ERROR_CANCELLED), TROUPE_CIRCUIT_IGNORED);
    assert_fails(
        troupe_circuit_breaker_init(&breaker, TROUPE_CIRCUIT(.open_for = TROUPE_WITHIN_S(2),
                                                             .open_for_max = TROUPE_WITHIN_S(1))),
        BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_so_many_failures_in_a_row),
        cmocka_unit_test(opens_when_too_many_of_the_window_fail),
        cmocka_unit_test(lets_few_try_and_closes_when_they_succeed),
        cmocka_unit_test(stays_open_twice_as_long_each_time_up_to_its_limit),
        cmocka_unit_test(does_not_wait_for_ever_for_a_probe),
        cmocka_unit_test(takes_no_notice_of_results_of_before_it_changed),
        cmocka_unit_test(tells_of_each_change),
        cmocka_unit_test(lets_none_through_while_open_and_one_at_a_time_after),
        cmocka_unit_test(knows_what_says_nothing_of_the_other_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
