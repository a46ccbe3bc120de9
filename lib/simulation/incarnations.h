/* SPDX-License-Identifier: MIT */
/* incarnations: which node each incarnation was of, as long as the world lasts.
 *
 * Owns:    what it knows.
 * Threads: the world's.
 * Fails:   in add. */
#ifndef TR_SIMULATION_INCARNATIONS_H
#define TR_SIMULATION_INCARNATIONS_H

#include <stdint.h>
#include <troupe/error.h>

#include "base/map.h"

typedef struct tr_incarnations {
    tr_map ids;
} tr_incarnations;

void tr_incarnations_init(tr_incarnations *incarnations);
void tr_incarnations_fini(tr_incarnations *incarnations);

/* One that is not known yet. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_incarnations_add(tr_incarnations *incarnations, uint64_t id,
                                                   uint32_t node);

/* UINT32_MAX: there never was one. */
uint32_t tr_incarnations_find(const tr_incarnations *incarnations, uint64_t id);

#endif
