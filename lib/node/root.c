/* SPDX-License-Identifier: MIT */
#include "node/root.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/options.h"
#include "core/actor.h"
#include "core/guardian.h"
#include "core/supervisor.h"

/* What worker 0 is given to take the word that an actor is to stop. */
#define STOP_NS UINT64_C(1000000000)

/* A start that is waited for. Under the node's mutex, but for what the call takes along. */
struct tr_root {
    tr_root_ready ready;
    troupe_node *node;
    tr_root *next;
    const troupe_spawn_options *options; /* the caller's, until the call has returned */
    tr_root_ready *wanted;               /* NULL: nobody waits for the start */
    troupe_ref ref;
    troupe_error spawn_error;
    troupe_error start_error;
    bool has_started;
    bool is_given_up;
};

/* Under the mutex. */
static void forget(tr_root *root)
{
    troupe_node *node = root->node;
    tr_root **at = &node->roots;
    while (*at != root) {
        at = &(*at)->next;
    }
    *at = root->next;
    tr_free(&node->settings.allocator, root, sizeof *root);
}

/* On worker 0. */
static void start_returned(tr_root_ready *ready, troupe_error error)
{
    tr_root *root = TR_CONTAINER_OF(ready, tr_root, ready);
    troupe_node *node = root->node;
    tr_mutex_lock(&node->mutex);
    root->start_error = error;
    root->has_started = true;
    if (root->is_given_up) {
        forget(root);
    } else {
        tr_condition_broadcast(&node->changed);
    }
    tr_mutex_unlock(&node->mutex);
}

static void spawn_root(tr_worker *worker, void *context)
{
    tr_root *root = context;
    root->spawn_error = tr_guardian_spawn(worker, root->options, root->wanted, &root->ref);
}

static void stop_root(tr_worker *worker, void *context)
{
    const troupe_ref *ref = context;
    const tr_address address = {.slot = ref->slot, .generation = ref->generation};
    /* STALE if it has just ended; without memory it lives on until the node stops. */
    (void) tr_actor_signal(worker, address, TR_SIGNAL_STOP);
}

/* Waits for the start, under the mutex.
 * Errors: the start's own; TIMED_OUT; STOPPING. */
static troupe_error wait_for_start(tr_root *root, uint64_t deadline_ns)
{
    troupe_node *node = root->node;
    bool is_in_time = true;
    while (!root->has_started && node->phase < TR_NODE_STOPPED && is_in_time) {
        is_in_time = tr_condition_wait_until(&node->changed, &node->mutex, deadline_ns);
    }
    if (root->has_started) {
        return root->start_error;
    }
    root->is_given_up = true;
    return node->phase == TR_NODE_STOPPED ? TROUPE_ERROR_STOPPING : TROUPE_ERROR_TIMED_OUT;
}

static tr_root *make_root(troupe_node *node, const troupe_spawn_options *options)
{
    tr_root *root = tr_allocate(&node->settings.allocator, sizeof *root);
    if (root != NULL) {
        *root = (tr_root) {.ready.done = start_returned, .node = node, .options = options};
        tr_mutex_lock(&node->mutex);
        root->next = node->roots;
        node->roots = root;
        tr_mutex_unlock(&node->mutex);
    }
    return root;
}

/* Spawns on worker 0, and waits for the start if that is wanted. */
static troupe_error spawn(tr_root *root, uint64_t deadline_ns)
{
    tr_engine *engine = root->node->engines[0]; /* fixed since start */
    const troupe_error error = tr_engine_call_and_wait(engine, spawn_root, root, deadline_ns);
    return error ? error : root->spawn_error;
}

static troupe_error check(troupe_node *node, const troupe_spawn_options *options,
                          const troupe_ref *out_ref)
{
    TR_REQUIRE(node != NULL && options != NULL && out_ref != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    TR_REQUIRE(!tr_node_is_inside(node), BAD_ARGUMENT);
    tr_mutex_lock(&node->mutex);
    const tr_node_phase phase = node->phase;
    const bool is_stopping = node->is_stop_wanted || phase > TR_NODE_RUNNING;
    tr_mutex_unlock(&node->mutex);
    TR_REQUIRE(!is_stopping, STOPPING);
    TR_REQUIRE(phase == TR_NODE_RUNNING, BAD_ARGUMENT);
    return TROUPE_OK;
}

static void stop_late(troupe_node *node, troupe_ref ref)
{
    const uint64_t deadline_ns = tr_node_now_ns(node) + STOP_NS;
    /* If that fails the root lives on until the node stops, as in stop_root. */
    (void) tr_engine_call_and_wait(node->engines[0], stop_root, &ref, deadline_ns);
}

/* `waits`: for its start. */
static troupe_error spawn_by_record(troupe_node *node, const troupe_spawn_options *options,
                                    bool waits, uint64_t deadline_ns, troupe_ref *out_ref)
{
    tr_root *root = make_root(node, options);
    TR_REQUIRE(root != NULL, NO_MEMORY);
    root->wanted = waits ? &root->ready : NULL;
    troupe_error error = spawn(root, deadline_ns);

    tr_mutex_lock(&node->mutex);
    if (!error && waits) {
        error = wait_for_start(root, deadline_ns);
    }
    const troupe_ref ref = root->ref;
    const bool is_given_up = root->is_given_up;
    if (!is_given_up) { /* else whoever takes the mutex next may free it */
        forget(root);
    }
    tr_mutex_unlock(&node->mutex);
    if (is_given_up) {
        stop_late(node, ref);
    }
    if (!error) {
        *out_ref = ref;
    }
    return error;
}

troupe_error troupe_node_spawn(troupe_node *node, const troupe_spawn_options *options,
                               troupe_ref *out_ref)
{
    TR_CHECK_NODE(node);
    const troupe_error error = check(node, options, out_ref);
    if (error) {
        return error;
    }
    troupe_spawn_options known;
    TR_REQUIRE(tr_options_read(&known, sizeof known, options), BAD_ARGUMENT);
    const troupe_timeout timeout = known.start_timeout.ns != 0
                                       ? known.start_timeout
                                       : troupe_timeout_of_ns(TR_START_TIMEOUT_NS);
    const uint64_t deadline_ns = tr_deadline_of(tr_node_now_ns(node), timeout);
    return spawn_by_record(node, options, true, deadline_ns, out_ref);
}

troupe_error troupe_node_supervise(troupe_node *node, const troupe_supervisor_spec *spec,
                                   troupe_ref *out_ref)
{
    TR_CHECK_NODE(node);
    troupe_spawn_options options;
    const troupe_error error = tr_supervisor_options(spec, &options);
    return error ? error : troupe_node_spawn(node, &options, out_ref);
}

troupe_error tr_node_spawn_nowait(troupe_node *node, const troupe_spawn_options *options,
                                  troupe_ref *out_ref)
{
    const troupe_error error = check(node, options, out_ref);
    return error ? error : spawn_by_record(node, options, false, TR_NEVER, out_ref);
}

void tr_roots_free(troupe_node *node)
{
    while (node->roots != NULL) {
        forget(node->roots);
    }
}
