/* SPDX-License-Identifier: MIT */
/* What copying promises: the same message in one block that needs nothing of the original, and a
 * refusal of what is not a message. */
#include "base/random.h"
#include "core/limits.h"
#include "core/protobuf.h"
#include "shop.pb-c.h"
#include "shop3.pb-c.h"
#include "support/fixtures.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX 20000
#define SEEDS 300
#define DEPTH_RANDOM 4

/* All that a random message consists of, to be overwritten and freed at once. */
struct original {
    tr_random random;
    void *blocks[BLOCKS_MAX];
    size_t sizes[BLOCKS_MAX];
    size_t count;
};

static void *take(struct original *original, size_t size)
{
    assert_true(original->count < BLOCKS_MAX);
    void *block = calloc(1, size);
    assert_non_null(block);
    original->blocks[original->count] = block;
    original->sizes[original->count] = size;
    original->count++;
    return block;
}

static void wipe(struct original *original)
{
    for (size_t i = 0; i < original->count; i++) {
        memset(original->blocks[i], 0xa5, original->sizes[i]);
        free(original->blocks[i]);
    }
    original->count = 0;
}

static ProtobufCMessage *a_random_message(struct original *original,
                                          const ProtobufCMessageDescriptor *descriptor,
                                          unsigned depth);

static uint8_t *random_bytes(struct original *original, size_t size)
{
    uint8_t *bytes = take(original, size + 1);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t) (1 + tr_random_below(&original->random, 255));
    }
    return bytes;
}

static size_t size_of_element(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
    default:
        return 8;
    }
}

static void fill_value(struct original *original, const ProtobufCFieldDescriptor *field,
                       void *value, unsigned depth)
{
    const size_t size = tr_random_below(&original->random, 40);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const uint8_t *text = random_bytes(original, size);
        memcpy(value, &text, sizeof text);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData bytes = {.len = size};
        bytes.data = size > 0 ? random_bytes(original, size) : NULL;
        memcpy(value, &bytes, sizeof bytes);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const void *message = a_random_message(original, field->descriptor, depth + 1);
        memcpy(value, &message, sizeof message);
    } else {
        const uint64_t number = tr_random_next(&original->random) & 1;
        memcpy(value, &number, size_of_element(field));
    }
}

static void fill_repeated(struct original *original, const ProtobufCFieldDescriptor *field,
                          char *message, unsigned depth)
{
    const size_t count = tr_random_below(&original->random, 5);
    char *elements = take(original, count * size_of_element(field) + 1);
    for (size_t i = 0; i < count; i++) {
        fill_value(original, field, elements + i * size_of_element(field), depth);
    }
    memcpy(message + field->quantifier_offset, &count, sizeof count);
    memcpy(message + field->offset, &elements, sizeof elements);
}

/* A field keeps its default, or gets a value; of a oneof the last that gets one stays. */
static void fill_field(struct original *original, const ProtobufCFieldDescriptor *field,
                       char *message, unsigned depth)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (depth < DEPTH_RANDOM) {
            fill_repeated(original, field, message, depth);
        }
        return;
    }
    const bool is_deep = field->type == PROTOBUF_C_TYPE_MESSAGE && depth >= DEPTH_RANDOM;
    if (field->label != PROTOBUF_C_LABEL_REQUIRED &&
        (is_deep || tr_random_chance(&original->random, 1, 2))) {
        return;
    }

    fill_value(original, field, message + field->offset, depth);
    const uint32_t is_of_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    const uint32_t quantifier = is_of_oneof ? field->id : 1;
    if (is_of_oneof || field->quantifier_offset != 0) {
        memcpy(message + field->quantifier_offset, &quantifier, sizeof quantifier);
    }
}

static void fill_unknown(struct original *original, ProtobufCMessage *message)
{
    message->n_unknown_fields = 2;
    message->unknown_fields = take(original, 2 * sizeof message->unknown_fields[0]);
    for (unsigned i = 0; i < 2; i++) {
        ProtobufCMessageUnknownField *field = &message->unknown_fields[i];
        field->tag = 100 + i;
        field->wire_type = PROTOBUF_C_WIRE_TYPE_32BIT;
        field->len = 4;
        field->data = random_bytes(original, field->len);
    }
}

static ProtobufCMessage *a_random_message(struct original *original,
                                          const ProtobufCMessageDescriptor *descriptor,
                                          unsigned depth)
{
    ProtobufCMessage *message = take(original, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        fill_field(original, &descriptor->fields[i], (char *) message, depth);
    }
    if (tr_random_chance(&original->random, 1, 4)) {
        fill_unknown(original, message);
    }
    return message;
}

/* In a block of exactly the measured size, so that the sanitizers see every step beside it. */
static void *copy_of(const void *message)
{
    size_t size = 0;
    assert_ok(tr_protobuf_measure(message, &size));
    void *block = aligned_alloc(16, (size + 15) & ~(size_t) 15);
    assert_non_null(block);
    ProtobufCMessage *copy = tr_protobuf_copy(message, block, size);
    assert_ptr_equal(copy, block);
    return copy;
}

static size_t pack(const ProtobufCMessage *message, uint8_t **out_bytes)
{
    const size_t size = protobuf_c_message_get_packed_size(message);
    *out_bytes = malloc(size + 1);
    assert_non_null(*out_bytes);
    assert_int_equal(protobuf_c_message_pack(message, *out_bytes), size);
    return size;
}

static void check_random_messages(const ProtobufCMessageDescriptor *descriptor)
{
    static struct original original;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        tr_random_seed(&original.random, seed);
        const ProtobufCMessage *message = a_random_message(&original, descriptor, 0);
        uint8_t *before = NULL;
        uint8_t *after = NULL;
        const size_t size = pack(message, &before);

        ProtobufCMessage *copy = copy_of(message);
        wipe(&original);

        assert_int_equal(pack(copy, &after), size);
        assert_memory_equal(after, before, size);
        free(copy);
        free(before);
        free(after);
    }
}

static void needs_nothing_of_the_original(void **state)
{
    (void) state;
    check_random_messages(&shop__order__descriptor);
}

static void needs_nothing_of_a_proto3_original(void **state)
{
    (void) state;
    check_random_messages(&shop3__order__descriptor);
}

static void takes_no_more_than_the_struct_for_numbers_only(void **state)
{
    (void) state;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.order_id = 7;
    size_t size = 0;

    assert_ok(tr_protobuf_measure(&receipt.base, &size));

    assert_int_equal(size, sizeof receipt);
    Shop__Receipt *copy = copy_of(&receipt);
    assert_memory_equal(copy, &receipt, sizeof receipt);
    free(copy);
}

static void leaves_static_defaults_where_they_are(void **state)
{
    (void) state;
    const Shop__Order order = SHOP__ORDER__INIT;

    Shop__Order *copy = copy_of(&order);

    assert_ptr_equal(copy->shop_name, order.shop_name);
    assert_ptr_equal(copy->wrapping.data, order.wrapping.data);
    free(copy);
}

static void restores_the_default_of_bytes_that_are_not_set(void **state)
{
    (void) state;
    uint8_t elsewhere[] = "elsewhere";
    const Shop__Order fresh = SHOP__ORDER__INIT;
    Shop__Order order = SHOP__ORDER__INIT;
    order.wrapping = (ProtobufCBinaryData) {.len = 3, .data = elsewhere};
    order.signature = (ProtobufCBinaryData) {.len = 3, .data = elsewhere};

    Shop__Order *copy = copy_of(&order);

    assert_ptr_equal(copy->wrapping.data, fresh.wrapping.data);
    assert_null(copy->signature.data);
    free(copy);
}

static void copies_of_a_oneof_what_is_set(void **state)
{
    (void) state;
    char code[] = "SUMMER";
    Shop__Order order = SHOP__ORDER__INIT;
    order.payment_case = SHOP__ORDER__PAYMENT_CASH_CENTS;
    order.cash_cents = 1; /* as a pointer it would lead nowhere */
    Shop__Order *copy = copy_of(&order);
    assert_int_equal(copy->cash_cents, 1);
    free(copy);

    order.payment_case = SHOP__ORDER__PAYMENT_VOUCHER;
    order.voucher = code;
    copy = copy_of(&order);
    assert_ptr_not_equal(copy->voucher, code);
    assert_string_equal(copy->voucher, "SUMMER");
    free(copy);
}

static void drops_the_array_of_no_elements(void **state)
{
    (void) state;
    char *elsewhere[1] = {NULL};
    Shop__Order order = SHOP__ORDER__INIT;
    order.tags = elsewhere;

    Shop__Order *copy = copy_of(&order);

    assert_null(copy->tags);
    free(copy);
}

static void refuses_what_is_not_a_message(void **state)
{
    (void) state;
    size_t size = 7;
    ProtobufCMessageDescriptor forged = shop__receipt__descriptor;
    forged.magic++;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;

    assert_fails(tr_protobuf_measure(NULL, &size), BAD_ARGUMENT);
    receipt.base.descriptor = NULL;
    assert_fails(tr_protobuf_measure(&receipt.base, &size), BAD_ARGUMENT);
    receipt.base.descriptor = &forged;
    assert_fails(tr_protobuf_measure(&receipt.base, &size), BAD_ARGUMENT);
    forged = shop__receipt__descriptor;
    forged.sizeof_message = 0;
    assert_fails(tr_protobuf_measure(&receipt.base, &size), BAD_ARGUMENT);

    assert_int_equal(size, 7);
}

static void refuses_missing_pointers(void **state)
{
    (void) state;
    size_t size = 0;
    Shop__Item item = SHOP__ITEM__INIT;
    item.name = NULL;
    assert_fails(tr_protobuf_measure(&item.base, &size), BAD_ARGUMENT);

    char *no_tag[1] = {NULL};
    Shop__Order order = SHOP__ORDER__INIT;
    order.n_tags = 1;
    assert_fails(tr_protobuf_measure(&order.base, &size), BAD_ARGUMENT);
    order.tags = no_tag;
    assert_fails(tr_protobuf_measure(&order.base, &size), BAD_ARGUMENT);

    order = (Shop__Order) SHOP__ORDER__INIT;
    order.has_signature = true;
    order.signature.len = 1;
    assert_fails(tr_protobuf_measure(&order.base, &size), BAD_ARGUMENT);

    order = (Shop__Order) SHOP__ORDER__INIT;
    order.base.n_unknown_fields = 1;
    assert_fails(tr_protobuf_measure(&order.base, &size), BAD_ARGUMENT);
}

static void goes_as_deep_as_the_limit_and_no_deeper(void **state)
{
    (void) state;
    Shop__Order orders[TR_PROTOBUF_DEPTH_MAX + 1];
    for (size_t i = 0; i <= TR_PROTOBUF_DEPTH_MAX; i++) {
        orders[i] = (Shop__Order) SHOP__ORDER__INIT;
        orders[i].id = i;
        orders[i].replaces = i > 0 ? &orders[i - 1] : NULL;
    }

    Shop__Order *copy = copy_of(&orders[TR_PROTOBUF_DEPTH_MAX - 1]);
    assert_int_equal(copy->replaces->replaces->id, TR_PROTOBUF_DEPTH_MAX - 3);
    free(copy);
    size_t size = 0;
    assert_fails(tr_protobuf_measure(&orders[TR_PROTOBUF_DEPTH_MAX].base, &size), BAD_ARGUMENT);
}

/* Measuring does not look at bytes, so that a few stand for many. */
static void refuses_more_than_a_message_may_hold(void **state)
{
    (void) state;
    uint8_t few[1] = {0};
    size_t size = 0;
    Shop__Order order = SHOP__ORDER__INIT;
    order.has_signature = true;
    order.signature = (ProtobufCBinaryData) {.len = TR_MESSAGE_BYTES_MAX - 4096, .data = few};
    assert_ok(tr_protobuf_measure(&order.base, &size));

    order.has_wrapping = true;
    order.wrapping = (ProtobufCBinaryData) {.len = 4096, .data = few};
    assert_fails(tr_protobuf_measure(&order.base, &size), TOO_LARGE);
    order.wrapping.len = SIZE_MAX - 3;
    assert_fails(tr_protobuf_measure(&order.base, &size), TOO_LARGE);

    uint32_t number = 0;
    order = (Shop__Order) SHOP__ORDER__INIT;
    order.shelf_numbers = &number;
    order.n_shelf_numbers = SIZE_MAX / 2;
    assert_fails(tr_protobuf_measure(&order.base, &size), TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_nothing_of_the_original),
        cmocka_unit_test(needs_nothing_of_a_proto3_original),
        cmocka_unit_test(takes_no_more_than_the_struct_for_numbers_only),
        cmocka_unit_test(leaves_static_defaults_where_they_are),
        cmocka_unit_test(restores_the_default_of_bytes_that_are_not_set),
        cmocka_unit_test(copies_of_a_oneof_what_is_set),
        cmocka_unit_test(drops_the_array_of_no_elements),
        cmocka_unit_test(refuses_what_is_not_a_message),
        cmocka_unit_test(refuses_missing_pointers),
        cmocka_unit_test(goes_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(refuses_more_than_a_message_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
