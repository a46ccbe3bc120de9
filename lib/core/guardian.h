/* SPDX-License-Identifier: MIT */
/* guardian: the root of the tree of actors, on worker 0 of its node.
 *
 * It is an actor without a mailbox of interest; the actors that the node spawns from outside are
 * its children. When it has been told to stop and the last of them has ended, it ends, and with it
 * the system: ports.all_ended is called. ports.root_ended is told each of its children's ends.
 * Owns:    nothing but the actor, which is its worker's.
 * Threads: the one that runs worker 0. */
#ifndef TR_CORE_GUARDIAN_H
#define TR_CORE_GUARDIAN_H

#include <troupe/spawn.h>

#include "core/worker.h"

/* Who waits for a root actor's start, or that of another which no actor waits for itself: its READY
 * has this as its correlation. `done` is called once, on the spawner's worker, 0 for roots, with
 * what the start returned; it stays its maker's and has to live until then. */
typedef struct tr_root_ready {
    void (*done)(struct tr_root_ready *ready, troupe_error error);
} tr_root_ready;

/* Makes the guardian; before any other actor. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_guardian_start(tr_worker *worker);

/* Spawns a root actor. `ready` may be NULL.
 * Errors: as troupe_spawn, less those of waiting; STOPPING. After an error `done` is not called. */
TROUPE_MUST_CHECK troupe_error tr_guardian_spawn(tr_worker *worker,
                                                 const troupe_spawn_options *options,
                                                 tr_root_ready *ready, troupe_ref *out_ref);

/* Stops all actors, children first. Again: does nothing. */
void tr_guardian_stop(tr_worker *worker);

/* Cancels all actors. */
void tr_guardian_cancel(tr_worker *worker);

#endif
