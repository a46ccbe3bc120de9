/* SPDX-License-Identifier: MIT */
#include "simulation/virtual_node.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/actor.h"
#include "simulation/eyes.h"
#include "simulation/mover.h"
#include "simulation/parcels.h"
#include "simulation/passes.h"
#include "simulation/soundness.h"
#include "simulation/virtual_crew.h"
#include "simulation/world_gate.h"

struct tr_virtual_node {
    tr_course *course;
    tr_world_options options;
    const troupe_allocator *memory;
    tr_virtual_identity identity;
    troupe_log log;
    tr_system system;
    tr_ends ends;
    tr_stacks *stacks;
    uint64_t moves;
    tr_parcels parcels;
    tr_virtual_crew crew;
    tr_gate *gate;
    tr_passes *passes; /* NULL: none stops */
    tr_eye *eye;
    bool has_work[TR_ENDS_MAX]; /* a pass may do something */
    tr_root *roots;             /* not ready yet, or given up */
    uint32_t roots_ended;
    troupe_error root_error;
    bool is_locked;
    bool has_ended;
    bool was_stopped;
};

static void note(tr_virtual_node *node, tr_event event, uint64_t first, uint64_t second)
{
    tr_course_note(node->course, node->identity.index, event, first, second);
}

static tr_worker *worker_of(const tr_virtual_node *node, uint32_t index)
{
    TR_ASSERT(index < node->ends.count);
    return tr_ends_worker(&node->ends, index);
}

/* Ports. */

static uint64_t now_ns(void *context)
{
    return tr_virtual_node_now_ns(context);
}

static bool carry(void *context, tr_worker *from, uint32_t to, const tr_batch *batch)
{
    tr_virtual_node *node = context;
    tr_random *random = &node->course->random;
    TR_ASSERT(batch->count > 0);
    TR_ASSERT(to < node->ends.count && to != from->index);
    if (tr_random_chance(random, node->options.refuse_chance_percent, 100)) {
        note(node, TR_EVENT_REFUSE, from->index, to);
        return false;
    }

    const uint64_t due_ns =
        tr_virtual_node_now_ns(node) + tr_random_below(random, node->options.delay_ns_max + 1);
    if (tr_parcels_add(&node->parcels, from->index, to, batch, due_ns) != TROUPE_OK) {
        return false;
    }
    note(node, TR_EVENT_CARRY, from->index, to);
    note(node, TR_EVENT_CARRY, batch->count, due_ns);
    return true;
}

static void lock(void *context)
{
    tr_virtual_node *node = context;
    TR_ASSERT(!node->is_locked);
    node->is_locked = true;
}

static void unlock(void *context)
{
    tr_virtual_node *node = context;
    TR_ASSERT(node->is_locked);
    node->is_locked = false;
}

static troupe_error make_worker(void *context, uint32_t *out_index)
{
    tr_virtual_node *node = context;
    bool is_new = false;
    const troupe_error error = tr_ends_take(&node->ends, out_index, &is_new);
    if (!error) {
        node->has_work[*out_index] = true;
    }
    return error;
}

static void worker_is_done(void *context, uint32_t index)
{
    tr_virtual_node *node = context;
    tr_ends_park(&node->ends, index);
}

static void root_ended(void *context, troupe_error error)
{
    tr_virtual_node *node = context;
    node->roots_ended++;
    if (node->root_error == TROUPE_OK) {
        node->root_error = error;
    }
}

static void all_ended(void *context)
{
    tr_virtual_node *node = context;
    TR_ASSERT(!node->has_ended);
    node->has_ended = true;
}

/* Making and freeing. */

static tr_ports make_ports(tr_virtual_node *node)
{
    const tr_world_options *options = &node->options;
    return (tr_ports) {
        .allocator = node->memory,
        .log = &node->log,
        .clock = {.now_ns = now_ns, .context = node},
        .stacks = node->stacks,
        .context = node,
        .carry = carry,
        .lock = lock,
        .unlock = unlock,
        .make_worker = make_worker,
        .worker_is_done = worker_is_done,
        .jobs = tr_virtual_crew_port(&node->crew),
        .fds = options->fds != NULL ? *options->fds : (tr_fds_port) {0},
        .gate = node->gate,
        .root_ended = root_ended,
        .all_ended = all_ended,
        .observer = node->eye,
    };
}

static troupe_error make_system(tr_virtual_node *node)
{
    const tr_world_options *options = &node->options;
    const tr_stacks_options stacks = {.stack_size = options->stack_size};
    troupe_error error = tr_stacks_create(node->memory, &stacks, &node->stacks);
    if (error) {
        return error;
    }

    error = tr_world_gate_create(options->allocator, &node->ends, node->has_work,
                                 &node->course->is_rung, &node->gate);
    if (error) {
        return error;
    }
    const tr_ports ports = make_ports(node);
    const tr_system_options system = {
        .node_id = node->identity.id,
        .memory_budget = options->memory_budget,
        .seed = tr_random_next(&node->course->random),
        .workers = options->workers,
        .ends_max = options->workers + options->own_threads_max,
        .actors_max = options->actors_max,
        .mailbox_capacity_default = options->mailbox_capacity_default,
        .turn_messages = options->turn_messages,
        .has_balance = options->has_balance ? 1 : 0,
    };
    error = tr_system_init(&node->system, &system, &ports);
    if (error) {
        return error;
    }
    tr_nodes_set_own(&node->system, options->name, options->labels);
    error = tr_ends_init(&node->ends, &node->system);
    return error ? error : tr_guardian_start(worker_of(node, 0));
}

static bool may_stop(void *context)
{
    const tr_virtual_node *node = context;
    return !node->is_locked && !tr_world_gate_is_locked(node->gate);
}

static troupe_error make_passes(tr_virtual_node *node)
{
    const tr_world_options *options = &node->options;
    return tr_passes_create(
        &(const tr_passes_options) {.random = &node->course->random,
                                    .may_stop = may_stop,
                                    .context = node,
                                    .workers_max = options->workers + options->own_threads_max,
                                    .stop_percent = options->switch_percent,
                                    .rare_percent = options->rare_percent},
        &node->passes);
}

troupe_error tr_virtual_node_create(tr_course *course, const tr_world_options *options,
                                    const troupe_allocator *memory,
                                    const tr_virtual_identity *identity, tr_virtual_node **out_node)
{
    tr_virtual_node *node = tr_allocate(tr_allocator_default(), sizeof *node);
    TR_REQUIRE(node != NULL, NO_MEMORY);
    node->course = course;
    node->options = *options;
    node->memory = memory;
    node->identity = *identity;
    node->log = options->log != NULL ? *options->log : (troupe_log) {0};
    node->crew = (tr_virtual_crew) {.allocator = memory,
                                    .random = &course->random,
                                    .clock = {.now_ns = now_ns, .context = node},
                                    .job_ns_max = options->job_ns_max};
    tr_virtual_crew_init(&node->crew, options->offload_threads_max, options->offload_queue_max);
    troupe_error error =
        tr_parcels_init(&node->parcels, options->workers + options->own_threads_max);
    if (!error && tr_world_options_have_chances(options)) {
        error = make_passes(node);
    }
    if (!error && tr_eyes_can_see() && !options->is_unseen) {
        error = tr_eye_open(course, &node->system, identity->index,
                            options->workers + options->own_threads_max, &node->eye);
    }
    if (!error) {
        error = make_system(node);
    }
    if (error) {
        tr_virtual_node_destroy(&node);
        return error;
    }
    *out_node = node;
    return TROUPE_OK;
}

static void let_go_of_roots(tr_virtual_node *node)
{
    while (node->roots != NULL) {
        tr_root *root = node->roots;
        node->roots = root->next;
        root->node = NULL;
        if (root->is_waited_for) {
            root->error = TROUPE_ERROR_NODE_LOST;
            root->is_done = true;
        } else {
            tr_free(tr_allocator_default(), root, sizeof *root);
        }
    }
}

void tr_virtual_node_destroy(tr_virtual_node **in_node)
{
    tr_virtual_node *node = *in_node;
    if (node == NULL) {
        return;
    }
    if (node->passes != NULL) {
        tr_virtual_node_settle(node);
        tr_passes_destroy(&node->passes);
    }
    node->system.ports.observer = NULL;
    tr_eye_shut(&node->eye);
    tr_gate_shut(node->gate);
    if (node->ends.count > 0) {
        tr_parcels_drop(&node->parcels, &node->ends);
        tr_ends_fini(&node->ends);
    }
    tr_virtual_crew_fini(&node->crew); /* what the workers had lay in its jobs */
    tr_gate_release(&node->gate);
    if (node->system.options.workers > 0) {
        tr_system_fini(&node->system);
    }
    tr_stacks_destroy(&node->stacks);
    let_go_of_roots(node);
    tr_parcels_fini(&node->parcels);
    tr_free(tr_allocator_default(), node, sizeof *node);
    *in_node = NULL;
}

/* Steps. */

void tr_virtual_node_look(tr_virtual_node *node)
{
    for (uint32_t i = 0; i < node->ends.count; i++) {
        node->has_work[i] = true;
    }
}

/* A pass is over. */
static void passed(tr_virtual_node *node, tr_worker *worker, bool is_more)
{
    node->has_work[worker->index] = is_more || tr_worker_has_outgoing(worker);
    node->course->now_ns += node->options.pass_ns;
}

static void close_pass(tr_virtual_node *node, uint32_t index)
{
    if (node->passes != NULL && tr_passes_is_open(node->passes, index)) {
        passed(node, worker_of(node, index), tr_passes_close(node->passes, index));
    }
}

void tr_virtual_node_settle(tr_virtual_node *node)
{
    for (uint32_t i = 0; i < node->ends.count; i++) {
        close_pass(node, i);
    }
}

static void pass(tr_virtual_node *node, uint32_t index)
{
    tr_worker *worker = worker_of(node, index);
    note(node, TR_EVENT_PASS, index, tr_virtual_node_now_ns(node));
    bool is_more = true;
    if (node->passes == NULL) {
        is_more = tr_worker_pass(worker);
    } else if (!tr_passes_run(node->passes, worker, &is_more)) {
        return; /* there is work */
    }
    passed(node, worker, is_more);
    TR_ASSERT(!node->is_locked);
}

static void deliver(tr_virtual_node *node, uint32_t choice)
{
    tr_batch batch;
    const uint64_t at_ns = tr_virtual_node_now_ns(node);
    const uint32_t to = tr_parcels_take(&node->parcels, at_ns, choice, &batch);
    note(node, TR_EVENT_DELIVER, to, batch.count);
    close_pass(node, to);
    tr_worker *worker = worker_of(node, to);
    worker->now_ns = at_ns;
    tr_worker_accept(worker, &batch);
    node->has_work[to] = true;
}

static void work(tr_virtual_node *node, uint32_t choice)
{
    tr_virtual_node_settle(node); /* it is not known whose job it is */
    const tr_worker *worker = tr_virtual_crew_work(&node->crew, choice, &node->ends);
    note(node, TR_EVENT_WORK, tr_virtual_node_now_ns(node), 0);
    if (worker != NULL) {
        node->has_work[worker->index] = true;
    }
}

static void note_moved(tr_virtual_node *node, tr_moved moved)
{
    if (moved.count > 0) {
        node->has_work[moved.from] = true;
        node->moves += moved.count;
        note(node, TR_EVENT_MOVE, moved.from, moved.to);
    }
}

bool tr_virtual_node_move(tr_virtual_node *node, troupe_ref ref, uint32_t to)
{
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    tr_virtual_node_settle(node);
    const tr_moved moved = tr_mover_give_one(&node->ends, address, to);
    note_moved(node, moved);
    return moved.count > 0;
}

uint64_t tr_virtual_node_moves(const tr_virtual_node *node)
{
    return node->moves;
}

void tr_virtual_node_shuffle(tr_virtual_node *node)
{
    tr_random *random = &node->course->random;
    uint32_t percent = node->options.moves_percent;
    if (node->passes != NULL && percent > 0) {
        if (!tr_random_chance(random, percent, 100)) {
            return;
        }
        tr_virtual_node_settle(node);
        percent = 100;
    }
    note_moved(node, tr_mover_give_some(&node->ends, random, percent));
}

/* Those that a timer is due on have work too. */
static uint32_t count_passes(tr_virtual_node *node, uint64_t at_ns)
{
    uint32_t passes = 0;
    for (uint32_t i = 0; i < node->ends.count; i++) {
        if (!node->has_work[i]) {
            node->has_work[i] = tr_worker_next_due_ns(worker_of(node, i)) <= at_ns;
        }
        passes += node->has_work[i] ? 1 : 0;
    }
    return passes;
}

uint32_t tr_virtual_node_choices(tr_virtual_node *node)
{
    const uint64_t at_ns = tr_virtual_node_now_ns(node);
    return count_passes(node, at_ns) + tr_parcels_due_count(&node->parcels, at_ns) +
           tr_virtual_crew_due_count(&node->crew);
}

void tr_virtual_node_step(tr_virtual_node *node, uint32_t choice)
{
    uint32_t index = 0;
    for (; index < node->ends.count; index++) {
        if (node->has_work[index] && choice-- == 0) {
            pass(node, index);
            return;
        }
    }
    const uint32_t parcels = tr_parcels_due_count(&node->parcels, tr_virtual_node_now_ns(node));
    if (choice < parcels) {
        deliver(node, choice);
    } else {
        work(node, choice - parcels);
    }
}

uint64_t tr_virtual_node_next_due_ns(const tr_virtual_node *node)
{
    uint64_t next_ns = tr_parcels_next_due_ns(&node->parcels);
    const uint64_t job_ns = tr_virtual_crew_next_due_ns(&node->crew);
    next_ns = job_ns < next_ns ? job_ns : next_ns;
    for (uint32_t i = 0; i < node->ends.count; i++) {
        const tr_worker *worker = worker_of(node, i);
        const uint64_t due_ns = tr_worker_next_due_ns(worker);
        tr_timers_foresee(&worker->timers); /* with many nodes it is long until then */
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return tr_skew_world_ns(&node->identity.skew, next_ns);
}

void tr_virtual_node_rest(const tr_virtual_node *node)
{
    if (node->eye == NULL) {
        return;
    }
    for (uint32_t i = 0; i < node->ends.count; i++) {
        tr_eye_see_sleep(node->eye, i, tr_worker_next_due_ns(worker_of(node, i)));
    }
    if (tr_virtual_node_is_at_rest(node)) {
        tr_eye_see_rest(node->eye);
    }
}

bool tr_virtual_node_is_at_rest(const tr_virtual_node *node)
{
    return node->parcels.used_count == 0 && node->crew.jobs.counts.running == 0;
}

/* Spawn and stop. */

static void root_is_ready(tr_root_ready *ready, troupe_error error)
{
    tr_root *root = TR_CONTAINER_OF(ready, tr_root, ready);
    TR_ASSERT(!root->is_done);
    root->error = error;
    root->is_done = true;
}

static void free_root(tr_root *root)
{
    if (root->node != NULL) {
        tr_root **at = &root->node->roots;
        while (*at != root) {
            at = &(*at)->next;
        }
        *at = root->next;
    }
    tr_free(tr_allocator_default(), root, sizeof *root);
}

troupe_error tr_virtual_node_spawn(tr_virtual_node *node, const troupe_spawn_options *options,
                                   tr_root **out_root)
{
    tr_root *root = tr_allocate(tr_allocator_default(), sizeof *root);
    TR_REQUIRE(root != NULL, NO_MEMORY);
    *root = (tr_root) {.ready.done = root_is_ready,
                       .next = node->roots,
                       .node = node,
                       .ref = troupe_ref_none(),
                       .is_waited_for = true};
    node->roots = root;
    tr_virtual_node_settle(node);
    node->has_work[0] = true;
    const troupe_error error =
        tr_guardian_spawn(worker_of(node, 0), options, &root->ready, &root->ref);
    if (error) {
        free_root(root);
        return error;
    }
    *out_root = root;
    return TROUPE_OK;
}

void tr_virtual_node_forget(tr_root **root)
{
    TR_ASSERT((*root)->is_done);
    free_root(*root);
    *root = NULL;
}

void tr_virtual_node_give_up(tr_root **in_root)
{
    tr_root *root = *in_root;
    const tr_address address = {.slot = root->ref.slot, .generation = root->ref.generation};
    /* The record stays until the start has returned. */
    root->is_waited_for = false;
    (void) tr_actor_signal(worker_of(root->node, 0), address,
                           TR_SIGNAL_STOP); /* else it has just ended */
    *in_root = NULL;
}

void tr_virtual_node_stop(tr_virtual_node *node)
{
    if (!node->was_stopped) {
        node->was_stopped = true;
        tr_virtual_node_settle(node);
        atomic_store_explicit(&node->system.is_stopping, 1, memory_order_relaxed);
        tr_guardian_stop(worker_of(node, 0));
        node->has_work[0] = true;
    }
}

bool tr_virtual_node_was_stopped(const tr_virtual_node *node)
{
    return node->was_stopped;
}

bool tr_virtual_node_has_ended(const tr_virtual_node *node)
{
    return node->has_ended;
}

/* What can be seen. */

uint64_t tr_virtual_node_now_ns(const tr_virtual_node *node)
{
    return tr_skew_own_ns(&node->identity.skew, node->course->now_ns);
}

void tr_virtual_node_set_skew(tr_virtual_node *node, int32_t ppm, uint64_t ahead_ns)
{
    tr_skew_set(&node->identity.skew, node->course->now_ns, ppm, ahead_ns);
    note(node, TR_EVENT_SKEW, (uint64_t) (int64_t) ppm, ahead_ns);
}

const tr_virtual_identity *tr_virtual_node_identity(const tr_virtual_node *node)
{
    return &node->identity;
}

const tr_ends *tr_virtual_node_ends(const tr_virtual_node *node)
{
    return &node->ends;
}

uint32_t tr_virtual_node_roots_ended(const tr_virtual_node *node)
{
    return node->roots_ended;
}

troupe_error tr_virtual_node_root_error(const tr_virtual_node *node)
{
    return node->root_error;
}

bool tr_virtual_node_is_sound(tr_virtual_node *node, char *fault, size_t size)
{
    if (node->has_ended && !tr_virtual_crew_is_empty(&node->crew)) {
        (void) snprintf(fault, size, "jobs are left");
        return false;
    }
    const uint64_t under_way = tr_parcels_held(&node->parcels);
    return tr_soundness_of_ends(&node->ends, under_way, fault, size) &&
           (!node->has_ended || tr_soundness_of_end(&node->ends, fault, size));
}
