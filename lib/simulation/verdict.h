/* SPDX-License-Identifier: MIT */
/* verdict: what the checkers of a world have found, the first of it.
 *
 * Owns:       its text.
 * Invariants: what was found first stays.
 * Threads:    the world's. */
#ifndef TR_SIMULATION_VERDICT_H
#define TR_SIMULATION_VERDICT_H

#include <stdbool.h>

#include "core/system.h"

typedef struct tr_verdict {
    char text[320]; /* "": nothing is wrong */
    bool is_blind;  /* memory was out: from then on nothing is seen */
} tr_verdict;

typedef struct tr_actor tr_actor;

/* NULL: it is gone. */
const tr_actor *tr_title_actor(const tr_system *system, tr_address address);
/* An actor as people call it, that is 'name', or its behavior and address. */
#define TR_TITLE_SIZE 48
void tr_title_print(const tr_system *system, tr_address address, char *out, size_t size);

__attribute__((format(printf, 2, 3))) void tr_verdict_find(tr_verdict *verdict, const char *format,
                                                           ...);

static inline bool tr_verdict_is_open(const tr_verdict *verdict)
{
    return verdict->text[0] == '\0' && !verdict->is_blind;
}

#endif
