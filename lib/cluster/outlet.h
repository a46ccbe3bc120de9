/* SPDX-License-Identifier: MIT */
/* outlet: actors of ours that stand for those of another node to which somebody here sends.
 *
 * See docs/credit.md. The mailbox of each is a window; what it admits is put on the way out when it
 * comes, as by the carrier, and its place is kept until credit comes for it. Which outlet a sender
 * uses far_window says. Some are ready for their first receiver; the first that was made is shared
 * by those who find none ready.
 * Owns:       the outlets, and which window has which number.
 * Invariants: the windows have no more places together than the other has room for. Of each, `sent`
 *             are with the other and not credited.
 * Threads:    the border's worker's.
 * Uses:       far_window. */
#ifndef TR_CLUSTER_OUTLET_H
#define TR_CLUSTER_OUTLET_H

#include "core/actor.h"
#include "core/far_window.h"

typedef struct tr_peer tr_peer;

extern const troupe_behavior tr_outlet_behavior;

/* The state of one. */
typedef struct tr_outlet {
    tr_peer *peer; /* first, as a carrier's */
    tr_far_window window;
    tr_list link; /* of all of the peer's */
    tr_address address;
    uint64_t uses; /* when it was looked at last */
    uint64_t sent_bytes;
    uint32_t sent;
    uint32_t number;
    uint32_t places;
    bool is_fresh;   /* nothing has come by it yet */
    bool is_leaving; /* it is to end when it is still idle at the next look */
    bool was_common; /* who still stands in its line goes on to the next that is shared */
} tr_outlet;

typedef struct tr_outlets {
    tr_far_windows windows;
    tr_list all;
    tr_outlet **by_number; /* from 1 up; NULL: free */
    uint32_t room;
    uint32_t count;
    uint32_t left;     /* places that are nobody's */
    uint32_t orphaned; /* messages of windows that have ended, still to be credited */
    tr_timer timer;
    bool is_open;    /* the other knows credit */
    bool wants_more; /* some are to be made ready */
} tr_outlets;

void tr_outlet_init(tr_peer *peer);
void tr_outlet_fini(tr_peer *peer);

/* A session begins, in which the other has room for so much. */
void tr_outlet_open(tr_peer *peer, uint64_t messages, uint64_t bytes);
/* It ends: what was sent in it is not credited any more. */
void tr_outlet_close(tr_peer *peer);

/* That incarnation is over: they end. */
void tr_outlet_stop_all(tr_peer *peer);

/* The outlet with this address; NULL: it is none. */
tr_outlet *tr_outlet_at(const tr_peer *peer, tr_address address);

/* Something has come by it. */
void tr_outlet_came(tr_outlet *outlet);

/* Makes some ready, if there are few. */
void tr_outlet_refill(tr_peer *peer);

/* The wire has taken a message with this charge. */
static inline void tr_outlet_sent(tr_outlet *outlet, uint32_t charge)
{
    outlet->sent++;
    outlet->sent_bytes += charge;
}

/* Credit has come for a window. If it is for what was not sent, the connection is begun anew. */
void tr_outlet_credit_came(tr_peer *peer, uint32_t number, uint64_t messages, uint64_t bytes);

#endif
