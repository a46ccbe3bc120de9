/* SPDX-License-Identifier: MIT */
/* world: a whole node of one to many workers in one thread, driven by a seed.
 *
 * Time is virtual: it stands still while anything can run and then jumps to the next event. The
 * seed
 * says which worker takes its next pass and how long a batch is under way. Batches from one worker
 * to another keep their order; different pairs race. The same seed gives the same run.
 * Owns:       the system, its workers, their actors, the batches under way.
 * Invariants: a batch is with its worker or under way. Nothing depends on an address.
 * Threads:    one. Not to be called from within an actor, but for spend.
 * Fails:      in create and spawn. */
#ifndef TR_SIMULATION_WORLD_H
#define TR_SIMULATION_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>
#include <troupe/log.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/statistics.h>

#include "core/worker.h"

typedef struct tr_world tr_world;

/* Zero is the default of each. */
typedef struct tr_world_options {
    uint64_t seed;
    uint64_t delay_ns_max;             /* of a batch between two workers */
    uint64_t job_ns_max;               /* that a job takes; 0: 1 ms */
    uint64_t pass_ns;                  /* virtual time that a worker's pass takes; 0: none */
    uint64_t memory_budget;            /* 0: 1 GiB */
    const troupe_allocator *allocator; /* of the node, not of the world itself; NULL: C library's */
    const troupe_log *log;             /* borrowed; NULL: none */
    const tr_fds_port *fds;            /* borrowed; NULL: there are no descriptors */
    uint32_t workers;                  /* 0: 1 */
    uint32_t own_threads_max;          /* workers for actors placed on their own thread; 0: 4 */
    uint32_t refuse_chance_percent;    /* how often a batch is not taken at once; below 100 */
    uint32_t moves_percent;            /* how often a step moves some actors first; below 100 */
    uint32_t actors_max;               /* 0: 65536 */
    uint32_t mailbox_capacity_default; /* 0: as limits.h says, as all below */
    uint32_t turn_messages;
    uint32_t stack_size;
    uint32_t offload_threads_max; /* 0: 4 */
    uint32_t offload_queue_max;   /* 0: 1024 */
    bool has_balance;             /* actors go to other workers as in a node */
} tr_world_options;

/* `options` may be NULL. Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_world_create(const tr_world_options *options,
                                               tr_world **out_world);

/* Frees everything, live actors too. Takes NULL; sets *world to NULL. */
void tr_world_destroy(tr_world **world);

/* Spawns a root actor and runs until its start has returned, at most start_timeout.
 * Errors: as troupe_node_spawn. */
TROUPE_MUST_CHECK troupe_error tr_world_spawn(tr_world *world, const troupe_spawn_options *options,
                                              troupe_ref *out_ref);

/* Runs all that can run until every worker is idle and no batch is under way. */
void tr_world_run(tr_world *world);

/* Runs until `ns` of virtual time have passed. */
void tr_world_advance(tr_world *world, uint64_t ns);

/* Runs until it is true: looks before each step. False if it is not so after `ns_max` (TR_NEVER: no
 * limit), or when nothing can happen any more. */
bool tr_world_until(tr_world *world, bool (*is_true)(void *context), void *context,
                    uint64_t ns_max);

/* Stops all actors and runs until the last has ended. False if some do not end within a minute of
 * virtual time; tr_world_fault names them. Again: true if all have ended. */
bool tr_world_stop(tr_world *world);

/* The handler that calls this takes so long. From within an actor, at most a second a turn. */
void tr_world_spend(tr_world *world, uint64_t ns);

uint64_t tr_world_now_ns(const tr_world *world);

/* The steps taken so far as one number that depends on their order, workers and times. */
uint64_t tr_world_trace_hash(const tr_world *world);

/* The sums over all workers. */
void tr_world_counts(const tr_world *world, troupe_counts *out_counts);

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_world_snapshot(tr_world *world, troupe_snapshot **out_snapshot);

tr_worker *tr_world_worker(const tr_world *world, uint32_t index);
/* Those made for actors on a thread of their own come last. */
uint32_t tr_world_worker_count(const tr_world *world);

/* Moves an actor to another regular worker. False: it may not be moved now. */
bool tr_world_move(tr_world *world, troupe_ref actor, uint32_t to);
/* Actors moved so far. */
uint64_t tr_world_moves(const tr_world *world);

/* How many root actors have ended, and the error of the first that failed. */
uint32_t tr_world_roots_ended(const tr_world *world);
troupe_error tr_world_root_error(const tr_world *world);

/* Runs, then checks what must be true at rest: each message accepted has ended or is held
 * somewhere; after a stop also that no actor is live, no place and no byte taken, no block out of
 * its pool. */
bool tr_world_is_sound(tr_world *world);

/* What the last call that returned false has found, for people; "" if nothing. */
const char *tr_world_fault(const tr_world *world);

#endif
