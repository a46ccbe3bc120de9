/* SPDX-License-Identifier: MIT */
#include "core/slot.h"

#include <sys/mman.h>

#include "base/assert.h"
#include "base/memory.h"

/* Up to here the table is touched page by page, as small nodes need no more. */
#define SMALL_PAGES_SIZE ((size_t) 16 << 20)

troupe_error tr_slots_init(tr_slots *slots, uint32_t count)
{
    const size_t size = (size_t) count * sizeof(tr_slot);
    void *table = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    if (size > SMALL_PAGES_SIZE) {
        tr_prefer_huge_pages((unsigned char *) table + SMALL_PAGES_SIZE, size - SMALL_PAGES_SIZE);
    }
    *slots = (tr_slots) {.table = table, .count = count};
    return TROUPE_OK;
}

void tr_slots_fini(tr_slots *slots)
{
    if (slots->table != NULL) {
        (void) munmap(slots->table, (size_t) slots->count * sizeof(tr_slot)); /* ours: cannot
                                                                               * fail */
        slots->table = NULL;
    }
}

/* Slots that end on another worker than the one that spawns must get back to it: they are shared.
 *                                                                                The
 * count of changes in the head tells it from an equal one of before. */
static void push_free(tr_slots *slots, tr_slot *slot)
{
    uint64_t head = atomic_load_explicit(&slots->free, memory_order_relaxed);
    uint64_t next = 0;
    do {
        atomic_store_explicit(&slot->next_free, (uint32_t) head, memory_order_relaxed);
        next = (((head >> 32) + 1) << 32) | (slot->index + 1);
        /* Release pairs with the acquires in pop_free: who takes the slot sees how it was left. */
    } while (!atomic_compare_exchange_weak_explicit(&slots->free, &head, next, memory_order_release,
                                                    memory_order_relaxed));
}

static tr_slot *pop_free(tr_slots *slots)
{
    uint64_t head = atomic_load_explicit(&slots->free, memory_order_acquire);
    for (;;) {
        if ((uint32_t) head == 0) {
            return NULL;
        }
        tr_slot *slot = &slots->table[(uint32_t) head - 1];
        /* What is read of a slot that another has taken meanwhile is not used: the head differs. */
        const uint32_t below = atomic_load_explicit(&slot->next_free, memory_order_relaxed);
        const uint64_t next = (((head >> 32) + 1) << 32) | below;
        if (atomic_compare_exchange_weak_explicit(&slots->free, &head, next, memory_order_acquire,
                                                  memory_order_acquire)) {
            return slot;
        }
    }
}

static tr_slot *take_new(tr_slots *slots)
{
    uint32_t index = atomic_load_explicit(&slots->used, memory_order_relaxed);
    do {
        if (index >= slots->count) {
            return NULL;
        }
    } while (!atomic_compare_exchange_weak_explicit(&slots->used, &index, index + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    tr_slot *slot = &slots->table[index];
    slot->index = index;
    return slot;
}

tr_slot *tr_slots_take(tr_slots *slots)
{
    tr_slot *slot = pop_free(slots);
    if (slot == NULL) {
        slot = take_new(slots);
    }
    if (slot == NULL) {
        return NULL;
    }

    const uint64_t generation = (uint64_t) tr_slot_generation(slot) + 1;
    TR_ASSERT(generation <= UINT32_MAX); /* give retires a slot before */
    atomic_store_explicit(&slot->bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->refused, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->peak, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->released, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->signals, generation << 32, memory_order_relaxed);
    /* Pairs with the acquire loads of the word: who sees the generation sees the slot cleared. */
    atomic_store_explicit(&slot->admission, generation << 32 | TR_SLOT_CLOSED,
                          memory_order_release);
    slot->first_child = 0;
    slot->next_sibling = 0;
    slot->previous_sibling = 0;
    return slot;
}

void tr_slots_give(tr_slots *slots, tr_slot *slot)
{
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    TR_ASSERT((word & TR_SLOT_CLOSED) != 0);
    TR_ASSERT((word & TR_SLOT_DEPTH_MASK) == 0);
    atomic_store_explicit(&slot->actor, NULL, memory_order_relaxed);
    if (word >> 32 == UINT32_MAX) {
        return; /* retired: its generations are used up */
    }
    push_free(slots, slot);
}

/* Why the word does not admit anyone; ADMITTED if its generation and flags allow it. */
static tr_admission judge(uint64_t word, uint32_t generation)
{
    const uint32_t present = (uint32_t) (word >> 32);
    if (TR_UNLIKELY(present != generation)) {
        return generation == 0 || present < generation ? TR_UNKNOWN : TR_CLOSED;
    }
    return (word & TR_SLOT_CLOSED) != 0 ? TR_CLOSED : TR_ADMITTED;
}

tr_admission tr_slot_admit(tr_slot *slot, uint32_t generation, uint32_t limit, uint32_t margin,
                           uint32_t count, uint32_t *out_count)
{
    uint64_t word = atomic_load_explicit(&slot->admission, memory_order_acquire);
    for (;;) {
        const tr_admission verdict = judge(word, generation);
        if (TR_UNLIKELY(verdict != TR_ADMITTED)) {
            return verdict;
        }
        const uint64_t taken = (word & TR_SLOT_DEPTH_MASK) + margin;
        if (TR_UNLIKELY((word & TR_SLOT_WAITING) != 0 ||
                        taken >= limit + (TR_PLANTED(TR_BUG_OFF_BY_ONE) ? 1 : 0))) {
            return TR_FULL;
        }
        TR_STEP();
        const uint32_t room = TR_PLANTED(TR_BUG_OFF_BY_ONE) ? 1 : limit - (uint32_t) taken;
        const uint32_t places = count < room ? count : room;
        /* Acquire pairs with the owner's release in tr_slot_release; nothing is published here: the
         * message is, by the batch that carries it. */
        if (TR_LIKELY(atomic_compare_exchange_weak_explicit(&slot->admission, &word, word + places,
                                                            memory_order_acq_rel,
                                                            memory_order_acquire))) {
            *out_count = places;
            return TR_ADMITTED;
        }
    }
}

bool tr_slot_admit_waiter(tr_slot *slot)
{
    const uint32_t limit = atomic_load_explicit(&slot->capacity, memory_order_relaxed);
    uint64_t word = atomic_load_explicit(&slot->admission, memory_order_acquire);
    do {
        if ((word & TR_SLOT_CLOSED) != 0 || (word & TR_SLOT_DEPTH_MASK) >= limit) {
            return false;
        }
        TR_STEP();
    } while (!atomic_compare_exchange_weak_explicit(&slot->admission, &word, word + 1,
                                                    memory_order_acq_rel, memory_order_acquire));
    return true;
}

bool tr_slot_take_bytes(tr_slot *slot, uint64_t bytes)
{
    return tr_slot_take_bytes_up_to(slot, bytes,
                                    atomic_load_explicit(&slot->bytes_limit, memory_order_relaxed));
}

bool tr_slot_take_bytes_up_to(tr_slot *slot, uint64_t bytes, uint64_t limit)
{
    uint64_t taken = atomic_load_explicit(&slot->bytes, memory_order_relaxed);
    do {
        if (bytes > limit || taken > limit - bytes) {
            return false;
        }
        TR_STEP();
        /* Relaxed: a plain count, which orders nothing. */
    } while (!atomic_compare_exchange_weak_explicit(&slot->bytes, &taken, taken + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

void tr_slot_return_bytes(tr_slot *slot, uint64_t bytes)
{
    const uint64_t before = atomic_fetch_sub_explicit(&slot->bytes, bytes, memory_order_relaxed);
    TR_ASSERT(before >= bytes);
}

bool tr_slot_set_waiting(tr_slot *slot, uint32_t generation, uint32_t limit)
{
    uint64_t word = atomic_load_explicit(&slot->admission, memory_order_acquire);
    for (;;) {
        if (judge(word, generation) != TR_ADMITTED) {
            return false;
        }
        if ((word & TR_SLOT_WAITING) != 0) {
            return true;
        }
        if ((word & TR_SLOT_DEPTH_MASK) < limit) {
            return false;
        }
        TR_STEP();
        if (atomic_compare_exchange_weak_explicit(&slot->admission, &word, word | TR_SLOT_WAITING,
                                                  memory_order_acq_rel, memory_order_acquire)) {
            return true;
        }
    }
}

void tr_slot_clear_waiting(tr_slot *slot)
{
    TR_STEP();
    atomic_fetch_and_explicit(&slot->admission, ~TR_SLOT_WAITING, memory_order_acq_rel);
}

void tr_slot_open(tr_slot *slot)
{
    /* Nobody else writes the word of a closed slot that nobody has a ref of. Release: who is
     * admitted sees what the spawner has filled in. */
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    TR_ASSERT((word & TR_SLOT_CLOSED) != 0 && (word & TR_SLOT_DEPTH_MASK) == 0);
    atomic_store_explicit(&slot->admission, word & ~TR_SLOT_CLOSED, memory_order_release);
}

uint64_t tr_slot_close(tr_slot *slot, uint32_t count)
{
    TR_STEP();
    /* Only the owner closes, once: both are one addition. Release as in tr_slot_release. */
    const uint64_t before =
        atomic_fetch_add_explicit(&slot->admission, TR_SLOT_CLOSED - count, memory_order_acq_rel);
    TR_ASSERT((before & TR_SLOT_CLOSED) == 0 && (before & TR_SLOT_DEPTH_MASK) >= count);
    return before;
}

bool tr_slot_signal(tr_slot *slot, uint32_t generation, uint32_t bits)
{
    uint64_t word = atomic_load_explicit(&slot->signals, memory_order_relaxed);
    do {
        if (word >> 32 != generation || (word & bits) == bits) {
            return false;
        }
        TR_STEP();
    } while (!atomic_compare_exchange_weak_explicit(&slot->signals, &word, word | bits,
                                                    memory_order_acq_rel, memory_order_relaxed));
    return true;
}

uint32_t tr_slot_take_signals(tr_slot *slot, uint32_t generation)
{
    uint64_t word = atomic_load_explicit(&slot->signals, memory_order_relaxed);
    do {
        if (word >> 32 != generation) {
            return 0;
        }
        TR_STEP();
    } while (!atomic_compare_exchange_weak_explicit(&slot->signals, &word,
                                                    (uint64_t) generation << 32,
                                                    memory_order_acq_rel, memory_order_relaxed));
    return (uint32_t) word;
}
