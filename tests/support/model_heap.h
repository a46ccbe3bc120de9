/* SPDX-License-Identifier: MIT */
/* model_heap: a binary heap of (due time, order of starting), to compare timers with.
 *
 * Entries are only ever added and popped; who cancels one keeps that in mind until it comes up.
 * Owns:       nothing; the room is the caller's.
 * Invariants: no entry comes before its parent; count <= capacity.
 * Threads:    the test's own. */
#ifndef TR_TESTS_SUPPORT_MODEL_HEAP_H
#define TR_TESTS_SUPPORT_MODEL_HEAP_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tr_model_entry {
    uint64_t due_ns;
    uint64_t order;
    uint64_t id; /* what is timed */
} tr_model_entry;

typedef struct tr_model_heap {
    tr_model_entry *entries;
    size_t count;
    size_t capacity;
} tr_model_heap;

static inline bool tr_model_is_before(const tr_model_entry *one, const tr_model_entry *other)
{
    return one->due_ns != other->due_ns ? one->due_ns < other->due_ns : one->order < other->order;
}

static inline void tr_model_heap_push(tr_model_heap *heap, tr_model_entry entry)
{
    assert(heap->count < heap->capacity);
    size_t at = heap->count;
    heap->count++;
    while (at > 0 && tr_model_is_before(&entry, &heap->entries[(at - 1) / 2])) {
        heap->entries[at] = heap->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->entries[at] = entry;
}

/* The first entry, or NULL when empty; until the next push or pop. */
static inline const tr_model_entry *tr_model_heap_peek(const tr_model_heap *heap)
{
    return heap->count > 0 ? &heap->entries[0] : NULL;
}

/* Removes the first entry; there must be one. */
static inline void tr_model_heap_pop(tr_model_heap *heap)
{
    assert(heap->count > 0);
    heap->count--;
    const tr_model_entry last = heap->entries[heap->count];
    size_t at = 0;
    size_t child = 1;
    while (child < heap->count) {
        if (child + 1 < heap->count &&
            tr_model_is_before(&heap->entries[child + 1], &heap->entries[child])) {
            child++;
        }
        if (!tr_model_is_before(&heap->entries[child], &last)) {
            break;
        }
        heap->entries[at] = heap->entries[child];
        at = child;
        child = 2 * at + 1;
    }
    heap->entries[at] = last;
}

#endif
