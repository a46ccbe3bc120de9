/* SPDX-License-Identifier: MIT */
/* The nodes of a simulation: how they are made and started, and what is seen of each. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "simulation/passes.h"
#include "simulation/simulation.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulation_node_options, joins);

/* Starting. */

static troupe_error call_start(troupe_simulation *simulation, uint32_t node)
{
    tr_simulated *simulated = simulation->nodes[node];
    const troupe_error opened = tr_frontier_open(&simulated->frontier, simulation->world, node);
    if (opened || simulated->start == NULL) {
        return opened;
    }
    const bool was_starting = simulation->is_starting;
    simulation->is_starting = true;
    const troupe_error error = simulated->start(simulation, node, simulated->context);
    simulation->is_starting = was_starting;
    tr_fleet_look(tr_world_fleet(simulation->world), node);
    return error;
}

void tr_simulation_start_again(troupe_simulation *simulation, uint32_t node)
{
    troupe_error error = tr_world_raise(simulation->world, node);
    error = error ? error : call_start(simulation, node);
    if (error) {
        troupe_simulation_fail(simulation, "the start of node '%s' failed: %s",
                               simulation->nodes[node]->name, troupe_error_name(error));
    }
}

uint32_t tr_simulation_find(const troupe_simulation *simulation, const char *name)
{
    for (uint32_t i = 0; i < simulation->count; i++) {
        if (strcmp(simulation->nodes[i]->name, name) == 0) {
            return i;
        }
    }
    return TR_PLAN_ALL;
}

/* Making. */

static void write_log(void *context, troupe_log_level level, const char *text)
{
    const tr_simulated *simulated = context;
    troupe_simulation *simulation = simulated->simulation;
    const char *line = tr_journal_log(&simulation->journal, tr_world_now_ns(simulation->world),
                                      simulated->name, text);
    if (simulation->log.write != NULL) {
        simulation->log.write(simulation->log.context, level, line);
    }
}

static troupe_error reserve_one(troupe_simulation *simulation)
{
    if (simulation->count < simulation->room) {
        return TROUPE_OK;
    }
    const uint32_t room = simulation->room != 0 ? 2 * simulation->room : 4;
    const size_t one = sizeof(void *);
    tr_simulated **nodes = simulation->room == 0
                               ? tr_allocate(tr_allocator_default(), room * one)
                               : tr_resize(tr_allocator_default(), (void *) simulation->nodes,
                                           simulation->room * one, room * one);
    TR_REQUIRE(nodes != NULL, NO_MEMORY);
    simulation->nodes = nodes;
    simulation->room = room;
    return TROUPE_OK;
}

static troupe_error set_name(const troupe_simulation *simulation, tr_simulated *simulated,
                             const char *name)
{
    int length = 0;
    if (name != NULL) {
        TR_REQUIRE(name[0] != '\0' && strpbrk(name, " \t\r\n;#") == NULL, BAD_ARGUMENT);
        length = snprintf(simulated->name, sizeof simulated->name, "%s", name);
    } else {
        length = snprintf(simulated->name, sizeof simulated->name, "node%u",
                          (unsigned) simulation->count);
    }
    TR_REQUIRE(length > 0 && (size_t) length < sizeof simulated->name, BAD_ARGUMENT);
    TR_REQUIRE(tr_simulation_find(simulation, simulated->name) == TR_PLAN_ALL, NAME_TAKEN);
    return TROUPE_OK;
}

static troupe_error set_labels(tr_simulated *simulated, const char *labels)
{
    if (labels != NULL) {
        TR_REQUIRE(tr_nodes_are_labels(labels), BAD_ARGUMENT);
        (void) snprintf(simulated->labels, sizeof simulated->labels, "%s", labels);
    }
    return TROUPE_OK;
}

static tr_world_options node_options(const troupe_simulation_node_options *options,
                                     const tr_simulated *simulated)
{
    return (tr_world_options) {
        .delay_ns_max = tr_ns_or(options->delay_max, UINT64_C(1000000)),
        .pass_ns = options->pass_time.ns,
        .job_ns_max = options->job_max.ns,
        .memory_budget = options->memory_budget,
        .session_dead_ns = options->sessions.ns,
        .log = &simulated->log,
        .name = simulated->name,
        .labels = simulated->labels,
        .workers = options->workers,
        .own_threads_max = options->own_threads_max,
        .refuse_chance_percent = options->refuse_percent,
        .moves_percent = options->moves_percent,
        .switch_percent = options->switch_percent,
        .rare_percent = options->rare_percent,
        .actors_max = options->actors_max,
        .mailbox_capacity_default = options->mailbox_capacity_default,
        .turn_messages = options->turn_messages,
        .stack_size = options->stack_size,
        .is_unseen = options->unseen != 0,
    };
}

static troupe_error join(troupe_simulation *simulation, uint32_t node)
{
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < node && simulation->nodes[node]->joins && !error; i++) {
        if (simulation->nodes[i]->joins) {
            error = tr_network_keep(tr_world_network(simulation->world), i, node);
        }
    }
    return error;
}

troupe_error troupe_simulation_add(troupe_simulation *simulation,
                                   const troupe_simulation_node_options *given, uint32_t *out_node)
{
    troupe_simulation_node_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(options.unseen <= 1 && options.joins <= 1, BAD_ARGUMENT);
    if ((options.switch_percent != 0 || options.rare_percent != 0) && !tr_passes_can_stop()) {
        troupe_simulation_fail(simulation,
                               "switch_percent and rare_percent of a node need a library that was "
                               "built by cmake -DTROUPE_CHANCES=ON");
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    troupe_error error = reserve_one(simulation);
    if (error) {
        return error;
    }
    tr_simulated *simulated = tr_allocate(tr_allocator_default(), sizeof *simulated);
    TR_REQUIRE(simulated != NULL, NO_MEMORY);
    *simulated = (tr_simulated) {
        .simulation = simulation,
        .start = options.start,
        .context = options.context,
        .log = {.write = write_log, .context = simulated, .level = simulation->log.level},
    };
    tr_store_init(&simulated->store, &tr_world_course(simulation->world)->random);
    error = set_name(simulation, simulated, options.name);
    error = error ? error : set_labels(simulated, options.labels);
    const tr_world_options world_options = node_options(&options, simulated);
    uint32_t index = 0;
    error = error ? error : tr_world_add(simulation->world, &world_options, &index);
    if (error && tr_world_fleet(simulation->world)->count == simulation->count) {
        tr_free(tr_allocator_default(), simulated, sizeof *simulated);
        return error;
    }
    simulation->nodes[simulation->count++] = simulated; /* its berth is there, be it down */
    simulated->store.descriptors =
        &tr_fleet_berth(tr_world_fleet(simulation->world), index)->descriptors;
    *out_node = simulation->count - 1;
    simulated->joins = options.joins != 0;
    error = error ? error : join(simulation, *out_node);
    return error ? error : call_start(simulation, *out_node);
}

troupe_error troupe_simulation_spawn(troupe_simulation *simulation, uint32_t node,
                                     const troupe_spawn_options *options, troupe_ref *out_ref)
{
    TR_REQUIRE(node < simulation->count, BAD_ARGUMENT);
    if (!simulation->is_starting) {
        return tr_world_spawn_at(simulation->world, node, options, out_ref);
    }
    tr_virtual_node *there = tr_fleet_berth(tr_world_fleet(simulation->world), node)->node;
    TR_REQUIRE(there != NULL, NODE_LOST);
    tr_root *root = NULL;
    const troupe_error error = tr_virtual_node_spawn(there, options, &root);
    if (!error) {
        *out_ref = root->ref;
        root->is_waited_for = false; /* it stays the node's */
    }
    return error;
}

/* What is seen of a node. */

void troupe_simulation_say(troupe_simulation *simulation, uint32_t node, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments); /* cut if long */
    va_end(arguments);
    if (node < simulation->count) {
        write_log(simulation->nodes[node], TROUPE_LOG_NOTICE, text);
    }
}

static const tr_berth *berth_of(const troupe_simulation *simulation, uint32_t node)
{
    return node < simulation->count ? tr_fleet_berth(tr_world_fleet(simulation->world), node)
                                    : NULL;
}

bool troupe_simulation_is_up(const troupe_simulation *simulation, uint32_t node)
{
    const tr_berth *berth = berth_of(simulation, node);
    return berth != NULL && berth->node != NULL && !berth->is_doomed;
}

uint64_t troupe_simulation_node_id(const troupe_simulation *simulation, uint32_t node)
{
    const tr_berth *berth = berth_of(simulation, node);
    return berth != NULL ? berth->identity.id : 0;
}

void troupe_simulation_counts(const troupe_simulation *simulation, uint32_t node,
                              troupe_counts *out_counts)
{
    const tr_berth *berth = berth_of(simulation, node);
    *out_counts = (troupe_counts) {0};
    if (berth != NULL && berth->node != NULL) {
        tr_ends_count(tr_virtual_node_ends(berth->node), out_counts);
    }
}

tr_store *tr_simulation_store(const troupe_simulation *simulation, uint32_t node)
{
    if (node >= simulation->count) {
        return NULL;
    }
    tr_store *store = &simulation->nodes[node]->store;
    store->is_dead = berth_of(simulation, node)->is_doomed;
    return store;
}
