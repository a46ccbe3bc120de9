/* SPDX-License-Identifier: MIT */
/* park: what a behavior sent to full mailboxes, until there is room.
 *
 * A behavior cannot wait, so the message waits: parked with it, in order per receiver, one place in
 * line for each receiver. While anything is parked the behavior takes no user message.
 * Owns:       the parked messages, and those to be given back.
 * Invariants: count and bytes within the limits of the actor; one ticket at most for each receiver.
 * Threads:    the worker's of the behavior. */
#ifndef TR_CORE_PARK_H
#define TR_CORE_PARK_H

#include "core/send.h"

/* Parks a message. Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_park_add(tr_worker *worker, tr_sending *sending);

/* Whether messages for this receiver are parked, so that the next has to stand behind them. */
bool tr_park_has(const tr_actor *actor, tr_address to);

/* The first that is parked, in the order sent; NULL: none is. */
const troupe_message *tr_park_first(const tr_actor *actor);

/* Of tr_park_count, when something was parked once. */
uint32_t tr_park_count_used(const tr_actor *actor);

static inline uint32_t tr_park_count(const tr_actor *actor)
{
    return TR_UNLIKELY(tr_park_is_used(actor)) ? tr_park_count_used(actor) : 0;
}

/* Those too that come back and wait for the behavior's turn; walks these. For tests. */
uint32_t tr_park_held(const tr_actor *actor);

/* LINE_GRANT came: whether there was a message for it; the grant is then taken. */
bool tr_park_granted(tr_worker *worker, tr_actor *actor, troupe_message *grant);

/* The next message to be given back to the behavior, with the reason; NULL when there is none. */
troupe_message *tr_park_take_returned(tr_actor *actor, troupe_error *out_reason);

/* All that is parked is to be given back with this reason. */
void tr_park_return_all(tr_actor *actor, troupe_error reason);

/* An edge of the wait-for graph: whom one of the parked messages waits for, the ticket, and since
 * when; false if nothing is parked. All have to be delivered before the behavior moves on, so each
 * of them may close a ring: `choice` says which is looked at. */
bool tr_park_edge(const tr_actor *actor, uint64_t choice, tr_address *out_to, uint64_t *out_ticket,
                  uint64_t *out_since_ns);

/* A ring was found through the edge with this ticket: its message is to be given back. */
void tr_park_break(tr_worker *worker, tr_actor *actor, uint64_t ticket);

/* The actor moves: the timer goes into the list. */
void tr_park_pack_timer(tr_worker *worker, tr_actor *actor, tr_list *packed);

/* Frees the memory, and the messages uncounted. */
void tr_park_free(tr_worker *worker, tr_actor *actor);

#endif
