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

/* In whose bytes those of this one count too; NULL: nobody's, or he has ended before it, and his
 * slot may be another's. */
static tr_slot *pool_of(const tr_worker *worker, const tr_slot *slot)
{
    if (TR_LIKELY(atomic_load_explicit(&slot->on_full, memory_order_relaxed) !=
                  TR_SLOT_IS_WINDOW)) {
        return NULL;
    }
    const tr_address pool = {
        .slot = atomic_load_explicit(&slot->redirect_slot, memory_order_relaxed),
        .generation = atomic_load_explicit(&slot->redirect_generation, memory_order_relaxed)};
    if (pool.generation == 0) {
        return NULL;
    }
    tr_slot *at = tr_system_slot(worker->system, pool);
    return at != NULL && tr_slot_generation(at) == pool.generation ? at : NULL;
}

/* The last quarter is for those who have not much yet. */
static bool take_of_pool(tr_slot *pool, const tr_slot *slot, uint64_t bytes)
{
    const uint64_t limit = atomic_load_explicit(&pool->bytes_limit, memory_order_relaxed);
    const bool has_much =
        atomic_load_explicit(&slot->bytes, memory_order_relaxed) > bytes + TR_POOL_SHARE_MUCH;
    return tr_slot_take_bytes_up_to(pool, bytes, has_much ? limit - limit / 4 : limit);
}

tr_bytes_verdict tr_budget_take(tr_worker *worker, tr_slot *slot, uint64_t bytes)
{
    if (!tr_slot_take_bytes(slot, bytes)) {
        return TR_BYTES_MAILBOX_FULL;
    }
    tr_slot *pool = pool_of(worker, slot);
    if (pool != NULL && !take_of_pool(pool, slot, bytes)) {
        tr_slot_return_bytes(slot, bytes);
        return TR_BYTES_NODE_FULL;
    }
    if (worker->budget < bytes) {
        const uint64_t needed = bytes - worker->budget;
        if (!refill(worker, needed, needed > TR_BUDGET_PIECE ? needed : TR_BUDGET_PIECE)) {
            tr_slot_return_bytes(slot, bytes);
            if (pool != NULL) {
                tr_slot_return_bytes(pool, bytes);
            }
            return TR_BYTES_NODE_FULL;
        }
    }
    worker->budget -= bytes;
    return TR_BYTES_TAKEN;
}

void tr_budget_return(tr_worker *worker, tr_slot *slot, uint64_t bytes)
{
    tr_slot *pool = pool_of(worker, slot);
    tr_slot_return_bytes(slot, bytes);
    if (pool != NULL) {
        tr_slot_return_bytes(pool, bytes);
    }
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
