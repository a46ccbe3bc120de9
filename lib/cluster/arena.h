/* SPDX-License-Identifier: MIT */
/* arena: memory for unpacking one thing at a time, with a bound.
 *
 * Owns:       one block, which grows up to the limit.
 * Invariants: used <= capacity <= limit.
 * Threads:    its owner's.
 * Fails:      an allocation that finds no room says so in is_short. */
#ifndef TR_CLUSTER_ARENA_H
#define TR_CLUSTER_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <troupe/allocator.h>

typedef struct tr_arena {
    const troupe_allocator *allocator; /* borrowed */
    unsigned char *block;
    size_t capacity;
    size_t used;
    size_t limit;
    bool is_short;
    bool lacks_memory;       /* the last unpacking ended as there was no more, within the limit */
    ProtobufCAllocator port; /* by which protobuf-c takes its memory here */
} tr_arena;

/* Takes no memory yet. The arena is not moved in memory afterwards. */
void tr_arena_init(tr_arena *arena, const troupe_allocator *allocator, size_t limit);
void tr_arena_fini(tr_arena *arena);

/* Unpacks a message into the arena, in the place of what was there; NULL if it is malformed, takes
 * more than the limit or memory is out. */
ProtobufCMessage *tr_arena_unpack(tr_arena *arena, const ProtobufCMessageDescriptor *descriptor,
                                  const void *data, size_t size);

/* Makes room for so many bytes, in the place of what was there. False: that is more than the limit,
 * or memory is out. */
bool tr_arena_reserve(tr_arena *arena, size_t size);
/* Some of the room that was made, unset; aligned as long as all before it were of such sizes. */
unsigned char *tr_arena_take(tr_arena *arena, size_t size);

#endif
