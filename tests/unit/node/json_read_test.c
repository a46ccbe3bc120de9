/* SPDX-License-Identifier: MIT */
/* JSON that is read: what it comes to, and what is refused. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "node/json.h"
#include "shop.pb-c.h"
#include "shop3.pb-c.h"
#include "support/fixtures.h"

/* The message that the text is; to be freed by protobuf-c. */
static void *read(const ProtobufCMessageDescriptor *type, const char *text)
{
    char why[TR_JSON_WHY_SIZE];
    tr_json_buffer buffer = {.allocator = tr_allocator_default(), .limit = 1 << 20};
    if (!tr_json_read(type, text, strlen(text), &buffer, why)) {
        fail_msg("%s: %s", text, why);
    }
    void *message = protobuf_c_message_unpack(type, NULL, buffer.size, buffer.data);
    assert_non_null(message);
    tr_json_buffer_free(&buffer);
    return message;
}

static void refuses(const char *text, const char *because)
{
    char why[TR_JSON_WHY_SIZE];
    tr_json_buffer buffer = {.allocator = tr_allocator_default(), .limit = 4096};
    assert_false(tr_json_read(&shop__order__descriptor, text, strlen(text), &buffer, why));
    if (strstr(why, because) == NULL) {
        fail_msg("%s: '%s' is not in '%s'", text, because, why);
    }
    tr_json_buffer_free(&buffer);
}

/* Promise: JSON-READ */
static void every_kind_of_field(void **state)
{
    (void) state;
    Shop__Order *order = read(
        &shop__order__descriptor,
        " {\"id\": \"18446744073709551615\",\n\t\"items\": [{\"name\": \"tea\", \"quantity\": 2},"
        " {\"name\":\"a \\\"b\\\" \\u00e4\\ud83d\\ude00\\n\", \"priceCents\": 1e2}],"
        "\"signature\": \"AAEC_-8\", \"urgency\": \"NOW\", \"urgencies\": [\"TODAY\", 0],"
        "\"discount\": -1.5e3, \"tags\": [], \"floor\": -2147483648, \"is_gift\": true,"
        "\"shelfNumbers\": [1, 300], \"card\": {\"number\": \"4\", \"expires_month\": 12.0},"
        "\"note\": null, \"replaces\": {\"id\": 7}, \"pictures\": [\"\", \"QQ==\"]} ");
    assert_true(order->id == UINT64_MAX);
    assert_int_equal(order->n_items, 2);
    assert_string_equal(order->items[0]->name, "tea");
    assert_int_equal(order->items[0]->quantity, 2);
    assert_string_equal(order->items[1]->name, "a \"b\" \xc3\xa4\xf0\x9f\x98\x80\n");
    assert_int_equal(order->items[1]->price_cents, 100);
    assert_int_equal(order->signature.len, 5);
    assert_memory_equal(order->signature.data, "\x00\x01\x02\xff\xef", 5);
    assert_int_equal(order->urgency, SHOP__URGENCY__NOW);
    assert_int_equal(order->n_urgencies, 2);
    assert_int_equal(order->urgencies[0], SHOP__URGENCY__TODAY);
    assert_true(order->discount == -1500.0);
    assert_int_equal(order->n_tags, 0);
    assert_int_equal(order->floor, INT32_MIN);
    assert_true(order->is_gift);
    assert_int_equal(order->n_shelf_numbers, 2);
    assert_int_equal(order->shelf_numbers[1], 300);
    assert_int_equal(order->payment_case, SHOP__ORDER__PAYMENT_CARD);
    assert_int_equal(order->card->expires_month, 12);
    assert_null(order->note);
    assert_int_equal(order->replaces->id, 7);
    assert_int_equal(order->n_pictures, 2);
    assert_int_equal(order->pictures[1].len, 1);
    protobuf_c_message_free_unpacked(&order->base, NULL);
}

/* Promise: JSON-READ */
static void numbers_that_are_none(void **state)
{
    (void) state;
    Shop3__Order *order =
        read(&shop3__order__descriptor,
             "{\"weights\": [\"NaN\", \"Infinity\", \"-Infinity\", \"2.5\", 1e-3]}");
    assert_int_equal(order->n_weights, 5);
    assert_true(isnan(order->weights[0]));
    assert_true(isinf(order->weights[1]) && order->weights[1] > 0);
    assert_true(isinf(order->weights[2]) && order->weights[2] < 0);
    assert_true(order->weights[3] == 2.5 && order->weights[4] == 1e-3);
    protobuf_c_message_free_unpacked(&order->base, NULL);
}

/* Promise: JSON-REFUSED */
static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void) state;
    refuses("", "at character 1: there should be '{'");
    refuses("{\"id\": 1", "there should be '}'");
    refuses("{\"id\": 1} x", "at character 11: something stands behind the message");
    refuses("{\"ids\": 1}", "shop.Order has no field 'ids'");
    refuses("{\"id\": 1, \"id\": 2}", "'id', or another of its oneof, is given already");
    refuses("{\"voucher\": \"v\", \"card\": {}}", "'card', or another of its oneof, is given");
    refuses("{\"id\": -1}", "a whole number from 0 to 18446744073709551615");
    refuses("{\"id\": 18446744073709551616}", "a whole number from 0 to");
    refuses("{\"id\": 1.5}", "a whole number");
    refuses("{\"id\": 0x10}", "there should be");
    refuses("{\"id\": true}", "a whole number");
    refuses("{\"floor\": 2147483648}", "from -2147483648 to 2147483647");
    refuses("{\"floor\": -2147483649}", "from -2147483648 to 2147483647");
    refuses("{\"urgency\": \"LATER\"}", "'LATER' is no shop.Urgency");
    refuses("{\"isGift\": 1}", "true or false");
    refuses("{\"note\": 1}", "there should be '\"'");
    refuses("{\"note\": \"\\x\"}", "there is no such escape");
    refuses("{\"note\": \"\\ud800\"}", "half a character");
    refuses("{\"note\": \"\\ud800\\u0041\"}", "half a character");
    refuses("{\"note\": \"\\u12g4\"}", "four digits");
    refuses("{\"note\": \"a\\u0000b\"}", "no \\u0000");
    refuses("{\"id\\u0000s\": 1}", "no \\u0000");
    refuses("{\"id\": \"7\\u00008\"}", "no \\u0000");
    refuses("{\"urgency\": \"NOW\\u0000\"}", "no \\u0000");
    refuses("{\"note\": \"\xff\"}", "no UTF-8");
    refuses("{\"note\": \"\xed\xa0\x80\"}", "no UTF-8");
    refuses("{\"note\": \"\xc0\x80\"}", "no UTF-8");
    refuses("{\"note\": \"a\nb\"}", "control characters are escaped");
    refuses("{\"note\": \"abc", "the text has no end");
    refuses("{\"signature\": \"A\"}", "base64");
    refuses("{\"signature\": \"AB!=\"}", "base64");
    refuses("{\"signature\": \"AAA", "base64");
    refuses("{\"tags\": \"one\"}", "there should be '['");
    refuses("{\"tags\": [\"one\" \"two\"]}", "there should be ']'");
    refuses("{\"items\": {}}", "there should be '['");
    refuses("{\"discount\": 1e999}", "there should be a number");
    refuses("{\"discount\": half}", "there should be a number");
}

/* Promise: JSON-REFUSED */
static void what_is_too_much_is_refused(void **state)
{
    (void) state;
    char text[8192];
    size_t used = 0;
    for (int i = 0; i < 100; i++) {
        used += (size_t) snprintf(text + used, sizeof text - used, "{\"replaces\":");
    }
    refuses(text, "nested too deep");
    used = (size_t) snprintf(text, sizeof text, "{\"note\": \"");
    (void) memset(text + used, 'a', 5000);
    (void) snprintf(text + used + 5000, sizeof text - used - 5000, "\"}");
    refuses(text, "it is too large");
    used = (size_t) snprintf(text, sizeof text, "{\"");
    (void) memset(text + used, 'a', 200);
    (void) snprintf(text + used + 200, sizeof text - used - 200, "\": 1}");
    refuses(text, "this is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(what_is_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
