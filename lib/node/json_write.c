/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/protobuf.h"
#include "node/json.h"
#include "node/json_scan.h"

struct writer {
    tr_json_buffer *out;
    int depth;
};

static void put(struct writer *writer, const char *text)
{
    tr_json_buffer_append(writer->out, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void say(struct writer *writer, const char *format,
                                                      ...)
{
    char text[64]; /* of numbers, which fit */
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(writer, text);
}

static void write_text(struct writer *writer, const char *text)
{
    const unsigned char *at = (const unsigned char *) text;
    size_t left = strlen(text);
    put(writer, "\"");
    while (left > 0 && !writer->out->is_full) {
        const size_t size = tr_json_character(at, left);
        if (size == 0) {
            put(writer, "\\ufffd");
        } else if (*at == '"' || *at == '\\') {
            say(writer, "\\%c", *at);
        } else if (*at < 0x20 || *at == 0x7f) {
            say(writer, "\\u%04x", (unsigned) *at);
        } else if (*at == 0xc2 && at[1] < 0xa0) { /* control characters too, of two bytes */
            say(writer, "\\u%04x", (unsigned) at[1]);
        } else {
            tr_json_buffer_append(writer->out, at, size);
        }
        at += size != 0 ? size : 1;
        left -= size != 0 ? size : 1;
    }
    put(writer, "\"");
}

static void write_bytes(struct writer *writer, const ProtobufCBinaryData *bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    put(writer, "\"");
    for (size_t i = 0; i < bytes->len && !writer->out->is_full; i += 3) {
        uint32_t bits = (uint32_t) bytes->data[i] << 16;
        bits |= i + 1 < bytes->len ? (uint32_t) bytes->data[i + 1] << 8 : 0;
        bits |= i + 2 < bytes->len ? bytes->data[i + 2] : 0;
        char group[] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                        digits[bits & 63]};
        for (size_t missing = i + 3; missing > bytes->len; missing--) {
            group[3 - (i + 3 - missing)] = '=';
        }
        tr_json_buffer_append(writer->out, group, sizeof group);
    }
    put(writer, "\"");
}

/* With as many digits as it takes to read the same number. */
static void write_real(struct writer *writer, double number, bool is_float)
{
    char text[40];
    if (isnan(number) || isinf(number)) {
        put(writer, isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    for (int digits = is_float ? 6 : 15; digits <= 17; digits++) {
        tr_json_from_real(number, digits, text, sizeof text);
        const double again = tr_json_to_real(text, NULL);
        if (is_float ? (float) again == (float) number : again == number) {
            break;
        }
    }
    put(writer, text);
}

static void write_enum(struct writer *writer, const ProtobufCFieldDescriptor *field, int32_t number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);
    if (value != NULL) {
        write_text(writer, value->name);
    } else {
        say(writer, "%" PRId32, number);
    }
}

static bool write_message(struct writer *writer, const ProtobufCMessage *message);

/* The value that lies at `at`. */
static bool write_value(struct writer *writer, const ProtobufCFieldDescriptor *field,
                        const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        say(writer, "%" PRId32, *(const int32_t *) at);
        return true;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        say(writer, "\"%" PRId64 "\"", *(const int64_t *) at);
        return true;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        say(writer, "%" PRIu32, *(const uint32_t *) at);
        return true;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        say(writer, "\"%" PRIu64 "\"", *(const uint64_t *) at);
        return true;
    case PROTOBUF_C_TYPE_FLOAT:
        write_real(writer, (double) *(const float *) at, true);
        return true;
    case PROTOBUF_C_TYPE_DOUBLE:
        write_real(writer, *(const double *) at, false);
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        put(writer, *(const protobuf_c_boolean *) at ? "true" : "false");
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(writer, field, *(const int32_t *) at);
        return true;
    case PROTOBUF_C_TYPE_STRING:
        write_text(writer, *(const char *const *) at != NULL ? *(const char *const *) at : "");
        return true;
    case PROTOBUF_C_TYPE_BYTES:
        write_bytes(writer, at);
        return true;
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(writer, *(const ProtobufCMessage *const *) at);
    }
    return false;
}

static bool write_list(struct writer *writer, const ProtobufCFieldDescriptor *field,
                       const unsigned char *message)
{
    const size_t count = *(const size_t *) (const void *) (message + field->quantifier_offset);
    const unsigned char *values =
        *(const unsigned char *const *) (const void *) (message + field->offset);
    put(writer, "[");
    for (size_t i = 0; i < count && !writer->out->is_full; i++) {
        put(writer, i > 0 ? ", " : "");
        if (!write_value(writer, field, values + i * tr_protobuf_element_size(field))) {
            return false;
        }
    }
    put(writer, "]");
    return true;
}

/* Whether it has a value, or no way of having none. */
static bool is_there(const ProtobufCFieldDescriptor *field, const unsigned char *message)
{
    const void *quantifier = message + field->quantifier_offset;
    const void *at = message + field->offset;
    const bool is_pointer =
        field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *) quantifier == field->id &&
               (!is_pointer || *(const void *const *) at != NULL);
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_pointer) {
        return *(const protobuf_c_boolean *) quantifier != 0;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL) { /* a string that is not set is its default */
        return *(const void *const *) at != NULL &&
               *(const void *const *) at != field->default_value;
    }
    return field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED ||
           *(const void *const *) at != NULL;
}

/* In lowerCamelCase. */
static void write_name(struct writer *writer, const char *name)
{
    bool is_after = false;
    put(writer, "\"");
    for (; *name != '\0'; name++) {
        if (*name == '_') {
            is_after = true;
            continue;
        }
        const int raised = is_after && *name >= 'a' && *name <= 'z' ? 'A' - 'a' : 0;
        const char letter = (char) (*name + raised);
        tr_json_buffer_append(writer->out, &letter, 1);
        is_after = false;
    }
    put(writer, "\": ");
}

static bool write_members(struct writer *writer, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const unsigned char *bytes = (const unsigned char *) message;
    bool has_more = false;
    put(writer, "{");
    for (unsigned i = 0; i < type->n_fields && !writer->out->is_full; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (!is_there(field, bytes)) {
            continue;
        }
        put(writer, has_more ? ", " : "");
        has_more = true;
        write_name(writer, field->name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED
                ? !write_list(writer, field, bytes)
                : !write_value(writer, field, bytes + field->offset)) {
            return false;
        }
    }
    put(writer, "}");
    return true;
}

static bool write_message(struct writer *writer, const ProtobufCMessage *message)
{
    if (writer->depth == TR_JSON_DEPTH_MAX || writer->out->is_full) {
        return false;
    }
    writer->depth++;
    const bool is_written = write_members(writer, message);
    writer->depth--;
    return is_written;
}

bool tr_json_write(const ProtobufCMessage *message, tr_json_buffer *out)
{
    struct writer writer = {.out = out};
    return write_message(&writer, message) && !out->is_full;
}
