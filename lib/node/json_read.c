/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "node/json_scan.h"

/* Fields of a type that are looked after for being given twice. */
#define SEEN_WORDS 8

enum wire {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5
};

/* The encoding. */

static bool put_varint(tr_json_reader *reader, uint64_t number)
{
    unsigned char bytes[10];
    size_t size = 0;
    do {
        bytes[size] = (unsigned char) ((number & 0x7f) | (number > 0x7f ? 0x80 : 0));
        number >>= 7;
        size++;
    } while (number != 0);
    tr_json_buffer_append(reader->out, bytes, size);
    return !reader->out->is_full || tr_json_blame(reader, "it is too large");
}

static bool put_fixed(tr_json_reader *reader, uint64_t bits, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char) (bits >> (8 * i));
    }
    tr_json_buffer_append(reader->out, bytes, size);
    return !reader->out->is_full || tr_json_blame(reader, "it is too large");
}

static bool put_tag(tr_json_reader *reader, const ProtobufCFieldDescriptor *field, enum wire wire)
{
    return put_varint(reader, (uint64_t) field->id << 3 | wire);
}

/* What lies behind `start` gets its length in front of it. */
static bool put_length(tr_json_reader *reader, size_t start)
{
    tr_json_buffer *out = reader->out;
    const size_t size = out->size - start;
    if (!put_varint(reader, size)) {
        return false;
    }
    unsigned char length[10];
    const size_t length_size = out->size - start - size;
    (void) memcpy(length, out->data + start + size, length_size);
    (void) memmove(out->data + start + length_size, out->data + start, size);
    (void) memcpy(out->data + start, length, length_size);
    return true;
}

/* Values. */

/* As JSON has numbers, more or less: no blanks, no hexadecimal. */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-' ? 1 : 0);
    return *at >= '0' && *at <= '9' && text[strspn(text, "+-.0123456789eE")] == '\0';
}

static bool read_double(tr_json_reader *reader, double *out_number)
{
    tr_json_word word;
    char *end = NULL;
    if (!tr_json_scan_digits(reader, &word)) {
        return false;
    }
    if (strcmp(word.text, "NaN") == 0) {
        *out_number = (double) NAN;
        return true;
    }
    if (strcmp(word.text, "Infinity") == 0 || strcmp(word.text, "-Infinity") == 0) {
        *out_number = word.text[0] == '-' ? -(double) INFINITY : (double) INFINITY;
        return true;
    }
    *out_number = tr_json_to_real(word.text, &end);
    if (!is_number(word.text) || *end != '\0' || isinf(*out_number)) {
        return tr_json_blame(reader, "there should be a number");
    }
    return true;
}

/* Two's complement of what lies from `least` to `most`. */
static bool read_integer(tr_json_reader *reader, int64_t least, uint64_t most, uint64_t *out_bits)
{
    tr_json_word word;
    char *end = NULL;
    if (!tr_json_scan_digits(reader, &word)) {
        return false;
    }
    const bool is_negative = word.text[0] == '-';
    const char *digits = word.text + (is_negative ? 1 : 0);
    errno = 0;
    uint64_t size = strtoull(digits, &end, 10);
    if (is_number(word.text) && *end != '\0') { /* 1e3 and 1.0 are whole numbers, too */
        const double number = tr_json_to_real(digits, &end);
        const bool is_whole =
            number < 18446744073709551616.0 && (double) (uint64_t) number == number;
        size = is_whole ? (uint64_t) number : 0;
        errno = is_whole ? errno : ERANGE;
    }
    if (!is_number(word.text) || *end != '\0' || errno != 0 ||
        (is_negative ? size > 0 - (uint64_t) least : size > most)) {
        return tr_json_blame(reader, "there should be a whole number from %lld to %llu",
                             (long long) least, (unsigned long long) most);
    }
    *out_bits = is_negative ? 0 - size : size;
    return true;
}

static uint64_t zigzag(uint64_t bits)
{
    return bits << 1 ^ (0 - (bits >> 63));
}

static bool read_integer_field(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    uint64_t bits = 0;
    switch ((unsigned) field->type) {
    case PROTOBUF_C_TYPE_INT32:
        return read_integer(reader, INT32_MIN, INT32_MAX, &bits) &&
               put_tag(reader, field, WIRE_VARINT) && put_varint(reader, bits);
    case PROTOBUF_C_TYPE_SINT32:
        return read_integer(reader, INT32_MIN, INT32_MAX, &bits) &&
               put_tag(reader, field, WIRE_VARINT) && put_varint(reader, zigzag(bits));
    case PROTOBUF_C_TYPE_SFIXED32:
        return read_integer(reader, INT32_MIN, INT32_MAX, &bits) &&
               put_tag(reader, field, WIRE_32) && put_fixed(reader, bits, 4);
    case PROTOBUF_C_TYPE_INT64:
        return read_integer(reader, INT64_MIN, INT64_MAX, &bits) &&
               put_tag(reader, field, WIRE_VARINT) && put_varint(reader, bits);
    case PROTOBUF_C_TYPE_SINT64:
        return read_integer(reader, INT64_MIN, INT64_MAX, &bits) &&
               put_tag(reader, field, WIRE_VARINT) && put_varint(reader, zigzag(bits));
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_integer(reader, INT64_MIN, INT64_MAX, &bits) &&
               put_tag(reader, field, WIRE_64) && put_fixed(reader, bits, 8);
    case PROTOBUF_C_TYPE_UINT32:
        return read_integer(reader, 0, UINT32_MAX, &bits) && put_tag(reader, field, WIRE_VARINT) &&
               put_varint(reader, bits);
    case PROTOBUF_C_TYPE_FIXED32:
        return read_integer(reader, 0, UINT32_MAX, &bits) && put_tag(reader, field, WIRE_32) &&
               put_fixed(reader, bits, 4);
    case PROTOBUF_C_TYPE_UINT64:
        return read_integer(reader, 0, UINT64_MAX, &bits) && put_tag(reader, field, WIRE_VARINT) &&
               put_varint(reader, bits);
    default:
        return read_integer(reader, 0, UINT64_MAX, &bits) && put_tag(reader, field, WIRE_64) &&
               put_fixed(reader, bits, 8);
    }
}

static bool read_real(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    double number = 0;
    uint64_t bits = 0;
    if (!read_double(reader, &number)) {
        return false;
    }
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        (void) memcpy(&bits, &number, sizeof number);
        return put_tag(reader, field, WIRE_64) && put_fixed(reader, bits, 8);
    }
    const float small = (float) number;
    if (isinf(small) && !isinf(number)) {
        return tr_json_blame(reader, "this is too large for a float");
    }
    (void) memcpy(&bits, &small, sizeof small);
    return put_tag(reader, field, WIRE_32) && put_fixed(reader, bits, 4);
}

static bool read_bool(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    const bool is_true = tr_json_take_word(reader, "true");
    if (!is_true && !tr_json_take_word(reader, "false")) {
        return tr_json_blame(reader, "there should be true or false");
    }
    return put_tag(reader, field, WIRE_VARINT) && put_varint(reader, is_true ? 1 : 0);
}

static bool read_enum(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    uint64_t bits = 0;
    if (tr_json_peek(reader) == '"') {
        tr_json_word word;
        if (!tr_json_scan_word(reader, &word)) {
            return false;
        }
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value_by_name(type, word.text);
        if (value == NULL) {
            return tr_json_blame(reader, "'%s' is no %s", word.text, type->name);
        }
        bits = (uint64_t) (int64_t) value->value;
    } else if (!read_integer(reader, INT32_MIN, INT32_MAX, &bits)) {
        return false;
    }
    return put_tag(reader, field, WIRE_VARINT) && put_varint(reader, bits);
}

static bool read_string(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    if (!put_tag(reader, field, WIRE_BYTES)) {
        return false;
    }
    const size_t start = reader->out->size;
    if (!tr_json_scan_text(reader)) {
        return false;
    }
    if (memchr(reader->out->data + start, 0, reader->out->size - start) != NULL) {
        return tr_json_blame(reader, "a string has no \\u0000");
    }
    return put_length(reader, start);
}

/* Base64, of either alphabet, padded or not. */
static bool read_bytes(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!tr_json_need(reader, '"') || !put_tag(reader, field, WIRE_BYTES)) {
        return false;
    }
    const size_t start = reader->out->size;
    uint32_t bits = 0;
    unsigned count = 0;
    for (; reader->at < reader->end && *reader->at != '"' && *reader->at != '='; reader->at++) {
        const char given = *reader->at;
        const char letter = (char) (given == '-' ? '+' : given == '_' ? '/' : given);
        const char *digit = letter != '\0' ? strchr(digits, letter) : NULL;
        if (digit == NULL) {
            return tr_json_blame(reader, "bytes are written in base64");
        }
        bits = bits << 6 | (uint32_t) (digit - digits);
        count++;
        if (count % 4 != 1) { /* eight bits more are there */
            const unsigned char byte = (unsigned char) (bits >> (6 - 2 * ((count - 1) % 4)));
            tr_json_buffer_append(reader->out, &byte, 1);
        }
    }
    while (reader->at < reader->end && *reader->at == '=' && count % 4 != 0) {
        reader->at++;
        count++;
    }
    if (count % 4 == 1 || reader->at >= reader->end || *reader->at != '"') {
        return tr_json_blame(reader, "bytes are written in base64");
    }
    reader->at++;
    return put_length(reader, start);
}

/* Messages. */

static bool read_message(tr_json_reader *reader, const ProtobufCMessageDescriptor *type);

__attribute__((noinline)) static bool read_scalar(tr_json_reader *reader,
                                                  const ProtobufCFieldDescriptor *field)
{
    switch ((unsigned) field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_real(reader, field);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(reader, field);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reader, field);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(reader, field);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reader, field);
    default:
        return read_integer_field(reader, field);
    }
}

static bool read_value(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return read_scalar(reader, field);
    }
    if (!put_tag(reader, field, WIRE_BYTES)) {
        return false;
    }
    const size_t start = reader->out->size;
    return read_message(reader, field->descriptor) && put_length(reader, start);
}

static bool read_list(tr_json_reader *reader, const ProtobufCFieldDescriptor *field)
{
    if (!tr_json_need(reader, '[')) {
        return false;
    }
    if (tr_json_take(reader, ']')) {
        return true;
    }
    do {
        if (!read_value(reader, field)) {
            return false;
        }
    } while (tr_json_take(reader, ','));
    return tr_json_need(reader, ']');
}

/* Whether the name is that of the field, or what lowerCamelCase makes of it. */
static bool is_named(const ProtobufCFieldDescriptor *field, const char *name)
{
    if (strcmp(field->name, name) == 0) {
        return true;
    }
    bool is_after = false;
    for (const char *at = field->name; *at != '\0'; at++) {
        if (*at == '_') {
            is_after = true;
            continue;
        }
        const int raised = is_after && *at >= 'a' && *at <= 'z' ? 'A' - 'a' : 0;
        const char wanted = (char) (*at + raised);
        if (*name++ != wanted) {
            return false;
        }
        is_after = false;
    }
    return *name == '\0';
}

/* SIZE_MAX: there is none. */
static size_t find_field(const ProtobufCMessageDescriptor *type, const char *name)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        if (is_named(&type->fields[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Whether it, or another of its oneof, was given before; notes it. */
static bool was_seen(const ProtobufCMessageDescriptor *type, size_t index, uint64_t *seen)
{
    const ProtobufCFieldDescriptor *field = &type->fields[index];
    const bool is_one = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    bool was = false;
    for (size_t i = 0; i < type->n_fields && i < (size_t) 64 * SEEN_WORDS; i++) {
        const bool is_same =
            i == index ||
            (is_one && type->fields[i].quantifier_offset == field->quantifier_offset &&
             (type->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF));
        was = was || (is_same && (seen[i / 64] >> (i % 64) & 1) != 0);
    }
    if (index < (size_t) 64 * SEEN_WORDS) {
        seen[index / 64] |= UINT64_C(1) << (index % 64);
    }
    return was;
}

/* The field whose name comes, up to its colon; NULL: there is none. Apart, so that the name is not
 * on the stack of what lies deeper. */
__attribute__((noinline)) static const ProtobufCFieldDescriptor *
read_name(tr_json_reader *reader, const ProtobufCMessageDescriptor *type, uint64_t *seen)
{
    tr_json_word name;
    if (!tr_json_scan_word(reader, &name)) {
        return NULL;
    }
    const size_t index = find_field(type, name.text);
    if (index == SIZE_MAX) {
        (void) tr_json_blame(reader, "%s has no field '%s'", type->name, name.text);
        return NULL;
    }
    if (was_seen(type, index, seen)) {
        (void) tr_json_blame(reader, "'%s', or another of its oneof, is given already", name.text);
        return NULL;
    }
    return tr_json_need(reader, ':') ? &type->fields[index] : NULL;
}

static bool read_member(tr_json_reader *reader, const ProtobufCMessageDescriptor *type,
                        uint64_t *seen)
{
    const ProtobufCFieldDescriptor *field = read_name(reader, type, seen);
    if (field == NULL) {
        return false;
    }
    if (tr_json_take_word(reader, "null")) {
        return true;
    }
    return field->label == PROTOBUF_C_LABEL_REPEATED ? read_list(reader, field)
                                                     : read_value(reader, field);
}

static bool read_members(tr_json_reader *reader, const ProtobufCMessageDescriptor *type)
{
    uint64_t seen[SEEN_WORDS] = {0};
    if (!tr_json_need(reader, '{')) {
        return false;
    }
    if (tr_json_take(reader, '}')) {
        return true;
    }
    do {
        if (!read_member(reader, type, seen)) {
            return false;
        }
    } while (tr_json_take(reader, ','));
    return tr_json_need(reader, '}');
}

static bool read_message(tr_json_reader *reader, const ProtobufCMessageDescriptor *type)
{
    if (reader->depth == TR_JSON_DEPTH_MAX) {
        return tr_json_blame(reader, "it is nested too deep");
    }
    reader->depth++;
    const bool is_read = read_members(reader, type);
    reader->depth--;
    return is_read;
}

bool tr_json_read(const ProtobufCMessageDescriptor *type, const char *text, size_t size,
                  tr_json_buffer *out, char why[TR_JSON_WHY_SIZE])
{
    tr_json_reader reader = {.start = text, .at = text, .end = text + size, .out = out, .why = why};
    why[0] = '\0';
    return read_message(&reader, type) &&
           (tr_json_peek(&reader) == '\0' && reader.at == reader.end
                ? true
                : tr_json_blame(&reader, "something stands behind the message"));
}
