/* SPDX-License-Identifier: MIT */
/* ledger: every message accepted ends in exactly one counted outcome.
 *
 * tr_message_end (worker.h) is the one function that ends a message; it counts the outcome, answers
 * an ask that was not answered, and frees. Counters are written by their worker alone, with relaxed
 * stores, so that others may read them.
 * Owns:       the counters and the map of types of one worker.
 * Invariants: summed over the workers at rest, accepted = all outcomes + held.
 * Threads:    only the worker; counters may be read by any. */
#ifndef TR_CORE_LEDGER_H
#define TR_CORE_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>
#include <troupe/dead_letter.h>
#include <troupe/statistics.h>

#include "base/assert.h"
#include "base/map.h"
#include "core/message.h"
#include "core/observe.h"

typedef struct tr_worker tr_worker;

typedef enum tr_count {
    TR_COUNT_ACCEPTED,
    TR_COUNT_REFUSED,
    TR_COUNT_WAITED,
    TR_COUNT_LATE_REPLIES,
    TR_COUNT_SECOND_REPLIES,
    TR_COUNT_SPAWNED,
    TR_COUNT_ENDED,
    TR_COUNT_FAILED,
    TR_COUNT_TURNS,
    TR_COUNT_BATCHES_SENT,
    TR_COUNT_BATCHES_RECEIVED,
    TR_COUNT_GIVEN, /* actors, to workers that had less to do */
    TR_COUNT_TAKEN,
    TR_COUNT_DRAWN,       /* actors, to the worker of those they talk to */
    TR_COUNT_SLOTS_TAKEN, /* of the node's, by spawning */
    TR_COUNT_SLOTS_GIVEN, /* back, when nothing is left of an actor */
    TR_COUNT_COUNT
} tr_count;

/* The counts of one type on one worker. */
typedef struct tr_type_ledger {
    tr_map_node node;
    const void *type;
    const char *name;
    uint64_t outcomes[TROUPE_OUTCOME_COUNT];
} tr_type_ledger;

#define TR_LEDGER_CACHE 16

typedef struct tr_ledger {
    _Atomic uint64_t counts[TR_COUNT_COUNT];
    _Atomic uint64_t outcomes[TROUPE_OUTCOME_COUNT];
    tr_map types;
    tr_type_ledger *cache[TR_LEDGER_CACHE];
    tr_type_ledger other; /* where no memory was left for a type's own */
    _Atomic uint64_t dead_letters[TROUPE_DEAD_REASON_COUNT];
} tr_ledger;

void tr_ledger_init(tr_ledger *ledger, const troupe_allocator *allocator);
void tr_ledger_fini(tr_ledger *ledger);

static inline void tr_ledger_add(tr_ledger *ledger, tr_count count, uint64_t more)
{
    const uint64_t before = atomic_load_explicit(&ledger->counts[count], memory_order_relaxed);
    atomic_store_explicit(&ledger->counts[count], before + more, memory_order_release);
}

/* Marks a message as accepted and counts it. */
static inline void tr_ledger_accept(tr_ledger *ledger, troupe_message *message)
{
    TR_ASSERT(!tr_message_has(message, TR_MESSAGE_ACCEPTED));
    tr_message_set(message, TR_MESSAGE_ACCEPTED);
    tr_ledger_add(ledger, TR_COUNT_ACCEPTED, 1);
    TR_TELL(ACCEPTED, .ledger = ledger, .message = message);
}

/* Of tr_ledger_end, for a type that is not in the cache. */
tr_type_ledger *tr_ledger_find_type(tr_ledger *ledger, const troupe_message *message);

static inline tr_type_ledger **tr_ledger_cached(tr_ledger *ledger, const void *type)
{
    const uint64_t address = (uint64_t) (uintptr_t) type;
    return &ledger->cache[(address >> 5 ^ address >> 9) % TR_LEDGER_CACHE];
}

/* Counts the end of a message that was accepted. */
static inline void tr_ledger_end(tr_ledger *ledger, const troupe_message *message,
                                 troupe_outcome outcome)
{
    tr_type_ledger *type = *tr_ledger_cached(ledger, message->type);
    if (TR_UNLIKELY(type == NULL || type->type != message->type)) {
        type = tr_ledger_find_type(ledger, message);
    }
    type->outcomes[outcome]++;
    _Atomic uint64_t *total = &ledger->outcomes[outcome];
    atomic_store_explicit(total, atomic_load_explicit(total, memory_order_relaxed) + 1,
                          memory_order_release);
}

void tr_ledger_read(const tr_ledger *ledger, troupe_counts *out_counts);

/* Adds all of `more`. */
void tr_counts_add(troupe_counts *sum, const troupe_counts *more);

/* Ends a message, as tr_message_end (worker.h) does: counts the outcome, if it was accepted; if its
 * sender still waits for a reply, the block becomes that reply, with `answer` as its error; else it
 * is freed. */
void tr_message_end_with_care(tr_worker *worker, troupe_message *message, troupe_outcome outcome,
                              troupe_error answer);

/* The message is going to have another life (sent on, given back): this one is counted as ended. */
void tr_message_renew(tr_worker *worker, troupe_message *message, troupe_outcome outcome);

/* Ends a message as a dead letter: counted by reason, logged at a limited rate, told to those who
 * subscribed. */
void tr_message_bury(tr_worker *worker, troupe_message *message, troupe_dead_reason reason,
                     troupe_error answer);

#endif
