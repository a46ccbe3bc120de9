/* SPDX-License-Identifier: MIT */
/* frontier: the border of one node of a world, on the world's network.
 *
 * Of a node whose options ask for sessions they lie between: then the network's connections are the
 * links, and what goes over it are their words.
 * Owns:       the border and the sessions, from open to shut.
 * Invariants: it is open only while its node is up.
 * Threads:    the world's.
 * Uses:       cluster/border, cluster/sessions, network, world. */
#ifndef TR_SIMULATION_FRONTIER_H
#define TR_SIMULATION_FRONTIER_H

#include "cluster/sessions.h"
#include "simulation/world.h"

typedef struct tr_frontier {
    tr_world *world; /* borrowed */
    uint32_t node;
    bool is_open;
    bool has_sessions;
    tr_border border;
    tr_sessions sessions;
} tr_frontier;

/* Of a node that has just come up; it stays where it is in memory. Errors: as a spawn. */
TROUPE_MUST_CHECK troupe_error tr_frontier_open(tr_frontier *frontier, tr_world *world,
                                                uint32_t node);
/* Before the node is freed. Again, or of one that was never open: nothing. */
void tr_frontier_shut(tr_frontier *frontier);

/* What the network tells the node (see tr_ears). One that is not open hears nothing. */
void tr_frontier_connected(tr_frontier *frontier, uint64_t other, const char *name,
                           const char *labels);
void tr_frontier_lost(tr_frontier *frontier, uint64_t other, troupe_error reason);
void tr_frontier_came(tr_frontier *frontier, uint64_t from, const void *frame, size_t size);

#endif
