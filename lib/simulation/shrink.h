/* SPDX-License-Identifier: MIT */
/* shrink: of a run that fails looks for less of it that fails in the same way.
 *
 * It tries fewer nodes, then without faults, by halves and in the end one by one, then an earlier
 * end. What a try shows to be without need stays out. What is left out changes when everything else
 * happens too, and a bug that needs one fault at the right moment may then be missed: so where
 * nothing more can be left out it tries again, each time with a few other courses of chance. How a
 * run is made is the caller's.
 * Owns:       nothing.
 * Invariants: the sieve at hand is always one with which the run has been seen to fail.
 * Threads:    the caller's. */
#ifndef TR_SIMULATION_SHRINK_H
#define TR_SIMULATION_SHRINK_H

#include "simulation/sieve.h"

/* What a failing run had. */
typedef struct tr_failing {
    uint32_t nodes;       /* that the scenario was given when it asked; 0: it has not */
    uint32_t nodes_least; /* that it can do with */
    uint64_t ran_ns; /* when its last run without an event to wait for was over; 0: it was not */
    tr_fault_set faults; /* that happened */
} tr_failing;

typedef struct tr_shrinker {
    /* Whether a run with this sieve fails in the same way; fills `failing` then. */
    bool (*fails)(void *context, const tr_sieve *sieve, tr_failing *failing);
    /* Whether there is no time left. NULL: there always is. */
    bool (*is_over)(void *context);
    void *context;
    uint32_t runs_max;
} tr_shrinker;

/* Takes a sieve with which it fails and what that run had, and makes both smaller. Returns how
 * many runs it has made. */
uint32_t tr_shrink(const tr_shrinker *shrinker, tr_sieve *sieve, tr_failing *failing);

/* True if two faults differ in numbers only. */
bool tr_shrink_is_like(const char *fault, const char *other);

#endif
