/* SPDX-License-Identifier: MIT */
#include <troupe/simulate.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/options.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulate_options, command);

#define SEEDS 100

/* One line that says it all, behind what led to it. */
static void tell(const troupe_simulation *simulation, const troupe_simulate_options *options,
                 troupe_error error)
{
    static const troupe_log to_stderr = {.write = troupe_log_to_stderr};
    const troupe_log *log = options->log != NULL ? options->log : &to_stderr;
    const char *fault = troupe_simulation_fault(simulation);
    const char *command = options->command != NULL ? options->command : program_invocation_name;
    const uint64_t now_ns = troupe_simulation_now_ns(simulation);
    troupe_simulation_tell(simulation, log);
    tr_log_write(log, TROUPE_LOG_ERROR,
                 "seed %" PRIu64 " failed at step %" PRIu64 ", %" PRIu64 ".%06" PRIu64
                 " ms: %s; to repeat it: TROUPE_SEED=%" PRIu64 " %s",
                 troupe_simulation_seed(simulation), troupe_simulation_steps(simulation),
                 now_ns / 1000000, now_ns % 1000000,
                 fault[0] != '\0' ? fault : troupe_error_name(error),
                 troupe_simulation_seed(simulation), command);
}

static troupe_error run_one(const troupe_simulate_options *options, uint64_t seed,
                            troupe_scenario *scenario, void *context)
{
    troupe_simulation_options own;
    TR_REQUIRE(tr_options_read(&own, sizeof own, options->options), BAD_ARGUMENT);
    own.size = sizeof own;
    own.seed = seed;
    troupe_simulation *simulation = NULL;
    troupe_error error = troupe_simulation_create(&own, &simulation);
    if (error) {
        return error;
    }
    error = scenario(simulation, context);
    if (!error) {
        error = troupe_simulation_fault(simulation)[0] != '\0' ? TROUPE_ERROR_FAILED
                                                               : troupe_simulation_stop(simulation);
    }
    if (error) {
        tell(simulation, options, error);
    }
    troupe_simulation_destroy(&simulation);
    return error;
}

troupe_error troupe_simulate(const troupe_simulate_options *given, troupe_scenario *scenario,
                             void *context)
{
    troupe_simulate_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(scenario != NULL, BAD_ARGUMENT);
    const char *alone = getenv("TROUPE_SEED"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    uint64_t seeds = options.seeds != 0 ? options.seeds : SEEDS;
    uint64_t first = options.first_seed != 0 ? options.first_seed : 1;
    if (alone != NULL) {
        first = strtoull(alone, NULL, 10);
        seeds = 1;
    }
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < seeds && !error; i++) {
        error = run_one(&options, first + i, scenario, context);
    }
    return error;
}
