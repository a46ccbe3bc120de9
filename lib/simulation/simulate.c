/* SPDX-License-Identifier: MIT */
#include <troupe/simulate.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/options.h"
#include "simulation/environment.h"
#include "simulation/shrink.h"
#include "simulation/simulation.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulate_options, shrink_time);

#define SEEDS 100
#define SHRINK_RUNS 300
#define SHRINK_NS UINT64_C(30000000000)
#define LEFT_OUT_MAX 4096 /* characters */
#define MS UINT64_C(1000000)

/* How a run ended. */
struct outcome {
    troupe_error error;
    uint64_t step;
    uint64_t now_ns;
    uint32_t nodes_most; /* that the scenario can have */
    tr_failing failing;
    char fault[512];
};

struct sweep {
    const troupe_simulate_options *options;
    troupe_scenario *scenario;
    void *context;
    uint64_t seed;
    uint64_t shrink_end_ns;
    struct outcome first; /* the failure that is to be shrunk */
};

static const troupe_log *log_of(const struct sweep *sweep)
{
    static const troupe_log to_stderr = {.write = troupe_log_to_stderr};
    return sweep->options->log != NULL ? sweep->options->log : &to_stderr;
}

static void say_nothing(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    (void) text;
}

static struct outcome look(const troupe_simulation *simulation, troupe_error error)
{
    const char *fault = troupe_simulation_fault(simulation);
    struct outcome outcome = {
        .error = error,
        .step = troupe_simulation_steps(simulation),
        .now_ns = troupe_simulation_now_ns(simulation),
        .nodes_most = simulation->nodes_most,
        .failing = {.nodes = simulation->nodes_drawn,
                    .nodes_least = simulation->nodes_least,
                    .ran_ns = simulation->ran_ns},
    };
    for (size_t i = 0; i < simulation->plan.done_count; i++) {
        tr_fault_set_put(&outcome.failing.faults, simulation->plan.done[i].fault);
    }
    (void) snprintf(outcome.fault, sizeof outcome.fault, "%s",
                    fault[0] != '\0' ? fault : troupe_error_name(error));
    return outcome;
}

static void tell_all(const struct sweep *sweep, const troupe_simulation *simulation)
{
    troupe_simulation_tell(simulation, log_of(sweep));
    tr_simulation_tell_faults(simulation, log_of(sweep));
}

static bool can_shrink(const struct sweep *sweep, const tr_failing *failing)
{
    return sweep->options->shrink_runs > 1 &&
           (tr_fault_set_count(&failing->faults) > 0 || failing->nodes > failing->nodes_least ||
            failing->ran_ns >= 2 * MS);
}

enum telling {
    TELL_ALL,      /* what it logs and, if it fails, the last that happened */
    TELL_UNSHRUNK, /* the same, the latter only if it cannot be shrunk */
    TELL_END,      /* the latter only */
    TELL_NOTHING
};

static struct outcome run_one(const struct sweep *sweep, const tr_sieve *sieve,
                              enum telling telling)
{
    troupe_simulation_options own;
    troupe_log silent = {.write = say_nothing};
    if (!tr_options_read(&own, sizeof own, sweep->options->options)) {
        return (struct outcome) {.error = TROUPE_ERROR_BAD_ARGUMENT, .fault = "BAD_ARGUMENT"};
    }
    own.size = sizeof own;
    own.seed = sweep->seed;
    if (telling >= TELL_END && own.log != NULL) {
        silent.level = own.log->level;
        own.log = &silent;
    }
    troupe_simulation *simulation = NULL;
    troupe_error error = troupe_simulation_create(&own, &simulation);
    if (error) {
        return (struct outcome) {.error = error};
    }
    tr_simulation_set_sieve(simulation, sieve);
    error = sweep->scenario(simulation, sweep->context);
    if (!error) {
        error = troupe_simulation_fault(simulation)[0] != '\0' ? TROUPE_ERROR_FAILED
                                                               : troupe_simulation_stop(simulation);
    }
    const struct outcome outcome = look(simulation, error);
    if (error && (telling == TELL_ALL || telling == TELL_END ||
                  (telling == TELL_UNSHRUNK && !can_shrink(sweep, &outcome.failing)))) {
        tell_all(sweep, simulation);
    }
    troupe_simulation_destroy(&simulation);
    return outcome;
}

/* One line that says it all; `how` stands behind what failed. */
static void tell_line(const struct sweep *sweep, const struct outcome *outcome,
                      const tr_sieve *sieve, const char *how)
{
    const char *command =
        sweep->options->command != NULL ? sweep->options->command : program_invocation_name;
    char left_out[LEFT_OUT_MAX] = "";
    char line[LEFT_OUT_MAX + 2048]; /* which has to be whole, to be of use */
    (void) tr_sieve_print(sieve, left_out, sizeof left_out);
    (void) snprintf(line, sizeof line,
                    "seed %" PRIu64 " failed at step %" PRIu64 ", %" PRIu64 ".%06" PRIu64
                    " ms: %s%s; to repeat it: TROUPE_SEED=%" PRIu64 "%s%s %s",
                    sweep->seed, outcome->step, outcome->now_ns / MS, outcome->now_ns % MS,
                    outcome->fault, how, sweep->seed, left_out[0] != '\0' ? " " : "", left_out,
                    command);
    tr_log_write_line(log_of(sweep), TROUPE_LOG_ERROR, line);
}

/* Shrinking. */

static bool is_like_first(const struct sweep *sweep, const struct outcome *outcome)
{
    return outcome->error == sweep->first.error &&
           tr_shrink_is_like(outcome->fault, sweep->first.fault);
}

static bool fails(void *context, const tr_sieve *sieve, tr_failing *failing)
{
    const struct sweep *sweep = context;
    const struct outcome outcome = run_one(sweep, sieve, TELL_NOTHING);
    *failing = outcome.failing;
    return outcome.error && is_like_first(sweep, &outcome);
}

static bool is_time_over(void *context)
{
    const struct sweep *sweep = context;
    const tr_clock clock = tr_clock_real();
    return clock.now_ns(clock.context) >= sweep->shrink_end_ns;
}

static void shrink(struct sweep *sweep)
{
    const tr_clock clock = tr_clock_real();
    const troupe_timeout limit = sweep->options->shrink_time.ns != 0
                                     ? sweep->options->shrink_time
                                     : (troupe_timeout) {.ns = SHRINK_NS};
    sweep->shrink_end_ns = tr_deadline_of(clock.now_ns(clock.context), limit);
    const uint64_t runs_max = sweep->options->shrink_runs - 1; /* the last is to tell */
    tr_sieve sieve = {0};
    tr_failing failing = sweep->first.failing;
    const uint32_t runs = tr_shrink(
        &(const tr_shrinker) {.fails = fails,
                              .is_over = is_time_over,
                              .context = sweep,
                              .runs_max = runs_max < UINT32_MAX ? (uint32_t) runs_max : UINT32_MAX},
        &sieve, &failing);
    const struct outcome last = run_one(sweep, &sieve, TELL_END);
    if (!last.error || !is_like_first(sweep, &last)) {
        tell_line(sweep, &sweep->first, &(const tr_sieve) {0},
                  " (and not when it was run again: something from outside has a part in it)");
        return;
    }
    char left_out[LEFT_OUT_MAX];
    if (!tr_sieve_print(&sieve, left_out, sizeof left_out)) {
        tell_line(sweep, &sweep->first, &(const tr_sieve) {0},
                  " (shrunk, but not to as few faults as can be named)");
        return;
    }
    char nodes[64] = "";
    if (sweep->first.failing.nodes > 0) {
        (void) snprintf(nodes, sizeof nodes, ", %" PRIu32 " of %" PRIu32 " nodes asked for",
                        failing.nodes, sweep->first.failing.nodes);
    }
    char how[256];
    (void) snprintf(how, sizeof how,
                    " (shrunk in %" PRIu32 " runs: %" PRIu32 " of %" PRIu32
                    " faults%s; at step %" PRIu64 " before)",
                    runs, tr_fault_set_count(&failing.faults),
                    tr_fault_set_count(&sweep->first.failing.faults), nodes, sweep->first.step);
    tell_line(sweep, &last, &sieve, how);
}

/* Whether the scenario could have as many nodes as the environment says; otherwise says so. */
static bool has_nodes_given(const struct sweep *sweep, const tr_sieve *given,
                            const struct outcome *outcome)
{
    if (given->nodes == 0 || given->nodes == outcome->failing.nodes) {
        return true;
    }
    if (outcome->failing.nodes == 0) {
        tr_log_write(log_of(sweep), TROUPE_LOG_ERROR,
                     "TROUPE_NODES is '%" PRIu32
                     "'; it should not be there, as the scenario does "
                     "not ask how many nodes it is to have",
                     given->nodes);
    } else {
        tr_log_write(log_of(sweep), TROUPE_LOG_ERROR,
                     "TROUPE_NODES is '%" PRIu32 "'; there should be from %" PRIu32 " to %" PRIu32
                     ", as the scenario says",
                     given->nodes, outcome->failing.nodes_least, outcome->nodes_most);
    }
    return false;
}

troupe_error troupe_simulate(const troupe_simulate_options *given, troupe_scenario *scenario,
                             void *context)
{
    troupe_simulate_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(scenario != NULL, BAD_ARGUMENT);
    options.shrink_runs = options.shrink_runs != 0 ? options.shrink_runs : SHRINK_RUNS;
    struct sweep sweep = {.options = &options, .scenario = scenario, .context = context};
    tr_repetition given_run;
    TR_REQUIRE(tr_environment_read(&given_run, log_of(&sweep)), BAD_ARGUMENT);
    const uint64_t seeds = given_run.has_seed ? 1 : options.seeds != 0 ? options.seeds : SEEDS;
    const uint64_t first = given_run.has_seed        ? given_run.seed
                           : options.first_seed != 0 ? options.first_seed
                                                     : 1;
    for (uint64_t i = 0; i < seeds && !sweep.first.error; i++) {
        sweep.seed = first + i;
        sweep.first =
            run_one(&sweep, &given_run.sieve, given_run.has_sieve ? TELL_ALL : TELL_UNSHRUNK);
        TR_REQUIRE(has_nodes_given(&sweep, &given_run.sieve, &sweep.first), BAD_ARGUMENT);
    }
    if (sweep.first.error && !given_run.has_sieve && can_shrink(&sweep, &sweep.first.failing)) {
        shrink(&sweep);
    } else if (sweep.first.error && sweep.first.fault[0] != '\0') {
        tell_line(&sweep, &sweep.first, &given_run.sieve, "");
    }
    return sweep.first.error;
}
