/* SPDX-License-Identifier: MIT */
/* fields: protobuf's encoding, field by field, for what is packed and unpacked often.
 *
 * Owns:    nothing; a reader walks over bytes of its owner's.
 * Threads: any.
 * Fails:   in reading, at what is no field. Who puts has seen to the room. */
#ifndef TR_CLUSTER_FIELDS_H
#define TR_CLUSTER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"

typedef enum tr_field_type {
    TR_FIELD_VARINT = 0,
    TR_FIELD_FIXED64 = 1,
    TR_FIELD_SIZED = 2,
    TR_FIELD_FIXED32 = 5
} tr_field_type;

#define TR_FIELD_TAG(number, type) ((uint32_t) (number) << 3 | (uint32_t) (type))

/* Writing. */

static inline size_t tr_varint_size(uint64_t value)
{
    const unsigned bits = 64 - (unsigned) __builtin_clzll(value | 1);
    return (bits + 6) / 7;
}

static inline unsigned char *tr_put_varint(unsigned char *at, uint64_t value)
{
    for (; value >= 128; value >>= 7) {
        *at++ = (unsigned char) (value | 128U);
    }
    *at++ = (unsigned char) value;
    return at;
}

/* 0 is left out, as proto3 has it; so are the others below if they are empty. */
static inline unsigned char *tr_put_number(unsigned char *at, uint32_t number, uint64_t value)
{
    return value == 0
               ? at
               : tr_put_varint(tr_put_varint(at, TR_FIELD_TAG(number, TR_FIELD_VARINT)), value);
}

static inline unsigned char *tr_put_fixed(unsigned char *at, uint32_t number, uint64_t value)
{
    if (value == 0) {
        return at;
    }
    at = tr_put_varint(at, TR_FIELD_TAG(number, TR_FIELD_FIXED64));
    for (unsigned i = 0; i < 8; i++) {
        *at++ = (unsigned char) (value >> 8 * i);
    }
    return at;
}

static inline unsigned char *tr_put_sized(unsigned char *at, uint32_t number, const void *data,
                                          size_t size)
{
    if (size == 0) {
        return at;
    }
    at = tr_put_varint(tr_put_varint(at, TR_FIELD_TAG(number, TR_FIELD_SIZED)), size);
    (void) memcpy(at, data, size);
    return at + size;
}

/* What these take. */

static inline size_t tr_number_size(uint32_t number, uint64_t value)
{
    return value == 0 ? 0 : (number < 16 ? 1 : 2) + tr_varint_size(value);
}

static inline size_t tr_fixed_size(uint32_t number, uint64_t value)
{
    return value == 0 ? 0 : (number < 16 ? 1 : 2) + 8;
}

static inline size_t tr_sized_size(uint32_t number, size_t size)
{
    return size == 0 ? 0 : (number < 16 ? 1 : 2) + tr_varint_size(size) + size;
}

/* Reading. */

typedef struct tr_fields {
    const unsigned char *at;
    const unsigned char *end;
} tr_fields;

typedef struct tr_field {
    uint32_t number;
    tr_field_type type;
    uint64_t value;            /* of a number; of bytes how many there are */
    const unsigned char *data; /* of bytes */
} tr_field;

static inline bool tr_fields_end(const tr_fields *fields)
{
    return fields->at >= fields->end;
}

static inline bool tr_fields_varint(tr_fields *fields, uint64_t *out_value)
{
    uint64_t value = 0;
    if (TR_LIKELY(fields->at < fields->end && *fields->at < 128)) {
        *out_value = *fields->at++;
        return true;
    }
    for (unsigned shift = 0; shift < 70 && fields->at < fields->end; shift += 7) {
        const unsigned char byte = *fields->at++;
        value |= shift < 64 ? (uint64_t) (byte & 127U) << shift : 0;
        if (byte < 128) {
            *out_value = value;
            return true;
        }
    }
    return false;
}

static inline bool tr_fields_fixed(tr_fields *fields, unsigned bytes, uint64_t *out_value)
{
    uint64_t value = 0;
    if ((size_t) (fields->end - fields->at) < bytes) {
        return false;
    }
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t) fields->at[i] << 8 * i;
    }
    fields->at += bytes;
    *out_value = value;
    return true;
}

/* The next one. False: there is none, or groups, which nobody writes any more. */
static inline bool tr_fields_next(tr_fields *fields, tr_field *out_field)
{
    uint64_t tag = 0;
    if (!tr_fields_varint(fields, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        return false;
    }
    out_field->number = (uint32_t) tag >> 3;
    out_field->type = (tr_field_type) (tag & 7U);
    out_field->data = NULL;
    switch ((unsigned) out_field->type) {
    case TR_FIELD_VARINT:
        return tr_fields_varint(fields, &out_field->value);
    case TR_FIELD_FIXED64:
        return tr_fields_fixed(fields, 8, &out_field->value);
    case TR_FIELD_FIXED32:
        return tr_fields_fixed(fields, 4, &out_field->value);
    case TR_FIELD_SIZED:
        if (!tr_fields_varint(fields, &out_field->value) ||
            out_field->value > (uint64_t) (fields->end - fields->at)) {
            return false;
        }
        out_field->data = fields->at;
        fields->at += out_field->value;
        return true;
    default:
        return false;
    }
}

#endif
