/* SPDX-License-Identifier: MIT */
/* placed: the child of a supervisor that stands for an actor on another node.
 *
 * A coroutine. Each spawn is asked for anew and has no key: what was begun and is not answered is
 * stopped by its own node, while with a key it might be left behind. The actor is linked to this
 * one, so that it ends when there is no contact with this node any more, and monitored.
 * Owns:       its seat (placements).
 * Invariants: it has a seat while its actor may be there.
 * Threads:    its worker's.
 * Uses:       placements, offers, the public calls. */
#ifndef TR_CORE_PLACED_H
#define TR_CORE_PLACED_H

#include <troupe/placement.h>
#include <troupe/spawn.h>

/* Whether it can be right. */
bool tr_placed_is_right(const troupe_placement *placement, const troupe_spawn_options *actor);

/* The options to spawn the child with; `actor` may be NULL. Of right ones. */
void tr_placed_options(const troupe_placement *placement, const troupe_spawn_options *actor,
                       troupe_spawn_options *out_options);

#endif
