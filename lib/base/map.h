/* SPDX-License-Identifier: MIT */
/* map: a hash map of nodes that lie in the things mapped.
 *
 * A node keeps its hash; what makes two keys equal is the caller's to say. Chains, powers of two.
 * Owns:       the buckets; the nodes are the caller's.
 * Invariants: count <= bucket_count; a node is in the bucket that its hash names.
 * Threads:    only the thread that owns the map.
 * Fails:      only in reserve; adding after it, finding and removing never do. */
#ifndef TR_BASE_MAP_H
#define TR_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>

typedef struct tr_map_node tr_map_node;
struct tr_map_node {
    tr_map_node *next;
    uint64_t hash;
};

typedef struct tr_map {
    const troupe_allocator *allocator; /* borrowed */
    tr_map_node **buckets;             /* NULL until the first reserve */
    size_t bucket_count;               /* 0 or a power of two */
    size_t count;
} tr_map;

/* Takes no memory yet. */
void tr_map_init(tr_map *map, const troupe_allocator *allocator);

/* Leaves the nodes, if there are any, as they are. */
void tr_map_fini(tr_map *map);

/* Makes sure that the next add finds room.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_map_reserve_one(tr_map *map);

/* After tr_map_reserve_one. Does not look whether an equal key is there. */
void tr_map_add(tr_map *map, tr_map_node *node, uint64_t hash);

/* The node of this hash that `matches` accepts, or NULL. */
tr_map_node *tr_map_find(const tr_map *map, uint64_t hash,
                         bool (*matches)(const tr_map_node *node, const void *key),
                         const void *key);

/* The node is in the map. */
void tr_map_remove(tr_map *map, tr_map_node *node);

/* All nodes in no order that means anything; NULL after the last. To remove `node` on the way, ask
 * for the next one first. */
tr_map_node *tr_map_first(const tr_map *map);
tr_map_node *tr_map_next(const tr_map *map, const tr_map_node *node);

/* True if every invariant above holds; walks the whole map. For tests. */
bool tr_map_is_sound(const tr_map *map);

/* Hashes that are the same on every machine and in every run; not proof against keys chosen to
 * collide. */
uint64_t tr_hash_u64(uint64_t number);
uint64_t tr_hash_bytes(const void *data, size_t size);

#endif
