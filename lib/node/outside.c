/* SPDX-License-Identifier: MIT */
#include "node/outside.h"

#include "base/assert.h"
#include "base/log.h"
#include "core/actor.h"
#include "core/way.h"
#include "node/crew.h"
#include "node/keeper.h"
#include "node/proxy.h"

static bool carry(void *context, tr_worker *from, uint32_t to, const tr_batch *batch)
{
    const troupe_node *node = context;
    /* Set before the thread that calls was started. */
    tr_engine *engine = node->engines[from->index];
    return engine != NULL && tr_engine_send(engine, to, batch);
}

static void lock(void *context)
{
    troupe_node *node = context;
    tr_mutex_lock(&node->shared);
}

static void unlock(void *context)
{
    troupe_node *node = context;
    tr_mutex_unlock(&node->shared);
}

static void engine_ended(void *context)
{
    tr_keeper_wake(context);
}

/* What the public calls promise; the log has said more. */
static troupe_error narrow(troupe_error error)
{
    return error == TROUPE_ERROR_LIMIT_REACHED ? TROUPE_ERROR_SYSTEM : error;
}

/* Under the mutex. */
static troupe_error add_engine(troupe_node *node, uint32_t index, tr_guard *guard)
{
    const bool is_border = node->hub != NULL && index == tr_system_border_worker(&node->system);
    TR_ASSERT(node->engines[index] == NULL);
    const tr_engine_options options = {
        .worker = tr_ends_worker(&node->ends, index),
        .inproc = node->inproc,
        .crowd = &node->crowd,
        .guard = guard,
        .guest = is_border ? &node->guest : NULL,
        .node_name = node->settings.name,
        .has_fault_signals = node->settings.has_fault_signals,
        .ended = engine_ended,
        .context = node,
    };
    tr_engine *engine = NULL;
    troupe_error error = tr_engine_create(&options, &engine);
    if (error) {
        return narrow(error);
    }
    node->engines[index] = engine;
    error = tr_engine_start(engine);
    if (error) {
        tr_log_write(&node->settings.log, TROUPE_LOG_ERROR,
                     "node '%s': cannot start a thread for worker %u: the system has no more; "
                     "there is none",
                     node->settings.name, index);
        tr_engine_destroy(&node->engines[index]);
    }
    return error;
}

static troupe_error make_worker(troupe_node *node, uint32_t *out_index)
{
    TR_REQUIRE(node->phase < TR_NODE_ENDING, STOPPING);
    bool is_new = false;
    troupe_error error = tr_ends_take(&node->ends, out_index, &is_new);
    if (!error && is_new) {
        error = add_engine(node, *out_index, NULL);
        if (error) {
            tr_ends_undo(&node->ends, *out_index);
        }
    }
    return error;
}

static troupe_error make_worker_locked(void *context, uint32_t *out_index)
{
    troupe_node *node = context;
    tr_mutex_lock(&node->mutex);
    const troupe_error error = make_worker(node, out_index);
    tr_mutex_unlock(&node->mutex);
    if (!error) {
        atomic_fetch_add_explicit(&node->crowd.threads, 1, memory_order_relaxed);
    }
    return error;
}

static void worker_is_done(void *context, uint32_t index)
{
    troupe_node *node = context;
    tr_mutex_lock(&node->mutex);
    tr_ends_park(&node->ends, index);
    tr_mutex_unlock(&node->mutex);
    atomic_fetch_sub_explicit(&node->crowd.threads, 1, memory_order_relaxed);
}

static void root_ended(void *context, troupe_error error)
{
    troupe_node *node = context;
    tr_mutex_lock(&node->mutex);
    /* One that was cancelled has not failed; what a run's only root has returned is its result. */
    if (node->root_error == TROUPE_OK &&
        (error != TROUPE_ERROR_CANCELLED || node->stops_with_root)) {
        node->root_error = error;
    }
    const bool has_failed = error != TROUPE_OK && error != TROUPE_ERROR_CANCELLED &&
                            node->phase == TR_NODE_RUNNING && !node->is_stop_wanted;
    const bool is_last =
        node->stops_with_root || (has_failed && node->settings.stops_with_failed_root);
    tr_mutex_unlock(&node->mutex);
    if (has_failed) {
        tr_log_write(&node->settings.log, TROUPE_LOG_ERROR,
                     "node '%s': a root actor has failed (%s); %s", node->settings.name,
                     troupe_error_name(error),
                     is_last ? "the node stops" : "the node goes on without it");
    }
    if (is_last) {
        troupe_node_stop(node);
    }
}

static void all_ended(void *context)
{
    troupe_node *node = context;
    tr_mutex_lock(&node->mutex);
    node->has_all_ended = true;
    tr_mutex_unlock(&node->mutex);
    tr_keeper_wake(node);
}

static tr_helm *helm_of(void *context, const tr_worker *worker)
{
    troupe_node *node = context;
    return tr_engine_helm(node->engines[worker->index]); /* set before its thread was started */
}

static void want_worker(void *context, tr_worker *worker, tr_seat *seat)
{
    tr_helm_want(helm_of(context, worker), seat);
}

static void return_worker(void *context, tr_worker *worker, tr_seat *seat)
{
    tr_helm_return(helm_of(context, worker), seat);
}

static void come_back(void *context, tr_worker *worker, tr_seat *seat)
{
    tr_helm_come_back(helm_of(context, worker), seat);
}

static bool is_caller(void *context, const troupe_self *self)
{
    (void) context;
    return self->actor->worker->guard != NULL ? tr_proxy_is_caller(self)
                                              : tr_runner_is_here(self->actor->seat);
}

static void route(tr_worker *worker, void *context)
{
    tr_worker_route(worker, context);
}

void tr_outside_deliver(troupe_node *node, troupe_message *message, tr_engine_call *call)
{
    const tr_slot *slot = tr_system_slot(&node->system, message->receiver);
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    /* Without the mutex, which comes before locks that the caller may hold. Set before the receiver
     * was on that worker, so before what the caller has from it. */
    tr_engine *engine = node->engines[tr_way_from(way)];
    TR_ASSERT(engine != NULL);
    *call = (tr_engine_call) {.run = route, .context = message, .is_brief = true};
    tr_engine_post(engine, call);
}

static void deliver_job(void *context, tr_job *job, tr_engine_call *call)
{
    tr_outside_deliver(context, &job->message, call);
}

troupe_error tr_outside_make_crew(troupe_node *node)
{
    const tr_crew_options options = {
        .allocator = &node->settings.allocator,
        .log = &node->settings.log,
        .node_name = node->settings.name,
        .clock = tr_clock_real(),
        .idle_ns = TR_OFFLOAD_IDLE_NS,
        .threads_max = node->settings.offload_threads_max,
        .queue_max = node->settings.offload_queue_max,
        .deliver = deliver_job,
        .rested = engine_ended,
        .context = node,
    };
    return tr_crew_create(&options, &node->crew);
}

static tr_descriptors *descriptors_of(void *context, const tr_worker *worker)
{
    troupe_node *node = context;
    return tr_engine_descriptors(node->engines[worker->index]); /* as helm_of */
}

static troupe_error watch(void *context, tr_worker *worker, int fd, uint32_t events)
{
    return narrow(tr_descriptors_watch(descriptors_of(context, worker), fd, events));
}

static troupe_error change(void *context, tr_worker *worker, int fd, uint32_t events)
{
    return tr_descriptors_change(descriptors_of(context, worker), fd, events);
}

static void unwatch(void *context, tr_worker *worker, int fd)
{
    tr_descriptors_unwatch(descriptors_of(context, worker), fd);
}

static troupe_error look(void *context, int fd, uint32_t events, uint32_t *out_events)
{
    (void) context;
    return tr_poller_look_at(fd, events, out_events);
}

tr_ports tr_outside_ports(troupe_node *node)
{
    return (tr_ports) {
        .allocator = &node->settings.allocator,
        .log = &node->settings.log,
        .clock = tr_clock_real(),
        .stacks = node->stacks,
        .context = node,
        .carry = carry,
        .lock = lock,
        .unlock = unlock,
        .make_worker = make_worker_locked,
        .worker_is_done = worker_is_done,
        .want_worker = want_worker,
        .return_worker = return_worker,
        .come_back = come_back,
        .is_caller = is_caller,
        .jobs = tr_crew_port(node->crew),
        .fds =
            {.context = node, .watch = watch, .change = change, .unwatch = unwatch, .look = look},
        .gate = node->gate,
        .root_ended = root_ended,
        .all_ended = all_ended,
    };
}

troupe_error tr_outside_start(troupe_node *node)
{
    troupe_error error = TROUPE_OK;
    node->crowd.processors = tr_processor_count();
    atomic_store_explicit(&node->crowd.threads, node->settings.system.workers,
                          memory_order_relaxed);
    tr_mutex_lock(&node->mutex);
    for (uint32_t i = 0; i < node->settings.system.workers && !error; i++) {
        error = add_engine(node, i, NULL);
    }
    if (!error && node->hub != NULL && node->settings.system.border_is_shared == 0) {
        atomic_fetch_add_explicit(&node->crowd.threads, 1, memory_order_relaxed);
        error = add_engine(node, tr_system_border_worker(&node->system), NULL);
    }
    tr_mutex_unlock(&node->mutex);
    return error;
}

troupe_error tr_outside_start_guarded(troupe_node *node, uint32_t index, tr_guard *guard,
                                      tr_engine **out_engine)
{
    /* Before its thread runs, which looks there. It is not counted in the crowd: it never spins. */
    tr_ends_worker(&node->ends, index)->guard = guard;
    const troupe_error error = add_engine(node, index, guard);
    *out_engine = node->engines[index];
    return error;
}

void tr_outside_end(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    for (uint32_t i = 0; i < node->ends.count; i++) {
        if (node->engines[i] != NULL) {
            tr_engine_end(node->engines[i]);
        }
    }
    tr_mutex_unlock(&node->mutex);
}

bool tr_outside_is_at_rest(troupe_node *node)
{
    bool is_at_rest = true;
    tr_mutex_lock(&node->mutex);
    for (uint32_t i = 0; i < node->ends.count; i++) {
        is_at_rest =
            is_at_rest && (node->engines[i] == NULL || tr_engine_is_at_rest(node->engines[i]));
    }
    tr_mutex_unlock(&node->mutex);
    return is_at_rest;
}

uint32_t tr_outside_join(troupe_node *node)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < node->ends.count; i++) {
        if (node->engines[i] == NULL) {
            continue;
        }
        if (tr_engine_is_at_rest(node->engines[i])) {
            tr_engine_join(node->engines[i]);
        } else {
            left++;
        }
    }
    return left;
}

void tr_outside_destroy(troupe_node *node)
{
    for (uint32_t i = 0; i < node->ends.count; i++) {
        tr_engine_destroy(&node->engines[i]);
    }
}
