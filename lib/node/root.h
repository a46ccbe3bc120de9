/* SPDX-License-Identifier: MIT */
/* root: spawning root actors from outside.
 *
 * Owns:    the records of starts that are waited for; one that is given up stays with the node
 *          until the start has returned, or the node goes.
 * Threads: any but the node's own. */
#ifndef TR_NODE_ROOT_H
#define TR_NODE_ROOT_H

#include "node/node.h"

/* Frees the records that are left, when no thread runs any more. */
void tr_roots_free(troupe_node *node);

#endif
