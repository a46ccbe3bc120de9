/* SPDX-License-Identifier: MIT */
/* Bugs planted in the library (base/chance) are found by the simulator within a few seeds, by what
 * a program can see of them, and shrunk; without them nothing is found. The rows printed are those
 * of the table in docs/simulation.md. */
#include <string.h>

#include "base/chance.h"
#include "support/fixtures.h"
#include "support/found.h"
#include "support/mix.h"

enum {
    SEEDS = 20, /* within which each is found */
    SHRINK_RUNS = 100
};

#if defined(__SANITIZE_THREAD__)
#define SOUND_SEEDS 20 /* all in one thread */
#elif defined(__SANITIZE_ADDRESS__)
#define SOUND_SEEDS 100
#else
#define SOUND_SEEDS 1000
#endif

/* `fault` or `other` is what is seen. */
static void find(tr_bug bug, const char *name, const char *fault, const char *other)
{
    struct found found;
    struct mix mix = {.has_all = true};
    tr_bug_plant(bug);
    find_and_repeat(TROUPE_SIMULATE(.seeds = SEEDS, .shrink_runs = SHRINK_RUNS), play_mix, &mix,
                    &found);
    tr_bug_plant(TR_BUG_NONE);
    print_found(name, &found);
    assert_true(strstr(found.why, fault) != NULL || strstr(found.why, other) != NULL);
}

/* Promise: SIMULATION-FINDS */
static void finds_a_lost_wake_up(void **state)
{
    (void) state;
    find(TR_BUG_LOST_WAKE_UP, "a lost wake-up", "not settled", "ended with TIMED_OUT");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_bound_that_is_off_by_one(void **state)
{
    (void) state;
    find(TR_BUG_OFF_BY_ONE, "a bound off by one", "where there is room for", " messages of ");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_mark_that_is_not_waited_for(void **state)
{
    (void) state;
    find(TR_BUG_NO_MARK, "a mark that is not waited for", " came before one that was sent earlier",
         " came after ");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_place_that_leaks(void **state)
{
    (void) state;
    find(TR_BUG_LEAKED_PLACE, "a place that leaks", " places are taken where nobody is",
         "not settled");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_deadline_that_grows(void **state)
{
    (void) state;
    find(TR_BUG_LONGER_DEADLINE, "a deadline that grows", "a request that had 5 ms took ",
         "not settled");
}

/* Promise: SIMULATION-FINDS */
static void finds_restarts_out_of_order(void **state)
{
    (void) state;
    find(TR_BUG_OUT_OF_ORDER, "restarts out of order", " times when that before it had been ready ",
         "not settled");
}

/* Promise: SIMULATION-FINDS */
static void finds_a_reply_that_answers_two(void **state)
{
    (void) state;
    find(TR_BUG_REPLY_TWICE, "a reply that answers two", " was the answer to ", " for twice ");
}

/* Promise: SIMULATION-FINDS */
static void finds_nothing_where_nothing_is(void **state)
{
    (void) state;
    struct mix mix = {.has_all = true};
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = SOUND_SEEDS), play_mix, &mix));
    assert_int_equal(mix.runs, SOUND_SEEDS);
}

static int uproot(void **state)
{
    tr_bug_plant(TR_BUG_NONE);
    return forget_repetition(state);
}

int main(void)
{
#define ALONE(test) cmocka_unit_test_setup_teardown(test, uproot, uproot)
    const struct CMUnitTest tests[] = {
        ALONE(finds_nothing_where_nothing_is),   ALONE(finds_a_lost_wake_up),
        ALONE(finds_a_bound_that_is_off_by_one), ALONE(finds_a_mark_that_is_not_waited_for),
        ALONE(finds_a_place_that_leaks),         ALONE(finds_a_deadline_that_grows),
        ALONE(finds_restarts_out_of_order),      ALONE(finds_a_reply_that_answers_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
