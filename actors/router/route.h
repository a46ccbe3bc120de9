/* SPDX-License-Identifier: MIT */
/* route: what a router does with what it is sent; the pool does it too.
 *
 * Owns:    the members' list and the requests to all.
 * Threads: the actor's. */
#ifndef TROUPE_ROUTER_ROUTE_H
#define TROUPE_ROUTER_ROUTE_H

#include "gather.h"
#include "members.h"

struct router {
    troupe_router_options options; /* complete */
    struct members members;
    struct gathers gathers;
    uint64_t routed;
    uint64_t refused;
};

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error route_init(struct router *router,
                                          const troupe_router_options *options);
void route_fini(struct router *router);

/* Gives a message to a member, or to all, or says that none takes it. */
void route_one(troupe_self *self, struct router *router, troupe_message **message);

#endif
