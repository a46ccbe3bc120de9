/* SPDX-License-Identifier: MIT */
/* refusal: what another node wants and does not get.
 *
 * Owns:       nothing.
 * Invariants: who waits for an answer has one.
 * Threads:    the border's worker's.
 * Fails:      never: without memory the connection is broken, which tells who waits.
 * Uses:       peer, rights, outgoing. */
#ifndef TR_CLUSTER_REFUSAL_H
#define TR_CLUSTER_REFUSAL_H

#include "cluster/peer.h"

/* Of refusals for want of a right that the log tells of. */
#define TR_REFUSALS_TOLD 10

/* The DOWN of a monitor or link of theirs that cannot be made. */
void tr_refusal_down(tr_peer *peer, uint64_t number, troupe_error reason, troupe_down_kind kind);

/* Whether the peer has no right to this; then it is refused, counted and told of. */
bool tr_refusal_is_due(tr_peer *peer, const tr_envelope *envelope);

#endif
