/* SPDX-License-Identifier: MIT */
/* watchdog: a thread that samples what the others are at, and logs handlers that are slow and
 * attached threads that have stopped receiving.
 *
 * The workers only publish (core/seat.h); nobody waits for the watchdog. A handler is reported when
 * it has been seen in the same turn for slow_after, so at most two ticks, half of that, late; then
 * once more when it has ended.
 * Owns:    its thread and what it saw last.
 * Threads: create, start and destroy the node's maker; end any but its own.
 * Fails:   in create and start. No backtrace: it says so.
 * Uses:    node, proxy, report, trace. */
#ifndef TR_NODE_WATCHDOG_H
#define TR_NODE_WATCHDOG_H

#include "node/node.h"

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_watchdog_create(troupe_node *node, tr_watchdog **out_watchdog);

/* Errors: SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_watchdog_start(tr_watchdog *watchdog);

/* Ends its thread and waits for that. Takes NULL and one that was not started; again: does nothing.
 * Blocks: while it captures a trace, some milliseconds. */
void tr_watchdog_end(tr_watchdog *watchdog);

/* Not started, or ended. Takes NULL. */
void tr_watchdog_destroy(tr_watchdog **watchdog);

#endif
