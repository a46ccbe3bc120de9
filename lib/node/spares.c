/* SPDX-License-Identifier: MIT */
#include "node/spares.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/thread.h"
#include "node/faults.h"

struct tr_spare {
    tr_runner runner;
    tr_spares *spares;
    tr_thread thread;
    tr_fault_thread faults;
    _Atomic uint64_t thread_id;
    _Atomic(tr_engine *) engine; /* changed under the mutex */
};

struct tr_spares {
    tr_spares_options options;
    tr_mutex mutex;
    tr_condition changed;
    bool must_end; /* under the mutex */
    _Atomic uint32_t count;
    tr_spare spares[]; /* options.max */
};

static size_t size_of(uint32_t max)
{
    return sizeof(tr_spares) + max * sizeof(tr_spare);
}

troupe_error tr_spares_create(const tr_spares_options *options, tr_spares **out_spares)
{
    tr_spares *spares = tr_allocate(options->system->ports.allocator, size_of(options->max));
    TR_REQUIRE(spares != NULL, NO_MEMORY);
    spares->options = *options;
    tr_mutex_init(&spares->mutex);
    tr_condition_init(&spares->changed);
    *out_spares = spares;
    return TROUPE_OK;
}

void tr_spares_destroy(tr_spares **in_spares)
{
    tr_spares *spares = *in_spares;
    if (spares == NULL) {
        return;
    }
    tr_mutex_lock(&spares->mutex);
    spares->must_end = true;
    tr_condition_broadcast(&spares->changed);
    tr_mutex_unlock(&spares->mutex);
    for (uint32_t i = 0; i < spares->count; i++) {
        tr_thread_join(&spares->spares[i].thread);
        tr_fault_thread_fini(&spares->spares[i].faults);
    }
    tr_condition_fini(&spares->changed);
    tr_mutex_fini(&spares->mutex);
    tr_free(spares->options.system->ports.allocator, spares, size_of(spares->options.max));
    *in_spares = NULL;
}

/* Under the mutex; NULL: the end. */
static tr_engine *wait_for_engine(tr_spare *spare)
{
    tr_spares *spares = spare->spares;
    while (tr_spare_engine(spare) == NULL && !spares->must_end) {
        tr_condition_wait(&spares->changed, &spares->mutex);
    }
    return tr_spare_engine(spare);
}

static void run(void *context)
{
    tr_spare *spare = context;
    tr_spares *spares = spare->spares;
    atomic_store_explicit(&spare->thread_id, tr_thread_id(), memory_order_relaxed);
    tr_faults_enter(&spare->faults);
    tr_mutex_lock(&spares->mutex);
    for (tr_engine *engine = wait_for_engine(spare); engine != NULL;
         engine = wait_for_engine(spare)) {
        tr_mutex_unlock(&spares->mutex);
        tr_engine_serve(engine, &spare->runner);
        tr_mutex_lock(&spares->mutex);
        atomic_store_explicit(&spare->engine, NULL, memory_order_relaxed);
    }
    tr_mutex_unlock(&spares->mutex);
    tr_faults_leave(&spare->faults);
}

static tr_spare *find_idle(tr_spares *spares)
{
    tr_spare *idle = NULL;
    tr_mutex_lock(&spares->mutex);
    for (uint32_t i = 0; i < spares->count && idle == NULL; i++) {
        idle = tr_spare_engine(&spares->spares[i]) == NULL ? &spares->spares[i] : NULL;
    }
    tr_mutex_unlock(&spares->mutex);
    return idle;
}

static tr_spare *make(tr_spares *spares)
{
    const tr_spares_options *options = &spares->options;
    const uint32_t index = spares->count;
    tr_spare *spare = &spares->spares[index];
    char name[TR_THREAD_NAME_BYTES_MAX];
    (void) snprintf(name, sizeof name, "%.7s-s%u", options->node_name, index); /* cut if long */
    spare->spares = spares;
    tr_runner_init(&spare->runner, options->system->options.is_debug != 0);
    if (options->has_fault_signals &&
        tr_fault_thread_init(&spare->faults, options->system, options->node_name,
                             &spare->runner.seat) != TROUPE_OK) {
        return NULL;
    }
    if (tr_thread_start(&spare->thread, name, run, spare) != TROUPE_OK) {
        tr_fault_thread_fini(&spare->faults);
        return NULL;
    }
    atomic_store_explicit(&spares->count, index + 1, memory_order_release);
    return spare;
}

tr_spare *tr_spares_take(tr_spares *spares)
{
    tr_spare *spare = find_idle(spares);
    if (spare == NULL && spares->count < spares->options.max) {
        spare = make(spares);
    }
    return spare;
}

tr_runner *tr_spare_runner(tr_spare *spare)
{
    return &spare->runner;
}

void tr_spare_assign(tr_spare *spare, tr_engine *engine)
{
    tr_spares *spares = spare->spares;
    tr_mutex_lock(&spares->mutex);
    atomic_store_explicit(&spare->engine, engine, memory_order_relaxed);
    tr_condition_broadcast(&spares->changed);
    tr_mutex_unlock(&spares->mutex);
}

uint32_t tr_spares_count(const tr_spares *spares)
{
    return atomic_load_explicit(&spares->count, memory_order_acquire);
}

tr_spare *tr_spares_at(tr_spares *spares, uint32_t index)
{
    return &spares->spares[index];
}

tr_engine *tr_spare_engine(const tr_spare *spare)
{
    return atomic_load_explicit(&spare->engine, memory_order_relaxed);
}

uint64_t tr_spare_thread_id(const tr_spare *spare)
{
    return atomic_load_explicit(&spare->thread_id, memory_order_relaxed);
}

bool tr_spares_are_current(const tr_spares *spares)
{
    bool are_current = false;
    for (uint32_t i = 0; spares != NULL && i < tr_spares_count(spares); i++) {
        are_current = are_current || tr_spare_thread_id(&spares->spares[i]) == tr_thread_id();
    }
    return are_current;
}
