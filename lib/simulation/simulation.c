/* SPDX-License-Identifier: MIT */
#include "simulation/simulation.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "simulation/passes.h"
#include "simulation/plan_text.h"
#include "simulation/soundness.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulation_options, check_every);
TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulation_node_options, rare_percent);
TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulation_rates, skew_every);

#define CHECK_EVERY 16

/* What the world asks. */

static uint64_t next_due_ns(void *context)
{
    const troupe_simulation *simulation = context;
    const uint64_t plan_ns = tr_plan_next_due_ns(&simulation->plan);
    const uint64_t weather_ns = tr_weather_next_due_ns(&simulation->weather);
    return plan_ns < weather_ns ? plan_ns : weather_ns;
}

static void happen(void *context)
{
    troupe_simulation *simulation = context;
    if (tr_plan_next_due_ns(&simulation->plan) <= tr_world_now_ns(simulation->world)) {
        tr_plan_happen(&simulation->plan);
    } else {
        tr_weather_happen(&simulation->weather);
    }
    if (simulation->plan.failed) {
        troupe_simulation_fail(simulation, "an act of the plan failed: %s",
                               troupe_error_name(simulation->plan.failed));
    }
}

static void check_bounds(troupe_simulation *simulation)
{
    const tr_fleet *fleet = tr_world_fleet(simulation->world);
    char what[200];
    for (uint32_t i = 0; i < fleet->count; i++) {
        const tr_virtual_node *node = tr_fleet_berth(fleet, i)->node;
        if (node != NULL &&
            !tr_soundness_of_bounds(tr_virtual_node_ends(node), what, sizeof what)) {
            troupe_simulation_fail(simulation, "node '%s': %s", simulation->nodes[i]->name, what);
        }
    }
}

static void check(troupe_simulation *simulation)
{
    check_bounds(simulation);
    if (simulation->options.check != NULL &&
        !simulation->options.check(simulation, simulation->options.check_context)) {
        troupe_simulation_fail(simulation, "the check says that the world is broken");
    }
}

static bool is_over(void *context)
{
    troupe_simulation *simulation = context;
    if (++simulation->steps % simulation->options.check_every == 0 && !simulation->is_stopped) {
        check(simulation);
    }
    return simulation->fault[0] != '\0';
}

static void crashed(void *context, uint32_t node)
{
    const troupe_simulation *simulation = context;
    tr_store_crash(&simulation->nodes[node]->store);
}

static void leaving(void *context, uint32_t node)
{
    const troupe_simulation *simulation = context;
    if (node < simulation->count) {
        tr_frontier_shut(&simulation->nodes[node]->frontier);
    }
}

/* What the network tells. */

static tr_frontier *frontier_of(void *context, uint32_t node)
{
    return &((const troupe_simulation *) context)->nodes[node]->frontier;
}

static void connected(void *context, uint32_t at, uint64_t node)
{
    tr_frontier_connected(frontier_of(context, at), node);
}

static void lost(void *context, uint32_t at, uint64_t node, troupe_error reason)
{
    tr_frontier_lost(frontier_of(context, at), node, reason);
}

static void came(void *context, uint32_t at, uint64_t from, const void *frame, size_t size)
{
    tr_frontier_came(frontier_of(context, at), from, frame, size);
}

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

static troupe_error start_again(void *context, uint32_t node)
{
    troupe_simulation *simulation = context;
    troupe_error error = tr_world_raise(simulation->world, node);
    error = error ? error : call_start(simulation, node);
    if (error) {
        troupe_simulation_fail(simulation, "the start of node '%s' failed: %s",
                               simulation->nodes[node]->name, troupe_error_name(error));
    }
    return TROUPE_OK;
}

static uint32_t find(void *context, const char *name)
{
    const troupe_simulation *simulation = context;
    for (uint32_t i = 0; i < simulation->count; i++) {
        if (strcmp(simulation->nodes[i]->name, name) == 0) {
            return i;
        }
    }
    return TR_PLAN_ALL;
}

/* Making and freeing. */

troupe_error troupe_simulation_create(const troupe_simulation_options *given,
                                      troupe_simulation **out_simulation)
{
    troupe_simulation_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    troupe_simulation *simulation = tr_allocate(tr_allocator_default(), sizeof *simulation);
    TR_REQUIRE(simulation != NULL, NO_MEMORY);
    simulation->options = options;
    simulation->options.check_every = options.check_every != 0 ? options.check_every : CHECK_EVERY;
    if (options.log != NULL) {
        simulation->log = *options.log;
    }
    const troupe_error error = tr_world_create_empty(options.seed, &simulation->world);
    if (error) {
        tr_free(tr_allocator_default(), simulation, sizeof *simulation);
        return error;
    }
    if (options.steps_max != 0) {
        tr_world_limit_steps(simulation->world, options.steps_max);
    }
    tr_plan_init(&simulation->plan, simulation->world);
    simulation->plan.find = find;
    simulation->plan.start = start_again;
    simulation->plan.context = simulation;
    tr_weather_init(&simulation->weather, &simulation->plan, options.seed);
    tr_world_set_others(simulation->world, &(const tr_world_others) {.context = simulation,
                                                                     .next_due_ns = next_due_ns,
                                                                     .happen = happen,
                                                                     .is_over = is_over,
                                                                     .leaving = leaving,
                                                                     .crashed = crashed});
    tr_network_set_ears(
        tr_world_network(simulation->world),
        &(const tr_ears) {
            .context = simulation, .connected = connected, .lost = lost, .came = came});
    *out_simulation = simulation;
    return TROUPE_OK;
}

void troupe_simulation_destroy(troupe_simulation **in_simulation)
{
    troupe_simulation *simulation = *in_simulation;
    const troupe_allocator *allocator = tr_allocator_default();
    if (simulation == NULL) {
        return;
    }
    tr_plan_fini(&simulation->plan);
    tr_world_destroy(&simulation->world);
    for (uint32_t i = 0; i < simulation->count; i++) {
        tr_store_fini(&simulation->nodes[i]->store);
        tr_free(allocator, simulation->nodes[i], sizeof *simulation->nodes[i]);
    }
    tr_free(allocator, (void *) simulation->nodes, simulation->room * sizeof(void *));
    tr_free(allocator, simulation, sizeof *simulation);
    *in_simulation = NULL;
}

/* Nodes. */

static void write_log(void *context, troupe_log_level level, const char *text)
{
    const tr_simulated *simulated = context;
    troupe_simulation *simulation = simulated->simulation;
    tr_journal_add(&simulation->journal, tr_world_course(simulation->world), simulated->name, text);
    if (simulation->log.write != NULL) {
        simulation->log.write(simulation->log.context, level,
                              tr_journal_last(&simulation->journal));
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
    TR_REQUIRE(find((void *) (uintptr_t) simulation, simulated->name) == TR_PLAN_ALL, NAME_TAKEN);
    return TROUPE_OK;
}

static uint64_t ns_or(troupe_timeout timeout, uint64_t otherwise_ns)
{
    return timeout.ns != 0 ? timeout.ns : otherwise_ns;
}

static tr_world_options node_options(const troupe_simulation_node_options *options,
                                     const tr_simulated *simulated)
{
    return (tr_world_options) {
        .delay_ns_max = ns_or(options->delay_max, UINT64_C(1000000)),
        .pass_ns = options->pass_time.ns,
        .job_ns_max = options->job_max.ns,
        .memory_budget = options->memory_budget,
        .log = &simulated->log,
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
    };
}

troupe_error troupe_simulation_add(troupe_simulation *simulation,
                                   const troupe_simulation_node_options *given, uint32_t *out_node)
{
    troupe_simulation_node_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    if ((options.switch_percent != 0 || options.rare_percent != 0) && !tr_passes_can_stop()) {
        troupe_simulation_fail(simulation,
                               "switch_percent and rare_percent of a node need a library that was "
                               "built for tests: cmake -DTROUPE_CHANCES=ON");
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
    const tr_world_options world_options = node_options(&options, simulated);
    uint32_t index = 0;
    error = error ? error : tr_world_add(simulation->world, &world_options, &index);
    if (error && tr_world_fleet(simulation->world)->count == simulation->count) {
        tr_free(tr_allocator_default(), simulated, sizeof *simulated);
        return error;
    }
    simulation->nodes[simulation->count++] = simulated; /* its berth is there, be it down */
    *out_node = simulation->count - 1;
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

/* Faults. */

troupe_error troupe_simulation_script(troupe_simulation *simulation, const char *script)
{
    const troupe_error error = tr_plan_read(&simulation->plan, script);
    if (error) {
        troupe_simulation_fail(simulation, "%s",
                               error == TROUPE_ERROR_BAD_ARGUMENT ? simulation->plan.fault
                                                                  : troupe_error_name(error));
    }
    return error;
}

troupe_error troupe_simulation_rate(troupe_simulation *simulation,
                                    const troupe_simulation_rates *given)
{
    static const uint64_t for_ns = UINT64_C(1000000000);
    troupe_simulation_rates rates;
    TR_REQUIRE(tr_options_read(&rates, sizeof rates, given), BAD_ARGUMENT);
    const tr_rate all[TR_GUST_COUNT] = {
        [TR_GUST_CRASH] = {.every_ns = rates.crash_every.ns, ns_or(rates.crash_for, for_ns)},
        [TR_GUST_STALL] = {.every_ns = rates.stall_every.ns, ns_or(rates.stall_for, for_ns)},
        [TR_GUST_CUT] = {.every_ns = rates.cut_every.ns, ns_or(rates.cut_for, for_ns)},
        [TR_GUST_SKEW] = {.every_ns = rates.skew_every.ns, for_ns},
    };
    for (tr_gust i = 0; i < TR_GUST_COUNT; i++) {
        tr_weather_set(&simulation->weather, i, all[i]);
    }
    return TROUPE_OK;
}

/* Running. */

struct question {
    troupe_simulation *simulation;
    troupe_simulation_check *is_true;
    void *context;
};

static bool ask(void *context)
{
    const struct question *question = context;
    return question->is_true != NULL && question->is_true(question->simulation, question->context);
}

troupe_error troupe_simulation_run_until(troupe_simulation *simulation,
                                         troupe_simulation_check *is_true, void *context,
                                         troupe_timeout time)
{
    struct question question = {.simulation = simulation, .is_true = is_true, .context = context};
    TR_REQUIRE(time.ns != 0, BAD_ARGUMENT);
    TR_REQUIRE(simulation->fault[0] == '\0', FAILED);
    const bool is_so = tr_world_until(simulation->world, ask, &question, time.ns);
    if (simulation->fault[0] == '\0' && tr_world_fault(simulation->world)[0] != '\0') {
        troupe_simulation_fail(simulation, "%s", tr_world_fault(simulation->world));
    }
    if (simulation->fault[0] == '\0') {
        check(simulation);
    }
    TR_REQUIRE(simulation->fault[0] == '\0', FAILED);
    return is_so ? TROUPE_OK : TROUPE_ERROR_TIMED_OUT;
}

troupe_error troupe_simulation_run(troupe_simulation *simulation, troupe_timeout time)
{
    const tr_sieve *sieve = simulation->plan.sieve;
    if (sieve != NULL && sieve->end_ns != 0 && time.ns != 0) {
        const uint64_t now_ns = tr_world_now_ns(simulation->world);
        const uint64_t left_ns = sieve->end_ns > now_ns ? sieve->end_ns - now_ns : 1;
        time.ns = left_ns < time.ns ? left_ns : time.ns;
    }
    const troupe_error error = troupe_simulation_run_until(simulation, NULL, NULL, time);
    if (error == TROUPE_ERROR_TIMED_OUT) {
        simulation->ran_ns = tr_world_now_ns(simulation->world);
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static void end_faults(troupe_simulation *simulation)
{
    tr_plan_clear(&simulation->plan);
    tr_weather_clear(&simulation->weather);
    tr_network_calm(tr_world_network(simulation->world));
    for (uint32_t i = 0; i < simulation->count; i++) {
        tr_berth *berth = tr_fleet_berth(tr_world_fleet(simulation->world), i);
        tr_virtual_memory_heal(&berth->memory);
        simulation->nodes[i]->store.fail_ppm = 0;
        if (berth->node == NULL) {
            (void) start_again(simulation, i); /* a failure is in the fault */
        }
    }
}

troupe_error troupe_simulation_settle(troupe_simulation *simulation,
                                      troupe_simulation_check *is_true, void *context,
                                      troupe_timeout time)
{
    end_faults(simulation);
    const troupe_error error = troupe_simulation_run_until(simulation, is_true, context, time);
    if (error == TROUPE_ERROR_TIMED_OUT) {
        troupe_simulation_fail(simulation, "not settled after %llu ms without faults",
                               (unsigned long long) (time.ns / 1000000));
        return TROUPE_ERROR_FAILED;
    }
    return error;
}

troupe_error troupe_simulation_stop(troupe_simulation *simulation)
{
    TR_REQUIRE(simulation->fault[0] == '\0', FAILED);
    tr_plan_clear(&simulation->plan);
    tr_weather_clear(&simulation->weather);
    simulation->is_stopped = true;
    if (!tr_world_stop(simulation->world) || !tr_world_is_sound(simulation->world)) {
        troupe_simulation_fail(simulation, "%s", tr_world_fault(simulation->world));
    }
    TR_REQUIRE(simulation->fault[0] == '\0', FAILED);
    return TROUPE_OK;
}

void troupe_simulation_fail(troupe_simulation *simulation, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (simulation->fault[0] == '\0') {
        const int length =
            vsnprintf(simulation->fault, sizeof simulation->fault, format, arguments);
        if (length <= 0) {
            (void) snprintf(simulation->fault, sizeof simulation->fault, "it failed");
        }
    }
    va_end(arguments);
}

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

/* What can be seen. */

const char *troupe_simulation_fault(const troupe_simulation *simulation)
{
    return simulation->fault;
}

void troupe_simulation_tell(const troupe_simulation *simulation, const troupe_log *log)
{
    tr_journal_tell(&simulation->journal, tr_world_course(simulation->world), log);
}

uint64_t troupe_simulation_now_ns(const troupe_simulation *simulation)
{
    return tr_world_now_ns(simulation->world);
}

uint64_t troupe_simulation_seed(const troupe_simulation *simulation)
{
    return simulation->options.seed;
}

uint64_t troupe_simulation_steps(const troupe_simulation *simulation)
{
    return simulation->steps;
}

uint64_t troupe_simulation_hash(const troupe_simulation *simulation)
{
    return tr_world_trace_hash(simulation->world);
}

uint64_t troupe_simulation_draw(troupe_simulation *simulation, uint64_t limit)
{
    return tr_random_below(&tr_world_course(simulation->world)->random, limit != 0 ? limit : 1);
}

uint32_t troupe_simulation_draw_nodes(troupe_simulation *simulation, uint32_t least, uint32_t most)
{
    const tr_sieve *sieve = simulation->plan.sieve;
    least = least != 0 ? least : 1;
    most = most > least ? most : least;
    uint32_t nodes = least + (uint32_t) troupe_simulation_draw(simulation, most - least + 1U);
    if (sieve != NULL && sieve->nodes != 0) {
        nodes = sieve->nodes < least ? least : sieve->nodes > most ? most : sieve->nodes;
    }
    simulation->nodes_drawn = nodes;
    simulation->nodes_least = least;
    return nodes;
}

void tr_simulation_set_sieve(troupe_simulation *simulation, const tr_sieve *sieve)
{
    simulation->plan.sieve = sieve;
    if (sieve->course != 0) {
        tr_random_seed(&tr_world_course(simulation->world)->random,
                       simulation->options.seed ^ (sieve->course * UINT64_C(0x9e3779b97f4a7c15)));
    }
}

static const char *name_of(void *context, uint32_t node)
{
    const troupe_simulation *simulation = context;
    return simulation->nodes[node]->name;
}

void tr_simulation_tell_faults(const troupe_simulation *simulation, const troupe_log *log)
{
    for (size_t i = 0; i < simulation->plan.done_count; i++) {
        const tr_act *act = &simulation->plan.done[i];
        char text[256];
        tr_plan_text_write(act, name_of, (void *) (uintptr_t) simulation, text, sizeof text);
        tr_log_write(log, TROUPE_LOG_NOTICE, "fault %" PRIu64 ": %s", act->fault, text);
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
