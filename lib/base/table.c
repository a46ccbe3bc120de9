/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include "base/assert.h"
#include "base/memory.h"

#include <stddef.h>

#define CAPACITY_MIN UINT32_C(4)
#define NO_INDEX UINT32_MAX

struct entry {
    void *value; /* NULL while free */
    uint32_t serial;
    uint32_t next_free; /* index, in the queue of free entries */
};

struct tr_table_block {
    uint32_t capacity;
    uint32_t used; /* entries from here on were never used */
    uint32_t free_first;
    uint32_t free_last;
    struct entry entries[];
};

_Static_assert(sizeof(tr_table) <= 32, "every actor has some tables");

static size_t size_of(uint32_t capacity)
{
    return sizeof(tr_table_block) + capacity * sizeof(struct entry);
}

static uint64_t id_of(const tr_table_block *block, uint32_t index)
{
    return ((uint64_t) block->entries[index].serial << 32) | (index + 1);
}

static struct entry *entry_of(const tr_table *table, uint64_t id)
{
    tr_table_block *block = table->block;
    const uint32_t index = (uint32_t) id - 1; /* wraps for 0, and is then too large */
    if (block == NULL || index >= block->used) {
        return NULL;
    }
    struct entry *entry = &block->entries[index];
    return entry->value != NULL && entry->serial == id >> 32 ? entry : NULL;
}

static tr_table_block *create_block(tr_table *table)
{
    const uint32_t capacity = table->limit < CAPACITY_MIN ? table->limit : CAPACITY_MIN;
    tr_table_block *block = tr_allocate(table->allocator, size_of(capacity));
    if (block != NULL) {
        block->capacity = capacity;
        block->free_first = NO_INDEX;
        block->free_last = NO_INDEX;
    }
    return block;
}

static tr_table_block *grow_block(tr_table *table)
{
    const uint32_t old = table->block->capacity;
    const uint32_t capacity = old < table->limit / 2 ? 2 * old : table->limit;
    tr_table_block *block =
        tr_resize(table->allocator, table->block, size_of(old), size_of(capacity));
    if (block != NULL) {
        block->capacity = capacity;
    }
    return block;
}

static troupe_error reserve_one(tr_table *table)
{
    if (table->count >= table->limit) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    if (table->block != NULL && table->count < table->block->capacity) {
        return TROUPE_OK;
    }

    tr_table_block *block = table->block == NULL ? create_block(table) : grow_block(table);
    if (block == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    table->block = block;
    return TROUPE_OK;
}

/* Unused ones first, so that a used one rests for as long as there is room. */
static uint32_t take_index(tr_table_block *block)
{
    if (block->used < block->capacity) {
        const uint32_t index = block->used;
        block->used++;
        block->entries[index] = (struct entry) {.next_free = NO_INDEX};
        return index;
    }

    const uint32_t index = block->free_first;
    TR_ASSERT(index < block->used);
    block->free_first = block->entries[index].next_free;
    if (block->free_first == NO_INDEX) {
        block->free_last = NO_INDEX;
    }
    return index;
}

static void give_index(tr_table_block *block, uint32_t index)
{
    block->entries[index].next_free = NO_INDEX;
    if (block->free_last == NO_INDEX) {
        block->free_first = index;
    } else {
        block->entries[block->free_last].next_free = index;
    }
    block->free_last = index;
}

void tr_table_init(tr_table *table, const troupe_allocator *allocator, uint32_t limit)
{
    TR_ASSERT(limit < UINT32_MAX);
    *table = (tr_table) {.allocator = allocator, .limit = limit};
}

void tr_table_fini(tr_table *table)
{
    if (table->block != NULL) {
        tr_free(table->allocator, table->block, size_of(table->block->capacity));
    }
    table->block = NULL;
    table->count = 0;
}

troupe_error tr_table_add(tr_table *table, void *value, uint64_t *out_id)
{
    TR_ASSERT(value != NULL);
    const troupe_error error = reserve_one(table);
    if (error) {
        return error;
    }

    const uint32_t index = take_index(table->block);
    TR_ASSERT(table->block->entries[index].value == NULL);
    table->block->entries[index].value = value;
    table->count++;
    *out_id = id_of(table->block, index);
    return TROUPE_OK;
}

void *tr_table_find(const tr_table *table, uint64_t id)
{
    const struct entry *entry = entry_of(table, id);
    return entry != NULL ? entry->value : NULL;
}

void *tr_table_remove(tr_table *table, uint64_t id)
{
    struct entry *entry = entry_of(table, id);
    if (entry == NULL) {
        return NULL;
    }

    void *value = entry->value;
    entry->value = NULL;
    entry->serial++;
    give_index(table->block, (uint32_t) id - 1);
    table->count--;
    return value;
}

void *tr_table_next(const tr_table *table, uint64_t *id)
{
    const tr_table_block *block = table->block;
    if (block == NULL) {
        return NULL;
    }
    for (uint32_t index = (uint32_t) *id; index < block->used; index++) {
        if (block->entries[index].value != NULL) {
            *id = id_of(block, index);
            return block->entries[index].value;
        }
    }
    return NULL;
}

bool tr_table_is_sound(const tr_table *table)
{
    const tr_table_block *block = table->block;
    if (block == NULL) {
        return table->count == 0;
    }

    uint32_t free_count = 0;
    uint32_t last = NO_INDEX;
    for (uint32_t index = block->free_first; index != NO_INDEX;
         index = block->entries[index].next_free) {
        if (index >= block->used || block->entries[index].value != NULL ||
            free_count == block->used) {
            return false;
        }
        free_count++;
        last = index;
    }
    return last == block->free_last && table->count + free_count == block->used &&
           block->used <= block->capacity && block->capacity <= table->limit;
}
