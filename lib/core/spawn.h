/* SPDX-License-Identifier: MIT */
/* spawn: making actors, and the word between parent, child and spawner.
 *
 * The spawner makes all of an actor (slot, block, stack, name) on its own worker, links it into the
 * tree, and ships it with START; from then on it belongs to the worker it is placed on. What comes
 * for it there before START is queued. An actor that has ended stays, as something that buries what
 * still comes, until its parent has forgotten it and its last place is back.
 * Threads: the worker's. */
#ifndef TR_CORE_SPAWN_H
#define TR_CORE_SPAWN_H

#include "core/actor.h"

/* Makes a child of `parent`, which is on this worker (nobody: the guardian itself), and ships it.
 * `ready` is NULL or the message that is to tell the parent what the start returned; it is taken on
 * success.
 * Errors: LIMIT_REACHED, NO_MEMORY, BAD_ARGUMENT, NAME_TAKEN, SYSTEM; nothing is left then. */
TROUPE_MUST_CHECK troupe_error tr_spawn(tr_worker *worker, tr_address parent,
                                        const troupe_spawn_options *options, troupe_message *ready,
                                        tr_address *out_child);

/* The same with entries of monitors and links that stand at the child from its start on; they are
 * taken on success, and have the child as their receiver then. */
TROUPE_MUST_CHECK troupe_error tr_spawn_watched(tr_worker *worker, tr_address parent,
                                                const troupe_spawn_options *options,
                                                troupe_message *ready, tr_queue *entries,
                                                tr_address *out_child);

void tr_spawn_started(tr_worker *worker, troupe_message *message);
void tr_spawn_ready(tr_worker *worker, troupe_message *message);
void tr_spawn_child_ended(tr_worker *worker, troupe_message *message);
void tr_spawn_reaped(tr_worker *worker, troupe_message *message);

#endif
