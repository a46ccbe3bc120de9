/* SPDX-License-Identifier: MIT */
/* environment: which run a sweep is to repeat, as the environment says.
 *
 *     TROUPE_SEED=4 TROUPE_FAULTS=3,7-9 TROUPE_NODES=2 TROUPE_COURSE=5 TROUPE_END_MS=200
 *
 * Owns:    nothing.
 * Threads: any in which nobody changes the environment. */
#ifndef TR_SIMULATION_ENVIRONMENT_H
#define TR_SIMULATION_ENVIRONMENT_H

#include <troupe/log.h>

#include "simulation/sieve.h"

typedef struct tr_repetition {
    bool has_seed;
    bool has_sieve; /* something is said but for the seed */
    uint64_t seed;
    tr_sieve sieve;
} tr_repetition;

/* False if a value is not what it should be; the log is told which, and what would be right. */
bool tr_environment_read(tr_repetition *out_repetition, const troupe_log *log);

#endif
