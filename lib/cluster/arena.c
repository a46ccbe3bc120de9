/* SPDX-License-Identifier: MIT */
#include "cluster/arena.h"

#include "base/assert.h"
#include "base/memory.h"

#define ALIGNMENT ((size_t) 16)
#define CAPACITY_MIN ((size_t) 16 << 10)

static void *take(void *context, size_t size)
{
    tr_arena *arena = context;
    if (size > arena->limit) {
        arena->is_short = true;
        return NULL;
    }
    const size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (rounded > arena->capacity - arena->used) {
        arena->is_short = true;
        return NULL;
    }
    void *place = arena->block + arena->used;
    arena->used += rounded;
    return place;
}

static void give(void *context, void *place)
{
    (void) context;
    (void) place; /* all goes together */
}

void tr_arena_init(tr_arena *arena, const troupe_allocator *allocator, size_t limit)
{
    *arena = (tr_arena) {.allocator = allocator,
                         .limit = limit,
                         .port = {.alloc = take, .free = give, .allocator_data = arena}};
}

void tr_arena_fini(tr_arena *arena)
{
    if (arena->block != NULL) {
        tr_free(arena->allocator, arena->block, arena->capacity);
    }
    arena->block = NULL;
    arena->capacity = 0;
    arena->used = 0;
}

/* Another block, of the size or twice as large as before; false at the limit or without memory. */
static bool grow(tr_arena *arena, size_t least)
{
    const size_t doubled = 2 * arena->capacity;
    const size_t usual = doubled < CAPACITY_MIN ? CAPACITY_MIN : doubled;
    const size_t wanted = usual < least ? least : usual;
    const size_t size = wanted < arena->limit ? wanted : arena->limit;
    if (size <= arena->capacity) {
        return false;
    }
    unsigned char *block = tr_allocate_unset(arena->allocator, size);
    if (block == NULL) {
        arena->lacks_memory = true;
        return false;
    }
    tr_arena_fini(arena);
    arena->block = block;
    arena->capacity = size;
    return true;
}

ProtobufCMessage *tr_arena_unpack(tr_arena *arena, const ProtobufCMessageDescriptor *descriptor,
                                  const void *data, size_t size)
{
    ProtobufCMessage *message = NULL;
    arena->lacks_memory = false;
    do {
        arena->used = 0;
        arena->is_short = false;
        message = protobuf_c_message_unpack(descriptor, &arena->port, size, data);
    } while (message == NULL && arena->is_short && grow(arena, 0));
    return message;
}

bool tr_arena_reserve(tr_arena *arena, size_t size)
{
    arena->lacks_memory = false;
    arena->used = 0;
    return size <= arena->capacity || (size <= arena->limit && grow(arena, size));
}

unsigned char *tr_arena_take(tr_arena *arena, size_t size)
{
    TR_ASSERT(size <= arena->capacity - arena->used);
    unsigned char *place = arena->block + arena->used;
    arena->used += size;
    return place;
}
