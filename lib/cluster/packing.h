/* SPDX-License-Identifier: MIT */
/* packing: from a message on the way out to its envelope.
 *
 * A request, the entry of a monitor or link, or the exit of who made a link, that is on the way out
 * has its number where its receiver was: the carrier, whoever it is for. An answer has its number
 * as its correlation.
 * Owns:    nothing.
 * Threads: the border's worker's.
 * Uses:    peer, body. */
#ifndef TR_CLUSTER_PACKING_H
#define TR_CLUSTER_PACKING_H

#include <string.h>

#include "cluster/peer.h"
#include "core/link.h"
#include "core/monitor.h"

static inline void tr_packing_set_number(troupe_message *message, uint64_t number)
{
    _Static_assert(sizeof message->receiver == sizeof number, "a number fits");
    memcpy(&message->receiver, &number, sizeof number);
}

static inline uint64_t tr_packing_number(const troupe_message *message)
{
    uint64_t number = 0;
    memcpy(&number, &message->receiver, sizeof number);
    return number;
}

static inline bool tr_packing_is_ask(const troupe_message *message)
{
    return tr_message_kind(message) == TR_KIND_USER &&
           tr_message_has(message, TR_MESSAGE_WANTS_REPLY);
}

/* In whose mailbox a message on the way out has its place: it lies where the receiver was, or with
 * the number that is there now. */
static inline tr_address tr_packing_place(const tr_peer *peer, const troupe_message *message)
{
    if (tr_packing_is_ask(message)) {
        return tr_numbers_find_own(&peer->numbers, tr_packing_number(message))->place;
    }
    return tr_message_kind(message) == TR_KIND_USER ? message->receiver : (tr_address) {0};
}

/* Whether it says that an actor here which made a link has ended, or has unlinked. */
static inline bool tr_packing_is_exit(const troupe_message *message)
{
    const tr_kind kind = tr_message_kind(message);
    return kind == TR_KIND_DOWN ? message->type == &troupe_exit_type && message->correlation == 0
                                : kind == TR_KIND_DEMONITOR && tr_monitor_leaves_link(message);
}

/* Whether it says in its envelope what this one says, but for its body: they are tells, one behind
 * the other, of the same to the same. */
bool tr_packing_is_like(const troupe_message *message, const troupe_message *other);

/* The envelope is valid until the border's scratch or the message is used for something else.
 * Errors: EXPIRED, TOO_LARGE, LOCAL_ONLY, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_packing_pack(tr_peer *peer, troupe_message *message,
                                               tr_envelope *out_envelope);

#endif
