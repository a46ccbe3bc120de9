/* SPDX-License-Identifier: MIT */
/* keeper: the thread that waits for the word to stop and then stops the node, phase by phase.
 *
 * It runs no user code but the log hook, so no actor can hold it up. Each phase has a deadline;
 * what a phase had to leave undone is logged by name. A second signal goes on to cancelling at
 * once, a third gives up.
 * Owns:    nothing.
 * Threads: start and join as tr_thread; wake any.
 * Uses:    node, outside, report. */
#ifndef TR_NODE_KEEPER_H
#define TR_NODE_KEEPER_H

#include <troupe/error.h>
#include <troupe/node.h>

/* Errors: SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_keeper_start(troupe_node *node);

/* Waits for its thread, if there is one.
 * Blocks: until the node is stopped. */
void tr_keeper_join(troupe_node *node);

/* Something that it may wait for has happened. */
void tr_keeper_wake(troupe_node *node);

#endif
