/* SPDX-License-Identifier: MIT */
/* fleet: simulated nodes "a", "b" and so on, connected with each other, of which some offer workers
 * by name; and which workers live.
 *
 *     "worker"   takes a figure, its number; answers a figure with the id of its node, fails when
 *                told 99, ends well when told 98
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_FLEET_H
#define TR_TESTS_SUPPORT_FLEET_H

#include <troupe/simulation_network.h>
#include <troupe/troupe.h>

#include "simulation/simulation.h"
#include "support/cast.h"
#include "support/fixtures.h"

#define FLEET_MAX 6
#define FLEET_WORKERS_MAX 4096

struct fleet_worker {
    uint64_t node;
    uint64_t number;
    bool has_ended;
};

struct fleet {
    troupe_simulation *simulation;
    uint32_t count; /* of nodes */
    bool offers[FLEET_MAX];
    const char *labels[FLEET_MAX];
    troupe_simulation_start *start; /* of node "a", besides; NULL: nothing */
    troupe_simulation_start *start_each;
    struct fleet_worker workers[FLEET_WORKERS_MAX];
    uint32_t worker_count;
    uint32_t said; /* lines of the log with `line` */
    const char *line;
};

/* There is one. All zero but for what the test has set before. */
extern struct fleet fleet;
void fleet_clear(void);
void fleet_begin(uint64_t seed, uint32_t nodes);
/* Stops all and looks whether anything is left. */
void fleet_end(void);

void fleet_run(uint64_t ms);
void fleet_script(const char *script);
/* The orderly stop of one node. */
void fleet_stop_node(uint32_t node);
uint64_t fleet_id(uint32_t node);

/* Workers that live, of this number (0: any) on this node (UINT32_MAX: any). */
uint32_t fleet_living(uint64_t number, uint32_t node);

#endif
