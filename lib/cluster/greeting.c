/* SPDX-License-Identifier: MIT */
#include "cluster/greeting.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "cluster/check.h"
#include "core/nodes.h"
#include "greeting.pb-c.h"

/* Taken from by the unpacking of one greeting, and all forgotten afterwards. */
struct heap {
    size_t used;
    _Alignas(16) unsigned char block[4 * TR_GREETING_BYTES_READ_MAX];
};

static void *take(void *context, size_t size)
{
    struct heap *heap = context;
    const size_t at = heap->used;
    if (size > sizeof heap->block - at) {
        return NULL;
    }
    heap->used = (at + size + 15) & ~(size_t) 15;
    heap->used = heap->used < sizeof heap->block ? heap->used : sizeof heap->block;
    return heap->block + at;
}

static void give(void *context, void *memory)
{
    (void) context;
    (void) memory;
}

tr_greeting tr_greeting_of(uint64_t node, const char *name)
{
    tr_greeting greeting = {
        .node = node, .version_least = TR_PROTOCOL_VERSION, .version_most = TR_PROTOCOL_VERSION};
    (void) snprintf(greeting.name, sizeof greeting.name, "%s", name); /* cut if long */
    return greeting;
}

size_t tr_greeting_write(const tr_greeting *greeting, unsigned char *out_data)
{
    Troupe__Greeting packed = TROUPE__GREETING__INIT;
    packed.version_least = greeting->version_least;
    packed.version_most = greeting->version_most;
    packed.node = greeting->node;
    packed.name = (char *) (uintptr_t) greeting->name; /* protobuf-c has no const here */
    packed.labels = (char *) (uintptr_t) greeting->labels;
    TR_ASSERT(troupe__greeting__get_packed_size(&packed) <= TR_GREETING_BYTES_MAX);
    return troupe__greeting__pack(&packed, out_data);
}

bool tr_greeting_read(const void *data, size_t size, tr_greeting *out_greeting)
{
    struct heap heap;
    heap.used = 0;
    ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = &heap};
    if (size > TR_GREETING_BYTES_READ_MAX ||
        !tr_check_packed(&troupe__greeting__descriptor, data, size, 1)) {
        return false;
    }
    const Troupe__Greeting *packed = troupe__greeting__unpack(&allocator, size, data);
    if (packed == NULL || packed->node == 0 || strlen(packed->name) > TR_NODE_NAME_MAX ||
        packed->version_least > packed->version_most) {
        return false;
    }
    *out_greeting = tr_greeting_of(packed->node, packed->name);
    if (tr_nodes_are_labels(packed->labels)) { /* else it is of another make, and has none */
        (void) snprintf(out_greeting->labels, sizeof out_greeting->labels, "%s", packed->labels);
    }
    out_greeting->version_least = packed->version_least;
    out_greeting->version_most = packed->version_most;
    return true;
}

bool tr_greeting_is_understood(const tr_greeting *greeting)
{
    return greeting->version_least <= TR_PROTOCOL_VERSION &&
           greeting->version_most >= TR_PROTOCOL_VERSION;
}
