/* SPDX-License-Identifier: MIT */
/* What <troupe/simulation.h> promises. */
#include <troupe/simulation.h>

#include <inttypes.h>
#include <string.h>
#include <troupe/troupe.h>

#include "support/probe.h"
#include "support/world_fixture.h"

/* A node whose actor counts to three, ten milliseconds each, and then waits. */
struct counting {
    struct probe *seen;
    troupe_simulation *simulation;
    uint32_t starts;
    uint32_t done; /* how often it has come to three */
    troupe_error start_error;
    uint32_t fails_at; /* the actor breaks the run at this number */
};

static troupe_error counts(troupe_self *self, void *argument)
{
    struct counting *counting = argument;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 1; i <= 3; i++) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
        if (error) {
            return error;
        }
        probe_say(counting->seen, "%" PRIu32, i);
        if (i == counting->fails_at) {
            troupe_simulation_fail(counting->simulation, "came to %" PRIu32, i);
        }
    }
    counting->done++;
    return troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct counting *counting = context;
    troupe_ref ref = troupe_ref_none();
    counting->starts++;
    counting->simulation = simulation;
    if (counting->start_error) {
        return counting->start_error;
    }
    return troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = counts, .argument = counting, .name = "counter"),
        &ref);
}

static bool is_done(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct counting *) context)->done > 0;
}

static bool is_never(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    (void) context;
    return false;
}

struct stage {
    troupe_simulation *simulation;
    struct counting counting;
};

static int make(void **state)
{
    static struct stage stage;
    stage = (struct stage) {.counting.seen = a_probe()};
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 5), &stage.simulation));
    *state = &stage;
    return 0;
}

static int drop(void **state)
{
    struct stage *stage = *state;
    troupe_simulation_destroy(&stage->simulation);
    troupe_simulation_destroy(&stage->simulation);
    drop_probe(&stage->counting.seen);
    return 0;
}

static void add(struct stage *stage, const char *name)
{
    uint32_t node = 0;
    assert_ok(troupe_simulation_add(
        stage->simulation,
        TROUPE_SIMULATION_NODE(.name = name, .start = start, .context = &stage->counting), &node));
}

/* Promise: SIMULATION-RUN */
static void runs_actors_for_a_time_or_until_something_is_so(void **state)
{
    struct stage *stage = *state;
    add(stage, "a");
    const uint64_t begun_ns = troupe_simulation_now_ns(stage->simulation);
    assert_ok(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_MS(25)));
    assert_said(stage->counting.seen, "1", "2");
    assert_int_equal(troupe_simulation_now_ns(stage->simulation) - begun_ns, 25000000);
    assert_ok(troupe_simulation_run_until(stage->simulation, is_done, &stage->counting,
                                          TROUPE_WITHIN_S(1)));
    assert_int_equal(troupe_simulation_now_ns(stage->simulation) - begun_ns, 30000000);
    assert_fails(
        troupe_simulation_run_until(stage->simulation, is_never, NULL, TROUPE_WITHIN_MS(1)),
        TIMED_OUT);
    assert_ok(troupe_simulation_stop(stage->simulation));
    assert_string_equal(troupe_simulation_fault(stage->simulation), "");
    troupe_counts counts = {0};
    troupe_simulation_counts(stage->simulation, 0, &counts);
    assert_int_equal(counts.spawned, counts.ended);
}

/* Promise: SIMULATION-RESTART */
static void starts_again_what_has_crashed(void **state)
{
    struct stage *stage = *state;
    add(stage, "a");
    const uint64_t id = troupe_simulation_node_id(stage->simulation, 0);
    assert_ok(troupe_simulation_script(stage->simulation, "at 15 ms crash a for 10 ms"));
    assert_ok(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_MS(20)));
    assert_false(troupe_simulation_is_up(stage->simulation, 0));
    assert_ok(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_MS(50)));
    assert_true(troupe_simulation_is_up(stage->simulation, 0));
    assert_true(troupe_simulation_node_id(stage->simulation, 0) != id);
    assert_said(stage->counting.seen, "1", "1", "2", "3");
    assert_int_equal(stage->counting.starts, 2);
}

static void fails_when_a_start_does(void **state)
{
    struct stage *stage = *state;
    add(stage, "a");
    stage->counting.start_error = TROUPE_ERROR_NO_MEMORY;
    assert_ok(troupe_simulation_script(stage->simulation, "crash a for 10 ms"));
    assert_fails(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_S(1)), FAILED);
    assert_string_equal(troupe_simulation_fault(stage->simulation),
                        "the start of node 'a' failed: NO_MEMORY");
}

/* Promise: SIMULATION-FAIL */
static void stops_at_the_step_in_which_it_is_broken(void **state)
{
    struct stage *stage = *state;
    stage->counting.fails_at = 2;
    add(stage, "a");
    assert_fails(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_S(1)), FAILED);
    assert_string_equal(troupe_simulation_fault(stage->simulation), "came to 2");
    assert_said(stage->counting.seen, "1", "2");
    assert_fails(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_S(1)), FAILED);
    assert_fails(troupe_simulation_stop(stage->simulation), FAILED);
    assert_said(stage->counting.seen, "1", "2");
}

static bool has_not_come_to_two(troupe_simulation *simulation, void *context)
{
    struct probe *seen = context;
    if (probe_count(seen) >= 2) {
        troupe_simulation_fail(simulation, "two at step %" PRIu64,
                               troupe_simulation_steps(simulation));
    }
    return true;
}

/* Promise: SIMULATION-CHECK */
static void asks_the_check_after_steps(void **state)
{
    (void) state;
    struct stage stage = {.counting.seen = a_probe()};
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.check = has_not_come_to_two,
                                                         .check_context = stage.counting.seen,
                                                         .check_every = 1),
                                       &stage.simulation));
    add(&stage, "a");
    assert_fails(troupe_simulation_run(stage.simulation, TROUPE_WITHIN_S(1)), FAILED);
    assert_said(stage.counting.seen, "1", "2");
    assert_true(strncmp(troupe_simulation_fault(stage.simulation), "two at step ", 12) == 0);
    troupe_simulation_destroy(&stage.simulation);
    drop_probe(&stage.counting.seen);
}

/* Promise: SIMULATION-SETTLE */
static void settles_when_the_faults_are_over(void **state)
{
    struct stage *stage = *state;
    add(stage, "a");
    assert_ok(troupe_simulation_rate(stage->simulation,
                                     TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(3),
                                                             .crash_for = TROUPE_WITHIN_MS(3))));
    assert_ok(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_MS(200)));
    assert_true(stage->counting.starts > 5);
    stage->counting.done = 0;
    assert_ok(troupe_simulation_settle(stage->simulation, is_done, &stage->counting,
                                       TROUPE_WITHIN_MS(31)));
    assert_fails(troupe_simulation_settle(stage->simulation, is_never, NULL, TROUPE_WITHIN_MS(5)),
                 FAILED);
    assert_string_equal(troupe_simulation_fault(stage->simulation),
                        "not settled after 5 ms without faults");
}

static troupe_error spins(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_yield(self);
    }
    return error;
}

static void ends_what_never_rests(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    troupe_ref ref = troupe_ref_none();
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.steps_max = 1000), &simulation));
    assert_ok(troupe_simulation_add(simulation, NULL, &node));
    assert_ok(troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = spins), &ref));
    assert_fails(troupe_simulation_run(simulation, TROUPE_WITHIN_S(1)), FAILED);
    assert_string_equal(troupe_simulation_fault(simulation), "no rest after 1000 steps");
    troupe_simulation_destroy(&simulation);
}

static void refuses_what_cannot_be(void **state)
{
    struct stage *stage = *state;
    add(stage, "a");
    assert_fails(troupe_simulation_run(stage->simulation, (troupe_timeout) {0}), BAD_ARGUMENT);
    assert_ok(troupe_simulation_run(stage->simulation, TROUPE_WITHIN_MS(1)));
    assert_fails(troupe_simulation_script(stage->simulation, "crash b"), BAD_ARGUMENT);
    assert_non_null(strstr(troupe_simulation_fault(stage->simulation), "the name of a node"));
}

static void run_hash(uint64_t seed, void *context)
{
    (void) context;
    uint64_t hashes[2] = {0};
    for (uint32_t i = 0; i < 2; i++) {
        struct stage stage = {.counting.seen = a_probe()};
        assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = seed), &stage.simulation));
        add(&stage, "a");
        add(&stage, "b");
        assert_ok(troupe_simulation_rate(
            stage.simulation, TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(30),
                                                      .stall_every = TROUPE_WITHIN_MS(30),
                                                      .stall_for = TROUPE_WITHIN_MS(10),
                                                      .cut_every = TROUPE_WITHIN_MS(30),
                                                      .skew_every = TROUPE_WITHIN_MS(30))));
        assert_ok(troupe_simulation_run(stage.simulation, TROUPE_WITHIN_MS(500)));
        assert_ok(troupe_simulation_stop(stage.simulation));
        hashes[i] = troupe_simulation_hash(stage.simulation);
        troupe_simulation_destroy(&stage.simulation);
        drop_probe(&stage.counting.seen);
    }
    assert_true(hashes[0] == hashes[1]);
}

/* Promise: SIMULATION-SEED */
static void does_the_same_for_the_same_seed(void **state)
{
    (void) state;
    for_each_seed(100, run_hash, NULL);
}

int main(void)
{
#define WITH_SIMULATION(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_SIMULATION(runs_actors_for_a_time_or_until_something_is_so),
        WITH_SIMULATION(starts_again_what_has_crashed),
        WITH_SIMULATION(fails_when_a_start_does),
        WITH_SIMULATION(stops_at_the_step_in_which_it_is_broken),
        cmocka_unit_test(asks_the_check_after_steps),
        WITH_SIMULATION(settles_when_the_faults_are_over),
        cmocka_unit_test(ends_what_never_rests),
        WITH_SIMULATION(refuses_what_cannot_be),
        cmocka_unit_test(does_the_same_for_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
