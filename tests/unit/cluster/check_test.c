/* SPDX-License-Identifier: MIT */
/* What the look over packed messages promises: nothing gets through that is not whole, nothing that
 * is nested without end. */
#include "cluster/check.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "cluster/arena.h"
#include "shop.pb-c.h"
#include "support/fixtures.h"

/* Orders that replace each other, so many in each other. */
static size_t pack_nested(unsigned depth, unsigned char *bytes)
{
    Shop__Order orders[100];
    for (unsigned i = 0; i < depth; i++) {
        shop__order__init(&orders[i]);
        orders[i].id = i;
        orders[i].replaces = i > 0 ? &orders[i - 1] : NULL;
    }
    return shop__order__pack(&orders[depth - 1], bytes);
}

static void lets_messages_through_up_to_a_depth(void **state)
{
    (void) state;
    unsigned char bytes[2048];
    const size_t three = pack_nested(3, bytes);
    assert_true(tr_check_packed(&shop__order__descriptor, bytes, three, 3));
    assert_false(tr_check_packed(&shop__order__descriptor, bytes, three, 2));
    const size_t many = pack_nested(100, bytes);
    assert_true(tr_check_packed(&shop__order__descriptor, bytes, many, 100));
    assert_false(tr_check_packed(&shop__order__descriptor, bytes, many, 64));
    assert_true(tr_check_packed(&shop__order__descriptor, NULL, 0, 1));
}

static void lets_nothing_through_that_is_cut_off(void **state)
{
    (void) state;
    unsigned char bytes[64];
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.order_id = 1;
    receipt.total_cents = 3000000000000;
    const size_t size = shop__receipt__pack(&receipt, bytes);
    assert_true(tr_check_packed(&shop__receipt__descriptor, bytes, size, 1));
    for (size_t less = 3; less < size; less++) {
        assert_false(tr_check_packed(&shop__receipt__descriptor, bytes, less, 1));
    }
}

static void lets_no_strange_fields_through_in_numbers(void **state)
{
    (void) state;
    unsigned char bytes[400];
    for (size_t i = 0; i < sizeof bytes; i += 2) {
        bytes[i] = 15 << 3; /* a number, unknown to a receipt */
        bytes[i + 1] = 1;
    }
    assert_true(tr_check_packed(&shop__receipt__descriptor, bytes, 2, 1));
    assert_true(tr_check_packed(&shop__receipt__descriptor, bytes, 128, 1));
    assert_false(tr_check_packed(&shop__receipt__descriptor, bytes, sizeof bytes, 1));
    bytes[0] = 15 << 3 | 3; /* a group */
    assert_false(tr_check_packed(&shop__receipt__descriptor, bytes, 2, 1));
    bytes[0] = 0; /* no field has number 0 */
    assert_false(tr_check_packed(&shop__receipt__descriptor, bytes, 2, 1));
}

/* Promise: REMOTE-HOSTILE */
static void lets_unpacking_bear_any_bytes(void **state)
{
    (void) state;
    tr_arena arena;
    tr_arena_init(&arena, tr_allocator_default(), 64 << 10);
    unsigned char packed[2048];
    const size_t size = pack_nested(20, packed);
    tr_random random;
    tr_random_seed(&random, 1);
    unsigned through = 0;
    for (unsigned i = 0; i < 50000; i++) {
        unsigned char bytes[2048];
        memcpy(bytes, packed, size);
        for (uint64_t changes = 1 + tr_random_below(&random, 5); changes > 0; changes--) {
            bytes[tr_random_below(&random, size)] = (unsigned char) tr_random_next(&random);
        }
        if (tr_check_packed(&shop__order__descriptor, bytes, size, 64)) {
            through++;
            (void) tr_arena_unpack(&arena, &shop__order__descriptor, bytes, size);
        }
    }
    assert_in_range(through, 100, 49000);
    tr_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_messages_through_up_to_a_depth),
        cmocka_unit_test(lets_nothing_through_that_is_cut_off),
        cmocka_unit_test(lets_no_strange_fields_through_in_numbers),
        cmocka_unit_test(lets_unpacking_bear_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
