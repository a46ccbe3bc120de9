/* SPDX-License-Identifier: MIT */
/* What the memory for unpacking promises: it grows as far as it may, and no further. */
#include "cluster/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "shop.pb-c.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

#define TAGS 4000

/* An order with many tags: some bytes of each in a frame, many in memory. */
static size_t pack_tags(unsigned char *bytes)
{
    static char tag[] = "x";
    static char *tags[TAGS];
    for (unsigned i = 0; i < TAGS; i++) {
        tags[i] = tag;
    }
    Shop__Order order = SHOP__ORDER__INIT;
    order.n_tags = TAGS;
    order.tags = tags;
    return shop__order__pack(&order, bytes);
}

static void grows_with_what_is_unpacked(void **state)
{
    (void) state;
    static unsigned char bytes[4 * TAGS];
    const size_t size = pack_tags(bytes);
    tr_arena arena;
    tr_arena_init(&arena, tr_allocator_default(), 1 << 20);

    for (unsigned i = 0; i < 2; i++) {
        const Shop__Order *order = (const Shop__Order *) (const void *) tr_arena_unpack(
            &arena, &shop__order__descriptor, bytes, size);
        assert_non_null(order);
        assert_int_equal(order->n_tags, TAGS);
        assert_string_equal(order->tags[TAGS - 1], "x");
    }
    assert_in_range(arena.capacity, 64 << 10, 256 << 10);
    tr_arena_fini(&arena);
}

/* Promise: REMOTE-HOSTILE */
static void stops_at_its_limit(void **state)
{
    (void) state;
    static unsigned char bytes[4 * TAGS];
    const size_t size = pack_tags(bytes);
    tr_arena arena;
    tr_arena_init(&arena, tr_allocator_default(), 64 << 10);

    assert_null(tr_arena_unpack(&arena, &shop__order__descriptor, bytes, size));
    assert_int_equal(arena.capacity, 64 << 10);
    tr_arena_fini(&arena);
}

static void bears_that_memory_is_out(void **state)
{
    (void) state;
    static unsigned char bytes[4 * TAGS];
    const size_t size = pack_tags(bytes);
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    for (int allowed = 0; allowed < 4; allowed++) {
        tr_arena arena;
        tr_arena_init(&arena, &port, 1 << 20);
        tr_failing_allocator_fail_after(&memory, allowed);
        const bool is_unpacked =
            tr_arena_unpack(&arena, &shop__order__descriptor, bytes, size) != NULL;
        assert_int_equal(is_unpacked, allowed == 4);
        tr_arena_fini(&arena);
    }
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_with_what_is_unpacked),
        cmocka_unit_test(stops_at_its_limit),
        cmocka_unit_test(bears_that_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
