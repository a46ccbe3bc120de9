/* SPDX-License-Identifier: MIT */
/* dead_ring: the last dead letters of a node, kept for who wants to look at some.
 *
 * Each row has a turn: odd while it is written, and of which letter it is when even. Who finds a
 * row being written leaves it, so a letter may be missing in a flood; none is ever read half.
 * Owns:       nothing; types' names live as long as the types.
 * Invariants: a row whose turn is 2 * n + 2 holds the letter of number n.
 * Threads:    any.
 * Fails:      never; never waits. */
#ifndef TR_CORE_DEAD_RING_H
#define TR_CORE_DEAD_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/dead_letter.h>

#include "core/message.h"

#define TR_DEAD_RING_WORDS 6

typedef struct tr_dead_row {
    _Atomic uint64_t turn;
    _Atomic uint64_t words[TR_DEAD_RING_WORDS];
} tr_dead_row;

/* All zero to begin with. */
typedef struct tr_dead_ring {
    _Atomic uint64_t count; /* of all letters so far */
    tr_dead_row rows[TROUPE_DEAD_LETTERS_KEPT];
} tr_dead_ring;

/* What the ring keeps of one. */
typedef struct tr_dead_note {
    tr_address sender;
    tr_address receiver;
    const char *type;
    uint64_t trace_id;
    uint64_t time_ns;
    troupe_dead_reason reason;
} tr_dead_note;

void tr_dead_ring_add(tr_dead_ring *ring, const tr_dead_note *note);

/* The last `count` at most, the newest first; how many. */
size_t tr_dead_ring_read(const tr_dead_ring *ring, tr_dead_note *notes, size_t count);

#endif
