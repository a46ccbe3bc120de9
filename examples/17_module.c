/* Module: actors for `troupe node --load`: a till, supervised, and as many more as others spawn.
 * SPDX-License-Identifier: MIT */
#include "till.pb-c.h"

#include <troupe/troupe.h>

static troupe_error sell(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    const Shop__Order *order = troupe_message_as(*message, &shop__order__descriptor);
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.item = order->item;
    receipt.total = 3 * order->count;
    return troupe_reply(self, *message, &receipt.base);
}

static const troupe_handles handlers[] = {
    {.protobuf = &shop__order__descriptor, .handler = sell},
    {.handler = NULL},
};
static const troupe_behavior till = TROUPE_BEHAVIOR(.name = "till", .handlers = handlers);

/* Orders may come from other nodes, and tills may be spawned for them. */
static troupe_error start(troupe_self *self)
{
    const troupe_error error = troupe_learn(self, &shop__order__descriptor);
    return error ? error : troupe_offer(self, "till.1", TROUPE_SPAWN(.behavior = &till), NULL);
}

static const troupe_child_spec children[] = {
    TROUPE_CHILD(.id = "till", .actor = TROUPE_SPAWN(.name = "till", .behavior = &till)),
};
static const troupe_supervisor_spec shop =
    TROUPE_SUPERVISOR(.name = "shop", .children = children, .child_count = 1);

TROUPE_MODULE(.name = "shop", .start = start, .supervisor = &shop);
