/* SPDX-License-Identifier: MIT */
#include "simulation/kit.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_kit_options, leaves_all);

/* Failing. */

/* Tells what is known and leaves the test. */
static void fail_test(troupe_kit *kit, const char *file, int line, const char *text)
{
    kit->has_failed = true;
    if (kit->leave != NULL) {
        kit->leave(kit->leave_context);
    }
    troupe_simulation_tell(kit->simulation, &kit->log);
    const uint64_t now_us = troupe_simulation_now_ns(kit->simulation) / 1000;
    tr_log_write(&kit->log, TROUPE_LOG_ERROR, "%s:%d: at %" PRIu64 ".%03" PRIu64 " ms: %s", file,
                 line, now_us / 1000, now_us % 1000, text);
    if (kit->options.fail != NULL) {
        kit->options.fail(file, line);
    }
}

/* What has failed is the run's fault from then on: a sweep tells it, the run goes no further. */
void tr_kit_fail(troupe_kit *kit, const char *file, int line, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments); /* cut if long */
    va_end(arguments);
    troupe_simulation_fail(kit->simulation, "%s:%d: %s", file, line, text);
    if (!kit->is_running) { /* else on an actor's stack: the next call on the test's fails it */
        fail_test(kit, file, line, text);
    }
}

bool tr_kit_is_unbroken(troupe_kit *kit, const char *file, int line)
{
    if (kit->is_running) {
        tr_kit_fail(kit, file, line, "the kit is called from within an actor or a check");
        return false;
    }
    const char *fault = troupe_simulation_fault(kit->simulation);
    if (fault[0] != '\0') {
        fail_test(kit, kit->file != NULL ? kit->file : file, kit->file != NULL ? kit->line : line,
                  fault);
    }
    return fault[0] == '\0';
}

bool troupe_kit_must(troupe_kit *kit, troupe_error error, const char *call, const char *file,
                     int line)
{
    if (!tr_kit_is_unbroken(kit, file, line)) {
        return false;
    }
    if (error) {
        tr_kit_fail(kit, file, line, "%s: %s, %s", call, troupe_error_name(error),
                    troupe_error_text(error));
    }
    return error == TROUPE_OK;
}

bool troupe_kit_check(troupe_kit *kit, bool is_so, const char *condition, const char *file,
                      int line)
{
    if (!is_so && kit->file == NULL) {
        kit->file = file;
        kit->line = line;
        troupe_simulation_fail(kit->simulation, "%s:%d: not so: %s", file, line, condition);
    }
    return is_so;
}

/* Running. */

bool tr_kit_is_well(const troupe_kit *kit)
{
    return !kit->is_running && troupe_simulation_fault(kit->simulation)[0] == '\0';
}

bool tr_kit_run(troupe_kit *kit, bool (*is_so)(void *context), void *context, troupe_timeout time)
{
    tr_world *world = kit->simulation->world;
    if (!tr_kit_is_well(kit)) {
        return false;
    }
    for (troupe_probe *probe = kit->probes; probe != NULL; probe = probe->next) {
        tr_probe_stir(probe);
    }
    kit->is_running = true;
    const bool is = tr_world_until(world, is_so, context, time.ns == TROUPE_NOW.ns ? 0 : time.ns);
    kit->is_running = false;
    for (troupe_probe *probe = kit->probes; probe != NULL; probe = probe->next) {
        tr_probe_look(probe);
    }
    if (tr_world_fault(world)[0] != '\0') {
        troupe_simulation_fail(kit->simulation, "%s", tr_world_fault(world));
    }
    return is && tr_kit_is_well(kit);
}

static bool is_never(void *context)
{
    (void) context;
    return false;
}

bool troupe_kit_advance(troupe_kit *kit, troupe_timeout time, const char *file, int line)
{
    if (time.ns == 0) {
        tr_kit_fail(kit, file, line, "no time is given");
        return false;
    }
    (void) tr_kit_run(kit, is_never, NULL, time); /* false is what it is to say */
    return tr_kit_is_unbroken(kit, file, line);
}

bool troupe_kit_jump(troupe_kit *kit, const char *file, int line)
{
    if (!troupe_kit_advance(kit, TROUPE_NOW, file, line)) {
        return false;
    }
    const uint64_t now_ns = tr_world_now_ns(kit->simulation->world);
    const uint64_t next_ns = tr_world_next_ns(kit->simulation->world);
    if (next_ns == TR_NEVER) {
        return false;
    }
    if (next_ns > now_ns) {
        tr_world_spend(kit->simulation->world, next_ns - now_ns);
    }
    return troupe_kit_advance(kit, TROUPE_NOW, file, line);
}

/* Making and freeing. */

static void free_kit(troupe_kit *kit)
{
    tr_kit_forget_faults(kit);
    troupe_probe *probe = kit->probes;
    if (kit->owns_simulation) {
        troupe_simulation_destroy(&kit->simulation); /* first: its actors know of the probes */
    }
    while (probe != NULL) {
        troupe_probe *next = probe->next;
        tr_probe_free(probe);
        probe = next;
    }
    tr_free(tr_allocator_default(), kit, sizeof *kit);
}

static troupe_error add_node(troupe_kit *kit)
{
    const troupe_simulation_node_options *options = kit->options.node;
    if (options == NULL && !kit->owns_simulation) {
        return TROUPE_OK;
    }
    return troupe_simulation_add(kit->simulation,
                                 options != NULL ? options : TROUPE_SIMULATION_NODE(.name = "test"),
                                 &kit->node);
}

static troupe_error add_first_probe(troupe_kit *kit)
{
    troupe_probe *probe = NULL;
    troupe_error error = TROUPE_OK;
    if (kit->options.spawn != NULL || kit->options.out_probe != NULL) {
        error = troupe_probe_create(kit, kit->node, NULL, &probe);
    }
    if (!error && kit->options.spawn != NULL) {
        troupe_ref ref = troupe_ref_none();
        error = troupe_probe_spawn(probe, kit->options.spawn, &ref);
        if (!error && kit->options.out_ref != NULL) {
            *kit->options.out_ref = ref;
        }
    }
    if (!error && kit->options.out_probe != NULL) {
        *kit->options.out_probe = probe;
    }
    return error;
}

troupe_error troupe_kit_create(const troupe_kit_options *given, troupe_kit **out_kit)
{
    troupe_kit_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    troupe_kit *kit = tr_allocate(tr_allocator_default(), sizeof *kit);
    TR_REQUIRE(kit != NULL, NO_MEMORY);
    kit->options = options;
    kit->log = options.log != NULL ? *options.log : (troupe_log) {.write = troupe_log_to_stderr};
    kit->simulation = options.simulation;
    kit->owns_simulation = options.simulation == NULL;
    troupe_error error = TROUPE_OK;
    if (kit->owns_simulation) {
        error = troupe_simulation_create(options.options, &kit->simulation);
    }
    error = error ? error : add_node(kit);
    error = error ? error : add_first_probe(kit);
    if (error) {
        free_kit(kit);
        return error;
    }
    *out_kit = kit;
    return TROUPE_OK;
}

/* The actors of the probes know of them: none may run any more. */
static void end_in_order(troupe_kit *kit)
{
    tr_kit_drain_all(kit);
    if (!kit->owns_simulation) {
        tr_probes_end(kit);
    } else if (!kit->options.leaves_all) {
        (void) troupe_simulation_stop(kit->simulation); /* its error is in the fault */
    }
}

void troupe_kit_destroy(troupe_kit **in_kit)
{
    troupe_kit *kit = *in_kit;
    if (kit == NULL) {
        return;
    }
    *in_kit = NULL;
    const char *fault = troupe_simulation_fault(kit->simulation);
    if (fault[0] == '\0') {
        end_in_order(kit);
    }
    void (*fail)(const char *file, int line) = NULL;
    const char *file = kit->file != NULL ? kit->file : kit->options.file;
    const int line = kit->file != NULL ? kit->line : (int) kit->options.line;
    if (fault[0] != '\0' && !kit->has_failed && kit->leave == NULL) {
        troupe_simulation_tell(kit->simulation, &kit->log);
        tr_log_write(&kit->log, TROUPE_LOG_ERROR, "%s:%d: at the end of the test: %s", file, line,
                     fault);
        fail = kit->options.fail;
    }
    free_kit(kit);
    if (fail != NULL) {
        fail(file, line);
    }
}

troupe_simulation *troupe_kit_simulation(troupe_kit *kit)
{
    return kit->simulation;
}

/* Sweeping. */

struct sweep {
    const troupe_kit_options *options;
    troupe_kit_test *test;
    void *context;
    jmp_buf end;
};

static void leave(void *context)
{
    struct sweep *sweep = context;
    longjmp(sweep->end, 1);
}

static troupe_error run_swept(troupe_simulation *simulation, void *context)
{
    struct sweep *sweep = context;
    troupe_kit_options options = *sweep->options;
    troupe_kit *kit = NULL;
    options.simulation = simulation;
    const troupe_error error = troupe_kit_create(&options, &kit);
    if (error) {
        return error;
    }
    kit->leave = leave;
    kit->leave_context = sweep;
    if (setjmp(sweep->end) == 0) {
        sweep->test(kit, sweep->context);
    }
    troupe_kit_destroy(&kit); /* what has failed is in the fault */
    return TROUPE_OK;
}

troupe_error troupe_kit_sweep(const troupe_simulate_options *options,
                              const troupe_kit_options *given, troupe_kit_test *test, void *context)
{
    troupe_kit_options kit_options;
    TR_REQUIRE(test != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_options_read(&kit_options, sizeof kit_options, given), BAD_ARGUMENT);
    kit_options.size = sizeof kit_options;
    const troupe_simulation_node_options *usual = TROUPE_SIMULATION_NODE(.name = "test");
    kit_options.node = kit_options.node != NULL ? kit_options.node : usual;
    struct sweep sweep = {.options = &kit_options, .test = test, .context = context};
    return troupe_simulate(options, run_swept, &sweep);
}
