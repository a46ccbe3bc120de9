/* SPDX-License-Identifier: MIT */
#include "simulation/world.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/options.h"
#include "core/actor.h"
#include "core/ends.h"
#include "core/guardian.h"
#include "simulation/mover.h"
#include "simulation/parcels.h"
#include "simulation/soundness.h"
#include "simulation/virtual_crew.h"
#include "simulation/world_gate.h"
#include "simulation/world_options.h"

/* One call that drives the world ends after this many steps: something in it never rests. */
#define STEPS_MAX UINT64_C(4000000)
/* How long a stop may take in virtual time. */
#define STOP_NS UINT64_C(60000000000)

/* A root actor whose start is waited for. */
struct root {
    tr_root_ready ready;
    struct root *next;
    troupe_error error;
    bool is_done;
};

struct tr_world {
    tr_world_options options;
    troupe_log log;
    tr_system system;
    tr_ends ends;
    tr_stacks *stacks;
    tr_random random;
    uint64_t now_ns;
    uint64_t trace_hash;
    uint64_t moves;
    tr_parcels parcels;
    tr_virtual_crew crew;
    tr_gate *gate;
    bool has_work[TR_ENDS_MAX]; /* a pass may do something */
    struct root *roots;         /* not ready yet, or given up */
    uint32_t roots_ended;
    troupe_error root_error;
    bool is_locked;
    bool has_ended;
    bool was_stopped;
    char fault[1024];
};

/* Beginnings of what is traced. */
enum event {
    EVENT_PASS = 1,
    EVENT_CARRY,
    EVENT_REFUSE,
    EVENT_DELIVER,
    EVENT_MOVE,
    EVENT_TIME,
    EVENT_WORK
};

static void trace(tr_world *world, enum event event, uint64_t first, uint64_t second)
{
    const uint64_t hash = tr_hash_u64(world->trace_hash ^ (uint64_t) event);
    world->trace_hash = tr_hash_u64(tr_hash_u64(hash ^ first) ^ second);
}

__attribute__((format(printf, 2, 3))) static void set_fault(tr_world *world, const char *format,
                                                            ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(world->fault, sizeof world->fault, format, arguments); /* cut if long */
    va_end(arguments);
}

/* Ports. */

static uint64_t now_ns(void *context)
{
    const tr_world *world = context;
    return world->now_ns;
}

static bool carry(void *context, tr_worker *from, uint32_t to, const tr_batch *batch)
{
    tr_world *world = context;
    TR_ASSERT(batch->count > 0);
    TR_ASSERT(to < world->ends.count && to != from->index);
    if (tr_random_chance(&world->random, world->options.refuse_chance_percent, 100)) {
        trace(world, EVENT_REFUSE, from->index, to);
        return false;
    }

    const uint64_t due_ns =
        world->now_ns + tr_random_below(&world->random, world->options.delay_ns_max + 1);
    if (tr_parcels_add(&world->parcels, from->index, to, batch, due_ns) != TROUPE_OK) {
        return false;
    }
    trace(world, EVENT_CARRY, from->index, to);
    trace(world, EVENT_CARRY, batch->count, due_ns);
    return true;
}

static void lock(void *context)
{
    tr_world *world = context;
    TR_ASSERT(!world->is_locked);
    world->is_locked = true;
}

static void unlock(void *context)
{
    tr_world *world = context;
    TR_ASSERT(world->is_locked);
    world->is_locked = false;
}

static troupe_error make_worker(void *context, uint32_t *out_index)
{
    tr_world *world = context;
    bool is_new = false;
    const troupe_error error = tr_ends_take(&world->ends, out_index, &is_new);
    if (!error) {
        world->has_work[*out_index] = true;
    }
    return error;
}

static void worker_is_done(void *context, uint32_t index)
{
    tr_world *world = context;
    tr_ends_park(&world->ends, index);
}

static void root_ended(void *context, troupe_error error)
{
    tr_world *world = context;
    world->roots_ended++;
    if (world->root_error == TROUPE_OK) {
        world->root_error = error;
    }
}

static void all_ended(void *context)
{
    tr_world *world = context;
    TR_ASSERT(!world->has_ended);
    world->has_ended = true;
}

/* Making and freeing. */

static troupe_error make_system(tr_world *world)
{
    const tr_world_options *options = &world->options;
    const tr_stacks_options stacks = {.stack_size = options->stack_size};
    troupe_error error = tr_stacks_create(options->allocator, &stacks, &world->stacks);
    if (error) {
        return error;
    }

    error = tr_world_gate_create(options->allocator, &world->ends, world->has_work, &world->gate);
    if (error) {
        return error;
    }
    const tr_ports ports = {
        .allocator = options->allocator,
        .log = &world->log,
        .clock = {.now_ns = now_ns, .context = world},
        .stacks = world->stacks,
        .context = world,
        .carry = carry,
        .lock = lock,
        .unlock = unlock,
        .make_worker = make_worker,
        .worker_is_done = worker_is_done,
        .jobs = tr_virtual_crew_port(&world->crew),
        .fds = options->fds != NULL ? *options->fds : (tr_fds_port) {0},
        .gate = world->gate,
        .root_ended = root_ended,
        .all_ended = all_ended,
    };
    const tr_system_options system = {
        .node_id = tr_hash_u64(options->seed) | 1,
        .memory_budget = options->memory_budget,
        .seed = tr_random_next(&world->random),
        .workers = options->workers,
        .ends_max = options->workers + options->own_threads_max,
        .actors_max = options->actors_max,
        .mailbox_capacity_default = options->mailbox_capacity_default,
        .turn_messages = options->turn_messages,
        .has_balance = options->has_balance ? 1 : 0,
    };
    error = tr_system_init(&world->system, &system, &ports);
    if (error) {
        return error;
    }
    error = tr_ends_init(&world->ends, &world->system);
    return error ? error : tr_guardian_start(tr_world_worker(world, 0));
}

troupe_error tr_world_create(const tr_world_options *options, tr_world **out_world)
{
    tr_world_options complete_options;
    const troupe_error verdict = tr_world_options_read(&complete_options, options);
    if (verdict) {
        return verdict;
    }

    tr_world *world = tr_allocate(tr_allocator_default(), sizeof *world);
    TR_REQUIRE(world != NULL, NO_MEMORY);
    world->options = complete_options;
    world->log = options != NULL && options->log != NULL ? *options->log : (troupe_log) {0};
    world->now_ns = UINT64_C(1000000000); /* so that a time of 0 is noticed */
    tr_random_seed(&world->random, complete_options.seed);
    const uint32_t ends_max = complete_options.workers + complete_options.own_threads_max;
    world->crew = (tr_virtual_crew) {.allocator = complete_options.allocator,
                                     .random = &world->random,
                                     .clock = {.now_ns = now_ns, .context = world},
                                     .job_ns_max = complete_options.job_ns_max};
    tr_virtual_crew_init(&world->crew, complete_options.offload_threads_max,
                         complete_options.offload_queue_max);
    troupe_error error = tr_parcels_init(&world->parcels, ends_max);
    if (!error) {
        error = make_system(world);
    }
    if (error) {
        tr_world_destroy(&world);
        return error;
    }
    *out_world = world;
    return TROUPE_OK;
}

void tr_world_destroy(tr_world **in_world)
{
    tr_world *world = *in_world;
    if (world == NULL) {
        return;
    }
    tr_gate_shut(world->gate);
    if (world->ends.count > 0) {
        tr_parcels_drop(&world->parcels, &world->ends);
        tr_ends_fini(&world->ends);
    }
    tr_virtual_crew_fini(&world->crew); /* what the workers had lay in its jobs */
    tr_gate_release(&world->gate);
    if (world->system.options.workers > 0) {
        tr_system_fini(&world->system);
    }
    tr_stacks_destroy(&world->stacks);
    while (world->roots != NULL) {
        struct root *root = world->roots;
        world->roots = root->next;
        tr_free(tr_allocator_default(), root, sizeof *root);
    }
    tr_parcels_fini(&world->parcels);
    tr_free(tr_allocator_default(), world, sizeof *world);
    *in_world = NULL;
}

/* Steps. */

static void pass(tr_world *world, uint32_t index)
{
    tr_worker *worker = tr_world_worker(world, index);
    trace(world, EVENT_PASS, index, world->now_ns);
    const bool is_more = tr_worker_pass(worker);
    world->has_work[index] = is_more || tr_worker_has_outgoing(worker);
    world->now_ns += world->options.pass_ns;
    TR_ASSERT(!world->is_locked);
}

static void deliver(tr_world *world, uint32_t choice)
{
    tr_batch batch;
    const uint32_t to = tr_parcels_take(&world->parcels, world->now_ns, choice, &batch);
    trace(world, EVENT_DELIVER, to, batch.count);
    tr_worker *worker = tr_world_worker(world, to);
    worker->now_ns = world->now_ns;
    tr_worker_accept(worker, &batch);
    world->has_work[to] = true;
}

static void work(tr_world *world, uint32_t choice)
{
    const tr_worker *worker = tr_virtual_crew_work(&world->crew, choice, &world->ends);
    trace(world, EVENT_WORK, world->now_ns, 0);
    if (worker != NULL) {
        world->has_work[worker->index] = true;
    }
}

static void note_moved(tr_world *world, tr_moved moved)
{
    if (moved.count > 0) {
        world->has_work[moved.from] = true;
        world->moves += moved.count;
        trace(world, EVENT_MOVE, moved.from, moved.to);
    }
}

bool tr_world_move(tr_world *world, troupe_ref ref, uint32_t to)
{
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    const tr_moved moved = tr_mover_give_one(&world->ends, address, to);
    note_moved(world, moved);
    return moved.count > 0;
}

uint64_t tr_world_moves(const tr_world *world)
{
    return world->moves;
}

/* Does one of the things that can be done now; false if there is none. */
static bool step(tr_world *world)
{
    uint32_t passes = 0;
    note_moved(world,
               tr_mover_give_some(&world->ends, &world->random, world->options.moves_percent));
    for (uint32_t i = 0; i < world->ends.count; i++) {
        if (tr_worker_next_due_ns(tr_world_worker(world, i)) <= world->now_ns) {
            world->has_work[i] = true;
        }
        passes += world->has_work[i] ? 1 : 0;
    }
    const uint32_t parcels = tr_parcels_due_count(&world->parcels, world->now_ns);
    const uint32_t choices = passes + parcels + tr_virtual_crew_due_count(&world->crew);
    if (choices == 0) {
        return false;
    }

    uint32_t choice = (uint32_t) tr_random_below(&world->random, choices);
    if (choice >= passes + parcels) {
        work(world, choice - passes - parcels);
        return true;
    }
    if (choice >= passes) {
        deliver(world, choice - passes);
        return true;
    }
    uint32_t index = 0;
    while (!world->has_work[index] || choice-- > 0) {
        index++;
    }
    pass(world, index);
    return true;
}

/* When something can be done again if nothing can now. */
static uint64_t next_event_ns(const tr_world *world)
{
    uint64_t next_ns = tr_parcels_next_due_ns(&world->parcels);
    const uint64_t job_ns = tr_virtual_crew_next_due_ns(&world->crew);
    next_ns = job_ns < next_ns ? job_ns : next_ns;
    for (uint32_t i = 0; i < world->ends.count; i++) {
        const uint64_t due_ns = tr_worker_next_due_ns(tr_world_worker(world, i));
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

void tr_world_spend(tr_world *world, uint64_t ns)
{
    TR_ASSERT(world->now_ns + ns >= world->now_ns);
    trace(world, EVENT_TIME, world->now_ns + ns, 0);
    world->now_ns += ns;
}

/* The program may have done anything to any worker since the last call. */
static void look_at_all(tr_world *world)
{
    for (uint32_t i = 0; i < world->ends.count; i++) {
        world->has_work[i] = true;
    }
}

static bool is_tired(tr_world *world, uint64_t steps)
{
    if (steps < STEPS_MAX) {
        return false;
    }
    set_fault(world, "no rest after %llu steps", (unsigned long long) steps);
    return true;
}

void tr_world_run(tr_world *world)
{
    look_at_all(world);
    uint64_t steps = 0;
    while (!is_tired(world, steps++)) {
        if (!step(world)) {
            if (world->parcels.used_count == 0 && world->crew.jobs.counts.running == 0) {
                return;
            }
            tr_world_spend(world, next_event_ns(world) - world->now_ns);
        }
    }
}

bool tr_world_until(tr_world *world, bool (*is_true)(void *context), void *context, uint64_t ns_max)
{
    look_at_all(world);
    const uint64_t end_ns = ns_max < TR_NEVER - world->now_ns ? world->now_ns + ns_max : TR_NEVER;
    uint64_t steps = 0;
    while (!is_true(context)) {
        if (world->now_ns > end_ns || is_tired(world, steps++)) {
            return false;
        }
        if (step(world)) {
            continue;
        }
        const uint64_t next_ns = next_event_ns(world);
        if (next_ns > end_ns || next_ns == TR_NEVER) {
            if (end_ns != TR_NEVER && end_ns > world->now_ns) {
                tr_world_spend(world, end_ns - world->now_ns);
            }
            return false;
        }
        tr_world_spend(world, next_ns - world->now_ns);
    }
    return true;
}

static bool is_never_true(void *context)
{
    (void) context;
    return false;
}

void tr_world_advance(tr_world *world, uint64_t ns)
{
    (void) tr_world_until(world, is_never_true, NULL, ns); /* false is what it is to say */
}

/* Spawn and stop. */

static void root_is_ready(tr_root_ready *ready, troupe_error error)
{
    struct root *root = TR_CONTAINER_OF(ready, struct root, ready);
    TR_ASSERT(!root->is_done);
    root->error = error;
    root->is_done = true;
}

static bool is_done(void *context)
{
    return ((const struct root *) context)->is_done;
}

static void forget(tr_world *world, struct root *root)
{
    struct root **at = &world->roots;
    while (*at != root) {
        at = &(*at)->next;
    }
    *at = root->next;
    tr_free(tr_allocator_default(), root, sizeof *root);
}

static uint64_t start_timeout_ns(const troupe_spawn_options *options)
{
    troupe_spawn_options known;
    const bool is_read = tr_options_read(&known, sizeof known, options);
    TR_ASSERT(is_read); /* the spawn has read them too */
    return known.start_timeout.ns != 0 ? known.start_timeout.ns : TR_START_TIMEOUT_NS;
}

troupe_error tr_world_spawn(tr_world *world, const troupe_spawn_options *options,
                            troupe_ref *out_ref)
{
    struct root *root = tr_allocate(tr_allocator_default(), sizeof *root);
    TR_REQUIRE(root != NULL, NO_MEMORY);
    *root = (struct root) {.ready.done = root_is_ready, .next = world->roots};
    world->roots = root;

    troupe_ref ref = troupe_ref_none();
    tr_worker *worker = tr_world_worker(world, 0);
    troupe_error error = tr_guardian_spawn(worker, options, &root->ready, &ref);
    if (!error) {
        if (!tr_world_until(world, is_done, root, start_timeout_ns(options))) {
            /* Its start has not returned; it is stopped. The record stays until it has. */
            const tr_address address = {.slot = ref.slot, .generation = ref.generation};
            (void) tr_actor_signal(worker, address, TR_SIGNAL_STOP); /* else it has just ended */
            return TROUPE_ERROR_TIMED_OUT;
        }
        error = root->error;
    }
    forget(world, root);
    if (!error) {
        *out_ref = ref;
    }
    return error;
}

static bool has_ended(void *context)
{
    return ((const tr_world *) context)->has_ended;
}

bool tr_world_stop(tr_world *world)
{
    if (!world->was_stopped) {
        world->was_stopped = true;
        atomic_store_explicit(&world->system.is_stopping, 1, memory_order_relaxed);
        tr_guardian_stop(tr_world_worker(world, 0));
    }
    if (!tr_world_until(world, has_ended, world, STOP_NS)) {
        tr_soundness_name_living(&world->ends, world->fault, sizeof world->fault);
        return false;
    }
    tr_world_run(world); /* what the last had still to say to each other */
    return true;
}

/* What can be seen. */

uint64_t tr_world_now_ns(const tr_world *world)
{
    return world->now_ns;
}

uint64_t tr_world_trace_hash(const tr_world *world)
{
    return world->trace_hash;
}

tr_worker *tr_world_worker(const tr_world *world, uint32_t index)
{
    TR_ASSERT(index < world->ends.count);
    return tr_ends_worker(&world->ends, index);
}

uint32_t tr_world_worker_count(const tr_world *world)
{
    return world->ends.count;
}

uint32_t tr_world_roots_ended(const tr_world *world)
{
    return world->roots_ended;
}

troupe_error tr_world_root_error(const tr_world *world)
{
    return world->root_error;
}

troupe_error tr_world_snapshot(tr_world *world, troupe_snapshot **out_snapshot)
{
    return tr_soundness_snapshot(&world->ends, out_snapshot);
}

void tr_world_counts(const tr_world *world, troupe_counts *out_counts)
{
    tr_ends_count(&world->ends, out_counts);
}

bool tr_world_is_sound(tr_world *world)
{
    world->fault[0] = '\0';
    tr_world_run(world);
    const uint64_t under_way = tr_parcels_held(&world->parcels);
    if (world->has_ended && !tr_virtual_crew_is_empty(&world->crew)) {
        set_fault(world, "jobs are left");
    }
    return world->fault[0] == '\0' &&
           tr_soundness_of_ends(&world->ends, under_way, world->fault, sizeof world->fault) &&
           (!world->has_ended ||
            tr_soundness_of_end(&world->ends, world->fault, sizeof world->fault));
}

const char *tr_world_fault(const tr_world *world)
{
    return world->fault;
}
