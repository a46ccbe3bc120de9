/* SPDX-License-Identifier: MIT */
/* JSON that is written. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* A locale with a decimal comma, of the test's own making; false: there is no localedef here. */
static bool set_comma(const char *folder)
{
    char command[400];
    (void) snprintf(command, sizeof command,
                    "printf 'LC_NUMERIC\\ndecimal_point \",\"\\nthousands_sep \"\"\\n"
                    "grouping -1\\nEND LC_NUMERIC\\n' >%s/source; "
                    "localedef -c -i %s/source %s/comma >%s/log 2>&1",
                    folder, folder, folder, folder);
    (void) !system(command); /* NOLINT(cert-env33-c): it warns of all that is missing */
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    return setlocale(LC_NUMERIC, "comma") != NULL;
}

/* Promise: JSON-LOCALE */
static void numbers_are_the_same_in_every_locale(void **state)
{
    (void) state;
    char folder[] = "/tmp/troupe-locale-XXXXXX";
    char command[64];
    char why[TR_JSON_WHY_SIZE];
    const char *json = "{\"id\": 1e3, \"discount\": 0.25}";
    assert_non_null(mkdtemp(folder));
    const bool is_set = set_comma(folder);
    (void) snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    if (!is_set) {
        skip();
    }
    tr_json_buffer buffer = {.allocator = tr_allocator_default(), .limit = 1000};
    const bool is_read = tr_json_read(&shop__order__descriptor, json, strlen(json), &buffer, why);
    Shop__Order order = SHOP__ORDER__INIT;
    order.has_discount = 1;
    order.discount = 0.25;
    tr_json_buffer written = {.allocator = tr_allocator_default(), .limit = 1000};
    assert_true(tr_json_write(&order.base, &written));
    tr_json_buffer_append(&written, "", 1);
    assert_non_null(setlocale(LC_NUMERIC, "C"));
    if (!is_read) {
        fail_msg("%s", why);
    }
    assert_non_null(strstr((const char *) written.data, "\"discount\": 0.25"));
    tr_json_buffer_free(&buffer);
    tr_json_buffer_free(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_a_value),
        cmocka_unit_test(what_cannot_be_without_one),
        cmocka_unit_test(not_more_than_fits),
        cmocka_unit_test(numbers_are_the_same_in_every_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
