/* SPDX-License-Identifier: MIT */
#include "simulation/virtual_memory.h"

#include <stdbool.h>

#include "base/assert.h"

static bool refuses(tr_virtual_memory *memory, size_t more)
{
    if (memory->bytes_max != 0 && memory->bytes + more > memory->bytes_max) {
        return true;
    }
    if (memory->until_one != 0 &&
        (memory->counts == NULL || memory->counts(memory->counts_context)) &&
        --memory->until_one == 0) {
        return true;
    }
    return memory->one_in != 0 && tr_random_chance(&memory->random, 1, memory->one_in);
}

static void *resize(void *context, void *block, size_t old_size, size_t new_size)
{
    tr_virtual_memory *memory = context;
    const size_t held = block != NULL ? old_size : 0;
    if (new_size > held && refuses(memory, new_size - held)) {
        memory->refused++;
        return NULL;
    }
    void *resized = memory->below->resize(memory->below->context, block, old_size, new_size);
    if (resized != NULL || new_size == 0) {
        TR_ASSERT(memory->bytes >= held);
        memory->bytes += new_size;
        memory->bytes -= held;
    }
    return resized;
}

void tr_virtual_memory_init(tr_virtual_memory *memory, const troupe_allocator *below)
{
    *memory = (tr_virtual_memory) {.below = below, .port = {.resize = resize, .context = memory}};
    tr_random_seed(&memory->random, 0);
}

const troupe_allocator *tr_virtual_memory_port(const tr_virtual_memory *memory)
{
    return &memory->port;
}

void tr_virtual_memory_fail_nth(tr_virtual_memory *memory, uint64_t n)
{
    tr_virtual_memory_fail_nth_where(memory, n, NULL, NULL);
}

void tr_virtual_memory_fail_nth_where(tr_virtual_memory *memory, uint64_t n,
                                      bool (*counts)(void *context), void *context)
{
    memory->until_one = n;
    memory->counts = counts;
    memory->counts_context = context;
}

void tr_virtual_memory_fail_one_in(tr_virtual_memory *memory, uint64_t one_in, uint64_t seed)
{
    memory->one_in = one_in;
    tr_random_seed(&memory->random, seed);
}

void tr_virtual_memory_limit(tr_virtual_memory *memory, uint64_t bytes_max)
{
    memory->bytes_max = bytes_max;
}

void tr_virtual_memory_heal(tr_virtual_memory *memory)
{
    memory->bytes_max = 0;
    memory->until_one = 0;
    memory->counts = NULL;
    memory->one_in = 0;
}
