/* SPDX-License-Identifier: MIT */
#include "support/failing_allocator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* Before each block: what its owner has to know of it later. Keeps the block aligned for any type.
 */
struct header {
    _Alignas(max_align_t) uint64_t size;
    uint64_t mark;
};

static const uint64_t mark_live = UINT64_C(0x6c6976656c697665);
static const uint64_t mark_freed = UINT64_C(0x6465616464656164);
static const unsigned char fill_fresh = 0xA5;

static void check_header(const struct header *header, size_t old_size)
{
    if (header->mark != mark_live || header->size != old_size) {
        (void) fprintf(stderr, "failing_allocator: %s; size given %zu\n",
                       header->mark == mark_live    ? "wrong size"
                       : header->mark == mark_freed ? "block freed before"
                                                    : "not a block of this allocator",
                       old_size);
        abort();
    }
}

static bool has_bad_luck(tr_failing_allocator *memory)
{
    if (atomic_load(&memory->until_one) >= 0 && atomic_fetch_sub(&memory->until_one, 1) == 0) {
        return true;
    }
    const uint64_t one_in = atomic_load(&memory->one_in);
    return one_in != 0 && tr_hash_u64(atomic_load(&memory->seed) ^
                                      tr_hash_u64(atomic_fetch_add(&memory->drawn, 1))) %
                                  one_in ==
                              0;
}

/* Takes one of the allocations that may still succeed. */
static bool take_permit(tr_failing_allocator *memory)
{
    if (has_bad_luck(memory)) {
        return false;
    }
    int64_t allowed = atomic_load(&memory->allowed);
    while (allowed > 0) {
        if (atomic_compare_exchange_weak(&memory->allowed, &allowed, allowed - 1)) {
            return true;
        }
    }
    return allowed < 0;
}

static void free_block(tr_failing_allocator *memory, struct header *header)
{
    (void) atomic_fetch_sub(&memory->live, 1);
    (void) atomic_fetch_sub(&memory->bytes, (int64_t) header->size);
    header->mark = mark_freed;
    free(header);
}

/* A block that grows always moves and is never zero: who relies on either is found out. */
static void *resize(void *context, void *block, size_t old_size, size_t new_size)
{
    tr_failing_allocator *memory = context;
    struct header *old = block == NULL ? NULL : (struct header *) block - 1;
    if (old != NULL) {
        check_header(old, old_size);
    }

    if (new_size == 0) {
        if (old != NULL) {
            free_block(memory, old);
        }
        return NULL;
    }

    const bool needs_permit = old == NULL || new_size > old_size;
    struct header *header = NULL;
    if (!needs_permit || take_permit(memory)) {
        header = malloc(sizeof *header + new_size);
    }
    if (header == NULL) {
        (void) atomic_fetch_add(&memory->refused, 1);
        return NULL;
    }

    *header = (struct header) {.size = new_size, .mark = mark_live};
    memset(header + 1, fill_fresh, new_size);
    (void) atomic_fetch_add(&memory->live, 1);
    (void) atomic_fetch_add(&memory->bytes, (int64_t) new_size);
    (void) atomic_fetch_add(&memory->made, 1);
    if (old != NULL) {
        memcpy(header + 1, block, old_size < new_size ? old_size : new_size);
        free_block(memory, old);
    }
    return header + 1;
}

troupe_allocator tr_failing_allocator_port(tr_failing_allocator *memory)
{
    return (troupe_allocator) {.resize = resize, .context = memory};
}

void tr_failing_allocator_fail_after(tr_failing_allocator *memory, int64_t allowed)
{
    atomic_store(&memory->allowed, allowed);
}

void tr_failing_allocator_fail_one(tr_failing_allocator *memory, int64_t before)
{
    atomic_store(&memory->until_one, before);
}

void tr_failing_allocator_fail_at_random(tr_failing_allocator *memory, uint64_t seed,
                                         uint64_t one_in)
{
    atomic_store(&memory->seed, seed);
    atomic_store(&memory->drawn, 0);
    atomic_store(&memory->one_in, one_in);
}

void tr_failing_allocator_fail_never(tr_failing_allocator *memory)
{
    atomic_store(&memory->one_in, 0);
    atomic_store(&memory->until_one, -1);
    atomic_store(&memory->allowed, -1);
}

int64_t tr_failing_allocator_live(const tr_failing_allocator *memory)
{
    return atomic_load(&memory->live);
}

bool tr_failing_allocator_has_refused(const tr_failing_allocator *memory)
{
    return atomic_load(&memory->refused) > 0;
}
