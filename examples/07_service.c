/* Service: an actor serves a service of a .proto file, and the stubs of protoc-c call it.
 * SPDX-License-Identifier: MIT */
#include "till.pb-c.h"

#include <stdio.h>
#include <troupe/troupe.h>

/* A method, as protoc-c declares it. The closure gives the answer; it is called exactly once. */
static void till_buy(Shop__Till_Service *service, const Shop__Order *order,
                     Shop__Receipt_Closure closure, void *closure_data)
{
    (void) service;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.item = order->item;
    receipt.total = 3 * order->count;
    closure(&receipt, closure_data);
}

static troupe_error till(troupe_self *self, void *argument)
{
    (void) argument;
    Shop__Till_Service service = SHOP__TILL__INIT(till_);
    return troupe_serve(self, &service.base);
}

/* Gets the answer, or NULL if there is none. */
static void show_receipt(const Shop__Receipt *receipt, void *closure_data)
{
    unsigned *answers = closure_data;
    if (receipt != NULL) {
        (*answers)++;
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

    troupe_service_client client;
    troupe_service_client_init(&client, self, ref, &shop__till__descriptor, TROUPE_WITHIN_S(60));

    char item[] = "apples";
    Shop__Order order = SHOP__ORDER__INIT;
    order.item = item;
    unsigned answers = 0;
    for (uint32_t count = 1; count <= 3; count++) {
        order.count = count;
        shop__till__buy(&client.service, &order, show_receipt, &answers); /* a coroutine waits */
        if (client.error) {
            return client.error;
        }
    }
    (void) printf("%u answers\n", answers);
    return TROUPE_OK;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, customer, NULL);
}
