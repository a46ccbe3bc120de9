/* SPDX-License-Identifier: MIT */
/* incoming: from envelopes into mailboxes.
 *
 * A message from there is sent by the entrance as by any actor: its receiver's mailbox admits it,
 * or it is parked, or it becomes a dead letter. A request is an ask of the entrance's, whose answer
 * goes back.
 * Owns:    nothing.
 * Threads: the border's worker's.
 * Uses:    peer, body, numbers, outgoing. */
#ifndef TR_CLUSTER_INCOMING_H
#define TR_CLUSTER_INCOMING_H

#include "cluster/peer.h"

/* What a connected peer has sent. */
void tr_incoming_take(tr_peer *peer, const tr_envelope *envelope);

/* An end that is told there now is watched by nobody there any more. */
void tr_incoming_forget(tr_peer *peer, tr_their *their);

/* A monitor or link from there comes to nothing, in silence. */
void tr_incoming_end(tr_peer *peer, tr_their *their);

/* Nobody waits any more for what was asked and watched in the name of that node. */
void tr_incoming_forget_all(tr_peer *peer);

#endif
