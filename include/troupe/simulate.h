/* SPDX-License-Identifier: MIT */
/* simulate: one scenario under many seeds. Part of libtroupe_simulation.
 *
 * Threads: one sweep at a time in a thread. */
#ifndef TROUPE_SIMULATE_H
#define TROUPE_SIMULATE_H

#include <troupe/simulation.h>

TROUPE_BEGIN

/* Makes nodes, runs them, looks at what came of it. It returns what the calls returned, or an error
 * of its own; the sweep stops the simulation then, checks it and destroys it. */
typedef troupe_error troupe_scenario(troupe_simulation *simulation, void *context);

/* Zero means the default of each field. */
typedef struct troupe_simulate_options {
    size_t size;                              /* set by TROUPE_SIMULATE */
    uint64_t seeds;                           /* how many; 0: 100 */
    uint64_t first_seed;                      /* 0: 1 */
    const troupe_log *log;                    /* where failures are told; NULL: standard error */
    const troupe_simulation_options *options; /* all but the seed; NULL: the defaults */
    const char *command;  /* what repeats it, behind TROUPE_SEED=n; NULL: the program's own name */
    uint64_t shrink_runs; /* at most, to shrink one that fails; 0: 300; 1: none */
    troupe_timeout shrink_time; /* at most, of real time; not given: 30 s */
} troupe_simulate_options;
#define TROUPE_SIMULATE(...)                                                                       \
    (&(const troupe_simulate_options) {.size = sizeof(troupe_simulate_options), __VA_ARGS__})

/* Runs the scenario under each seed, or, with TROUPE_SEED in the environment, under that one alone,
 * until one fails. That one is shrunk: run again, with fewer nodes (if the scenario asks by
 * troupe_simulation_draw_nodes), with fewer faults of its script and rates, and with less time in
 * troupe_simulation_run, as long as it fails by the same error and in the same words, but for
 * numbers. So a scenario begins anew at each call.
 * Of what is left it tells in one line: seed, step, time, what failed, and the command that repeats
 * it, with TROUPE_FAULTS, TROUPE_NODES, TROUPE_COURSE and TROUPE_END_MS for how it differs; before
 * that, the last that happened and the faults that are left. With one of these in the environment
 * nothing is shrunk.
 * Errors: that of the first that fails; FAILED if its checks did; NO_MEMORY; BAD_ARGUMENT, of what
 * stands in the environment with a line that says what would be right. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulate(const troupe_simulate_options *options, troupe_scenario *scenario, void *context);

TROUPE_END

#endif
