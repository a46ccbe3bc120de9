/* SPDX-License-Identifier: MIT */
#include "cluster/check.h"

#include <stdint.h>

/* Fields without a place in the descriptor: a newer peer may send some. */
#define UNKNOWN_MAX 64

enum wire_type {
    VARINT = 0,
    FIXED64 = 1,
    SIZED = 2,
    FIXED32 = 5
};

struct reader {
    const unsigned char *at;
    const unsigned char *end;
};

static size_t left_of(const struct reader *reader)
{
    return (size_t) (reader->end - reader->at);
}

static bool read_varint(struct reader *reader, uint64_t *out_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && reader->at < reader->end; shift += 7) {
        const unsigned char byte = *reader->at++;
        value |= shift < 64 ? (uint64_t) (byte & 127U) << shift : 0;
        if (byte < 128) {
            *out_value = value;
            return true;
        }
    }
    return false;
}

static bool skip(struct reader *reader, uint64_t size)
{
    if (size > left_of(reader)) {
        return false;
    }
    reader->at += size;
    return true;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  uint32_t number)
{
    return protobuf_c_message_descriptor_get_field(descriptor, number);
}

static bool check(const ProtobufCMessageDescriptor *descriptor, struct reader reader,
                  unsigned depth);

/* A field that says how long it is. */
static bool check_sized(const ProtobufCFieldDescriptor *field, struct reader *reader,
                        unsigned depth)
{
    uint64_t size = 0;
    if (!read_varint(reader, &size) || size > left_of(reader)) {
        return false;
    }
    const struct reader inner = {.at = reader->at, .end = reader->at + size};
    reader->at += size;
    const bool is_message = field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE;
    return !is_message || check(field->descriptor, inner, depth);
}

/* What comes behind a tag. */
static bool check_value(const ProtobufCFieldDescriptor *field, unsigned type, struct reader *reader,
                        unsigned depth)
{
    uint64_t ignored = 0;
    switch (type) {
    case VARINT:
        return read_varint(reader, &ignored);
    case FIXED64:
        return skip(reader, 8);
    case FIXED32:
        return skip(reader, 4);
    case SIZED:
        return check_sized(field, reader, depth);
    default:
        return false; /* groups: nobody writes them any more */
    }
}

static bool check(const ProtobufCMessageDescriptor *descriptor, struct reader reader,
                  unsigned depth)
{
    unsigned unknown = 0;
    if (depth == 0) {
        return false;
    }
    while (reader.at < reader.end) {
        uint64_t tag = 0;
        if (!read_varint(&reader, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
            return false;
        }
        const ProtobufCFieldDescriptor *field = find_field(descriptor, (uint32_t) (tag >> 3));
        unknown += field == NULL ? 1 : 0;
        if (unknown > UNKNOWN_MAX || !check_value(field, (unsigned) tag & 7U, &reader, depth - 1)) {
            return false;
        }
    }
    return true;
}

bool tr_check_packed(const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size,
                     unsigned depth)
{
    const unsigned char *bytes = data;
    return size == 0 ||
           check(descriptor, (struct reader) {.at = bytes, .end = bytes + size}, depth);
}
