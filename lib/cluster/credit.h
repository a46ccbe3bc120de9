/* SPDX-License-Identifier: MIT */
/* credit: what is owed to another node for what has left its windows here.
 *
 * See docs/credit.md. A window is a number of theirs. What is owed goes with the next frame, which
 * there is soon when much is owed, and in a millisecond at the latest.
 * Owns:       the rows, one for each number up to the highest that was heard of.
 * Invariants: a row is in the list while something is owed.
 * Threads:    the border's worker's.
 * Fails:      in owe. */
#ifndef TR_CLUSTER_CREDIT_H
#define TR_CLUSTER_CREDIT_H

#include "cluster/frame.h"
#include "core/timers.h"

typedef struct tr_peer tr_peer;

typedef struct tr_credit_row {
    uint64_t bytes;
    uint32_t messages;
    uint32_t next; /* number of the window; 0: the last */
} tr_credit_row;

typedef struct tr_credit {
    tr_credit_row *rows; /* by number, from 1 up */
    uint32_t room;
    uint32_t first; /* 0: nothing is owed */
    uint32_t last;
    tr_timer timer;
    bool is_due;
} tr_credit;

void tr_credit_init(tr_peer *peer);
void tr_credit_fini(tr_peer *peer);

/* One message with so many bytes has left the window. Without memory the connection is begun anew,
 * as otherwise the other would wait for ever. */
void tr_credit_owe(tr_peer *peer, uint32_t window, uint32_t bytes);

/* A session ends, and with it what was owed in it. */
void tr_credit_forget(tr_peer *peer);

/* Puts as much as fits into a frame that is empty so far. How many envelopes. */
uint32_t tr_credit_pack(const tr_peer *peer, tr_frame_writer *writer);

/* The frame has gone, with so many. */
void tr_credit_went(tr_peer *peer, uint32_t count);

#endif
