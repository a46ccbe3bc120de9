/* SPDX-License-Identifier: MIT */
/* greeting: who is at the other end of a link, as it says itself (proto/troupe/greeting.proto).
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   in read. */
#ifndef TR_CLUSTER_GREETING_H
#define TR_CLUSTER_GREETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/nodes.h>

#define TR_PROTOCOL_VERSION 1

#define TR_NODE_NAME_MAX 63
/* What a packed one takes at most; a newer node's may be larger. */
#define TR_GREETING_BYTES_MAX 256
#define TR_GREETING_BYTES_READ_MAX 1024

typedef struct tr_greeting {
    uint64_t node;
    uint32_t version_least;
    uint32_t version_most;
    char name[TR_NODE_NAME_MAX + 1];
    char labels[TROUPE_NODE_LABELS_SIZE]; /* as core/nodes has them */
} tr_greeting;

/* Of this version of the protocol, without labels. A name that is longer is cut. */
tr_greeting tr_greeting_of(uint64_t node, const char *name);

/* Returns how much of the TR_GREETING_BYTES_MAX it has taken. */
size_t tr_greeting_write(const tr_greeting *greeting, unsigned char *out_data);

/* False: this is none. Its versions may be others than this one's. */
bool tr_greeting_read(const void *data, size_t size, tr_greeting *out_greeting);

/* Whether the two sides have a version in common. */
bool tr_greeting_is_understood(const tr_greeting *greeting);

#endif
