/* SPDX-License-Identifier: MIT */
/* ends: the workers of one node: the regular ones, and those for actors on a thread of their own.
 *
 * An end that its actor has left is parked: its worker stays what it was, with pool, ledger and
 * what may still be on the way to it, and goes to the next actor that asks for a thread of its own.
 * Owns:       the workers.
 * Invariants: worker(i) exists for i < count; regular ones are never parked.
 * Threads:    one at a time; the workers themselves as worker.h says. */
#ifndef TR_CORE_ENDS_H
#define TR_CORE_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "core/worker.h"

typedef struct tr_end {
    void *block; /* what the worker lies in, aligned */
    tr_worker *worker;
    bool is_parked;
} tr_end;

typedef struct tr_ends {
    tr_system *system; /* borrowed */
    uint32_t count;
    tr_end ends[TR_ENDS_MAX];
} tr_ends;

/* Makes the regular workers that the system's options name. Errors: NO_MEMORY, and nothing is
 * left. */
TROUPE_MUST_CHECK troupe_error tr_ends_init(tr_ends *ends, tr_system *system);

/* Takes half-made ones and those that never were, all zero. Finishes all workers, then their
 * pools. */
void tr_ends_fini(tr_ends *ends);

/* An end for an actor on a thread of its own: a parked one if there is one. *out_is_new says
 * whether nothing has run it yet.
 * Errors: LIMIT_REACHED (the system's ends_max); NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_ends_take(tr_ends *ends, uint32_t *out_index, bool *out_is_new);

/* Takes back one that was new and that nothing has run. */
void tr_ends_undo(tr_ends *ends, uint32_t index);

/* Its actor has ended. */
void tr_ends_park(tr_ends *ends, uint32_t index);

/* Sums over all workers, also while they run: what is accepted is read after all outcomes, so that
 * nothing held means that at one moment nothing was. */
void tr_ends_count(const tr_ends *ends, troupe_counts *out_counts);

static inline tr_worker *tr_ends_worker(const tr_ends *ends, uint32_t index)
{
    return ends->ends[index].worker;
}

#endif
