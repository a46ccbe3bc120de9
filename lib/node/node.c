/* SPDX-License-Identifier: MIT */
#include "node/node.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/guardian.h"
#include "core/place.h"
#include "node/crew.h"
#include "node/faults.h"
#include "node/inspector.h"
#include "node/keeper.h"
#include "node/membarrier.h"
#include "node/node_gate.h"
#include "node/outside.h"
#include "node/proxy.h"
#include "node/root.h"
#include "node/watchdog.h"

/* What a thread that was left behind is given to come back when the node is destroyed. */
#define GRACE_NS UINT64_C(200000000)
/* Four for each link, and some. */
#define HUB_SOCKETS_MAX 8192

bool tr_node_is_forked(const troupe_node *node)
{
    return node->process_id != (int64_t) getpid();
}

bool tr_node_is_inside(troupe_node *node)
{
    bool is_inside = false;
    tr_mutex_lock(&node->mutex);
    for (uint32_t i = 0; i < node->ends.count && !is_inside; i++) {
        is_inside = node->engines[i] != NULL && tr_engine_is_current(node->engines[i]);
    }
    tr_mutex_unlock(&node->mutex);
    return is_inside || tr_spares_are_current(node->spares);
}

tr_node_phase tr_node_phase_now(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    const tr_node_phase phase = node->phase;
    tr_mutex_unlock(&node->mutex);
    return phase;
}

/* Making and freeing. */

/* All threads have ended. Takes half-made ones. */
static void free_all(troupe_node *node)
{
    const troupe_allocator allocator = node->settings.allocator;
    tr_proxy_destroy(node);
    tr_watchdog_destroy(&node->watchdog);
    tr_spares_destroy(&node->spares);
    tr_gate_shut(node->gate);
    tr_outside_destroy(node);
    if (node->has_faults) {
        tr_faults_close();
    }
    tr_hub_destroy(&node->hub);
    if (node->ends.system != NULL) {
        tr_ends_fini(&node->ends);
    }
    if (node->system.options.workers > 0) {
        tr_system_fini(&node->system);
    }
    tr_crew_destroy(&node->crew); /* messages that the workers had lay in its jobs */
    tr_gate_release(&node->gate); /* likewise in what it has */
    tr_roots_free(node);
    tr_stacks_destroy(&node->stacks);
    if (node->inproc != NULL) {
        tr_inproc_destroy(&node->inproc);
    }
    if (node->keeper_waiter != NULL) {
        tr_waiter_destroy(&node->keeper_waiter);
    }
    tr_signals_close(&node->signals);
    tr_hosts_free(&node->hosts, &allocator);
    tr_condition_fini(&node->changed);
    tr_mutex_fini(&node->reloading);
    tr_mutex_fini(&node->mutex);
    tr_mutex_fini(&node->shared);
    TR_MARK_END(&node->mark);
    tr_free(&allocator, node, sizeof *node);
}

/* At start, not before: with its first socket ZeroMQ starts a thread. */
static troupe_error make_inproc(troupe_node *node)
{
    if (node->inproc != NULL) {
        return TROUPE_OK; /* of an earlier start that failed */
    }
    const bool has_hosts = node->hosts.block != NULL;
    const tr_inproc_options options = {.name = node->settings.name,
                                       .allocator = &node->settings.allocator,
                                       .log = &node->settings.log,
                                       .ends_max = node->settings.system.ends_max,
                                       .sockets_max = has_hosts ? HUB_SOCKETS_MAX : 0,
                                       .io_threads = has_hosts ? 1 : 0};
    sigset_t before;
    tr_signals_hold(&before); /* ZeroMQ's threads block them too, but late */
    const troupe_error error = tr_inproc_create(&options, &node->inproc);
    tr_signals_release(&before);
    return error == TROUPE_ERROR_LIMIT_REACHED ? TROUPE_ERROR_SYSTEM : error;
}

/* Listens from here on: who dials waits for the border. */
static troupe_error make_hub(troupe_node *node)
{
    if (node->hosts.block == NULL || node->hub != NULL) {
        return TROUPE_OK;
    }
    tr_hub_options options = tr_hosts_hub_options(&node->hosts);
    options.system = &node->system;
    options.name = node->settings.name;
    options.stops_when_refused = node->settings.stops_when_refused;
    options.zmq = tr_inproc_context(node->inproc);
    sigset_t before;
    tr_signals_hold(&before); /* for ZeroMQ's threads, as above */
    const troupe_error error = tr_hub_create(&options, &node->hub);
    tr_signals_release(&before);
    if (!error) {
        node->guest = tr_hub_guest(node->hub);
    }
    return error == TROUPE_ERROR_LIMIT_REACHED ? TROUPE_ERROR_SYSTEM : error;
}

static troupe_error start_border(troupe_node *node)
{
    if (node->hub == NULL) {
        return TROUPE_OK;
    }
    troupe_spawn_options options = tr_border_spawn_options(tr_hub_border(node->hub));
    options.place = TR_PLACE_BORDER;
    troupe_ref ref;
    return troupe_node_spawn(node, &options, &ref);
}

static troupe_error make_waiter(troupe_node *node)
{
    troupe_error error = tr_waiter_create(&node->settings.allocator, &node->keeper_waiter);
    if (!error && node->settings.stops_on_signals) {
        error = tr_signals_open(&node->signals);
        if (!error) {
            error = tr_waiter_add(node->keeper_waiter, node->signals.fd, TR_WAITER_READ,
                                  &node->signals);
        }
    }
    return error == TROUPE_ERROR_LIMIT_REACHED ? TROUPE_ERROR_SYSTEM : error;
}

static troupe_error make_system(troupe_node *node)
{
    const tr_stacks_options stacks = {.stack_size = node->settings.stack_size};
    troupe_error error = tr_stacks_create(&node->settings.allocator, &stacks, &node->stacks);
    if (error) {
        return error;
    }
    error = tr_outside_make_crew(node);
    if (error) {
        return error;
    }
    error = tr_node_gate_create(node, &node->gate);
    if (error) {
        return error;
    }
    const tr_ports ports = tr_outside_ports(node);
    error = tr_system_init(&node->system, &node->settings.system, &ports);
    if (error) {
        return error;
    }
    node->system.node = node;
    tr_nodes_set_own(&node->system, node->settings.name, node->settings.labels);
    error = tr_ends_init(&node->ends, &node->system);
    return error ? error : tr_guardian_start(tr_ends_worker(&node->ends, 0));
}

static troupe_error make_spares(troupe_node *node)
{
    if (!tr_membarrier_open()) {
        tr_log_write(&node->settings.log, TROUPE_LOG_NOTICE,
                     "node '%s': no spare threads: the kernel has no membarrier; a handler that "
                     "blocks holds up the others on its worker",
                     node->settings.name);
        return TROUPE_OK;
    }
    const tr_spares_options options = {
        .system = &node->system,
        .node_name = node->settings.name,
        .max = node->settings.spares_max,
        .has_fault_signals = node->settings.has_fault_signals,
    };
    return tr_spares_create(&options, &node->spares);
}

static troupe_error make_watch(troupe_node *node)
{
    troupe_error error = TROUPE_OK;
    if (node->settings.has_fault_signals) {
        error = tr_faults_open();
        node->has_faults = !error;
    }
    if (!error && node->settings.spares_max > 0) {
        error = make_spares(node);
    }
    if (!error && (node->settings.watch != TROUPE_WATCHDOG_OFF || node->spares != NULL)) {
        error = tr_watchdog_create(node, &node->watchdog);
    }
    return error;
}

troupe_error troupe_node_create(const troupe_node_options *options, troupe_node **out_node)
{
    TR_REQUIRE(out_node != NULL, BAD_ARGUMENT);
    tr_node_settings settings;
    troupe_error error = tr_node_settings_read(&settings, options);
    if (error) {
        return error;
    }
    troupe_node *node = tr_allocate(&settings.allocator, sizeof *node);
    TR_REQUIRE(node != NULL, NO_MEMORY);
    TR_MARK_BEGIN(&node->mark, TR_HANDLE_NODE, NULL);
    node->settings = settings;
    node->process_id = (int64_t) getpid();
    tr_mutex_init(&node->shared);
    tr_mutex_init(&node->mutex);
    tr_mutex_init(&node->reloading);
    tr_condition_init(&node->changed);

    error = tr_hosts_read(&node->hosts, options, &node->settings.allocator, &node->settings.log);
    if (!error) {
        error = make_waiter(node);
    }
    if (!error) {
        error = make_system(node);
    }
    if (!error) {
        error = make_watch(node);
    }
    if (error) {
        free_all(node);
        return error;
    }
    *out_node = node;
    return TROUPE_OK;
}

/* Starting. */

static troupe_error start_threads(troupe_node *node)
{
    troupe_error error = make_inproc(node);
    if (error) {
        return error;
    }
    error = make_hub(node);
    if (error) {
        return error;
    }
    error = tr_outside_start(node);
    if (!error && node->watchdog != NULL) {
        error = tr_watchdog_start(node->watchdog);
    }
    if (!error) {
        error = tr_keeper_start(node);
    }
    if (error) {
        tr_watchdog_end(node->watchdog);
        tr_outside_end(node);
        for (uint32_t i = 0; i < node->ends.count; i++) {
            if (node->engines[i] != NULL) {
                tr_engine_join(node->engines[i]); /* it runs no actor: ends at once */
            }
        }
        tr_outside_destroy(node);
    }
    return error;
}

troupe_error troupe_node_start(troupe_node *node)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    tr_mutex_lock(&node->mutex);
    const bool is_first = node->phase == TR_NODE_MADE && !node->is_starting;
    node->is_starting = node->is_starting || is_first;
    tr_mutex_unlock(&node->mutex);
    TR_REQUIRE(is_first, BAD_ARGUMENT);

    troupe_error error = start_threads(node);
    tr_mutex_lock(&node->mutex);
    node->is_starting = false;
    if (!error && node->phase == TR_NODE_MADE) {
        node->phase = TR_NODE_RUNNING;
    }
    tr_mutex_unlock(&node->mutex);
    if (!error && node->settings.has_inspector) {
        error = tr_inspector_start(node);
    }
    if (!error) {
        error = start_border(node);
    }
    if (!error) {
        tr_log_write(&node->settings.log, TROUPE_LOG_INFO, "node '%s': started with %u workers",
                     node->settings.name, node->settings.system.workers);
    }
    return error;
}

/* Stopping. */

void troupe_node_stop(troupe_node *node)
{
    TR_CHECK_NODE(node);
    if (node == NULL || tr_node_is_forked(node)) {
        return;
    }
    tr_mutex_lock(&node->mutex);
    node->is_stop_wanted = true;
    if (node->phase == TR_NODE_MADE && !node->is_starting) {
        node->phase = TR_NODE_STOPPED; /* there is nothing to stop */
        tr_condition_broadcast(&node->changed);
    }
    tr_mutex_unlock(&node->mutex);
    tr_keeper_wake(node);
}

void tr_node_give_up(troupe_node *node, troupe_error error)
{
    tr_mutex_lock(&node->mutex);
    node->root_error = node->root_error != TROUPE_OK ? node->root_error : error;
    tr_mutex_unlock(&node->mutex);
    troupe_node_stop(node);
}

static troupe_error wait_until_stopped(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    while (node->phase != TR_NODE_STOPPED) {
        tr_condition_wait(&node->changed, &node->mutex);
    }
    const troupe_error error = node->has_left_behind ? TROUPE_ERROR_TIMED_OUT : node->root_error;
    tr_mutex_unlock(&node->mutex);
    return error;
}

troupe_error troupe_node_join(troupe_node *node)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    TR_REQUIRE(!tr_node_is_inside(node), BAD_ARGUMENT);
    TR_REQUIRE(tr_node_phase_now(node) != TR_NODE_MADE, BAD_ARGUMENT);
    return wait_until_stopped(node);
}

/* Joins the threads that have ended; how many have not. */
static uint32_t join_threads(troupe_node *node)
{
    return tr_outside_join(node) + tr_crew_join(node->crew);
}

/* Whether all threads have ended; waits a moment for those that were left behind. */
static bool end_of_threads(troupe_node *node)
{
    const uint64_t deadline_ns = tr_node_now_ns(node) + GRACE_NS;
    for (uint64_t now_ns = 0; now_ns < deadline_ns; now_ns = tr_node_now_ns(node)) {
        if (join_threads(node) == 0) {
            return true;
        }
        const tr_waiter_event *events = NULL;
        /* The keeper has gone; each thread that ends wakes its waiter. */
        (void) tr_waiter_wait(node->keeper_waiter, deadline_ns, tr_node_now_ns(node), &events);
    }
    return join_threads(node) == 0;
}

void troupe_node_destroy(troupe_node **in_node)
{
    if (in_node == NULL || *in_node == NULL) {
        return;
    }
    troupe_node *node = *in_node;
    TR_CHECK_NODE(node);
    if (tr_node_is_forked(node)) {
        *in_node = NULL; /* its threads may have been in the middle of anything */
        return;
    }
    if (tr_node_is_inside(node)) {
        tr_log_write(&node->settings.log, TROUPE_LOG_ERROR,
                     "node '%s': cannot be destroyed by one of its actors; it goes on",
                     node->settings.name);
        return;
    }
    troupe_node_stop(node);
    (void) wait_until_stopped(node); /* how it ended is join's to tell */
    tr_keeper_join(node);
    const bool have_ended = end_of_threads(node);
    if (tr_proxy_report_attached(node) > 0) {
        tr_log_write(&node->settings.log, TROUPE_LOG_ERROR,
                     "node '%s': destroyed before they were detached; its memory is left behind",
                     node->settings.name);
    } else if (have_ended) {
        free_all(node);
    } else {
        tr_log_write(&node->settings.log, TROUPE_LOG_ERROR,
                     "node '%s': %u threads are stuck in the code of actors and jobs; they and the "
                     "node's memory are left behind",
                     node->settings.name, join_threads(node));
    }
    *in_node = NULL;
}
