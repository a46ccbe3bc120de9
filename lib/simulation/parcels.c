/* SPDX-License-Identifier: MIT */
#include "simulation/parcels.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/worker.h"

struct parcel {
    tr_batch batch;
    uint64_t due_ns;
    struct parcel *next;
};

struct tr_way {
    struct parcel *first;
    struct parcel *last;
};

static size_t ways_size(uint32_t ends)
{
    return (size_t) ends * ends * sizeof(tr_way);
}

static size_t used_size(uint32_t ends)
{
    return (size_t) ends * ends * sizeof(uint32_t);
}

troupe_error tr_parcels_init(tr_parcels *parcels, uint32_t ends)
{
    const troupe_allocator *allocator = tr_allocator_default();
    *parcels = (tr_parcels) {.ends = ends};
    parcels->ways = tr_allocate(allocator, ways_size(ends));
    parcels->used = tr_allocate(allocator, used_size(ends));
    if (parcels->ways == NULL || parcels->used == NULL) {
        tr_parcels_fini(parcels);
        return TROUPE_ERROR_NO_MEMORY;
    }
    return TROUPE_OK;
}

void tr_parcels_fini(tr_parcels *parcels)
{
    TR_ASSERT(parcels->used_count == 0);
    tr_free(tr_allocator_default(), parcels->ways, ways_size(parcels->ends));
    tr_free(tr_allocator_default(), parcels->used, used_size(parcels->ends));
    *parcels = (tr_parcels) {0};
}

static const struct parcel *first_of(const tr_parcels *parcels, uint32_t used_at)
{
    return parcels->ways[parcels->used[used_at]].first;
}

troupe_error tr_parcels_add(tr_parcels *parcels, uint32_t from, uint32_t to, const tr_batch *batch,
                            uint64_t due_ns)
{
    TR_ASSERT(from < parcels->ends && to < parcels->ends);
    struct parcel *parcel = tr_allocate(tr_allocator_default(), sizeof *parcel);
    TR_REQUIRE(parcel != NULL, NO_MEMORY);

    const uint32_t index = from * parcels->ends + to;
    tr_way *way = &parcels->ways[index];
    *parcel = (struct parcel) {.batch = *batch, .due_ns = due_ns};
    if (way->first == NULL) {
        way->first = parcel;
        parcels->used[parcels->used_count++] = index;
    } else {
        way->last->next = parcel;
        if (due_ns < way->last->due_ns) {
            parcel->due_ns = way->last->due_ns;
        }
    }
    way->last = parcel;
    return TROUPE_OK;
}

uint32_t tr_parcels_due_count(const tr_parcels *parcels, uint64_t now_ns)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < parcels->used_count; i++) {
        count += first_of(parcels, i)->due_ns <= now_ns ? 1 : 0;
    }
    return count;
}

static void take_out(tr_parcels *parcels, uint32_t used_at)
{
    parcels->used_count--;
    for (uint32_t i = used_at; i < parcels->used_count; i++) {
        parcels->used[i] = parcels->used[i + 1];
    }
}

uint32_t tr_parcels_take(tr_parcels *parcels, uint64_t now_ns, uint32_t choice, tr_batch *out_batch)
{
    uint32_t used_at = 0;
    while (first_of(parcels, used_at)->due_ns > now_ns || choice-- > 0) {
        used_at++;
        TR_ASSERT(used_at < parcels->used_count);
    }

    const uint32_t index = parcels->used[used_at];
    tr_way *way = &parcels->ways[index];
    struct parcel *parcel = way->first;
    way->first = parcel->next;
    if (way->first == NULL) {
        take_out(parcels, used_at);
    }
    *out_batch = parcel->batch;
    tr_free(tr_allocator_default(), parcel, sizeof *parcel);
    return index % parcels->ends;
}

void tr_parcels_drop(tr_parcels *parcels, const tr_ends *ends)
{
    while (parcels->used_count > 0) {
        tr_batch batch;
        const uint32_t to = tr_parcels_take(parcels, TR_NEVER, 0, &batch);
        tr_worker_drop(tr_ends_worker(ends, to), &batch);
    }
}

uint64_t tr_parcels_next_due_ns(const tr_parcels *parcels)
{
    uint64_t next_ns = TR_NEVER;
    for (uint32_t i = 0; i < parcels->used_count; i++) {
        const uint64_t due_ns = first_of(parcels, i)->due_ns;
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

uint64_t tr_parcels_held(const tr_parcels *parcels)
{
    uint64_t held = 0;
    for (uint32_t i = 0; i < parcels->used_count; i++) {
        for (const struct parcel *at = first_of(parcels, i); at != NULL; at = at->next) {
            for (const troupe_message *message = at->batch.head; message != NULL;
                 message = message->next) {
                held += tr_message_has(message, TR_MESSAGE_ACCEPTED) ? 1 : 0;
            }
        }
    }
    return held;
}
