/* SPDX-License-Identifier: MIT */
/* protobuf: copies a message of any protobuf-c type, with all it points to, into one block.
 *
 * What is copied is what a reader may look at: of a oneof the member that is set, of a bytes field
 * that is not set its default. Strings and bytes that are the type's static default stay where they
 * are. The copy is freed with the block, never by protobuf_c_message_free_unpacked.
 * Owns:    nothing.
 * Threads: any.
 * Fails:   only tr_protobuf_measure. */
#ifndef TR_CORE_PROTOBUF_H
#define TR_CORE_PROTOBUF_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <troupe/error.h>

/* Messages in messages, the outermost counted. Bounds the stack that a copy takes; protobuf's own
 * parsers stop at 100. */
#define TR_PROTOBUF_DEPTH_MAX 64

/* The size of the block that a copy takes.
 * Errors: BAD_ARGUMENT if this is no message, if a pointer is missing that has to be there, or if
 *         it is nested too deep; TOO_LARGE above TR_MESSAGE_BYTES_MAX. */
TROUPE_MUST_CHECK troupe_error tr_protobuf_measure(const ProtobufCMessage *message,
                                                   size_t *out_size);

/* The copy, at the start of `block`, which is aligned to 16 and of the size measured. The message
 * must not have changed since. */
ProtobufCMessage *tr_protobuf_copy(const ProtobufCMessage *message, void *block, size_t size);

/* What one value of the field takes in a message, or in the array of a repeated field. */
size_t tr_protobuf_element_size(const ProtobufCFieldDescriptor *field);

#endif
