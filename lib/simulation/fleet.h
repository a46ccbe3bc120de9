/* SPDX-License-Identifier: MIT */
/* fleet: the nodes of a world, their steps, and what can happen to a node as a whole.
 *
 * Of the nodes that can do something now the course's chance picks one, and one of its choices. A
 * node that crashes leaves its place, its options and its clock; what comes up there again is a new
 * incarnation.
 * Owns:       the nodes.
 * Invariants: a node is among the awake when it could do something at its last look, else on the
 *             agenda if a time will come at which it can.
 * Threads:    the world's. Only crash, stall and skew may be called from within an actor.
 * Fails:      in add and raise. */
#ifndef TR_SIMULATION_FLEET_H
#define TR_SIMULATION_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "simulation/agenda.h"
#include "simulation/virtual_descriptors.h"
#include "simulation/virtual_memory.h"
#include "simulation/virtual_node.h"

#define TR_NODES_MAX 65536

/* What there is of a node, be it up or not. */
typedef struct tr_berth {
    tr_virtual_node *node; /* NULL: it is down */
    tr_world_options options;
    tr_virtual_identity identity; /* of the last incarnation */
    tr_virtual_memory memory;
    tr_virtual_descriptors descriptors;
    tr_date date;      /* when it can do something next; only if it is not awake */
    uint32_t awake_at; /* among the awake, from 1; 0: it is not */
    uint64_t stalled_until_ns;
    bool is_doomed; /* it crashes when its step is over: nothing of it reaches the outside */
    bool is_silent; /* of its crash the others are not told; for who asks in `changed` */
} tr_berth;

typedef struct tr_fleet {
    tr_course *course; /* borrowed */
    uint64_t seed;
    tr_berth **berths;
    uint32_t count;
    uint32_t room;
    tr_berth **awake;
    uint32_t awake_count;
    uint32_t awake_room;
    uint32_t shuffled_count; /* those with moves_percent */
    tr_agenda agenda;
    const tr_berth *running; /* whose step this is; NULL: nobody's */
    /* A node has come up, or is down: called outside any step. May be NULL. */
    void (*changed)(void *context, uint32_t index, bool is_up);
    /* A node that is up is going to be freed. May be NULL. */
    void (*leaving)(void *context, uint32_t index);
    void *context;
} tr_fleet;

void tr_fleet_init(tr_fleet *fleet, tr_course *course, uint64_t seed);
void tr_fleet_fini(tr_fleet *fleet);

/* A place for one more node, which is down; its options are complete.
 * Errors: NO_MEMORY; LIMIT_REACHED. */
TROUPE_MUST_CHECK troupe_error tr_fleet_add(tr_fleet *fleet, const tr_world_options *options,
                                            uint32_t *out_index);

/* Brings a node up that is down. Errors: NO_MEMORY, and it is down. */
TROUPE_MUST_CHECK troupe_error tr_fleet_raise(tr_fleet *fleet, uint32_t index);

/* Kills one that is up: at once, or if this is its own step at the end of it. */
void tr_fleet_crash(tr_fleet *fleet, uint32_t index);

/* It does nothing for so long, as if it were stopped by a signal; its clock goes on. */
void tr_fleet_stall(tr_fleet *fleet, uint32_t index, uint64_t ns);

/* Its clock jumps ahead by this and from now on goes so many parts in a million faster. */
void tr_fleet_skew(tr_fleet *fleet, uint32_t index, int32_t ppm, uint64_t ahead_ns);

static inline tr_berth *tr_fleet_berth(const tr_fleet *fleet, uint32_t index)
{
    return fleet->berths[index];
}

/* True if it can act now: it is up, not doomed, not stalled. */
bool tr_fleet_can_act(const tr_fleet *fleet, uint32_t index);

/* Something was done to this node from outside. */
void tr_fleet_look(tr_fleet *fleet, uint32_t index);

/* One of the things that can be done now; false if there is none. */
bool tr_fleet_step(tr_fleet *fleet);

/* No worker of any node is in the middle of a pass any more. */
void tr_fleet_settle(const tr_fleet *fleet);

/* When something can be done again if nothing can now; TR_NEVER if never. */
uint64_t tr_fleet_next_due_ns(const tr_fleet *fleet);

/* True if nothing is under way within any node. */
bool tr_fleet_is_at_rest(const tr_fleet *fleet);

#endif
