/* SPDX-License-Identifier: MIT */
/* admission: how long messages wait in the mailbox of an actor that refuses what waits too long.
 *
 * When it is put in, a message is dated: when it came lies where its receiver was, which in its own
 * mailbox nobody asks for. When it leaves the mailbox it has its receiver again.
 * Owns:       nothing; it lies with the actor's lanes, which such an actor has.
 * Invariants: only what is in such a mailbox is dated.
 * Threads:    the actor's worker.
 * Uses:       message. */
#ifndef TR_CORE_ADMISSION_H
#define TR_CORE_ADMISSION_H

#include <stdbool.h>
#include <string.h>
#include <troupe/admission.h>

#include "core/message.h"

static inline void tr_admission_date(troupe_message *message, uint64_t now_ns)
{
    _Static_assert(sizeof message->receiver == sizeof now_ns,
                   "the date fits where the receiver is");
    memcpy(&message->receiver, &now_ns, sizeof now_ns);
    tr_message_set(message, TR_MESSAGE_DATED);
}

/* Gives the message its receiver back; when it came, or UINT64_MAX if it was not dated. */
static inline uint64_t tr_admission_undate(troupe_message *message, tr_address receiver)
{
    uint64_t came_ns = UINT64_MAX;
    if (tr_message_has(message, TR_MESSAGE_DATED)) {
        memcpy(&came_ns, &message->receiver, sizeof came_ns);
        message->receiver = receiver;
        tr_message_clear(message, TR_MESSAGE_DATED);
    }
    return came_ns;
}

/* Whether a message that came then is to be refused now. What asks for no reply counts for how long
 * the queue is, but is not refused: nobody would be told. `is_last`: none is queued behind it. */
bool tr_admission_refuses(troupe_admission *admission, const troupe_message *message,
                          uint64_t came_ns, bool is_last, uint64_t now_ns);

#endif
