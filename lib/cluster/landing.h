/* SPDX-License-Identifier: MIT */
/* landing: what has come for an actor here whose mailbox has no room for it.
 *
 * See docs/credit.md. There is a queue for each such receiver, in whose name the entrance stands in
 * its line, once. Whatever comes for it meanwhile stands behind.
 * Owns:       the messages, which the ledger counts as accepted.
 * Invariants: a queue is not empty, and its place in line is asked for. No more has landed than
 *             windows allow, and what parking does of what counts in none.
 * Threads:    the border's worker's.
 * Uses:       credit, for what leaves. */
#ifndef TR_CLUSTER_LANDING_H
#define TR_CLUSTER_LANDING_H

#include "base/map.h"
#include "core/send.h"

typedef struct tr_peer tr_peer;

extern const troupe_behavior tr_entrance_behavior;

typedef struct tr_landing_count {
    uint32_t messages;
    uint64_t bytes;
} tr_landing_count;

/* Where a message stands: it is found again as long as it does. */
typedef struct tr_landing_stand {
    troupe_message *message;
    uint64_t queue; /* 0: nowhere */
    uint64_t place; /* from 1 up */
} tr_landing_stand;

typedef struct tr_landings {
    tr_map by_receiver;
    uint64_t queues;          /* that there ever were */
    tr_landing_stand last;    /* of what is being taken in, if it has landed */
    tr_landing_count counted; /* in windows of this session */
    tr_landing_count others;
    /* Of the envelope that is being taken in: its window, 0 when it counts in none or its credit is
     * seen to, and what it takes of it. */
    uint32_t window;
    uint32_t charge;
} tr_landings;

void tr_landing_init(tr_peer *peer);
/* Frees all, uncounted. */
void tr_landing_fini(tr_peer *peer);

/* What is being taken in counts in this window, 0: in none; it has been, and has landed or not. */
void tr_landing_begin(tr_peer *peer, uint32_t window, uint32_t charge);
void tr_landing_finish(tr_peer *peer);

/* A DOWN, ready to go, stands behind what has landed for its watcher; false: nothing has. */
bool tr_landing_put_behind(tr_peer *peer, troupe_message *entry);

/* For far's port: what the entrance sends to one with something landed, or without room.
 * Errors: LIMIT_REACHED, NO_MEMORY. */
bool tr_landing_blocks(const tr_actor *entrance, tr_address to);
TROUPE_MUST_CHECK troupe_error tr_landing_land(tr_worker *worker, tr_sending *sending);
bool tr_landing_granted(tr_worker *worker, tr_actor *entrance, troupe_message *grant);

/* The asker waits no longer for this request, be it there, where it has stood, or with its
 * receiver; or, if it is settled, for its last word only. */
void tr_landing_give_up(tr_peer *peer, tr_address to, const tr_landing_stand *stand, uint64_t ask);

/* Whether this request stands there still; the place in line that it waits for. */
bool tr_landing_has_ask(const tr_peer *peer, tr_address to, const tr_landing_stand *stand,
                        uint64_t *out_ticket);
/* Whether exactly so many of this window stand there, all for this receiver. How many were looked
 * at is added to *steps. */
bool tr_landing_has_all(const tr_peer *peer, tr_address to, uint32_t window, uint32_t count,
                        uint64_t *out_ticket, uint64_t *steps);

/* A session ends: what stands there counts in none of the next. */
void tr_landing_forget_session(tr_peer *peer);

/* How many messages stand there. */
static inline uint32_t tr_landing_held(const tr_landings *landings)
{
    return landings->counted.messages + landings->others.messages;
}

#endif
