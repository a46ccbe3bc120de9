/* SPDX-License-Identifier: MIT */
/* carrier: what actors here have for another node, from their hands to the way out.
 *
 * What it is sent is put on the way out when it comes, so that all that goes there is in the order
 * in which it came to the border's worker; its place is kept until the wire has taken it. Ends go
 * by its mailbox, so that they stand behind answers that were given before.
 * Owns:    nothing.
 * Threads: the border's worker's.
 * Uses:    outgoing, numbers. */
#ifndef TR_CLUSTER_CARRIER_H
#define TR_CLUSTER_CARRIER_H

#include "cluster/peer.h"

/* Its state, there before it starts. */
typedef struct tr_carrier {
    tr_peer *peer;
} tr_carrier;

extern const troupe_behavior tr_carrier_behavior;

/* For far's port. */
void tr_carrier_arrive(tr_worker *worker, tr_actor *carrier, troupe_message *message);
void tr_carrier_monitor(tr_worker *worker, tr_actor *carrier, troupe_message *entry);
void tr_carrier_demonitor(tr_worker *worker, tr_actor *carrier, troupe_message *message);
void tr_carrier_give_up(tr_worker *worker, tr_actor *carrier, troupe_message *notice);

#endif
