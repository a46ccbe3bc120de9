/* SPDX-License-Identifier: MIT */
/* json: protobuf messages as JSON in proto3's form, and the other way round.
 *
 * Names of fields are written as lowerCamelCase, and read so or as the .proto has them; 64-bit
 * integers are written as texts, bytes as base64, enums by name. Maps are lists of their entries.
 * Written is what has a value, and each field that has no way of not having one.
 * Owns:       what a buffer holds.
 * Invariants: what is read is an encoding of the type, but for required fields that are missing.
 * Threads:    any, each buffer one.
 * Fails:      as said; a buffer that finds no memory, or is at its limit, takes no more.
 * Uses:       json_scan. json_read.c has the one, json_write.c the other. */
#ifndef TR_NODE_JSON_H
#define TR_NODE_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <troupe/allocator.h>

/* Messages in messages, the outermost counted. */
#define TR_JSON_DEPTH_MAX 32
#define TR_JSON_WHY_SIZE 160

typedef struct tr_json_buffer {
    const troupe_allocator *allocator; /* borrowed */
    size_t limit;
    unsigned char *data;
    size_t size;
    size_t capacity;
    bool is_full; /* something found no room */
} tr_json_buffer;

void tr_json_buffer_append(tr_json_buffer *buffer, const void *data, size_t size);
void tr_json_buffer_free(tr_json_buffer *buffer);

/* Puts the encoding of the message behind what the buffer holds. False: `why` says what is wrong,
 * and where. */
bool tr_json_read(const ProtobufCMessageDescriptor *type, const char *text, size_t size,
                  tr_json_buffer *out, char why[TR_JSON_WHY_SIZE]);

/* Puts the text behind what the buffer holds, without an end. False: it does not fit, or is nested
 * too deep; what is in the buffer is of no use then. */
bool tr_json_write(const ProtobufCMessage *message, tr_json_buffer *out);

/* The length of the character of UTF-8 that begins at `text`, of which there are `size` bytes; 0:
 * there is none. */
size_t tr_json_character(const unsigned char *text, size_t size);

#endif
