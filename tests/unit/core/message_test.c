/* SPDX-License-Identifier: MIT */
/* What messages promise of their bodies: their forms, who frees them and when, copies, builds. */
#include "core/message.h"

#include <string.h>

#include "base/memory.h"
#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/fixtures.h"

static unsigned ended;

static void count_end(void *body)
{
    (void) body;
    ended++;
}

static void count_free(void *context, const void *data, size_t size)
{
    unsigned *freed = context;
    *freed += data != NULL && size == 5 ? 1 : 100;
}

struct large {
    uint64_t numbers[100];
};

static const troupe_type ending_type = TROUPE_TYPE_WITH(uint64_t, .fini = count_end);
static const troupe_type large_type = TROUPE_TYPE(struct large);
static const troupe_type large_ending_type = TROUPE_TYPE_WITH(struct large, .fini = count_end);
static const troupe_type signal_type = TROUPE_SIGNAL("signal");

static int make_pool(void **state)
{
    static tr_pool pool;
    assert_true(tr_pool_init(&pool, tr_allocator_default(), NULL, 0, 1));
    ended = 0;
    *state = &pool;
    return 0;
}

static int drop_pool(void **state)
{
    tr_pool *pool = *state;
    assert_int_equal(pool->blocks_taken - atomic_load(&pool->from_outside), 0);
    tr_pool_fini(pool);
    return 0;
}

static troupe_message *a_struct(tr_pool *pool, const troupe_type *type, const void *body)
{
    troupe_message *message = NULL;
    assert_ok(tr_message_of_struct(pool, type, body, &message));
    return message;
}

/* Promise: MESSAGE-HEADER */
static void has_a_header_of_64_bytes(void **state)
{
    (void) state;
    assert_int_equal(sizeof(troupe_message), 64);
}

/* Promise: MESSAGE-STRUCT */
static void copies_a_struct(void **state)
{
    uint64_t number = 42;
    troupe_message *message = a_struct(*state, &item_type, &number);
    number = 0;
    const uint64_t *copy = troupe_message_struct(message, &item_type);
    assert_int_equal(*copy, 42);
    assert_true(troupe_message_is(message, &item_type));
    assert_false(troupe_message_is(message, &extra_type));
    assert_null(troupe_message_struct(message, &extra_type));
    assert_null(troupe_message_as(message, &shop__receipt__descriptor));
    assert_string_equal(troupe_message_type_name(message), "uint64_t");
    assert_int_equal(troupe_message_size(message), 8);
    troupe_message_destroy(&message);
    assert_null(message);
}

/* Promise: MESSAGE-STRUCT */
static void begins_a_struct_without_a_body_with_zeros(void **state)
{
    troupe_message *message = a_struct(*state, &large_type, NULL);
    struct large *large = troupe_message_body(message);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(large->numbers[i], 0);
    }
    large->numbers[99] = 7;
    const struct large *read = troupe_message_struct(message, &large_type);
    assert_int_equal(read->numbers[99], 7);
    troupe_message_destroy(&message);
}

/* Promise: MESSAGE-FINI */
static void ends_a_struct_once(void **state)
{
    troupe_message *small = a_struct(*state, &ending_type, NULL);
    troupe_message *large = a_struct(*state, &large_ending_type, NULL);
    troupe_message *copy = NULL;
    assert_ok(tr_message_copy_of(*state, large, &copy));

    troupe_message_destroy(&small);
    assert_int_equal(ended, 1);
    troupe_message_destroy(&large);
    assert_int_equal(ended, 1); /* the copy has it */
    tr_message_free(*state, copy);
    assert_int_equal(ended, 2);
}

/* Promise: MESSAGE-COPY */
static void copies_no_small_struct_that_has_an_end(void **state)
{
    troupe_message *small = a_struct(*state, &ending_type, NULL);
    troupe_message *copy = NULL;
    assert_fails(tr_message_copy_of(*state, small, &copy), BAD_ARGUMENT);
    assert_null(copy);
    assert_non_null(troupe_message_body(small)); /* not sealed */
    troupe_message_destroy(&small);
    assert_int_equal(ended, 1);
}

/* Promise: MESSAGE-COPY */
static void shares_a_large_body_and_copies_a_small_one(void **state)
{
    const uint64_t number = 3;
    troupe_message *small = a_struct(*state, &item_type, &number);
    troupe_message *large = a_struct(*state, &large_type, NULL);
    troupe_message *small_copy = NULL;
    troupe_message *large_copy = NULL;
    assert_ok(tr_message_copy_of(*state, small, &small_copy));
    assert_ok(tr_message_copy_of(*state, large, &large_copy));

    assert_ptr_not_equal(troupe_message_struct(small, &item_type),
                         troupe_message_struct(small_copy, &item_type));
    assert_ptr_equal(troupe_message_struct(large, &large_type),
                     troupe_message_struct(large_copy, &large_type));
    assert_null(troupe_message_body(small)); /* sealed */
    assert_null(troupe_message_body(large_copy));
    troupe_message_destroy(&small);
    troupe_message_destroy(&large);
    assert_int_equal(*(const uint64_t *) troupe_message_struct(small_copy, &item_type), 3);
    troupe_message_destroy(&small_copy);
    troupe_message_destroy(&large_copy);
}

static troupe_message *an_order_of_locals(tr_pool *pool, size_t note_size)
{
    char note[1000];
    memset(note, 'n', note_size);
    note[note_size] = '\0';
    char name[] = "pear";
    Shop__Item item = SHOP__ITEM__INIT;
    item.name = name;
    Shop__Item *items[] = {&item};
    Shop__Order order = SHOP__ORDER__INIT;
    order.id = 9;
    order.items = items;
    order.n_items = 1;
    order.note = note;
    troupe_message *message = NULL;
    assert_ok(tr_message_of_protobuf(pool, &order.base, &message));
    memset(note, 'x', sizeof note - 1);
    memset(name, 'x', sizeof name - 1);
    return message;
}

static void check_order(const troupe_message *message, size_t note_size)
{
    const Shop__Order *order = troupe_message_as(message, &shop__order__descriptor);
    assert_non_null(order);
    assert_int_equal(order->id, 9);
    assert_string_equal(order->items[0]->name, "pear");
    assert_int_equal(strspn(order->note, "n"), note_size);
    assert_int_equal(strlen(order->note), note_size);
}

/* Promise: MESSAGE-PROTOBUF */
static void copies_a_protobuf_message_with_all_it_points_to(void **state)
{
    const size_t sizes[] = {3, 100, 900}; /* in the block, and in one of its own */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        troupe_message *message = an_order_of_locals(*state, sizes[i]);
        troupe_message *copy = NULL;
        check_order(message, sizes[i]);
        assert_ok(tr_message_copy_of(*state, message, &copy));
        const Shop__Order *from = troupe_message_as(message, &shop__order__descriptor);
        const Shop__Order *to = troupe_message_as(copy, &shop__order__descriptor);
        assert_int_equal(from->note == to->note, from == to); /* all of it is shared or none */
        troupe_message_destroy(&message);
        check_order(copy, sizes[i]);
        assert_null(troupe_message_as(copy, &shop__item__descriptor));
        assert_string_equal(troupe_message_type_name(copy), "shop.Order");
        troupe_message_destroy(&copy);
    }
}

/* Promise: MESSAGE-TRACE */
static void moves_a_body_when_it_gets_a_trace_id(void **state)
{
    const size_t sizes[] = {3, 100, 900};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        troupe_message *message = an_order_of_locals(*state, sizes[i]);
        assert_ok(tr_message_set_trace(*state, &message, 5));
        assert_int_equal(troupe_message_trace_id(message), 5);
        check_order(message, sizes[i]);
        assert_ok(tr_message_set_trace(*state, &message, 6));
        assert_int_equal(troupe_message_trace_id(message), 6);
        troupe_message_destroy(&message);
    }
    troupe_message *ending = a_struct(*state, &ending_type, NULL);
    assert_ok(tr_message_set_trace(*state, &ending, 5));
    troupe_message_destroy(&ending);
    assert_int_equal(ended, 1);
}

/* Promise: MESSAGE-BUILD */
static void builds_a_protobuf_message_in_place(void **state)
{
    troupe_message *message = NULL;
    assert_ok(tr_message_build(*state, &shop__order__descriptor, 24, &message));
    Shop__Order *order = troupe_message_body(message);
    assert_string_equal(order->shop_name, "corner shop");
    char *note = troupe_message_room(message, 5);
    char *voucher = troupe_message_room(message, 9);
    assert_int_equal((uintptr_t) note % 8, 0);
    assert_int_equal((uintptr_t) voucher % 8, 0);
    assert_int_equal(note[0] + voucher[8], 0);
    assert_null(troupe_message_room(message, 1));
    assert_null(troupe_message_room(message, SIZE_MAX));
    order->note = memcpy(note, "fast", 5);
    tr_message_set(message, TR_MESSAGE_SEALED);

    assert_null(troupe_message_body(message));
    assert_null(troupe_message_room(message, 0));
    const Shop__Order *read = troupe_message_as(message, &shop__order__descriptor);
    assert_string_equal(read->note, "fast");
    troupe_message_destroy(&message);
}

static void gives_room_only_in_what_is_built_in_place(void **state)
{
    troupe_message *order = an_order_of_locals(*state, 900);
    troupe_message *number = a_struct(*state, &item_type, NULL);
    assert_null(troupe_message_room(order, 1));
    assert_null(troupe_message_room(number, 1));
    troupe_message_destroy(&order);
    troupe_message_destroy(&number);
}

/* Promise: MESSAGE-BYTES */
static void frees_raw_bytes_once_when_the_last_message_ends(void **state)
{
    static const char data[] = "12345";
    unsigned freed = 0;
    const troupe_bytes bytes = {.data = data, .size = 5, .free = count_free, .context = &freed};
    troupe_message *message = NULL;
    troupe_message *copy = NULL;
    assert_ok(tr_message_of_bytes(*state, &bulk_type, &bytes, &message));
    assert_ok(tr_message_copy_of(*state, message, &copy));
    size_t size = 0;
    assert_ptr_equal(troupe_message_bytes(copy, &size), data); /* not copied */
    assert_int_equal(size, 5);
    assert_null(troupe_message_struct(copy, &bulk_type));
    assert_null(troupe_message_body(message));

    troupe_message_destroy(&message);
    assert_int_equal(freed, 0);
    troupe_message_destroy(&copy);
    assert_int_equal(freed, 1);
}

/* Promise: MESSAGE-BYTES */
static void takes_bytes_without_free_and_without_type(void **state)
{
    troupe_message *message = NULL;
    assert_ok(tr_message_of_bytes(*state, NULL, &(const troupe_bytes) {0}, &message));
    size_t size = 9;
    assert_null(troupe_message_bytes(message, &size));
    assert_int_equal(size, 0);
    assert_string_equal(troupe_message_type_name(message), "(untyped)");
    troupe_message_destroy(&message);
}

/* Promise: MESSAGE-BYTES */
static void copies_a_few_bytes_that_need_no_free(void **state)
{
    static unsigned char data[257];
    for (size_t size = 1; size <= sizeof data; size += size < 250 ? 31 : 1) {
        const troupe_bytes bytes = {.data = data, .size = size};
        troupe_message *message = NULL;
        size_t came = 0;
        memset(data, 'a', sizeof data);
        assert_ok(tr_message_of_bytes(*state, NULL, &bytes, &message));
        assert_ok(tr_message_extend(*state, &message));
        data[size - 1] = 'b';
        const unsigned char *kept = troupe_message_bytes(message, &came);
        assert_int_equal(came, size);
        assert_int_equal(kept[size - 1], size <= 256 ? 'a' : 'b');
        troupe_message_destroy(&message);
    }
}

/* Promise: MESSAGE-TRACE */
static void keeps_its_place_when_there_is_room_for_an_extension(void **state)
{
    static const char data[] = "0123456789";
    const troupe_bytes bytes = {.data = data, .size = 10};
    troupe_message *message = NULL;
    size_t size = 0;
    assert_ok(tr_message_of_bytes(*state, NULL, &bytes, &message));
    const troupe_message *const before = message;
    assert_ok(tr_message_set_trace(*state, &message, 5));
    assert_ptr_equal(message, before);
    assert_int_equal(troupe_message_trace_id(message), 5);
    assert_memory_equal(troupe_message_bytes(message, &size), data, 10);
    assert_int_equal(size, 10);
    troupe_message_destroy(&message);
}

static void makes_nothing_beyond_a_gibibyte(void **state)
{
    troupe_message *message = NULL;
    const troupe_bytes bytes = {.data = &bytes, .size = (size_t) TR_MESSAGE_BYTES_MAX + 1};
    assert_fails(tr_message_of_bytes(*state, NULL, &bytes, &message), TOO_LARGE);
    assert_fails(tr_message_build(*state, &shop__order__descriptor, SIZE_MAX, &message), TOO_LARGE);
    assert_null(message);
}

/* Promise: MESSAGE-ARGUMENTS */
static void reads_nothing_from_no_message(void **state)
{
    size_t size = 0;
    troupe_message *none = NULL;
    troupe_message *signal = a_struct(*state, &signal_type, NULL);
    troupe_message_destroy(NULL);
    troupe_message_destroy(&none);
    assert_null(troupe_message_body(NULL));
    assert_null(troupe_message_room(NULL, 1));
    assert_null(troupe_message_as(NULL, &shop__order__descriptor));
    assert_null(troupe_message_as(signal, NULL));
    assert_false(troupe_message_is(NULL, &item_type));
    assert_false(troupe_message_is(signal, NULL));
    assert_null(troupe_message_struct(NULL, &item_type));
    assert_null(troupe_message_struct(signal, NULL));
    assert_null(troupe_message_bytes(NULL, &size));
    assert_null(troupe_message_bytes(signal, NULL));
    assert_string_equal(troupe_message_type_name(NULL), "(none)");
    assert_int_equal(troupe_message_size(NULL), 0);
    assert_true(troupe_ref_is_none(troupe_message_sender(NULL)));
    assert_true(troupe_ref_is_none(troupe_message_sender(signal)));
    assert_true(troupe_ref_is_none(troupe_message_receiver(NULL)));
    assert_true(troupe_ref_is_none(troupe_message_receiver(signal)));
    assert_false(troupe_message_wants_reply(NULL));
    assert_int_equal(troupe_message_trace_id(NULL), 0);
    assert_int_equal(troupe_message_remaining(NULL, signal).ns, TROUPE_FOREVER.ns);
    assert_int_equal(troupe_message_remaining(NULL, NULL).ns, TROUPE_FOREVER.ns);
    troupe_message_destroy(&signal);
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, make_pool, drop_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(has_a_header_of_64_bytes),
        WITH_POOL(copies_a_struct),
        WITH_POOL(begins_a_struct_without_a_body_with_zeros),
        WITH_POOL(ends_a_struct_once),
        WITH_POOL(copies_no_small_struct_that_has_an_end),
        WITH_POOL(shares_a_large_body_and_copies_a_small_one),
        WITH_POOL(copies_a_protobuf_message_with_all_it_points_to),
        WITH_POOL(moves_a_body_when_it_gets_a_trace_id),
        WITH_POOL(builds_a_protobuf_message_in_place),
        WITH_POOL(gives_room_only_in_what_is_built_in_place),
        WITH_POOL(frees_raw_bytes_once_when_the_last_message_ends),
        WITH_POOL(copies_a_few_bytes_that_need_no_free),
        WITH_POOL(keeps_its_place_when_there_is_room_for_an_extension),
        WITH_POOL(takes_bytes_without_free_and_without_type),
        WITH_POOL(makes_nothing_beyond_a_gibibyte),
        WITH_POOL(reads_nothing_from_no_message),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
