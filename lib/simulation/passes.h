/* SPDX-License-Identifier: MIT */
/* passes: a worker's passes, which may stop in the middle and let others go on.
 *
 * On real threads another worker may come between any two steps on what all share. Here each
 * worker's passes run on a stack of its own, and at each of these steps (base/chance) the pass may
 * stop, by chance; it stays open and goes on when its turn comes again. What else is rare happens
 * by the same chance.
 * Owns:       the stacks, and which pass stopped where.
 * Invariants: while a pass of a worker is open nothing else is done to that worker. None stops
 *             while `may_stop` says no, or while another is being closed.
 * Threads:    the world's.
 * Fails:      in create and run. */
#ifndef TR_SIMULATION_PASSES_H
#define TR_SIMULATION_PASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "core/worker.h"

typedef struct tr_passes_options {
    tr_random *random; /* borrowed */
    bool (*may_stop)(void *context);
    void *context;
    uint32_t workers_max;
    uint32_t stop_percent; /* how often a pass stops at a step; below 100 */
    uint32_t rare_percent; /* how often what is rare happens; below 100 */
} tr_passes_options;

typedef struct tr_passes tr_passes;

/* True if what this is for was built in. */
bool tr_passes_can_stop(void);

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_passes_create(const tr_passes_options *options,
                                                tr_passes **out_passes);
/* Passes that are open are forgotten, with what lies on their stacks. Takes NULL. */
void tr_passes_destroy(tr_passes **passes);

/* Begins a pass, or goes on with one that is open. True if it is over; *out_is_more is then what it
 * returned. Without memory for a stack it runs through. */
bool tr_passes_run(tr_passes *passes, tr_worker *worker, bool *out_is_more);

bool tr_passes_is_open(const tr_passes *passes, uint32_t worker);

/* Runs an open pass to its end, from within another one too. Returns what it returned. */
bool tr_passes_close(tr_passes *passes, uint32_t worker);

/* How often one has stopped so far. */
uint64_t tr_passes_stops(const tr_passes *passes);

#endif
