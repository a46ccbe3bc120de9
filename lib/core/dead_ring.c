/* SPDX-License-Identifier: MIT */
#include "core/dead_ring.h"

#include <stdbool.h>

static uint64_t word_of(tr_address address)
{
    return (uint64_t) address.generation << 32 | address.slot;
}

static tr_address address_of(uint64_t word)
{
    return (tr_address) {.slot = (uint32_t) word, .generation = (uint32_t) (word >> 32)};
}

void tr_dead_ring_add(tr_dead_ring *ring, const tr_dead_note *note)
{
    /* Relaxed: it gives out numbers, no more. */
    const uint64_t number = atomic_fetch_add_explicit(&ring->count, 1, memory_order_relaxed);
    tr_dead_row *row = &ring->rows[number % TROUPE_DEAD_LETTERS_KEPT];
    uint64_t turn = atomic_load_explicit(&row->turn, memory_order_relaxed);
    /* Acquire pairs with the release below: who wrote it before is done. */
    if (turn % 2 != 0 || turn > 2 * number ||
        !atomic_compare_exchange_strong_explicit(&row->turn, &turn, 2 * number + 1,
                                                 memory_order_acquire, memory_order_relaxed)) {
        return; /* another writes it, or has lapped this one */
    }
    const uint64_t words[TR_DEAD_RING_WORDS] = {
        word_of(note->sender), word_of(note->receiver), (uint64_t) (uintptr_t) note->type,
        note->trace_id,        note->time_ns,           (uint64_t) note->reason};
    for (size_t i = 0; i < TR_DEAD_RING_WORDS; i++) {
        /* Release: who reads this word sees the odd turn. Pairs with read_row. */
        atomic_store_explicit(&row->words[i], words[i], memory_order_release);
    }
    atomic_store_explicit(&row->turn, 2 * number + 2, memory_order_release);
}

/* False if the row is not, or no longer, that of the letter. */
static bool read_row(const tr_dead_row *row, uint64_t number, tr_dead_note *out_note)
{
    uint64_t words[TR_DEAD_RING_WORDS];
    if (atomic_load_explicit(&row->turn, memory_order_acquire) != 2 * number + 2) {
        return false;
    }
    for (size_t i = 0; i < TR_DEAD_RING_WORDS; i++) {
        words[i] = atomic_load_explicit(&row->words[i], memory_order_acquire);
    }
    if (atomic_load_explicit(&row->turn, memory_order_relaxed) != 2 * number + 2) {
        return false;
    }
    *out_note = (tr_dead_note) {.sender = address_of(words[0]),
                                .receiver = address_of(words[1]),
                                .type = (const char *) (uintptr_t) words[2],
                                .trace_id = words[3],
                                .time_ns = words[4],
                                .reason = (troupe_dead_reason) words[5]};
    return true;
}

size_t tr_dead_ring_read(const tr_dead_ring *ring, tr_dead_note *notes, size_t count)
{
    const uint64_t all = atomic_load_explicit(&ring->count, memory_order_relaxed);
    size_t read = 0;
    for (uint64_t back = 1; back <= all && back <= TROUPE_DEAD_LETTERS_KEPT && read < count;
         back++) {
        const uint64_t number = all - back;
        const tr_dead_row *row = &ring->rows[number % TROUPE_DEAD_LETTERS_KEPT];
        read += read_row(row, number, &notes[read]) ? 1 : 0;
    }
    return read;
}
