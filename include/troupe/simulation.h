/* SPDX-License-Identifier: MIT */
/* simulation: whole systems of nodes in one thread, under a seed, for tests.
 *
 * Users' own actors run unchanged: in virtual time, on nodes that chance makes slow, crashes,
 * stalls and cuts from each other as a script or rates say. The same seed gives the same run, on
 * every machine, if the actors draw their random numbers by troupe_self_random, read their time by
 * troupe_self_now_ns and share nothing with what is outside.
 *
 *     static troupe_error scenario(troupe_simulation *simulation, void *context)
 *     {
 *         uint32_t a = 0;
 *         troupe_error error = troupe_simulation_add(simulation,
 *             TROUPE_SIMULATION_NODE(.name = "a", .start = start, .context = context), &a);
 *         error = troupe_simulation_script(simulation, "at 3 s crash a for 2 s");
 *         error = troupe_simulation_run(simulation, TROUPE_WITHIN_S(10));
 *         return troupe_simulation_settle(simulation, is_consistent, context, TROUPE_WITHIN_S(5));
 *     }
 *     error = troupe_simulate(TROUPE_SIMULATE(.seeds = 1000), scenario, context);
 *
 * These are in libtroupe_simulation, which has all of libtroupe and is linked in its place.
 * Threads: one. Not from within an actor or a check, but for what says so. */
#ifndef TROUPE_SIMULATION_H
#define TROUPE_SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/log.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/statistics.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Exported from libtroupe_simulation. */
#define TROUPE_SIMULATION_API __attribute__((visibility("default")))

typedef struct troupe_simulation troupe_simulation;

/* Starts a node, at its first start and whenever it comes back: spawns its actors by
 * troupe_simulation_spawn, which does not wait then. An error fails the run. */
typedef troupe_error troupe_simulation_start(troupe_simulation *simulation, uint32_t node,
                                             void *context);

/* Looks at the world from outside. False: it is broken; troupe_simulation_fail may say why. */
typedef bool troupe_simulation_check(troupe_simulation *simulation, void *context);

/* Zero means the default of each field. */
typedef struct troupe_simulation_options {
    size_t size; /* set by TROUPE_SIMULATION */
    uint64_t seed;
    const troupe_log *log; /* copied; of all nodes, each line with time and node. NULL: none */
    troupe_simulation_check *check; /* after steps; NULL: none */
    void *check_context;
    uint64_t steps_max;   /* of one call that runs; 0: 4 million */
    uint64_t check_every; /* steps from check to check, ours too; 0: 16 */
} troupe_simulation_options;
#define TROUPE_SIMULATION(...)                                                                     \
    (&(const troupe_simulation_options) {.size = sizeof(troupe_simulation_options), __VA_ARGS__})

/* Zero means the default of each field. */
typedef struct troupe_simulation_node_options {
    size_t size;                    /* set by TROUPE_SIMULATION_NODE */
    const char *name;               /* a word, copied; NULL: "node" and its number */
    troupe_simulation_start *start; /* NULL: nothing is started */
    void *context;
    troupe_timeout delay_max; /* of messages between two workers; not given: 1 ms */
    troupe_timeout pass_time; /* that a worker's pass takes; not given: none */
    troupe_timeout job_max;   /* that an offloaded job takes; not given: 1 ms */
    uint64_t memory_budget;   /* bytes in mailboxes above 256 a message; 0: 1 GiB */
    uint32_t workers;         /* 0: 1; at most 64 */
    uint32_t own_threads_max; /* actors placed on a thread of their own; 0: 4 */
    uint32_t actors_max;      /* 0: 65536 */
    uint32_t mailbox_capacity_default;
    uint32_t stack_size;
    uint32_t turn_messages;  /* that an actor handles before others have their turn */
    uint32_t refuse_percent; /* how often a batch between workers is not taken at once */
    uint32_t moves_percent;  /* how often a step moves some actors to another worker first */
    /* How often a worker stops amid what workers share, and what is rare happens; below 100. */
    uint32_t switch_percent;
    uint32_t rare_percent;
    /* Given: frames to other nodes go in sessions, dead after so long a silence; all or none. */
    troupe_timeout sessions;
    uint64_t unseen;    /* 1: some times quicker; messages and timers are not checked, nor told */
    const char *labels; /* as of a node's options; copied */
    uint64_t joins;     /* 1: connected with all others that join, whenever that can be */
} troupe_simulation_node_options;
#define TROUPE_SIMULATION_NODE(...)                                                                \
    (&(const troupe_simulation_node_options) {.size = sizeof(troupe_simulation_node_options),      \
                                              __VA_ARGS__})

/* What happens by chance: each about once in that time of the world's, not at all if not given,
 * and for at most as long as said (not given: 1 s). */
typedef struct troupe_simulation_rates {
    size_t size; /* set by TROUPE_SIMULATION_RATES */
    troupe_timeout crash_every;
    troupe_timeout crash_for; /* then it comes back; half of them fall silently */
    troupe_timeout stall_every;
    troupe_timeout stall_for;
    troupe_timeout cut_every; /* two nodes, one way or both */
    troupe_timeout cut_for;
    troupe_timeout skew_every; /* of a clock, by up to 1000 ppm */
} troupe_simulation_rates;
#define TROUPE_SIMULATION_RATES(...)                                                               \
    (&(const troupe_simulation_rates) {.size = sizeof(troupe_simulation_rates), __VA_ARGS__})

/* Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_simulation_create(
    const troupe_simulation_options *options, troupe_simulation **out_simulation);
/* Frees everything, live actors too. Takes NULL; sets *simulation to NULL. */
TROUPE_SIMULATION_API void troupe_simulation_destroy(troupe_simulation **simulation);

/* Adds a node and starts it. Errors: those of its start; LIMIT_REACHED (65536); NAME_TAKEN;
 * NO_MEMORY; BAD_ARGUMENT, of switch_percent and rare_percent also where they are not built in. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_add(troupe_simulation *simulation, const troupe_simulation_node_options *options,
                      uint32_t *out_node);
/* Spawns a root actor of a node. In a start function it does not wait for the actor's start.
 * Errors: as troupe_spawn; NODE_LOST if the node is down, or goes down first. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_spawn(troupe_simulation *simulation, uint32_t node,
                        const troupe_spawn_options *options, troupe_ref *out_ref);

/* Adds what is to happen; times count from now. One line each, or parted by ;
 *     at 3 s cut a from b for 10 s    neither hears the other. `cut a to b`: b does not hear a;
 *                                     `cut a`: from all others
 *     at 4 s heal a from b            `heal a to b`, `heal a`, `heal all`
 *     crash a                         now, for good. `crash a for 2 s`: it is started again then
 *     drop a for 2 s                  the same, and the others are not told
 *     stall a for 500 ms              `start a`, `skew a by -200 ppm`, `skew a ahead 3 s`
 *     fail allocation 30 of a         `fail one in 100 of a`
 *     limit a to 1000000 bytes        `limit a to 10 descriptors`: connections and open files
 *     lose 5 percent of a from b      and more of how frames go: <troupe/simulation_network.h>
 * Errors: BAD_ARGUMENT, and troupe_simulation_fault says what would be right; NO_MEMORY. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_script(troupe_simulation *simulation, const char *script);
/* From now on these happen; those before them do not any more. NULL: none.
 * Errors: BAD_ARGUMENT. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_rate(troupe_simulation *simulation, const troupe_simulation_rates *rates);

/* Runs for so long. Errors: FAILED, and troupe_simulation_fault says why: a check, a call of
 * troupe_simulation_fail, a start that failed, too many steps. So for all calls below. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_run(troupe_simulation *simulation, troupe_timeout time);
/* Runs until `is_true` says so. Errors: FAILED; TIMED_OUT: it does not within that time. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_run_until(troupe_simulation *simulation, troupe_simulation_check *is_true,
                            void *context, troupe_timeout time);
/* Ends all faults: forgets script and rates, heals the network and the memory, starts nodes that
 * are down; frames go as usual and none is lost. Then what has to come true when nothing is in the
 * way any more has to come true within that time. Errors: FAILED, also if it does not. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_settle(troupe_simulation *simulation, troupe_simulation_check *is_true,
                         void *context, troupe_timeout time);
/* Stops all nodes in order and looks whether anything is left: each message accepted has one
 * outcome, no actor, place, name or memory is left. Errors: FAILED. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error
troupe_simulation_stop(troupe_simulation *simulation);

/* The run is broken: it stops after this step. From within actors and checks too. */
TROUPE_SIMULATION_API __attribute__((format(printf, 2, 3))) void
troupe_simulation_fail(troupe_simulation *simulation, const char *format, ...);
/* What has failed first, in one line; "" if nothing. */
TROUPE_SIMULATION_API const char *troupe_simulation_fault(const troupe_simulation *simulation);
/* Writes the last that happened, and what was logged, to the log. */
TROUPE_SIMULATION_API void troupe_simulation_tell(const troupe_simulation *simulation,
                                                  const troupe_log *log);
/* A line of the node's for the log and for what is told of a failed run. From within actors too. */
TROUPE_SIMULATION_API __attribute__((format(printf, 3, 4))) void
troupe_simulation_say(troupe_simulation *simulation, uint32_t node, const char *format, ...);

/* What can be seen, from within actors too. */
TROUPE_SIMULATION_API uint64_t troupe_simulation_now_ns(const troupe_simulation *simulation);
TROUPE_SIMULATION_API uint64_t troupe_simulation_seed(const troupe_simulation *simulation);
TROUPE_SIMULATION_API uint64_t troupe_simulation_steps(const troupe_simulation *simulation);
/* A number that depends on all that has happened. */
TROUPE_SIMULATION_API uint64_t troupe_simulation_hash(const troupe_simulation *simulation);
/* A random number below `limit`, which is at least 1; of the world's chance. */
TROUPE_SIMULATION_API uint64_t troupe_simulation_draw(troupe_simulation *simulation,
                                                      uint64_t limit);
/* How many nodes this run is to have, from `least` (0: 1) to `most`; of the world's chance. A
 * scenario that asks, once, can be shrunk to fewer (see troupe_simulate). */
TROUPE_SIMULATION_API uint32_t troupe_simulation_draw_nodes(troupe_simulation *simulation,
                                                            uint32_t least, uint32_t most);
TROUPE_SIMULATION_API bool troupe_simulation_is_up(const troupe_simulation *simulation,
                                                   uint32_t node);
/* Its incarnation, as in refs; of the last one if it is down. */
TROUPE_SIMULATION_API uint64_t troupe_simulation_node_id(const troupe_simulation *simulation,
                                                         uint32_t node);
/* All zero if it is down. */
TROUPE_SIMULATION_API void troupe_simulation_counts(const troupe_simulation *simulation,
                                                    uint32_t node, troupe_counts *out_counts);

TROUPE_END

#endif
