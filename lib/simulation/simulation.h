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
    bool is_starting; /* a start function runs */
    bool is_stopped;
    char fault[512]; /* "": nothing has failed */
};

/* The disk of a node as it is just now; NULL if there is no such node. */
tr_store *tr_simulation_store(const troupe_simulation *simulation, uint32_t node);

#endif
