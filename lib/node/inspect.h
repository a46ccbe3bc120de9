/* SPDX-License-Identifier: MIT */
/* inspect: looking at a node's actors from outside.
 *
 * Each worker is asked in its turn and answers between two passes; one whose thread is not running
 * is looked at directly.
 * Owns:    nothing.
 * Threads: any. From a thread of the node its own worker answers at once.
 * Uses:    engine, snapshot. */
#ifndef TR_NODE_INSPECT_H
#define TR_NODE_INSPECT_H

#include <troupe/statistics.h>

#include "node/node.h"

/* The workers that did not answer. */
typedef struct tr_silent {
    uint32_t count;
    uint32_t workers[TR_ENDS_MAX];
} tr_silent;

/* Takes a picture of all that answer until deadline_ns.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_inspect(troupe_node *node, uint64_t deadline_ns,
                                          troupe_snapshot **out_snapshot, tr_silent *out_silent);

/* Has this worker looked at, by run(worker, context), on its thread or, as that does not run, here.
 * Errors: TIMED_OUT: it is in a turn that has not ended at deadline_ns; it never is then. */
TROUPE_MUST_CHECK troupe_error tr_inspect_worker(troupe_node *node, uint32_t index,
                                                 uint64_t deadline_ns,
                                                 void (*run)(tr_worker *worker, void *context),
                                                 void *context);

#endif
