/* SPDX-License-Identifier: MIT */
/* lost: those who were unsubscribed because their mailbox was full, until they have been told.
 *
 * Telling waits for room, which the topic itself cannot; so for each there is a child of the topic
 * that does.
 * Owns:       the notices.
 * Invariants: a notice lives as long as its child.
 * Threads:    the topic's. */
#ifndef TROUPE_TOPIC_LOST_H
#define TROUPE_TOPIC_LOST_H

#include <stdbool.h>

#include "topic.h"

struct notice;

struct lost {
    struct notice *first;
    uint32_t count;
};

/* Begins to tell it. Errors: NO_MEMORY and those of troupe_spawn_nowait. */
TROUPE_MUST_CHECK troupe_error lost_tell(troupe_self *self, struct lost *lost,
                                         troupe_ref subscriber, uint64_t published);

/* Whether the actor that has ended was one of the children; then its notice is gone. */
bool lost_is_told(struct lost *lost, troupe_ref child);

/* When no child runs any more. */
void lost_fini(struct lost *lost);

#endif
