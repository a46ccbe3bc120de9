/* SPDX-License-Identifier: MIT */
#include "core/ends.h"

#include <stdalign.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/misuse.h"
#include "core/quarantine.h"

/* The allocator aligns for any type of the language; a worker has cache lines of its own. */
#define BLOCK_SIZE (sizeof(tr_worker) + alignof(tr_worker) - 1)

static tr_worker *align(void *block)
{
    const uintptr_t mask = alignof(tr_worker) - 1;
    const uintptr_t gap = -(uintptr_t) block & mask;
    return (tr_worker *) (void *) ((unsigned char *) block + gap);
}

/* Makes the worker of the next index. */
static troupe_error add(tr_ends *ends)
{
    const troupe_allocator *allocator = ends->system->ports.allocator;
    tr_end *end = &ends->ends[ends->count];
    end->block = tr_allocate(allocator, BLOCK_SIZE);
    if (end->block == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }

    end->worker = align(end->block);
    end->is_parked = false;
    const troupe_error error = tr_worker_init(end->worker, ends->system, ends->count);
    if (error) {
        tr_free(allocator, end->block, BLOCK_SIZE);
        *end = (tr_end) {0};
        return error;
    }
    /* Pairs with the acquire in tr_system_worker. */
    atomic_store_explicit(&ends->system->workers[ends->count], end->worker, memory_order_release);
    ends->count++;
    return TROUPE_OK;
}

troupe_error tr_ends_init(tr_ends *ends, tr_system *system)
{
    const uint32_t count = tr_system_fixed_workers(system);
    TR_ASSERT(count <= system->options.ends_max);
    TR_ASSERT(system->options.ends_max <= TR_ENDS_MAX);
    *ends = (tr_ends) {.system = system};
    while (ends->count < count) {
        const troupe_error error = add(ends);
        if (error) {
            tr_ends_fini(ends);
            return error;
        }
    }
    return TROUPE_OK;
}

void tr_ends_fini(tr_ends *ends)
{
    if (ends->count > 0) {
        tr_quarantine_fini(ends->ends[0].worker);
    }
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_worker_drop_queues(ends->ends[i].worker);
    }
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_worker_fini(ends->ends[i].worker);
    }
    if (ends->system->options.is_debug != 0) {
        (void) tr_misuse_report_leaks(ends); /* it has told the log */
    }
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_worker_fini_pool(ends->ends[i].worker);
    }
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_free(ends->system->ports.allocator, ends->ends[i].block, BLOCK_SIZE);
    }
    *ends = (tr_ends) {0};
}

troupe_error tr_ends_take(tr_ends *ends, uint32_t *out_index, bool *out_is_new)
{
    for (uint32_t i = 0; i < ends->count; i++) {
        if (ends->ends[i].is_parked) {
            ends->ends[i].is_parked = false;
            *out_index = i;
            *out_is_new = false;
            return TROUPE_OK;
        }
    }

    const uint32_t index = ends->count;
    TR_REQUIRE(index < ends->system->options.ends_max, LIMIT_REACHED);
    const troupe_error error = add(ends);
    if (error) {
        return error;
    }
    *out_index = index;
    *out_is_new = true;
    return TROUPE_OK;
}

void tr_ends_undo(tr_ends *ends, uint32_t index)
{
    TR_ASSERT(index + 1 == ends->count);
    tr_end *end = &ends->ends[index];
    tr_worker_fini(end->worker);
    tr_worker_fini_pool(end->worker);
    tr_free(ends->system->ports.allocator, end->block, BLOCK_SIZE);
    *end = (tr_end) {0};
    atomic_store_explicit(&ends->system->workers[index], NULL, memory_order_release);
    ends->count--;
}

void tr_ends_park(tr_ends *ends, uint32_t index)
{
    TR_ASSERT(index < ends->count);
    TR_ASSERT(index >= tr_system_fixed_workers(ends->system));
    TR_ASSERT(!ends->ends[index].is_parked);
    ends->ends[index].is_parked = true;
}

void tr_ends_count(const tr_ends *ends, troupe_counts *out_counts)
{
    troupe_counts counts;
    *out_counts = (troupe_counts) {0};
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_ledger_read(&ends->ends[i].worker->ledger, &counts);
        counts.accepted = 0; /* read in the second round */
        tr_counts_add(out_counts, &counts);
    }
    for (uint32_t i = 0; i < ends->count; i++) {
        tr_ledger_read(&ends->ends[i].worker->ledger, &counts);
        out_counts->accepted += counts.accepted;
    }
}
