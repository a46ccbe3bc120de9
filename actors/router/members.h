/* SPDX-License-Identifier: MIT */
/* members: who belongs to a router, and which of them is next.
 *
 * Owns:       the list; each member in it is monitored.
 * Invariants: count <= capacity; each ref and each id is there once; in the order of joining.
 * Threads:    the router's. */
#ifndef TROUPE_ROUTER_MEMBERS_H
#define TROUPE_ROUTER_MEMBERS_H

#include <troupe/monitor.h>

#include "router.h"

struct member {
    troupe_ref ref;
    uint64_t id;
    troupe_monitor_id monitor;
};

struct members {
    struct member *list;
    uint32_t count;
    uint32_t capacity;
    uint32_t next; /* of round robin */
};

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error members_init(struct members *members, uint32_t capacity);
void members_fini(struct members *members);

/* Adds one, or replaces the one with its id. Errors: LIMIT_REACHED, and those of troupe_monitor. */
TROUPE_MUST_CHECK troupe_error members_join(troupe_self *self, struct members *members,
                                            troupe_ref ref, uint64_t id);

/* Does nothing if it is no member. */
void members_leave(troupe_self *self, struct members *members, troupe_ref ref);

/* The one whose turn it is. There has to be one, here and below. */
const struct member *members_take_turn(struct members *members);

/* The one with the fewest messages in its mailbox; of equals the one whose turn it is. */
const struct member *members_least_loaded(troupe_self *self, struct members *members);

/* The one with the highest hash of its id and the key. */
const struct member *members_by_key(const struct members *members, uint64_t key);

#endif
