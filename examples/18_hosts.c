/* Hosts: a program that sells on one host, and buys on others.
 * SPDX-License-Identifier: MIT */
/*     18_hosts --name shop --listen tcp://127.0.0.1:7400 --plain loopback
 *     18_hosts --join tcp://127.0.0.1:7400 --plain loopback apples 4
 *
 * troupe_main takes the options of the node out, so what is left is the program's. */
#include "till.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
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

/* Until it is told to stop. Orders are a type that may come from other nodes. */
static troupe_error keep_shop(troupe_self *self)
{
    troupe_ref ref;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &shop__order__descriptor);
    error =
        error ? error : troupe_spawn(self, TROUPE_SPAWN(.name = "till", .behavior = &till), &ref);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

/* At the till of the node "shop", when there is one. */
static troupe_error buy(troupe_self *self, char *item, uint32_t count)
{
    uint64_t shop = 0;
    troupe_ref ref;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Shop__Order order = SHOP__ORDER__INIT;
    order.item = item;
    order.count = count;
    troupe_error error = troupe_learn(self, &shop__receipt__descriptor);
    error = error ? error : troupe_await_node(self, "shop", TROUPE_WITHIN_S(30), &shop);
    error = error ? error : troupe_await_on(self, shop, "till", TROUPE_WITHIN_S(30), &ref);
    error = error ? error : troupe_ask(self, ref, &order.base, TROUPE_WITHIN_S(30), &reply);
    const Shop__Receipt *receipt =
        error ? NULL : troupe_message_as(reply, &shop__receipt__descriptor);
    if (receipt != NULL) {
        (void) printf("%s: %u to pay\n", receipt->item, receipt->total);
    }
    return error;
}

/* `argument` is argv, without the options of the node. */
static troupe_error run(troupe_self *self, void *argument)
{
    char **argv = argument;
    if (argv[1] == NULL) {
        return keep_shop(self);
    }
    return buy(self, argv[1], argv[2] != NULL ? (uint32_t) strtoul(argv[2], NULL, 10) : 1);
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, run, argv);
}
