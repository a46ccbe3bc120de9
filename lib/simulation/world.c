/* SPDX-License-Identifier: MIT */
#include "simulation/world.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/options.h"
#include "simulation/soundness.h"

/* As tr_world_limit_steps, unless told. */
#define STEPS_MAX UINT64_C(4000000)
/* How long a stop may take in virtual time. */
#define STOP_NS UINT64_C(60000000000)

struct tr_world {
    tr_course course;
    tr_fleet fleet;
    tr_network network;
    tr_world_others others;
    uint64_t steps_max;
    char fault[1024];
};

__attribute__((format(printf, 2, 3))) static void set_fault(tr_world *world, const char *format,
                                                            ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(world->fault, sizeof world->fault, format, arguments); /* cut if long */
    va_end(arguments);
}

/* Node 0, which has to be up. */
static tr_virtual_node *first(const tr_world *world)
{
    TR_ASSERT(world->fleet.berths[0]->node != NULL);
    return world->fleet.berths[0]->node;
}

/* Making and freeing. */

static void node_changed(void *context, uint32_t index, bool is_up)
{
    tr_world *world = context;
    if (!is_up) {
        tr_network_node_is_down(&world->network, index,
                                tr_fleet_berth(&world->fleet, index)->is_silent);
        if (world->others.crashed != NULL) {
            world->others.crashed(world->others.context, index);
        }
    }
}

static void node_leaves(void *context, uint32_t index)
{
    const tr_world *world = context;
    if (world->others.leaving != NULL) {
        world->others.leaving(world->others.context, index);
    }
}

static troupe_error raise_node(tr_world *world, uint32_t index)
{
    const troupe_error error = tr_fleet_raise(&world->fleet, index);
    return error ? error : tr_network_node_is_up(&world->network, index);
}

troupe_error tr_world_add(tr_world *world, const tr_world_options *options, uint32_t *out_index)
{
    tr_world_options complete_options;
    troupe_error error = tr_world_options_read(&complete_options, options);
    error = error ? error : tr_fleet_add(&world->fleet, &complete_options, out_index);
    return error ? error : raise_node(world, *out_index);
}

troupe_error tr_world_create_empty(uint64_t seed, tr_world **out_world)
{
    tr_world *world = tr_allocate(tr_allocator_default(), sizeof *world);
    TR_REQUIRE(world != NULL, NO_MEMORY);
    tr_course_init(&world->course, seed);
    tr_fleet_init(&world->fleet, &world->course, seed);
    world->fleet.changed = node_changed;
    world->fleet.leaving = node_leaves;
    world->fleet.context = world;
    tr_network_init(&world->network, &world->fleet);
    world->steps_max = STEPS_MAX;
    *out_world = world;
    return TROUPE_OK;
}

troupe_error tr_world_create(const tr_world_options *options, tr_world **out_world)
{
    tr_world *world = NULL;
    uint32_t index = 0;
    troupe_error error = tr_world_create_empty(options != NULL ? options->seed : 0, &world);
    error = error ? error : tr_world_add(world, options, &index);
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
    tr_network_fini(&world->network);
    tr_fleet_fini(&world->fleet);
    tr_free(tr_allocator_default(), world, sizeof *world);
    *in_world = NULL;
}

tr_fleet *tr_world_fleet(tr_world *world)
{
    return &world->fleet;
}

tr_course *tr_world_course(tr_world *world)
{
    return &world->course;
}

tr_network *tr_world_network(tr_world *world)
{
    return &world->network;
}

void tr_world_limit_steps(tr_world *world, uint64_t steps_max)
{
    world->steps_max = steps_max;
}

void tr_world_set_others(tr_world *world, const tr_world_others *others)
{
    world->others = *others;
}

/* What happens to nodes. */

troupe_error tr_world_raise(tr_world *world, uint32_t node)
{
    TR_REQUIRE(node < world->fleet.count, BAD_ARGUMENT);
    TR_REQUIRE(world->fleet.berths[node]->node == NULL, BAD_ARGUMENT);
    return raise_node(world, node);
}

void tr_world_crash(tr_world *world, uint32_t node, bool is_silent)
{
    tr_berth *berth = tr_fleet_berth(&world->fleet, node);
    berth->is_silent = is_silent;
    tr_fleet_crash(&world->fleet, node);
}

void tr_world_stall(tr_world *world, uint32_t node, uint64_t ns)
{
    tr_fleet_stall(&world->fleet, node, ns);
    tr_network_node_stalls(&world->network, node);
}

/* Steps. */

void tr_world_spend(tr_world *world, uint64_t ns)
{
    TR_ASSERT(world->course.now_ns + ns >= world->course.now_ns);
    tr_course_note(&world->course, 0, TR_EVENT_TIME, world->course.now_ns + ns, 0);
    world->course.now_ns += ns;
}

static uint64_t others_due_ns(const tr_world *world)
{
    return world->others.next_due_ns != NULL ? world->others.next_due_ns(world->others.context)
                                             : TR_NEVER;
}

/* What comes from the network races with what the nodes do. */
static bool step(tr_world *world)
{
    if (others_due_ns(world) <= world->course.now_ns) {
        world->others.happen(world->others.context);
        return true;
    }
    if (tr_network_next_due_ns(&world->network) <= world->course.now_ns &&
        tr_random_chance(&world->course.random, 1, world->fleet.awake_count + UINT64_C(1))) {
        return tr_network_step(&world->network);
    }
    return tr_fleet_step(&world->fleet) || tr_network_step(&world->network);
}

uint64_t tr_world_next_ns(const tr_world *world)
{
    const uint64_t network_ns = tr_network_next_due_ns(&world->network);
    const uint64_t fleet_ns = tr_fleet_next_due_ns(&world->fleet);
    const uint64_t others_ns = others_due_ns(world);
    const uint64_t next_ns = network_ns < fleet_ns ? network_ns : fleet_ns;
    return next_ns < others_ns ? next_ns : others_ns;
}

static bool is_tired(tr_world *world, uint64_t steps)
{
    if (world->others.is_over != NULL && world->others.is_over(world->others.context)) {
        return true;
    }
    if (world->course.finding.text[0] != '\0') {
        set_fault(world, "%s", world->course.finding.text);
        return true;
    }
    if (steps < world->steps_max) {
        return false;
    }
    set_fault(world, "no rest after %llu steps", (unsigned long long) steps);
    return true;
}

/* The program may have done anything to node 0 since: tests do. */
static void look_at_first(tr_world *world)
{
    if (world->fleet.count > 0) {
        tr_fleet_look(&world->fleet, 0);
    }
}

void tr_world_run(tr_world *world)
{
    look_at_first(world);
    uint64_t steps = 0;
    while (!is_tired(world, steps++)) {
        if (!step(world)) {
            if (tr_fleet_is_at_rest(&world->fleet) &&
                tr_network_next_due_ns(&world->network) == TR_NEVER) {
                return;
            }
            tr_world_spend(world, tr_world_next_ns(world) - world->course.now_ns);
        }
    }
    tr_fleet_settle(&world->fleet);
}

static bool run_until(tr_world *world, bool (*is_true)(void *context), void *context,
                      uint64_t ns_max)
{
    const tr_course *course = &world->course;
    look_at_first(world);
    const uint64_t end_ns = ns_max < TR_NEVER - course->now_ns ? course->now_ns + ns_max : TR_NEVER;
    uint64_t steps = 0;
    while (!is_true(context)) {
        if (course->now_ns > end_ns || is_tired(world, steps++)) {
            return false;
        }
        if (step(world)) {
            continue;
        }
        const uint64_t next_ns = tr_world_next_ns(world);
        if (next_ns > end_ns || next_ns == TR_NEVER) {
            if (end_ns != TR_NEVER && end_ns > course->now_ns) {
                tr_world_spend(world, end_ns - course->now_ns);
            }
            return false;
        }
        tr_world_spend(world, next_ns - course->now_ns);
    }
    return true;
}

bool tr_world_until(tr_world *world, bool (*is_true)(void *context), void *context, uint64_t ns_max)
{
    const bool is_so = run_until(world, is_true, context, ns_max);
    tr_fleet_settle(&world->fleet);
    return is_so;
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

static bool is_done(void *context)
{
    return ((const tr_root *) context)->is_done;
}

static uint64_t start_timeout_ns(const troupe_spawn_options *options)
{
    troupe_spawn_options known;
    const bool is_read = tr_options_read(&known, sizeof known, options);
    TR_ASSERT(is_read); /* the spawn has read them too */
    return known.start_timeout.ns != 0 ? known.start_timeout.ns : TR_START_TIMEOUT_NS;
}

troupe_error tr_world_spawn_at(tr_world *world, uint32_t index, const troupe_spawn_options *options,
                               troupe_ref *out_ref)
{
    tr_virtual_node *node = tr_fleet_berth(&world->fleet, index)->node;
    TR_REQUIRE(node != NULL, NODE_LOST);
    tr_root *root = NULL;
    troupe_error error = tr_virtual_node_spawn(node, options, &root);
    if (error) {
        return error;
    }
    tr_fleet_look(&world->fleet, index);
    if (!tr_world_until(world, is_done, root, start_timeout_ns(options))) {
        tr_virtual_node_give_up(&root);
        tr_fleet_look(&world->fleet, index);
        return TROUPE_ERROR_TIMED_OUT;
    }
    error = root->error;
    if (!error) {
        *out_ref = root->ref;
    }
    tr_virtual_node_forget(&root);
    return error;
}

troupe_error tr_world_spawn(tr_world *world, const troupe_spawn_options *options,
                            troupe_ref *out_ref)
{
    return tr_world_spawn_at(world, 0, options, out_ref);
}

/* The first that is up and whose actors have not all ended; NULL if there is none. */
static tr_virtual_node *find_living(const tr_world *world)
{
    for (uint32_t i = 0; i < world->fleet.count; i++) {
        tr_virtual_node *node = world->fleet.berths[i]->node;
        if (node != NULL && !tr_virtual_node_has_ended(node)) {
            return node;
        }
    }
    return NULL;
}

static bool has_ended(void *context)
{
    return find_living(context) == NULL;
}

bool tr_world_stop(tr_world *world)
{
    for (uint32_t i = 0; i < world->fleet.count; i++) {
        tr_virtual_node *node = world->fleet.berths[i]->node;
        if (node != NULL) {
            tr_virtual_node_stop(node);
            tr_fleet_look(&world->fleet, i);
        }
    }
    if (!tr_world_until(world, has_ended, world, STOP_NS)) {
        const tr_virtual_node *living = find_living(world);
        if (world->course.finding.text[0] != '\0') {
            return false; /* the fault says it */
        }
        tr_soundness_name_living(tr_virtual_node_ends(living), world->fault, sizeof world->fault);
        return false;
    }
    tr_world_run(world); /* what the last had still to say to each other */
    return true;
}

/* What can be seen. */

uint64_t tr_world_now_ns(const tr_world *world)
{
    return world->course.now_ns;
}

uint64_t tr_world_trace_hash(const tr_world *world)
{
    return world->course.hash;
}

tr_worker *tr_world_worker(const tr_world *world, uint32_t index)
{
    TR_ASSERT(index < tr_world_worker_count(world));
    return tr_ends_worker(tr_virtual_node_ends(first(world)), index);
}

uint32_t tr_world_worker_count(const tr_world *world)
{
    return tr_virtual_node_ends(first(world))->count;
}

bool tr_world_move(tr_world *world, troupe_ref actor, uint32_t to)
{
    return tr_virtual_node_move(first(world), actor, to);
}

uint64_t tr_world_moves(const tr_world *world)
{
    return tr_virtual_node_moves(first(world));
}

uint32_t tr_world_roots_ended(const tr_world *world)
{
    return tr_virtual_node_roots_ended(first(world));
}

troupe_error tr_world_root_error(const tr_world *world)
{
    return tr_virtual_node_root_error(first(world));
}

troupe_error tr_world_snapshot(tr_world *world, troupe_snapshot **out_snapshot)
{
    return tr_soundness_snapshot(tr_virtual_node_ends(first(world)), out_snapshot);
}

void tr_world_counts(const tr_world *world, troupe_counts *out_counts)
{
    tr_ends_count(tr_virtual_node_ends(first(world)), out_counts);
}

static bool is_node_sound(tr_world *world, uint32_t index)
{
    tr_virtual_node *node = world->fleet.berths[index]->node;
    char what[sizeof world->fault - 32];
    if (node == NULL || tr_virtual_node_is_sound(node, what, sizeof what)) {
        return true;
    }
    if (index == 0) {
        set_fault(world, "%s", what);
    } else {
        set_fault(world, "node %u: %s", index, what);
    }
    return false;
}

bool tr_world_is_sound(tr_world *world)
{
    world->fault[0] = '\0';
    tr_world_run(world);
    for (uint32_t i = 0; i < world->fleet.count && world->fault[0] == '\0'; i++) {
        (void) is_node_sound(world, i); /* it has set the fault */
    }
    if (world->fault[0] == '\0' && world->course.finding.text[0] != '\0') {
        set_fault(world, "%s", world->course.finding.text);
    }
    if (world->fault[0] == '\0' && !tr_network_is_sound(&world->network)) {
        set_fault(world, "the network has lost count of its frames");
    }
    return world->fault[0] == '\0';
}

const char *tr_world_fault(const tr_world *world)
{
    return world->fault;
}
