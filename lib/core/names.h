/* SPDX-License-Identifier: MIT */
/* names: which live actor of this node has a name.
 *
 * A name is registered before its actor's ref exists and removed before anyone is told of its end.
 * Owns:       the entries, between add and remove.
 * Invariants: one entry per name.
 * Threads:    any; guarded by the ports' lock. */
#ifndef TR_CORE_NAMES_H
#define TR_CORE_NAMES_H

#include "core/system.h"

typedef struct tr_name {
    tr_map_node node;
    tr_address address;
    char text[TR_NAME_MAX + 1];
} tr_name;

/* Errors: NAME_TAKEN, NO_MEMORY; BAD_ARGUMENT if it is empty or too long. */
TROUPE_MUST_CHECK troupe_error tr_names_add(tr_system *system, const char *text, tr_address address,
                                            tr_name **out_name);
void tr_names_remove(tr_system *system, tr_name **name);
/* Errors: NO_SUCH_ACTOR. */
TROUPE_MUST_CHECK troupe_error tr_names_find(tr_system *system, const char *text,
                                             tr_address *out_address);

#endif
