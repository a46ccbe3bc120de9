/* SPDX-License-Identifier: MIT */
/* offers: the actors that a node spawns for others, by name.
 *
 * Owns:       the entries; what their options point to is the program's.
 * Invariants: one entry per name, which stays as it is until the node's end.
 * Threads:    any; guarded by the ports' lock. */
#ifndef TR_CORE_OFFERS_H
#define TR_CORE_OFFERS_H

#include <troupe/actor.h>
#include <troupe/spawn.h>

#include "core/system.h"

typedef struct tr_offer {
    tr_map_node node;
    troupe_spawn_options options; /* complete, but for the argument */
    troupe_accept argument;       /* its type; neither: there is none */
    char name[TR_NAME_MAX + 1];
} tr_offer;

/* As troupe_offer, with right arguments; `options` complete. */
TROUPE_MUST_CHECK troupe_error tr_offers_add(tr_system *system, const char *name,
                                             const troupe_spawn_options *options,
                                             const troupe_accept *argument);

/* NULL: there is none of this name. Else it stays for the life of the node. */
const tr_offer *tr_offers_find(const tr_system *system, const char *name);

void tr_offers_forget_all(tr_system *system);

#endif
