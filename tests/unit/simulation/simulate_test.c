/* SPDX-License-Identifier: MIT */
/* What a sweep promises: all seeds until one fails, and then the line that repeats it. */
#include <troupe/simulate.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "support/fixtures.h"
#include "support/probe.h"

struct sweep {
    uint64_t first;
    uint64_t runs;
    uint64_t bad;      /* the seed that breaks */
    uint64_t hash;     /* of the last run */
    bool leaves_early; /* by an error of its own */
};

static troupe_error rests(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error scenario(troupe_simulation *simulation, void *context)
{
    struct sweep *sweep = context;
    uint32_t node = 0;
    troupe_ref ref = troupe_ref_none();
    const uint64_t seed = troupe_simulation_seed(simulation);
    sweep->first = sweep->runs++ == 0 ? seed : sweep->first;
    troupe_error error = troupe_simulation_add(simulation, NULL, &node);
    error = error ? error
                  : troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = rests), &ref);
    if (!error && sweep->leaves_early) {
        return TROUPE_ERROR_USER;
    }
    troupe_simulation_say(simulation, node, "%d o'clock", 3);
    if (!error && seed == sweep->bad) {
        troupe_simulation_fail(simulation, "seed %" PRIu64 " is bad", seed);
    }
    sweep->hash = troupe_simulation_hash(simulation);
    return error;
}

static void say(void *seen, troupe_log_level level, const char *text)
{
    probe_say(seen, "%d %s", (int) level, text);
}

static int forget_seed(void **state)
{
    (void) state;
    return unsetenv("TROUPE_SEED") + /* NOLINT(concurrency-mt-unsafe): one thread */
           unsetenv("TROUPE_NODES"); /* NOLINT(concurrency-mt-unsafe) */
}

static void runs_each_seed_once(void **state)
{
    (void) state;
    struct sweep sweep = {0};
    assert_ok(troupe_simulate(NULL, scenario, &sweep));
    assert_int_equal(sweep.runs, 100);
    assert_int_equal(sweep.first, 1);
    sweep = (struct sweep) {0};
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = 7, .first_seed = 30), scenario, &sweep));
    assert_int_equal(sweep.runs, 7);
    assert_int_equal(sweep.first, 30);
    assert_fails(troupe_simulate(NULL, NULL, NULL), BAD_ARGUMENT);
}

/* Promise: SIMULATE-LINE, SIMULATION-SAY */
static void tells_the_seed_that_fails_and_how_to_repeat_it(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    struct sweep sweep = {.bad = 4};
    assert_fails(
        troupe_simulate(TROUPE_SIMULATE(.log = &log, .command = "tests/mine"), scenario, &sweep),
        FAILED);
    assert_int_equal(sweep.runs, 4);
    assert_true(probe_count(seen) > 1); /* what led to it */
    const char *line = probe_line(seen, probe_count(seen) - 1);
    assert_true(strncmp(line, "1 seed 4 failed at step ", 24) == 0);
    const char *before = probe_line(seen, probe_count(seen) - 2);
    assert_non_null(strstr(before, "ms node0: 3 o'clock"));
    assert_non_null(strstr(line, "ms: seed 4 is bad; to repeat it: TROUPE_SEED=4 tests/mine"));

    const uint64_t hash = sweep.hash;
    sweep = (struct sweep) {0};
    assert_int_equal(setenv("TROUPE_SEED", "4", 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.log = &log), scenario, &sweep));
    assert_int_equal(sweep.runs, 1);
    assert_int_equal(sweep.first, 4);
    assert_true(sweep.hash == hash);
    drop_probe(&seen);
}

static void gives_the_error_of_the_scenario(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    struct sweep sweep = {.leaves_early = true};
    assert_true(troupe_simulate(TROUPE_SIMULATE(.log = &log), scenario, &sweep) ==
                TROUPE_ERROR_USER);
    assert_int_equal(sweep.runs, 1);
    assert_non_null(strstr(probe_line(seen, probe_count(seen) - 1), program_invocation_name));
    drop_probe(&seen);
}

static troupe_error asks_for_nodes(troupe_simulation *simulation, void *context)
{
    struct sweep *sweep = context;
    sweep->runs++;
    (void) troupe_simulation_draw_nodes(simulation, 2, 5);
    return TROUPE_OK;
}

/* Promise: SIMULATE-ENVIRONMENT */
static void refuses_an_environment_that_cannot_be(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    struct sweep sweep = {0};
    assert_int_equal(setenv("TROUPE_SEED", "4th", 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    assert_fails(troupe_simulate(TROUPE_SIMULATE(.log = &log), scenario, &sweep), BAD_ARGUMENT);
    assert_int_equal(sweep.runs, 0);
    assert_non_null(strstr(probe_line(seen, 0), "TROUPE_SEED is '4th'"));
    probe_clear(seen);
    (void) forget_seed(NULL);

    assert_int_equal(setenv("TROUPE_NODES", "6", 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    assert_fails(troupe_simulate(TROUPE_SIMULATE(.log = &log), asks_for_nodes, &sweep),
                 BAD_ARGUMENT);
    assert_said(seen, "1 TROUPE_NODES is '6'; there should be from 2 to 5, as the scenario says");
    probe_clear(seen);
    assert_fails(troupe_simulate(TROUPE_SIMULATE(.log = &log), scenario, &sweep), BAD_ARGUMENT);
    assert_non_null(strstr(probe_line(seen, 0), "TROUPE_NODES is '6'; it should not be there"));
    assert_int_equal(setenv("TROUPE_NODES", "5", 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.log = &log, .seeds = 2), asks_for_nodes, &sweep));
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_each_seed_once, forget_seed, forget_seed),
        cmocka_unit_test_setup_teardown(tells_the_seed_that_fails_and_how_to_repeat_it, forget_seed,
                                        forget_seed),
        cmocka_unit_test_setup_teardown(refuses_an_environment_that_cannot_be, forget_seed,
                                        forget_seed),
        cmocka_unit_test_setup_teardown(gives_the_error_of_the_scenario, forget_seed, forget_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
