/* SPDX-License-Identifier: MIT */
/* JSON that is written. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "node/json.h"
#include "shop.pb-c.h"
#include "shop3.pb-c.h"
#include "support/fixtures.h"

static void writes(const ProtobufCMessage *message, const char *expected)
{
    tr_json_buffer buffer = {.allocator = tr_allocator_default(), .limit = 1 << 20};
    assert_true(tr_json_write(message, &buffer));
    tr_json_buffer_append(&buffer, "", 1);
    assert_string_equal((const char *) buffer.data, expected);
    tr_json_buffer_free(&buffer);
}

static char text[] = "say \"hi\"\\\n\x01\xc3\xa4\xc2\x9b\xff";

/* Promise: JSON-WRITE */
static void what_has_a_value(void **state)
{
    (void) state;
    Shop__Item item = SHOP__ITEM__INIT;
    Shop__Item *items[] = {&item};
    Shop__Order order = SHOP__ORDER__INIT;
    Shop__Urgency urgencies[] = {SHOP__URGENCY__NOW, (Shop__Urgency) 9};
    uint8_t bytes[] = {0, 1, 2, 0xff, 0xef};
    item.name = text;
    item.has_price_cents = 1;
    item.price_cents = UINT64_MAX;
    order.id = 5;
    order.n_items = 1;
    order.items = items;
    order.has_signature = 1;
    order.signature = (ProtobufCBinaryData) {.data = bytes, .len = 5};
    order.has_discount = 1;
    order.discount = 0.1;
    order.payment_case = SHOP__ORDER__PAYMENT_CASH_CENTS;
    order.cash_cents = 0;
    order.n_urgencies = 2;
    order.urgencies = urgencies;
    order.has_is_gift = 1;
    order.is_gift = 1;
    writes(&order.base,
           "{\"id\": \"5\", \"items\": [{\"name\": \"say "
           "\\\"hi\\\"\\\\\\u000a\\u0001\xc3\xa4\\u009b\\ufffd\","
           " \"priceCents\": \"18446744073709551615\"}], \"signature\": \"AAEC/+8=\","
           " \"discount\": 0.1, \"tags\": [], \"cashCents\": \"0\", \"shelfNumbers\": [],"
           " \"pictures\": [], \"isGift\": true, \"urgencies\": [\"NOW\", 9]}");
}

/* Promise: JSON-WRITE */
static void what_cannot_be_without_one(void **state)
{
    (void) state;
    Shop3__Order order = SHOP3__ORDER__INIT;
    double weights[] = {(double) NAN, (double) INFINITY, 1e300, 3, 0.30000000000000004};
    order.n_weights = 5;
    order.weights = weights;
    writes(&order.base,
           "{\"id\": \"0\", \"items\": [], \"weights\": [\"NaN\", \"Infinity\", 1e+300, 3,"
           " 0.30000000000000004], \"note\": \"\"}");
}

static void not_more_than_fits(void **state)
{
    (void) state;
    Shop3__Order order = SHOP3__ORDER__INIT;
    tr_json_buffer buffer = {.allocator = tr_allocator_default(), .limit = 20};
    assert_false(tr_json_write(&order.base, &buffer));
    tr_json_buffer_free(&buffer);

    Shop__Order orders[TR_JSON_DEPTH_MAX + 1];
    for (int i = 0; i <= TR_JSON_DEPTH_MAX; i++) {
        orders[i] = (Shop__Order) SHOP__ORDER__INIT;
        orders[i].replaces = i < TR_JSON_DEPTH_MAX ? &orders[i + 1] : NULL;
    }
    buffer = (tr_json_buffer) {.allocator = tr_allocator_default(), .limit = 1 << 20};
    assert_false(tr_json_write(&orders[0].base, &buffer));
    buffer.size = 0;
    assert_true(tr_json_write(&orders[1].base, &buffer));
    tr_json_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_a_value),
        cmocka_unit_test(what_cannot_be_without_one),
        cmocka_unit_test(not_more_than_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
