/* SPDX-License-Identifier: MIT */
/* table: ids for things, and the thing of an id in constant time.
 *
 * An id holds the entry's index and how often that index was used before; so it tells a thing from
 * all that had its index earlier, until an index has been used 2^32 times. Indices that become free
 * are used again as late as possible.
 * Owns:       its block of entries; the values are the caller's.
 * Invariants: count <= limit; a free entry is either in the queue or above all that were used.
 * Threads:    only the thread that owns the table.
 * Fails:      only in add. */
#ifndef TR_BASE_TABLE_H
#define TR_BASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>

typedef struct tr_table_block tr_table_block;

/* Small: every actor has some. */
typedef struct tr_table {
    const troupe_allocator *allocator; /* borrowed */
    tr_table_block *block;             /* NULL until the first add */
    uint32_t count;
    uint32_t limit;
} tr_table;

/* Takes no memory yet. `limit` is below UINT32_MAX. */
void tr_table_init(tr_table *table, const troupe_allocator *allocator, uint32_t limit);

/* Leaves the values, if there are any, as they are. Ids given before mean nothing afterwards. */
void tr_table_fini(tr_table *table);

/* `value` is not NULL, *out_id never 0.
 * Errors: LIMIT_REACHED; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_table_add(tr_table *table, void *value, uint64_t *out_id);

/* NULL if nothing has this id, or nothing any more. Any number may be asked for. */
void *tr_table_find(const tr_table *table, uint64_t id);

/* The value that had this id, or NULL. */
void *tr_table_remove(tr_table *table, uint64_t id);

/* The value after that of *id in the order of the indices, and its id; NULL after the last. *id is
 * 0 at first. Entries may be removed on the way, that of *id too; those added may be missed. */
void *tr_table_next(const tr_table *table, uint64_t *id);

/* True if every invariant above holds; walks the whole table. For tests. */
bool tr_table_is_sound(const tr_table *table);

#endif
