/* SPDX-License-Identifier: MIT */
/* subscribers: who gets what is published.
 *
 * Owns:       the list; each one in it is monitored.
 * Invariants: count <= capacity; each is there once; in the order of subscribing.
 * Threads:    the topic's. */
#ifndef TROUPE_TOPIC_SUBSCRIBERS_H
#define TROUPE_TOPIC_SUBSCRIBERS_H

#include <stdbool.h>
#include <troupe/monitor.h>

#include "topic.h"

struct subscriber {
    troupe_topic_subscription says;
    troupe_monitor_id monitor;
};

struct subscribers {
    struct subscriber *list;
    uint32_t count;
    uint32_t capacity;
};

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error subscribers_init(struct subscribers *subscribers, uint32_t capacity);
void subscribers_fini(struct subscribers *subscribers);

/* Adds one, or changes what it says. Errors: LIMIT_REACHED if there are `reserved` places less than
 * the capacity; BAD_ARGUMENT; those of troupe_monitor. */
TROUPE_MUST_CHECK troupe_error subscribers_add(troupe_self *self, struct subscribers *subscribers,
                                               const troupe_topic_subscription *subscription,
                                               uint32_t reserved);

bool subscribers_has(const struct subscribers *subscribers, troupe_ref ref);

/* Does nothing if it is none. */
void subscribers_remove(troupe_self *self, struct subscribers *subscribers, troupe_ref ref);

#endif
