/* SPDX-License-Identifier: MIT */
/* farewell: a node that ends leaves when the others have what its actors said last.
 *
 * It stands between the border and the sessions, and holds back the word that the border has closed
 * until what was sent is acknowledged where a link stands, for so long at most.
 * Owns:       nothing of its own.
 * Invariants: the sessions are told once.
 * Threads:    the border's worker's; is_said any.
 * Uses:       sessions. */
#ifndef TR_NODE_FAREWELL_H
#define TR_NODE_FAREWELL_H

#include <stdatomic.h>

#include "cluster/sessions.h"

typedef struct tr_farewell {
    const tr_sessions *sessions; /* borrowed */
    tr_wire_port wire;           /* theirs */
    uint64_t deadline_ns;        /* TR_NEVER: the border has not closed */
    _Atomic uint32_t is_said;
} tr_farewell;

/* Not moved in memory afterwards. */
void tr_farewell_init(tr_farewell *farewell, tr_sessions *sessions);

/* For the border. */
tr_wire_port tr_farewell_wire(tr_farewell *farewell);

/* Tells the sessions, if it is time. False: nothing was done. */
bool tr_farewell_look(tr_farewell *farewell);
/* When to look again; TR_NEVER: not before the border has closed. */
uint64_t tr_farewell_due_ns(const tr_farewell *farewell);

static inline bool tr_farewell_is_said(const tr_farewell *farewell)
{
    return atomic_load_explicit(&farewell->is_said, memory_order_acquire) != 0;
}

#endif
