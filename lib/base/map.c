/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include "base/assert.h"
#include "base/memory.h"

/* What a map begins with; small, because many stay small. */
#define BUCKETS_MIN ((size_t) 8)

static tr_map_node **bucket_of(const tr_map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

static size_t size_of(size_t bucket_count)
{
    return bucket_count * sizeof(tr_map_node *);
}

static void push(tr_map *map, tr_map_node *node)
{
    tr_map_node **bucket = bucket_of(map, node->hash);
    node->next = *bucket;
    *bucket = node;
    map->count++;
}

static tr_map_node *first_from(const tr_map *map, size_t bucket)
{
    for (; bucket < map->bucket_count; bucket++) {
        if (map->buckets[bucket] != NULL) {
            return map->buckets[bucket];
        }
    }
    return NULL;
}

void tr_map_init(tr_map *map, const troupe_allocator *allocator)
{
    *map = (tr_map) {.allocator = allocator};
}

void tr_map_fini(tr_map *map)
{
    tr_free(map->allocator, map->buckets, size_of(map->bucket_count));
    tr_map_init(map, map->allocator);
}

troupe_error tr_map_reserve_one(tr_map *map)
{
    if (map->count < map->bucket_count) {
        return TROUPE_OK;
    }

    tr_map wider = *map;
    wider.count = 0;
    wider.bucket_count = map->bucket_count > 0 ? 2 * map->bucket_count : BUCKETS_MIN;
    wider.buckets = tr_allocate(map->allocator, size_of(wider.bucket_count));
    if (wider.buckets == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }

    tr_map_node *node = tr_map_first(map);
    while (node != NULL) {
        tr_map_node *next = tr_map_next(map, node);
        push(&wider, node);
        node = next;
    }
    tr_map_fini(map);
    *map = wider;
    return TROUPE_OK;
}

void tr_map_add(tr_map *map, tr_map_node *node, uint64_t hash)
{
    TR_ASSERT(map->count < map->bucket_count);
    node->hash = hash;
    push(map, node);
}

tr_map_node *tr_map_find(const tr_map *map, uint64_t hash,
                         bool (*matches)(const tr_map_node *node, const void *key), const void *key)
{
    if (map->count == 0) {
        return NULL;
    }
    for (tr_map_node *node = *bucket_of(map, hash); node != NULL; node = node->next) {
        if (node->hash == hash && matches(node, key)) {
            return node;
        }
    }
    return NULL;
}

void tr_map_remove(tr_map *map, tr_map_node *node)
{
    TR_ASSERT(map->count > 0);
    tr_map_node **link = bucket_of(map, node->hash);
    while (*link != node) {
        TR_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
    node->next = NULL;
    map->count--;
}

tr_map_node *tr_map_first(const tr_map *map)
{
    return first_from(map, 0);
}

tr_map_node *tr_map_next(const tr_map *map, const tr_map_node *node)
{
    if (node->next != NULL) {
        return node->next;
    }
    return first_from(map, (node->hash & (map->bucket_count - 1)) + 1);
}

bool tr_map_is_sound(const tr_map *map)
{
    size_t count = 0;
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (const tr_map_node *node = map->buckets[i]; node != NULL; node = node->next) {
            if (bucket_of(map, node->hash) != &map->buckets[i]) {
                return false;
            }
            count++;
        }
    }
    return count == map->count && count <= map->bucket_count &&
           (map->bucket_count & (map->bucket_count - 1)) == 0;
}

uint64_t tr_hash_u64(uint64_t number)
{
    /* The finaliser of splitmix64 (see base/random): every bit in moves every bit out. */
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

/* Up to 8 bytes, the first lowest, whatever the machine's own order. */
static uint64_t read_bytes(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number |= (uint64_t) bytes[i] << (8 * i);
    }
    return number;
}

uint64_t tr_hash_bytes(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = tr_hash_u64((uint64_t) size + odd);
    for (; size > 8; size -= 8, bytes += 8) {
        hash = (hash ^ tr_hash_u64(read_bytes(bytes, 8) + odd)) * odd;
    }
    return tr_hash_u64(hash ^ read_bytes(bytes, size));
}
