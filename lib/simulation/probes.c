/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <troupe/actor.h>
#include <troupe/behavior.h>

#include "base/assert.h"
#include "base/memory.h"
#include "simulation/kit.h"

/* How long a node may do nothing before an errand is given up. */
#define ERRAND_NS UINT64_C(10000000000)
/* How long all that the probes have spawned may take to end. */
#define END_NS UINT64_C(60000000000)
/* Messages on their way to the test are no load. */
#define CAPACITY 4096

/* What was caught. */

bool tr_catch_add(tr_catch *caught, troupe_message *message)
{
    if (caught->first + caught->count == caught->room && caught->first > 0) {
        memmove((void *) caught->messages, (void *) (caught->messages + caught->first),
                caught->count * sizeof(void *));
        caught->first = 0;
    }
    if (caught->count == caught->room) {
        const size_t room = caught->room != 0 ? 2 * caught->room : 8;
        const size_t one = sizeof(void *);
        troupe_message **messages =
            caught->room == 0 ? tr_allocate(tr_allocator_default(), room * one)
                              : tr_resize(tr_allocator_default(), (void *) caught->messages,
                                          caught->room * one, room * one);
        if (messages == NULL) {
            return false;
        }
        caught->messages = messages;
        caught->room = room;
    }
    caught->messages[caught->first + caught->count++] = message;
    return true;
}

troupe_message *tr_catch_take(tr_catch *caught, size_t index)
{
    troupe_message *taken = tr_catch_at(caught, index);
    if (taken == NULL) {
        return NULL;
    }
    if (index == 0) {
        caught->first++;
    } else {
        troupe_message **from = caught->messages + caught->first + index;
        memmove((void *) from, (void *) (from + 1), (caught->count - index - 1) * sizeof(void *));
    }
    caught->count--;
    return taken;
}

void tr_catch_fini(tr_catch *caught)
{
    tr_free(tr_allocator_default(), (void *) caught->messages, caught->room * sizeof(void *));
    *caught = (tr_catch) {0};
}

/* The actor. */

static troupe_error run_errand(troupe_self *self, void *state, troupe_error error, void *result,
                               void *context);

/* The next promise, by which it is going to be told to do something. */
static troupe_error listen(troupe_self *self, troupe_probe *probe)
{
    troupe_future *future = NULL;
    troupe_error error = troupe_future_create(self, &future, &probe->promise);
    if (error) {
        return error;
    }
    error = troupe_future_then(self, &future, TROUPE_FOREVER, run_errand, probe);
    if (error) {
        troupe_future_destroy(&future);
        troupe_promise_destroy(&probe->promise);
    }
    return error;
}

static troupe_error run_errand(troupe_self *self, void *state, troupe_error error, void *result,
                               void *context)
{
    troupe_probe *probe = context;
    troupe_errand *errand = probe->errand;
    (void) state;
    (void) result;
    if (error) {
        return error; /* it is stopping */
    }
    probe->errand = NULL;
    error = listen(self, probe);
    if (errand != NULL) {
        probe->errand_error = error ? error : errand(self, probe->errand_context);
        probe->is_done = true;
    }
    return error;
}

static troupe_error begin(troupe_self *self, void *state, void *argument)
{
    *(troupe_probe **) state = argument;
    return listen(self, argument);
}

void tr_probe_note(const troupe_probe *probe, const char *format, ...)
{
    char text[200];
    troupe_simulation *simulation = probe->kit->simulation;
    const int length = snprintf(text, sizeof text, "%s ", probe->name);
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text + length, sizeof text - (size_t) length, format, arguments); /* or cut */
    va_end(arguments);
    (void) tr_journal_log(&simulation->journal, tr_world_now_ns(simulation->world),
                          simulation->nodes[probe->node]->name, text);
}

static troupe_error take(troupe_self *self, void *state, troupe_message **message)
{
    troupe_probe *probe = *(troupe_probe **) state;
    (void) self;
    if (!tr_catch_add(&probe->caught, *message)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    tr_probe_note(probe, "takes in '%s'", troupe_message_type_name(*message));
    *message = NULL;
    return TROUPE_OK;
}

static void end(troupe_self *self, void *state, troupe_error reason)
{
    troupe_probe *probe = *(troupe_probe **) state;
    (void) self;
    (void) reason;
    probe->has_ended = true;
    for (troupe_message *message = tr_catch_take(&probe->caught, 0); message != NULL;
         message = tr_catch_take(&probe->caught, 0)) {
        troupe_message_destroy(&message);
    }
}

static const troupe_behavior probe_behavior =
    TROUPE_BEHAVIOR(.name = "probe", .state_size = sizeof(troupe_probe *), .start = begin,
                    .other = take, .stop = end);

/* Making and freeing. */

troupe_error troupe_probe_create(troupe_kit *kit, uint32_t node, const char *name,
                                 troupe_probe **out_probe)
{
    TR_REQUIRE(tr_kit_is_well(kit), FAILED);
    troupe_probe *probe = tr_allocate(tr_allocator_default(), sizeof *probe);
    TR_REQUIRE(probe != NULL, NO_MEMORY);
    probe->kit = kit;
    probe->node = node;
    (void) snprintf(probe->name, sizeof probe->name, "%s", name != NULL ? name : "probe");
    const troupe_error error = troupe_simulation_spawn(
        kit->simulation, node,
        TROUPE_SPAWN(.name = name, .behavior = &probe_behavior, .argument = probe,
                     .mailbox_capacity = CAPACITY, .trap_exits = 1),
        &probe->ref);
    if (error) {
        tr_probe_free(probe);
        return error;
    }
    probe->next = kit->probes;
    kit->probes = probe;
    *out_probe = probe;
    return TROUPE_OK;
}

void tr_probe_free(troupe_probe *probe)
{
    troupe_promise_destroy(&probe->promise);
    tr_catch_fini(&probe->caught);
    tr_free(tr_allocator_default(), probe, sizeof *probe);
}

troupe_ref troupe_probe_ref(const troupe_probe *probe)
{
    return probe->ref;
}

size_t troupe_probe_count(const troupe_probe *probe)
{
    return probe->caught.count;
}

void tr_probe_look(troupe_probe *probe)
{
    const troupe_simulation *simulation = probe->kit->simulation;
    if (!troupe_simulation_is_up(simulation, probe->node) ||
        troupe_simulation_node_id(simulation, probe->node) != probe->ref.node) {
        probe->has_ended = true;
        tr_catch_fini(&probe->caught); /* its messages went with the node */
    }
}

/* Errands. */

static void call(troupe_probe *probe)
{
    if (probe->promise != NULL) {
        /* It is a promise: it cannot fail. */
        (void) troupe_promise_complete(&probe->promise, probe, NULL);
    }
}

void tr_probe_stir(troupe_probe *probe)
{
    if (probe->has_lent && !probe->has_ended) {
        call(probe);
    }
}

static bool is_done(void *context)
{
    troupe_probe *probe = context;
    tr_probe_look(probe);
    return probe->is_done || probe->has_ended;
}

troupe_error troupe_probe_do(troupe_probe *probe, troupe_errand *errand, void *context)
{
    TR_REQUIRE(errand != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_kit_is_well(probe->kit), FAILED);
    tr_probe_look(probe);
    TR_REQUIRE(!probe->has_ended, STALE);
    probe->errand = errand;
    probe->errand_context = context;
    probe->is_done = false;
    call(probe);
    const bool is = tr_kit_run(probe->kit, is_done, probe, troupe_timeout_of_ns(ERRAND_NS));
    probe->errand = NULL;
    TR_REQUIRE(probe->is_done || !probe->has_ended, STALE);
    TR_REQUIRE(is || tr_kit_is_well(probe->kit), FAILED);
    return is ? probe->errand_error : TROUPE_ERROR_TIMED_OUT;
}

/* Ending. */

static bool have_ended(void *context)
{
    const troupe_kit *kit = context;
    for (troupe_probe *probe = kit->probes; probe != NULL; probe = probe->next) {
        tr_probe_look(probe);
        if (!probe->has_ended) {
            return false;
        }
    }
    return true;
}

static troupe_error stop_itself(troupe_self *self, void *context)
{
    (void) context;
    return troupe_stop(self, troupe_self_ref(self));
}

void tr_probes_end(troupe_kit *kit)
{
    for (troupe_probe *probe = kit->probes; probe != NULL; probe = probe->next) {
        (void) troupe_probe_do(probe, stop_itself, NULL); /* it has ended, or is looked at below */
    }
    if (!tr_kit_run(kit, have_ended, kit, troupe_timeout_of_ns(END_NS))) {
        troupe_simulation_fail(kit->simulation,
                               "a probe, or what it has spawned, does not end when it is stopped");
    }
}
