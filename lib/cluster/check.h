/* SPDX-License-Identifier: MIT */
/* check: looks over packed protobuf messages from outside before they are unpacked.
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   never. */
#ifndef TR_CLUSTER_CHECK_H
#define TR_CLUSTER_CHECK_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether the bytes are fields, one after the other, of a message of this type, in which messages
 * lie in each other no deeper than `depth`, the outermost counted; and what is not known of them
 * takes no more than a few fields. The values themselves are not looked at. */
bool tr_check_packed(const ProtobufCMessageDescriptor *descriptor, const void *data, size_t size,
                     unsigned depth);

#endif
