/* SPDX-License-Identifier: MIT */
/* large: messages on the way out that are too large for a frame, and go bit by bit.
 *
 * Those of different senders take turns, also with all that is small. What the same actor sends to
 * the same one meanwhile waits behind it; so does what says of that actor how it has ended, or what
 * it answers.
 * Owns:       the messages, and those that wait behind them.
 * Invariants: no more have begun than limits.h says, in number and in bytes; there are none while
 *             the peer is not connected.
 * Threads:    the border's worker's.
 * Uses:       packing, frame. */
#ifndef TR_CLUSTER_LARGE_H
#define TR_CLUSTER_LARGE_H

#include "base/list.h"
#include "cluster/frame.h"
#include "core/queue.h"

typedef struct tr_peer tr_peer;

typedef struct tr_larges {
    tr_list turns;
    uint64_t bytes; /* of those that have begun */
    uint32_t count; /* likewise */
    uint64_t number;
} tr_larges;

void tr_large_init(tr_peer *peer);
/* Frees all, uncounted. */
void tr_large_fini(tr_peer *peer);

static inline bool tr_large_is_none(const tr_larges *larges)
{
    return tr_list_is_empty(&larges->turns);
}

/* Takes the message, which was on the way out. Errors: TOO_LARGE; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_large_add(tr_peer *peer, troupe_message *message, size_t size);

/* Takes the message if it has to wait behind one that is large. */
bool tr_large_holds_back(tr_peer *peer, troupe_message *message);

/* Adds a piece of the one whose turn it is. False: there is none, or `*out_refused` cannot go, for
 * the reason, and is the caller's; what has waited for it is on the way out, first. */
bool tr_large_pack(tr_peer *peer, tr_frame_writer *writer, troupe_message **out_refused,
                   troupe_error *out_reason);

/* The wire has taken the piece: the next one has its turn. The message if that was its last piece:
 * it is the caller's, and what has waited for it is on the way out, first. */
troupe_message *tr_large_went(tr_peer *peer);

/* All that are there, with what waits behind them, are on the way out again. */
void tr_large_return_all(tr_peer *peer);

#endif
