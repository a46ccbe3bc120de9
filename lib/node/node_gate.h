/* SPDX-License-Identifier: MIT */
/* node_gate: the gate (core/future) by which promises of a real node are kept.
 *
 * Owns:    itself: it is freed when the node has released it and no promise is left.
 * Threads: any.
 * Fails:   in create.
 * Uses:    core/future, outside. */
#ifndef TR_NODE_NODE_GATE_H
#define TR_NODE_NODE_GATE_H

#include "core/future.h"
#include "node/node.h"

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_node_gate_create(troupe_node *node, tr_gate **out_gate);

#endif
