/* SPDX-License-Identifier: MIT */
/* herald: tells who watches the nodes what becomes of them.
 *
 * What there is to tell is in core/nodes. Who has no room is told a little later how it is then.
 * Owns:    a timer, which runs while somebody is still to be told.
 * Threads: the border's worker's. */
#ifndef TR_CLUSTER_HERALD_H
#define TR_CLUSTER_HERALD_H

#include "core/nodes.h"
#include "core/worker.h"

typedef struct tr_border tr_border;

typedef struct tr_herald {
    tr_border *border; /* borrowed */
    tr_timer again;
} tr_herald;

void tr_herald_init(tr_herald *herald, tr_border *border);
/* Nobody is told any more. */
void tr_herald_fini(tr_herald *herald);

/* The node is in this state now: who watches is told, if it was not. */
void tr_herald_note(tr_herald *herald, uint64_t node, troupe_node_state state);

/* Tells all who are still to be told. */
void tr_herald_tell(tr_herald *herald);

#endif
