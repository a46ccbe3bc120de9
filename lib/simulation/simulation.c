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
#include "simulation/plan_text.h"
#include "simulation/soundness.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulation_options, check_every);
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
    const troupe_simulation *simulation = context;
    const tr_network *network = tr_world_network(simulation->world);
    const tr_simulated *other =
        simulation->nodes[tr_incarnations_find(&network->incarnations, node)];
    tr_frontier_connected(frontier_of(context, at), node, other->name, other->labels);
}

static void lost(void *context, uint32_t at, uint64_t node, troupe_error reason)
{
    tr_frontier_lost(frontier_of(context, at), node, reason);
}

static void came(void *context, uint32_t at, uint64_t from, const void *frame, size_t size)
{
    const troupe_simulation *simulation = context;
    if (simulation->meets != NULL) {
        simulation->meets(simulation->meets_context, at, from, &frame, &size);
    }
    tr_frontier_came(frontier_of(context, at), from, frame, size);
}

static troupe_error start_again(void *context, uint32_t node)
{
    tr_simulation_start_again(context, node);
    return TROUPE_OK; /* a failure is in the fault */
}

static uint32_t find(void *context, const char *name)
{
    return tr_simulation_find(context, name);
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
    tr_world_course(simulation->world)->journal = &simulation->journal;
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
        [TR_GUST_CRASH] = {.every_ns = rates.crash_every.ns, tr_ns_or(rates.crash_for, for_ns)},
        [TR_GUST_STALL] = {.every_ns = rates.stall_every.ns, tr_ns_or(rates.stall_for, for_ns)},
        [TR_GUST_CUT] = {.every_ns = rates.cut_every.ns, tr_ns_or(rates.cut_for, for_ns)},
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
        tr_virtual_descriptors_heal(&berth->descriptors);
        simulation->nodes[i]->store.fail_ppm = 0;
        if (berth->node == NULL) {
            tr_simulation_start_again(simulation, i);
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

/* What can be seen. */

const char *troupe_simulation_fault(const troupe_simulation *simulation)
{
    return simulation->fault;
}

static const char *name_of(void *context, uint32_t node)
{
    const troupe_simulation *simulation = context;
    return node < simulation->count ? simulation->nodes[node]->name : NULL;
}

void troupe_simulation_tell(const troupe_simulation *simulation, const troupe_log *log)
{
    tr_journal_tell(&simulation->journal, name_of, (void *) (uintptr_t) simulation, log);
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
    simulation->nodes_most = most;
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

void tr_simulation_tell_faults(const troupe_simulation *simulation, const troupe_log *log)
{
    for (size_t i = 0; i < simulation->plan.done_count; i++) {
        const tr_act *act = &simulation->plan.done[i];
        char text[256];
        tr_plan_text_write(act, name_of, (void *) (uintptr_t) simulation, text, sizeof text);
        tr_log_write(log, TROUPE_LOG_NOTICE, "fault %" PRIu64 ": %s", act->fault, text);
    }
}
