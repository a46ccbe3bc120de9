/* SPDX-License-Identifier: MIT */
/* test_kit: tests of actors from outside them, on the test's own thread and in virtual time.
 *
 * A kit is one test: a simulation, and probes (<troupe/test_probe.h>), which are actors whose
 * mailboxes the test reads. Time goes on only in calls that say so, and no further than they need.
 *
 *     static void adds(void **state)                               a test of cmocka
 *     {
 *         troupe_kit *kit = NULL;
 *         troupe_probe *probe = NULL;
 *         troupe_ref adder;
 *         assert_int_equal(troupe_kit_create(TROUPE_KIT_CMOCKA(.out_probe = &probe,
 *             .spawn = TROUPE_SPAWN(.behavior = &adder_behavior), .out_ref = &adder), &kit), 0);
 *         troupe_must(kit, troupe_probe_send(probe, adder, TROUPE_STRUCT(&add_type, &two)));
 *         troupe_message *sum = troupe_expect(probe, TROUPE_WITHIN_S(1), .type = &sum_type);
 *         ...
 *         troupe_message_destroy(&sum);
 *         troupe_kit_destroy(&kit);
 *     }
 *
 * What a test demands and does not get fails it at the line that demands it; first the last that
 * happened is told, and what is in the probe instead. That is done by the kit's `fail`, on the
 * test's thread and stack, never on an actor's.
 *
 * Part of libtroupe_simulation.
 * Threads: the test's, outside any actor and check, but for what says so. */
#ifndef TROUPE_TEST_KIT_H
#define TROUPE_TEST_KIT_H

#include <troupe/simulate.h>

TROUPE_BEGIN

typedef struct troupe_kit troupe_kit;
typedef struct troupe_probe troupe_probe;

/* Zero means the default of each field. */
typedef struct troupe_kit_options {
    size_t size; /* set by TROUPE_KIT */
    /* NULL: the kit makes and destroys one, by `options` (NULL: the defaults). Else borrowed; it
     * has to outlive the kit and is not stopped by it. */
    troupe_simulation *simulation;
    const troupe_simulation_options *options;
    /* Of the node that the kit adds. NULL: one by the name "test", with all else as usual; none in
     * a simulation that is borrowed. */
    const troupe_simulation_node_options *node;
    /* Given: the kit's node has a first probe, and this actor, the one under test, is spawned by it
     * (see troupe_probe_spawn). */
    const troupe_spawn_options *spawn;
    troupe_ref *out_ref;
    troupe_probe **out_probe; /* given: there is a first probe, with or without `spawn` */
    /* Fails the test that stands at this line, and does not return, as a rule. If it does, or is
     * NULL, the call that has failed returns NULL, false or all zeros; so do all that follow. */
    void (*fail)(const char *file, int line);
    const troupe_log *log; /* copied; where failures are told. NULL: standard error */
    const char *file;      /* where the test is, set by TROUPE_KIT; of what fails at its end */
    uint64_t line;
    uint64_t leaves_all; /* 1: troupe_kit_destroy does not ask for an orderly end */
} troupe_kit_options;
#define TROUPE_KIT(...)                                                                            \
    (&(const troupe_kit_options) {                                                                 \
        .size = sizeof(troupe_kit_options), .file = __FILE__, .line = __LINE__, __VA_ARGS__})
/* The same for tests of cmocka, whose cmocka.h was included. */
#define TROUPE_KIT_CMOCKA(...) TROUPE_KIT(.fail = _fail, __VA_ARGS__)

/* Errors: those of troupe_simulation_add and troupe_probe_spawn; NO_MEMORY; BAD_ARGUMENT. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_kit_create(const troupe_kit_options *options, troupe_kit **out_kit);
/* Frees the kit with its probes, after an orderly end, unless the test has failed before: all nodes
 * are stopped, and if anything is left (see troupe_simulation_stop) the test fails when all is
 * freed. Of a simulation that is borrowed only the probes are stopped, with what they have spawned.
 * Takes NULL; sets *kit to NULL. */
TROUPE_SIMULATION_API void troupe_kit_destroy(troupe_kit **kit);

/* For scripts, more nodes, the time, and all else. */
TROUPE_SIMULATION_API troupe_simulation *troupe_kit_simulation(troupe_kit *kit);

/* Time goes on by exactly this, with all that happens meanwhile. TROUPE_NOW: it stands still, and
 * what can run without it does, until all is at rest. Fails the test if the run is broken. */
TROUPE_SIMULATION_API bool troupe_kit_advance(troupe_kit *kit, troupe_timeout time,
                                              const char *file, int line);
#define troupe_advance(kit, time) troupe_kit_advance((kit), (time), __FILE__, __LINE__)
#define troupe_rest(kit) troupe_kit_advance((kit), TROUPE_NOW, __FILE__, __LINE__)
/* All comes to rest; then time jumps to the next timer, arrival or fault, and all comes to rest
 * again. False if nothing is ever going to happen. Fails the test if the run is broken. */
TROUPE_SIMULATION_API bool troupe_kit_jump(troupe_kit *kit, const char *file, int line);
#define troupe_jump(kit) troupe_kit_jump((kit), __FILE__, __LINE__)

/* Fails the test if `error` is one; `call` is its text. Returns whether it is none. */
TROUPE_SIMULATION_API bool troupe_kit_must(troupe_kit *kit, troupe_error error, const char *call,
                                           const char *file, int line);
#define troupe_must(kit, call) ((void) troupe_kit_must((kit), (call), #call, __FILE__, __LINE__))

/* For actors and checks: notes that the condition does not hold. The run stops after this step, and
 * the next call of the kit fails the test, at this line. Returns the condition.
 * Threads: from within actors too. */
TROUPE_SIMULATION_API bool troupe_kit_check(troupe_kit *kit, bool is_so, const char *condition,
                                            const char *file, int line);
#define troupe_check(kit, condition)                                                               \
    troupe_kit_check((kit), (condition), #condition, __FILE__, __LINE__)

/* Faults at one place; what befalls whole nodes and their ways is said by scripts, and actors are
 * told things by probes. */

/* Takes all places of the actor's mailbox that are free just now: it is as full as its senders can
 * have it. What it handles afterwards makes room again, so that it is to be at rest before. Until
 * troupe_kit_drain, which gives the places back, or the end of the kit.
 * Errors: MAILBOX_FULL: there is none; STALE; NODE_LOST; NO_MEMORY. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_kit_fill(troupe_kit *kit,
                                                                     troupe_ref actor);
TROUPE_SIMULATION_API void troupe_kit_drain(troupe_kit *kit, troupe_ref actor);
/* The n-th allocation from here on in a turn of this actor's, 1 the next one, finds no memory; no
 * other does. 0: none. There is one such at a time; returns whether the one that was asked for
 * before has come about, so that a loop can end when there is no n-th. */
TROUPE_SIMULATION_API bool troupe_kit_fail_allocation(troupe_kit *kit, troupe_ref actor,
                                                      uint64_t n);
/* The next `count` messages, requests and answers of this type (its name; NULL: any) that come from
 * one node to another are lost on the way, and nobody is told; those of other types pass. Called
 * again: so many instead.
 * Errors: BAD_ARGUMENT; NO_MEMORY. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_kit_lose(troupe_kit *kit, uint32_t from,
                                                                     uint32_t to, const char *type,
                                                                     uint32_t count);

/* A test that is run under many seeds; each time with a kit of its own. */
typedef void troupe_kit_test(troupe_kit *kit, void *context);
/* Runs the test as troupe_simulate runs scenarios, with all that it does when one fails. Of
 * `kit_options` (NULL: none) simulation, options, fail and log are not looked at. What fails a test
 * leaves it there and then; it has to begin anew at each call, and what it held is lost.
 * Errors: as troupe_simulate. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_kit_sweep(const troupe_simulate_options *options, const troupe_kit_options *kit_options,
                 troupe_kit_test *test, void *context);

TROUPE_END

#endif
