/* SPDX-License-Identifier: MIT */
#include "core/budget.h"

#include "base/assert.h"

/* Takes `wanted` bytes more, or at least `needed`, from what the node has left. */
static bool refill(tr_worker *worker, uint64_t needed, uint64_t wanted)
{
    _Atomic uint64_t *left = &worker->system->budget_left;
    uint64_t before = atomic_load_explicit(left, memory_order_relaxed);
    uint64_t taken = 0;
    do {
        if (before < needed) {
            return false;
        }
        taken = before < wanted ? before : wanted;
        /* Relaxed: a plain count, which orders nothing. */
    } while (!atomic_compare_exchange_weak_explicit(left, &before, before - taken,
                                                    memory_order_relaxed, memory_order_relaxed));
    worker->budget += taken;
    return true;
}

tr_bytes_verdict tr_budget_take(tr_worker *worker, tr_slot *slot, uint64_t bytes)
{
    if (!tr_slot_take_bytes(slot, bytes)) {
        return TR_BYTES_MAILBOX_FULL;
    }
    if (worker->budget < bytes) {
        const uint64_t needed = bytes - worker->budget;
        if (!refill(worker, needed, needed > TR_BUDGET_PIECE ? needed : TR_BUDGET_PIECE)) {
            tr_slot_return_bytes(slot, bytes);
            return TR_BYTES_NODE_FULL;
        }
    }
    worker->budget -= bytes;
    return TR_BYTES_TAKEN;
}

void tr_budget_return(tr_worker *worker, tr_slot *slot, uint64_t bytes)
{
    tr_slot_return_bytes(slot, bytes);
    worker->budget += bytes;
    if (worker->budget > 2 * TR_BUDGET_PIECE) {
        const uint64_t surplus = worker->budget - TR_BUDGET_PIECE;
        worker->budget -= surplus;
        atomic_fetch_add_explicit(&worker->system->budget_left, surplus, memory_order_relaxed);
    }
}

void tr_budget_settle(tr_worker *worker)
{
    if (worker->budget > 0) {
        atomic_fetch_add_explicit(&worker->system->budget_left, worker->budget,
                                  memory_order_relaxed);
        worker->budget = 0;
    }
}
