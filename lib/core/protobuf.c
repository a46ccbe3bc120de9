/* SPDX-License-Identifier: MIT */
/* Two walks over the descriptor that must agree: the first adds up sizes, the second copies. In the
 * second a struct is first copied as it is; then each pointer in the copy, which still leads to the
 * original's part, is followed, and replaced by one to the copied part. */
#include "core/protobuf.h"

#include "base/assert.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PART_ALIGNMENT ((size_t) 8)

struct measure {
    size_t size;
    unsigned depth;
};

struct block {
    unsigned char *free;
    const unsigned char *end;
};

static troupe_error measure_message(struct measure *measure, const ProtobufCMessage *message);
static void copy_parts(struct block *block, ProtobufCMessage *message);

static const void *const_member(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *) message + offset;
}

static void *member(ProtobufCMessage *message, unsigned offset)
{
    return (char *) message + offset;
}

/* Fields are pointers of many types; none is read as one of another type. */
static const void *pointer_at(const void *place)
{
    const void *pointer = NULL;
    memcpy(&pointer, place, sizeof pointer);
    return pointer;
}

static void set_pointer_at(void *place, const void *pointer)
{
    memcpy(place, &pointer, sizeof pointer);
}

static bool has_parts(const ProtobufCFieldDescriptor *field)
{
    return field->type >= PROTOBUF_C_TYPE_STRING;
}

size_t tr_protobuf_element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return sizeof(uint32_t);
    }
}

/* A number in the struct itself: most fields are. */
static bool is_plain(const ProtobufCFieldDescriptor *field)
{
    return !has_parts(field) && field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* Whether the field, which has parts, holds something. Of a member of a oneof the quantifier is the
 * id of the member that is set, of optional bytes whether they are. */
static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const bool is_of_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    const bool has_flag =
        field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type == PROTOBUF_C_TYPE_BYTES;
    if (!is_of_oneof && !has_flag) {
        return true;
    }

    uint32_t quantifier = 0;
    memcpy(&quantifier, const_member(message, field->quantifier_offset), sizeof quantifier);
    return is_of_oneof ? quantifier == field->id : quantifier != 0;
}

static size_t repeated_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    size_t count = 0;
    memcpy(&count, const_member(message, field->quantifier_offset), sizeof count);
    return count;
}

static bool is_default_bytes(const ProtobufCFieldDescriptor *field, const uint8_t *data)
{
    const ProtobufCBinaryData *standard = field->default_value;
    return standard != NULL && data == standard->data;
}

static troupe_error measure_part(struct measure *measure, size_t size)
{
    if (size > TR_MESSAGE_BYTES_MAX) {
        return TROUPE_ERROR_TOO_LARGE;
    }
    measure->size += (size + PART_ALIGNMENT - 1) & ~(PART_ALIGNMENT - 1);
    return measure->size <= TR_MESSAGE_BYTES_MAX ? TROUPE_OK : TROUPE_ERROR_TOO_LARGE;
}

/* What a part of `size` bytes takes; NULL is all right only for none. */
static troupe_error measure_data(struct measure *measure, const void *data, size_t size)
{
    if (size == 0) {
        return TROUPE_OK;
    }
    TR_REQUIRE(data != NULL, BAD_ARGUMENT);
    return measure_part(measure, size);
}

static troupe_error measure_array(struct measure *measure, const void *data, size_t count,
                                  size_t each_size)
{
    if (count > TR_MESSAGE_BYTES_MAX / each_size) {
        return TROUPE_ERROR_TOO_LARGE;
    }
    return measure_data(measure, data, count * each_size);
}

/* What the string, bytes or message at `value` takes beyond the value itself. */
static troupe_error measure_value(struct measure *measure, const ProtobufCFieldDescriptor *field,
                                  const void *value)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = value;
        const bool is_static = is_default_bytes(field, bytes->data);
        return is_static ? TROUPE_OK : measure_data(measure, bytes->data, bytes->len);
    }

    const void *pointer = pointer_at(value);
    if (pointer == NULL) {
        const bool may_be_absent =
            field->label == PROTOBUF_C_LABEL_OPTIONAL || field->label == PROTOBUF_C_LABEL_NONE;
        return may_be_absent ? TROUPE_OK : TROUPE_ERROR_BAD_ARGUMENT;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return measure_message(measure, pointer);
    }
    const bool is_static = pointer == field->default_value;
    return is_static ? TROUPE_OK : measure_part(measure, strlen(pointer) + 1);
}

static troupe_error measure_repeated(struct measure *measure, const ProtobufCMessage *message,
                                     const ProtobufCFieldDescriptor *field)
{
    const size_t count = repeated_count(message, field);
    const size_t each_size = tr_protobuf_element_size(field);
    const char *elements = pointer_at(const_member(message, field->offset));
    troupe_error error = measure_array(measure, elements, count, each_size);
    if (error || !has_parts(field)) {
        return error;
    }

    for (size_t i = 0; i < count && !error; i++) {
        error = measure_value(measure, field, elements + i * each_size);
    }
    return error;
}

static troupe_error measure_unknown(struct measure *measure, const ProtobufCMessage *message)
{
    const ProtobufCMessageUnknownField *fields = message->unknown_fields;
    troupe_error error =
        measure_array(measure, fields, message->n_unknown_fields, sizeof fields[0]);
    for (unsigned i = 0; i < message->n_unknown_fields && !error; i++) {
        error = measure_data(measure, fields[i].data, fields[i].len);
    }
    return error;
}

static troupe_error measure_parts(struct measure *measure, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    troupe_error error = measure_part(measure, descriptor->sizeof_message);
    for (unsigned i = 0; i < descriptor->n_fields && !error; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (is_plain(field)) {
            continue;
        }
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            error = measure_repeated(measure, message, field);
        } else if (is_set(message, field)) {
            error = measure_value(measure, field, const_member(message, field->offset));
        }
    }
    if (error || message->n_unknown_fields == 0) {
        return error;
    }
    return measure_unknown(measure, message);
}

static troupe_error measure_message(struct measure *measure, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    TR_REQUIRE(descriptor != NULL, BAD_ARGUMENT);
    TR_REQUIRE(descriptor->magic == PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, BAD_ARGUMENT);
    TR_REQUIRE(descriptor->sizeof_message >= sizeof *message, BAD_ARGUMENT);
    TR_REQUIRE(measure->depth < TR_PROTOBUF_DEPTH_MAX, BAD_ARGUMENT);

    measure->depth++;
    const troupe_error error = measure_parts(measure, message);
    measure->depth--;
    return error;
}

troupe_error tr_protobuf_measure(const ProtobufCMessage *message, size_t *out_size)
{
    TR_REQUIRE(message != NULL, BAD_ARGUMENT);
    struct measure measure = {0};
    const troupe_error error = measure_message(&measure, message);
    if (!error) {
        *out_size = measure.size;
    }
    return error;
}

static void *copy_part(struct block *block, const void *data, size_t size)
{
    TR_ASSERT(size <= (size_t) (block->end - block->free));
    void *copy = memcpy(block->free, data, size);
    block->free += (size + PART_ALIGNMENT - 1) & ~(PART_ALIGNMENT - 1);
    return copy;
}

static void *copy_data(struct block *block, const void *data, size_t size)
{
    return size > 0 ? copy_part(block, data, size) : NULL;
}

static ProtobufCMessage *copy_message(struct block *block, const ProtobufCMessage *message)
{
    ProtobufCMessage *copy = copy_part(block, message, message->descriptor->sizeof_message);
    copy_parts(block, copy);
    return copy;
}

/* Replaces what the value points to by a copy. */
static void copy_value(struct block *block, const ProtobufCFieldDescriptor *field, void *value)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *bytes = value;
        if (!is_default_bytes(field, bytes->data)) {
            bytes->data = copy_data(block, bytes->data, bytes->len);
        }
        return;
    }

    const void *pointer = pointer_at(value);
    if (pointer == NULL || pointer == field->default_value) {
        return;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        set_pointer_at(value, copy_message(block, pointer));
    } else {
        set_pointer_at(value, copy_part(block, pointer, strlen(pointer) + 1));
    }
}

static void copy_repeated(struct block *block, ProtobufCMessage *message,
                          const ProtobufCFieldDescriptor *field)
{
    const size_t count = repeated_count(message, field);
    const size_t each_size = tr_protobuf_element_size(field);
    void *place = member(message, field->offset);
    if (count == 0) {
        set_pointer_at(place, NULL);
        return;
    }

    char *elements = copy_part(block, pointer_at(place), count * each_size);
    set_pointer_at(place, elements);
    if (!has_parts(field)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        copy_value(block, field, elements + i * each_size);
    }
}

/* Optional bytes that are not set: what lies there may lead anywhere. */
static void forget_bytes(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const bool is_of_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (field->type != PROTOBUF_C_TYPE_BYTES || is_of_oneof) {
        return;
    }
    const ProtobufCBinaryData none = {0};
    const ProtobufCBinaryData *standard = field->default_value;
    memcpy(member(message, field->offset), standard != NULL ? standard : &none, sizeof none);
}

static void copy_unknown(struct block *block, ProtobufCMessage *message)
{
    const unsigned count = message->n_unknown_fields;
    message->unknown_fields =
        copy_data(block, message->unknown_fields, count * sizeof message->unknown_fields[0]);
    for (unsigned i = 0; i < count; i++) {
        ProtobufCMessageUnknownField *field = &message->unknown_fields[i];
        field->data = copy_data(block, field->data, field->len);
    }
}

static void copy_parts(struct block *block, ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (is_plain(field)) {
            continue;
        }
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            copy_repeated(block, message, field);
        } else if (is_set(message, field)) {
            copy_value(block, field, member(message, field->offset));
        } else {
            forget_bytes(message, field);
        }
    }
    copy_unknown(block, message);
}

ProtobufCMessage *tr_protobuf_copy(const ProtobufCMessage *message, void *block, size_t size)
{
    TR_ASSERT((uintptr_t) block % PART_ALIGNMENT == 0);
    struct block rest = {.free = block, .end = (const unsigned char *) block + size};
    ProtobufCMessage *copy = copy_message(&rest, message);
    TR_ASSERT(rest.free == rest.end);
    return copy;
}
