/* SPDX-License-Identifier: MIT */
/* outside: the real ports of the core, and the engines that its workers run on.
 *
 * Owns:    the node's engines.
 * Threads: the ports the workers'; the rest as said.
 * Uses:    engine, ends. */
#ifndef TR_NODE_OUTSIDE_H
#define TR_NODE_OUTSIDE_H

#include "node/node.h"

/* The node's crew, for its ports. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_outside_make_crew(troupe_node *node);

/* The tables of functions for the node's system. */
tr_ports tr_outside_ports(troupe_node *node);

/* Has a message routed to its receiver by the worker that this is on, as far as one can tell; if
 * that has come to its end, there is nobody to hear of it. The call is to lie still until the
 * message has come. Threads: any. */
void tr_outside_deliver(troupe_node *node, troupe_message *message, tr_engine_call *call);

/* Makes and starts the engines of all regular workers; before anything else runs.
 * Errors: NO_MEMORY; SYSTEM. Those made are left to tr_outside_end. */
TROUPE_MUST_CHECK troupe_error tr_outside_start(troupe_node *node);

/* Makes and starts the engine of the worker that threads from outside share. Under the mutex.
 * Errors: NO_MEMORY; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_outside_start_guarded(troupe_node *node, uint32_t index,
                                                        tr_guard *guard, tr_engine **out_engine);

/* Tells all engines to end, those too that are being made just now. Threads: any, no worker's. */
void tr_outside_end(troupe_node *node);

/* Whether no engine's thread runs its worker any more. */
bool tr_outside_is_at_rest(troupe_node *node);

/* Joins the threads of the engines that are at rest. Returns how many are not. */
uint32_t tr_outside_join(troupe_node *node);

/* Frees the engines, all of them joined. */
void tr_outside_destroy(troupe_node *node);

#endif
