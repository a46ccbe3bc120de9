/* Ask: a request is answered, or fails, within its time limit; nobody waits for ever.
 * SPDX-License-Identifier: MIT */
#include "till.pb-c.h"

#include <stdio.h>
#include <string.h>
#include <troupe/troupe.h>

/* Antiques take long: nobody knows the price. The wait ends with the deadline of the request, which
 * came with it; an answer after that is dropped. */
static troupe_error answer(troupe_self *self, troupe_message *message, const Shop__Order *order)
{
    if (strcmp(order->item, "antique") == 0) {
        const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(3600));
        if (error) {
            return error;
        }
    }
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.item = order->item;
    receipt.total = 3 * order->count;
    return troupe_reply(self, message, &receipt.base);
}

static troupe_error till(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while ((error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        const Shop__Order *order = troupe_message_as(message, &shop__order__descriptor);
        if (order != NULL) {
            error = answer(self, message, order);
        }
        if (error && error != TROUPE_ERROR_TIMED_OUT) { /* the customer has left: go on */
            return error;
        }
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

/* Orders an item. Says what comes of it; that is no error of the customer's. */
static void buy(troupe_self *self, troupe_ref to, const char *item, troupe_timeout timeout)
{
    char name[16];
    (void) snprintf(name, sizeof name, "%s", item);
    Shop__Order order = SHOP__ORDER__INIT;
    order.item = name;
    order.count = 4;

    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = troupe_ask(self, to, &order.base, timeout, &reply);
    if (error) {
        (void) printf("%s: %s\n", item, troupe_error_name(error));
        return;
    }
    const Shop__Receipt *receipt = troupe_message_as(reply, &shop__receipt__descriptor);
    if (receipt != NULL) {
        (void) printf("%s: %u to pay\n", receipt->item, receipt->total);
    }
}

static troupe_error customer(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    const troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.name = "till", .body = till), &ref);
    if (error) {
        return error;
    }
    buy(self, ref, "apples", TROUPE_WITHIN_S(60));
    buy(self, ref, "antique", TROUPE_WITHIN_MS(50));
    buy(self, ref, "pears", TROUPE_WITHIN_S(60));
    return TROUPE_OK;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, customer, NULL);
}
