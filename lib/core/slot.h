/* SPDX-License-Identifier: MIT */
/* slot: the place where an actor lives, and the word by which all threads are admitted to it.
 *
 * Slots lie in memory that is not unmapped while the node runs, so any thread may look at one. The
 * admission word holds generation (32 bits), flags (8) and depth (24): how many places of the
 * mailbox are taken by messages queued, stashed and under way, and by places granted to those in
 * line.
 * Owns:       the table of slots.
 * Invariants: depth <= limit; the limit is fixed within a generation. Bytes above 256 a message are
 *             counted in `bytes` and never exceed bytes_limit. WAITING is set only while someone
 *             stands in line or is on the way there; nobody is admitted past it. A slot is used
 *             again only with CLOSED set, depth 0 and nobody in line.
 * Threads:    what is atomic, any; the rest as its comment says. */
#ifndef TR_CORE_SLOT_H
#define TR_CORE_SLOT_H

#include <stdatomic.h>
#include <stdint.h>
#include <troupe/error.h>
#include <troupe/mailbox.h>

#include "base/assert.h"
#include "base/chance.h"
#include "core/message.h"
#include "core/way.h"

typedef struct tr_actor tr_actor;

#define TR_SLOT_CLOSED (UINT64_C(1) << 24)
#define TR_SLOT_WAITING (UINT64_C(1) << 25)
#define TR_SLOT_DEPTH_MASK ((UINT64_C(1) << 24) - 1)

/* Of `on_full`, beyond the policies: senders wait, and `redirect` says in whose bytes those of this
 * one count too, if in anybody's. Of carriers and outlets; see far_window. */
#define TR_SLOT_IS_WINDOW 64U

/* Bits of `signals`, below the generation. */
#define TR_SIGNAL_STOP 1U
#define TR_SIGNAL_CANCEL 2U
#define TR_SIGNAL_OVERLOAD 4U
#define TR_SIGNAL_KILL 16U /* with CANCEL */
#define TR_SIGNAL_END 8U   /* with one of these: a supervised actor ends for good */

typedef struct tr_slot {
    /* Written by senders. */
    _Atomic uint64_t admission;
    _Atomic uint64_t bytes;
    _Atomic uint64_t signals; /* generation << 32 | bits not seen yet */
    _Atomic uint32_t refused; /* messages that met the mailbox full */
    _Atomic uint32_t peak;    /* highest depth seen by the owner */
    /* Written by the spawner before the ref exists; read by senders, who check the generation. */
    _Atomic(tr_actor *) actor;
    _Atomic uint64_t way;      /* to the actor; see way.h */
    _Atomic uint32_t limit;    /* places that admission gives; by a rule for a type, fewer */
    _Atomic uint32_t released; /* messages that its actor keeps and that were destroyed: see held */
    _Atomic uint64_t reply_bytes;
    _Alignas(64) _Atomic uint32_t capacity;
    _Atomic uint32_t on_full; /* troupe_on_full */
    _Atomic uint64_t bytes_limit;
    _Atomic(const troupe_type_rule *) rules;
    _Atomic uint32_t rule_count;
    _Atomic uint32_t redirect_slot;
    _Atomic uint32_t redirect_generation;
    /* The tree; only the worker of the parent touches these. */
    uint32_t index;
    tr_address parent;
    uint32_t first_child;       /* index + 1; 0: none. Newest first */
    uint32_t next_sibling;      /* index + 1 */
    uint32_t previous_sibling;  /* index + 1 */
    _Atomic uint32_t next_free; /* index + 1; of the shared free ones */
} tr_slot;
_Static_assert(sizeof(tr_slot) == 128, "two cache lines");

typedef struct tr_slots {
    tr_slot *table;
    uint32_t count;        /* of the table: actors_max */
    _Atomic uint32_t used; /* slots that were ever used are below this */
    _Atomic uint64_t free; /* a stack: a count of changes << 32 | index + 1 */
} tr_slots;

/* Reserves address space for `count` slots. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_slots_init(tr_slots *slots, uint32_t count);
void tr_slots_fini(tr_slots *slots);

/* A slot with the next generation, closed: a free one, else a new one; NULL at the limit. */
tr_slot *tr_slots_take(tr_slots *slots);

/* Gives a closed slot of depth 0 back. */
void tr_slots_give(tr_slots *slots, tr_slot *slot);

/* The slot, or NULL if the index was never used. */
static inline tr_slot *tr_slots_at(const tr_slots *slots, uint32_t index)
{
    return index < slots->count ? &slots->table[index] : NULL;
}

static inline uint32_t tr_slot_generation(const tr_slot *slot)
{
    return (uint32_t) (atomic_load_explicit(&slot->admission, memory_order_acquire) >> 32);
}

/* How admission ended. */
typedef enum tr_admission {
    TR_ADMITTED,
    TR_FULL,
    TR_CLOSED,  /* this generation ended or ends */
    TR_UNKNOWN, /* never was */
    TR_LARGE    /* can never be admitted */
} tr_admission;

/* Takes `count` places (as many as there are, at least one; *out_count says how many) while the
 * generation lives, nobody waits in line and `limit` is not exceeded with `margin` places left. */
tr_admission tr_slot_admit(tr_slot *slot, uint32_t generation, uint32_t limit, uint32_t margin,
                           uint32_t count, uint32_t *out_count);

/* The same for one place, where nothing stands against it; false if something does, or another
 * thread was quicker: then tr_slot_admit finds out. */
static inline bool tr_slot_try_admit(tr_slot *slot, uint32_t generation, uint32_t limit)
{
    uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    TR_STEP();
    /* Another generation or a flag makes this larger than any limit. */
    const uint64_t depth = word - ((uint64_t) generation << 32);
    return TR_LIKELY(depth < limit) && !TR_RARELY(TR_RARE_CONTENTION) &&
           TR_LIKELY(atomic_compare_exchange_strong_explicit(
               &slot->admission, &word, word + 1, memory_order_acq_rel, memory_order_relaxed));
}

/* Takes one place for someone in line: only the owner, who passes WAITING. */
bool tr_slot_admit_waiter(tr_slot *slot);

/* Takes `bytes` of the slot's limit. Pairs with tr_slot_return_bytes. */
bool tr_slot_take_bytes(tr_slot *slot, uint64_t bytes);
void tr_slot_return_bytes(tr_slot *slot, uint64_t bytes);

/* The same as long as no more than `limit` are taken. */
bool tr_slot_take_bytes_up_to(tr_slot *slot, uint64_t bytes, uint64_t limit);

/* Gives `count` places back. Returns the word before. */
static inline uint64_t tr_slot_release(tr_slot *slot, uint32_t count)
{
    TR_STEP();
    /* Release pairs with the acquire of the next admission. */
    const uint64_t before =
        atomic_fetch_sub_explicit(&slot->admission, count, memory_order_acq_rel);
    TR_ASSERT((before & TR_SLOT_DEPTH_MASK) >= count);
    return before;
}

/* Notes the depth that a release has found; for the owner. */
static inline void tr_slot_note_peak(tr_slot *slot, uint64_t before)
{
    const uint32_t depth = (uint32_t) (before & TR_SLOT_DEPTH_MASK);
    /* Relaxed, written by the owner alone. */
    if (depth > atomic_load_explicit(&slot->peak, memory_order_relaxed)) {
        atomic_store_explicit(&slot->peak, depth, memory_order_relaxed);
    }
}

/* Sets WAITING if the generation lives and the mailbox is still full (or WAITING already set);
 * false if there is room now or it is closed. */
bool tr_slot_set_waiting(tr_slot *slot, uint32_t generation, uint32_t limit);
void tr_slot_clear_waiting(tr_slot *slot);

/* Opens a slot whose ref nobody has yet. */
void tr_slot_open(tr_slot *slot);
/* Closes an open one and gives `count` places back in the same step. Returns the word before. */
uint64_t tr_slot_close(tr_slot *slot, uint32_t count);

/* Sets signals; false if they were set already or the generation is another. */
bool tr_slot_signal(tr_slot *slot, uint32_t generation, uint32_t bits);
/* Takes all signals. */
uint32_t tr_slot_take_signals(tr_slot *slot, uint32_t generation);

#endif
