/* SPDX-License-Identifier: MIT */
/* finding: what the checkers of a world have found, the first of it.
 *
 * Owns:       its text.
 * Invariants: what was found first stays.
 * Threads:    the world's. */
#ifndef TR_SIMULATION_FINDING_H
#define TR_SIMULATION_FINDING_H

#include <stdbool.h>

#include "core/system.h"

typedef struct tr_finding {
    char text[320]; /* "": nothing is wrong */
    bool is_blind;  /* memory was out: from then on nothing is seen */
} tr_finding;

typedef struct tr_actor tr_actor;

/* NULL: it is gone. */
const tr_actor *tr_title_actor(const tr_system *system, tr_address address);
/* An actor as people call it, that is 'name', or its behavior and address. */
#define TR_TITLE_SIZE 48
void tr_title_print(const tr_system *system, tr_address address, char *out, size_t size);

__attribute__((format(printf, 2, 3))) void tr_finding_note(tr_finding *finding, const char *format,
                                                           ...);

static inline bool tr_finding_is_open(const tr_finding *finding)
{
    return finding->text[0] == '\0' && !finding->is_blind;
}

#endif
