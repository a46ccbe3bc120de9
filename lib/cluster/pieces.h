/* SPDX-License-Identifier: MIT */
/* pieces: envelopes from another node that are too large for a frame, and come bit by bit.
 *
 * Each is handled when its last piece has come, as if it had come in that place. Its memory is
 * taken when the first does.
 * Owns:       what has come of them.
 * Invariants: no more at a time than limits.h says, in number and in bytes; all end with the
 *             connection.
 * Threads:    the border's worker's.
 * Fails:      without memory who waits for an answer is told; the rest is counted as lost. */
#ifndef TR_CLUSTER_PIECES_H
#define TR_CLUSTER_PIECES_H

#include "base/list.h"
#include "cluster/frame.h"

typedef struct tr_peer tr_peer;

typedef struct tr_pieces {
    tr_list all;
    uint64_t bytes;
    uint32_t count;
} tr_pieces;

void tr_pieces_init(tr_peer *peer);
/* Frees all, uncounted. Also when a connection ends. */
void tr_pieces_clear(tr_peer *peer);

/* One has come. */
void tr_pieces_take(tr_peer *peer, const tr_envelope *piece);

#endif
