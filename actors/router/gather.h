/* SPDX-License-Identifier: MIT */
/* gather: one request that was sent to all members, until they have answered.
 *
 * Owns:       the request, and the replies that have come.
 * Invariants: lives until the last of its asks has ended, answered or not.
 * Threads:    the router's; the answers' clean-up any. */
#ifndef TROUPE_ROUTER_GATHER_H
#define TROUPE_ROUTER_GATHER_H

#include "members.h"

struct gather;

/* The gathers of one router. */
struct gathers {
    struct gather *first;
    uint32_t count;
    uint64_t asked; /* members that have taken a request */
};

/* Sends a copy of the request to each member, and answers when `needed` have succeeded, or all have
 * answered, or the time is over. For a behavior. Takes *request.
 * Errors: NO_MEMORY, and *request is the caller's. */
TROUPE_MUST_CHECK troupe_error gather_begin(troupe_self *self, struct gathers *gathers,
                                            const struct members *members, uint32_t needed,
                                            troupe_timeout within, troupe_message **request);

/* Ends all; no ask's end comes after that. */
void gathers_fini(struct gathers *gathers);

#endif
