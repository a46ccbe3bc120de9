/* SPDX-License-Identifier: MIT */
/* send: admitting messages to mailboxes, and what happens when they are full.
 *
 * Threads: the sender's worker.
 * Uses:    slot, budget, line, park, task. */
#ifndef TR_CORE_SEND_H
#define TR_CORE_SEND_H

#include <troupe/send.h>

#include "core/post.h"

/* One send on its way through the policies. */
typedef struct tr_sending {
    tr_actor *sender;
    troupe_message **message; /* taken and NULL on OK */
    uint64_t wait_until_ns;   /* for room */
    uint64_t park_until_ns;   /* likewise, of a behavior, where that was given; 0: no limit */
    uint64_t deadline_ns;     /* the message's, from now on */
    uint64_t correlation;     /* of an ask; 0: none is made */
    unsigned flags;           /* of an ask: SETTLES, GIVEN_UP */
    tr_address to;
    troupe_on_full on_full; /* of this send; DEFAULT: the receiver's */
    uint32_t margin;
    uint32_t redirects;
    bool is_forward;    /* keeps sender, deadline and the wish for a reply */
    bool is_second_try; /* there was room when it was to wait; now it stands in line anyway */
    bool was_dropped;   /* out: by a policy */
    bool was_parked;    /* out */
} tr_sending;

/* Sends. Errors: as troupe_send. */
TROUPE_MUST_CHECK troupe_error tr_send(tr_worker *worker, tr_sending *sending);

/* Sends a message without options where nothing stands against it: there is room and no rule, no
 * trace, nothing parked, nothing large. False, and nothing is changed, if something does: then
 * tr_send_prepare and tr_send find out. */
static inline bool tr_send_at_once(tr_worker *worker, const tr_actor *sender, tr_slot *slot,
                                   tr_address to, troupe_message **given)
{
    troupe_message *message = *given;
    const unsigned special = TR_MESSAGE_HELD | TR_MESSAGE_PLACED | TR_MESSAGE_STASHED |
                             TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EMBEDDED | TR_MESSAGE_ACCEPTED;
    if ((message->flags & special) != 0 || message->size > TR_MESSAGE_FREE_BYTES ||
        sender->trace_id != 0 || tr_park_is_used(sender) ||
        atomic_load_explicit(&slot->rule_count, memory_order_relaxed) != 0 ||
        !tr_slot_try_admit(slot, to.generation,
                           atomic_load_explicit(&slot->limit, memory_order_relaxed))) {
        return false;
    }
    *given = NULL;
    message->sender = sender->address;
    message->receiver = to;
    message->deadline_ns = TR_NEVER;
    message->correlation = 0;
    message->flags = (uint16_t) ((message->flags & ~TR_MESSAGE_REPLIED) | TR_MESSAGE_SEALED);
    tr_message_set_kind(message, TR_KIND_USER);
    tr_ledger_accept(&worker->ledger, message);
    TR_TELL(SENT, .worker = worker, .message = message, .actor = sender);
    tr_worker_post(worker, slot, message);
    return true;
}

/* Gives a message its trace, the scope's if 0, and checks that it may be sent.
 * Errors: BAD_ARGUMENT if its sender waits for a reply; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_send_prepare(tr_worker *worker, const tr_actor *sender,
                                               troupe_message **message, uint64_t trace_id);

/* Takes the message of a sending whose place is reserved, and posts it. */
void tr_send_commit(tr_worker *worker, tr_sending *sending);

/* Takes the message over: it has its sender, receiver and deadline, and is counted as accepted. */
troupe_message *tr_send_take(tr_worker *worker, tr_sending *sending);

/* Tries to get a place and bytes for a message of this size. FULL: sets *out_by_bytes. */
tr_admission tr_send_admit(tr_worker *worker, tr_slot *slot, const tr_sending *sending,
                           bool *out_by_bytes);

/* Has a message that was sent and is in nobody's hands go on to another receiver, as it is. On an
 * error, one of those of a send that does not wait, it stays as it was. */
TROUPE_MUST_CHECK troupe_error tr_send_on(tr_worker *worker, tr_address to,
                                          troupe_message *message);

/* Sends a notice of the runtime's own if there is room, else drops it, counted. False if the
 * receiver has ended. */
bool tr_send_notice(tr_worker *worker, tr_address to, troupe_message *message);

/* Sends what workers tell each other about an actor. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_send_control(tr_worker *worker, tr_address from, tr_address to,
                                               tr_kind kind);

/* LINE_GRANT came. */
void tr_send_granted(tr_worker *worker, troupe_message *grant);

#endif
