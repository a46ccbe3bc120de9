/* SPDX-License-Identifier: MIT */
/* placements: which of the nodes an actor is to run on, and where those of a supervisor are.
 *
 * Owns:       nothing; a seat is its proxy's (placed).
 * Invariants: a seat is in the system's list while its `node` is not 0.
 * Threads:    any; guarded by the ports' lock.
 * Uses:       nodes. */
#ifndef TR_CORE_PLACEMENTS_H
#define TR_CORE_PLACEMENTS_H

#include <troupe/placement.h>

#include "core/system.h"

typedef struct tr_node_seat {
    tr_list link;
    tr_address supervisor;
    uint64_t node;                    /* 0: nowhere */
    char name[TROUPE_NODE_NAME_SIZE]; /* of that node */
} tr_node_seat;

/* What a choice is made by, besides the placement. */
typedef struct tr_choice {
    const troupe_placement *placement;
    const uint64_t *tried; /* not these */
    size_t tried_count;
    const char *only_name; /* NULL, or only a node of this name */
    uint64_t spread;       /* decides between equals */
} tr_choice;

void tr_placements_init_seat(tr_node_seat *seat, tr_address supervisor);

/* Takes a place on the node that the rule names. False: none fits. */
bool tr_placements_take(tr_system *system, const tr_choice *choice, tr_node_seat *seat);
/* Gives it up, if it has one. */
void tr_placements_leave(tr_system *system, tr_node_seat *seat);

#endif
