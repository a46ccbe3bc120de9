/* SPDX-License-Identifier: MIT */
/* rings: probes for rings of waits, from node to node.
 *
 * See docs/rings.md. A probe whose edge leads to an actor of another node is sent there, if all
 * that could end the wait is known to be there; there it goes on at that actor.
 * Owns:    nothing.
 * Threads: the border's worker's.
 * Uses:    core/probe; numbers, outlet, landing. */
#ifndef TR_CLUSTER_RINGS_H
#define TR_CLUSTER_RINGS_H

#include "cluster/peer.h"

/* For far's port. */
void tr_rings_leave(tr_worker *worker, tr_actor *carrier, troupe_message *message);

/* For packing. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_rings_pack(tr_peer *peer, const troupe_message *message,
                                             tr_envelope *envelope);

/* A RING has come. */
void tr_rings_take(tr_peer *peer, const tr_envelope *envelope);

#endif
