/* SPDX-License-Identifier: MIT */
#include "node/inspect.h"

#include "base/assert.h"
#include "core/dead_letter.h"
#include "core/snapshot.h"

/* How long a picture waits for a worker that is in a long turn. */
#define SNAPSHOT_NS UINT64_C(10000000000)

struct look {
    troupe_snapshot *snapshot;
    troupe_error error;
};

static void add(tr_worker *worker, void *context)
{
    struct look *look = context;
    look->error = tr_snapshot_add(look->snapshot, worker);
}

static tr_engine *engine_at(troupe_node *node, uint32_t index)
{
    tr_mutex_lock(&node->mutex);
    tr_engine *engine = node->engines[index];
    tr_mutex_unlock(&node->mutex);
    return engine;
}

troupe_error tr_inspect_worker(troupe_node *node, uint32_t index, uint64_t deadline_ns,
                               void (*run)(tr_worker *worker, void *context), void *context)
{
    tr_engine *engine = engine_at(node, index);
    if (engine != NULL && !tr_engine_is_at_rest(engine) && !tr_engine_is_current(engine)) {
        const troupe_error error = tr_engine_call_and_wait(engine, run, context, deadline_ns);
        if (error != TROUPE_ERROR_STOPPING) { /* else it has come to rest meanwhile */
            return error;
        }
    }
    tr_worker *worker = tr_ends_worker(&node->ends, index);
    if (engine == NULL && index == node->settings.system.workers) {
        return TROUPE_OK; /* no thread from outside was ever attached */
    }
    if (worker->guard != NULL) {
        worker->guard->enter(worker->guard);
    }
    run(worker, context);
    if (worker->guard != NULL) {
        worker->guard->leave(worker->guard);
    }
    return TROUPE_OK;
}

troupe_error tr_inspect(troupe_node *node, uint64_t deadline_ns, troupe_snapshot **out_snapshot,
                        tr_silent *out_silent)
{
    tr_mutex_lock(&node->mutex);
    const uint32_t count = node->ends.count;
    tr_mutex_unlock(&node->mutex);

    struct look look = {0};
    troupe_error error = tr_snapshot_create(&node->system, count, &look.snapshot);
    out_silent->count = 0;
    for (uint32_t i = 0; i < count && !error; i++) {
        look.error = TROUPE_OK;
        if (tr_inspect_worker(node, i, deadline_ns, add, &look) == TROUPE_ERROR_TIMED_OUT) {
            out_silent->workers[out_silent->count++] = i;
        }
        error = look.error;
    }
    if (error) {
        troupe_snapshot_destroy(&look.snapshot);
        return error;
    }
    *out_snapshot = look.snapshot;
    return TROUPE_OK;
}

troupe_error troupe_node_snapshot(troupe_node *node, troupe_snapshot **out_snapshot)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL && out_snapshot != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    TR_REQUIRE(!tr_node_is_inside(node), BAD_ARGUMENT);
    tr_silent silent;
    troupe_snapshot *snapshot = NULL;
    const troupe_error error =
        tr_inspect(node, tr_node_now_ns(node) + SNAPSHOT_NS, &snapshot, &silent);
    if (error) {
        return error;
    }
    if (silent.count > 0) {
        troupe_snapshot_destroy(&snapshot);
        return TROUPE_ERROR_TIMED_OUT;
    }
    *out_snapshot = snapshot;
    return TROUPE_OK;
}

troupe_error troupe_node_depth(troupe_node *node, troupe_ref actor, uint32_t *out_depth,
                               uint32_t *out_peak)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL && out_depth != NULL && out_peak != NULL, BAD_ARGUMENT);
    tr_address address;
    const troupe_error error = tr_system_address(&node->system, actor, &address);
    if (error) {
        return error;
    }

    const tr_slot *slot = tr_system_slot(&node->system, address);
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    const uint32_t generation = (uint32_t) (word >> 32);
    TR_REQUIRE(generation >= address.generation, NO_SUCH_ACTOR);
    TR_REQUIRE(generation == address.generation && (word & TR_SLOT_CLOSED) == 0, STALE);
    const uint32_t depth = (uint32_t) (word & TR_SLOT_DEPTH_MASK);
    const uint32_t peak = atomic_load_explicit(&slot->peak, memory_order_relaxed);
    *out_depth = depth;
    *out_peak = peak > depth ? peak : depth;
    return TROUPE_OK;
}

size_t troupe_node_dead_letters(troupe_node *node, troupe_dead_sample *samples, size_t count)
{
    TR_CHECK_NODE(node);
    return node != NULL && samples != NULL ? tr_dead_letters_read(&node->system, samples, count)
                                           : 0;
}
