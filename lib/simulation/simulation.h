/* SPDX-License-Identifier: MIT */
/* simulation: the inside of <troupe/simulation.h>: a world with a plan, weather and checks.
 *
 * Owns:       the world, its nodes' names, starts and disks.
 * Invariants: nodes[i] belongs to the fleet's berth i.
 * Threads:    one. */
#ifndef TR_SIMULATION_SIMULATION_H
#define TR_SIMULATION_SIMULATION_H

#include <troupe/simulation.h>

#include "simulation/frontier.h"
#include "simulation/journal.h"
#include "simulation/store.h"
#include "simulation/weather.h"
#include "simulation/world.h"

#define TR_SIMULATION_NAME_SIZE 64

typedef struct tr_simulated {
    troupe_simulation *simulation;
    troupe_simulation_start *start; /* NULL: nothing */
    void *context;
    tr_store store;
    tr_frontier frontier;
    troupe_log log;
    char name[TR_SIMULATION_NAME_SIZE];
    char labels[TROUPE_NODE_LABELS_SIZE];
    bool joins; /* with all others that do */
} tr_simulated;

struct troupe_simulation {
    troupe_simulation_options options;
    troupe_log log;
    tr_world *world;
    tr_plan plan;
    tr_weather weather;
    tr_journal journal;
    tr_simulated **nodes;
    uint32_t count;
    uint32_t room;
    uint64_t steps;
    uint64_t ran_ns;      /* when the last call of troupe_simulation_run was over */
    uint32_t nodes_drawn; /* that the scenario was told to have; 0: it has not asked */
    uint32_t nodes_least; /* that it can do with */
    uint32_t nodes_most;  /* that it can have */
    bool is_starting;     /* a start function runs */
    /* Looks at each frame that comes to a node and may put less in its place. NULL: nobody does. */
    void (*meets)(void *context, uint32_t at, uint64_t from, const void **frame, size_t *size);
    void *meets_context;
    bool is_stopped;
    char fault[512]; /* "": nothing has failed */
};

/* Leaves out of the run, which has not begun, what the sieve says; borrowed. */
void tr_simulation_set_sieve(troupe_simulation *simulation, const tr_sieve *sieve);
/* Writes the faults that have happened, a line for each. */
void tr_simulation_tell_faults(const troupe_simulation *simulation, const troupe_log *log);

/* Starts a node that is down. Errors fail the run. */
void tr_simulation_start_again(troupe_simulation *simulation, uint32_t node);
/* The node of this name, or TR_PLAN_ALL. */
uint32_t tr_simulation_find(const troupe_simulation *simulation, const char *name);

/* The disk of a node as it is just now; NULL if there is no such node. */
tr_store *tr_simulation_store(const troupe_simulation *simulation, uint32_t node);

/* For options that may not be given. */
static inline uint64_t tr_ns_or(troupe_timeout timeout, uint64_t otherwise_ns)
{
    return timeout.ns != 0 ? timeout.ns : otherwise_ns;
}

#endif
