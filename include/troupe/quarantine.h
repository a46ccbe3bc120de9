/* SPDX-License-Identifier: MIT */
/* quarantine: messages in whose handling their receiver has failed again and again.
 *
 * They are those of children with .retries in their spec (supervisor.h), after the last try. Each
 * node keeps up to TROUPE_QUARANTINE_MAX of them, and as much as 16 MiB of bodies, in memory, as
 * long as it runs; what comes when it is full has failed, which is logged. An ask is answered, with
 * HANDLER_FAILED, when its request gets there. Into it: TROUPE_OUTCOME_QUARANTINED; a replay counts
 * as a message of its own.
 * Threads: the handler or body that self was given to. None of these waits. */
#ifndef TROUPE_QUARANTINE_H
#define TROUPE_QUARANTINE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>

TROUPE_BEGIN

#define TROUPE_QUARANTINE_MAX 256

typedef struct troupe_quarantined {
    uint64_t id; /* counts up from 1 */
    troupe_ref receiver;
    troupe_ref sender;
    char name[64];    /* of the receiver; "" if it had none */
    const char *type; /* name of the message's type; lives as long as that does */
    uint64_t size;    /* bytes of its body */
    uint64_t trace_id;
    uint64_t time_ns;    /* by the node's clock, as troupe_self_now_ns */
    troupe_error reason; /* with which the receiver failed last */
    uint32_t failures;
    char text[256]; /* what it said of that; "" if nothing */
} troupe_quarantined;

/* Describes the first `room` messages with an id above `after` (0: from the first on), the oldest
 * first. *out_count becomes how many there are of them in all. Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_quarantine_list(troupe_self *self, uint64_t after,
                                                                 troupe_quarantined *rows,
                                                                 size_t room, size_t *out_count);

/* Has one handled after all: sends it to `to`, or if that names nobody to its receiver, as it was
 * but without a deadline, and nobody waits for a reply. Its tries are counted anew.
 * Errors: END if there is none of this id; MAILBOX_FULL, STALE, NO_SUCH_ACTOR, TOO_LARGE or
 *         NO_MEMORY: it stays in the quarantine. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_quarantine_replay(troupe_self *self, uint64_t id,
                                                                   troupe_ref to);

/* Destroys the one of this id, or with id 0 all. Returns how many. */
TROUPE_API size_t troupe_quarantine_purge(troupe_self *self, uint64_t id);

TROUPE_END

#endif
