/* SPDX-License-Identifier: MIT */
/* agenda: what is due when, the earliest first; of what is due at the same time the lowest order.
 *
 * A heap of dates that lie in the things due.
 * Owns:       the heap; the dates are the caller's.
 * Invariants: no date is earlier than the one above it; a date that is in knows where it is.
 * Threads:    one.
 * Fails:      only in reserve; adding after it and all else never do. */
#ifndef TR_SIMULATION_AGENDA_H
#define TR_SIMULATION_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/error.h>

typedef struct tr_date {
    uint64_t due_ns;
    uint64_t order; /* of two dates in one agenda never the same */
    size_t place;   /* in the heap, from 1; 0: it is in none */
} tr_date;

typedef struct tr_agenda {
    tr_date **heap;
    size_t count;
    size_t room;
} tr_agenda;

/* Takes one that is all zero. Dates that are left in it are forgotten. */
void tr_agenda_fini(tr_agenda *agenda);

/* There is going to be room for so many in all. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_agenda_reserve(tr_agenda *agenda, size_t count);

/* Puts a date in, or to where it belongs after it was changed. There is room. */
void tr_agenda_put(tr_agenda *agenda, tr_date *date);

/* Takes it out, if it is in. */
void tr_agenda_remove(tr_agenda *agenda, tr_date *date);

/* The earliest, NULL if there is none. */
static inline tr_date *tr_agenda_first(const tr_agenda *agenda)
{
    return agenda->count > 0 ? agenda->heap[0] : NULL;
}

/* True if every invariant above holds; walks it all. For tests. */
bool tr_agenda_is_sound(const tr_agenda *agenda);

#endif
