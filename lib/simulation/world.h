/* SPDX-License-Identifier: MIT */
/* world: whole nodes of one to many workers in one thread, driven by a seed.
 *
 * Time is virtual: it stands still while anything can run and then jumps to the next event. The
 * seed says which node and which of its workers takes its next pass and how long a batch is under
 * way. Batches from one worker to another keep their order; different pairs race. The same seed
 * gives the same run. A world begins with node 0, which is up; what does not name a node is about
 * that one.
 * Owns:       the nodes (see fleet), the course of the world.
 * Invariants: nothing depends on an address.
 * Threads:    one. Not to be called from within an actor, but for spend and what the fleet allows.
 * Fails:      in create, add and spawn. */
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
#include "simulation/fleet.h"
#include "simulation/network.h"
#include "simulation/world_options.h"

typedef struct tr_world tr_world;

/* One that has no node yet. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_world_create_empty(uint64_t seed, tr_world **out_world);

/* `options` may be NULL. Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_world_create(const tr_world_options *options,
                                               tr_world **out_world);

/* Frees everything, live actors too. Takes NULL; sets *world to NULL. */
void tr_world_destroy(tr_world **world);

/* Spawns a root actor and runs until its start has returned, at most start_timeout.
 * Errors: as troupe_node_spawn. */
TROUPE_MUST_CHECK troupe_error tr_world_spawn(tr_world *world, const troupe_spawn_options *options,
                                              troupe_ref *out_ref);

/* The same for any node that is up; NODE_LOST if it crashes meanwhile. */
TROUPE_MUST_CHECK troupe_error tr_world_spawn_at(tr_world *world, uint32_t node,
                                                 const troupe_spawn_options *options,
                                                 troupe_ref *out_ref);

/* One more node, which is up; the seed in its options says nothing. As in fleet.h.
 * Errors: NO_MEMORY; LIMIT_REACHED; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_world_add(tr_world *world, const tr_world_options *options,
                                            uint32_t *out_index);
tr_fleet *tr_world_fleet(tr_world *world);
tr_course *tr_world_course(tr_world *world);
tr_network *tr_world_network(tr_world *world);

/* Brings a node up that is down, as a new incarnation. Errors: BAD_ARGUMENT if it is not down;
 * NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_world_raise(tr_world *world, uint32_t node);

/* Kills a node, as tr_fleet_crash; silently: the others find out for themselves. From within an
 * actor too, as stall. */
void tr_world_crash(tr_world *world, uint32_t node, bool is_silent);
/* As tr_fleet_stall, and the others may take it for dead. */
void tr_world_stall(tr_world *world, uint32_t node, uint64_t ns);

/* One call that drives the world ends after so many steps: something in it never rests. */
void tr_world_limit_steps(tr_world *world, uint64_t steps_max);

/* What else happens in the world at its times, before all else that is due then. */
typedef struct tr_world_others {
    void *context;
    uint64_t (*next_due_ns)(void *context);
    void (*happen)(void *context);  /* one thing that is due */
    bool (*is_over)(void *context); /* after each step: the world goes no further. May be NULL */
    /* May be NULL: a node that is up is going to be freed; it has crashed. */
    void (*leaving)(void *context, uint32_t node);
    void (*crashed)(void *context, uint32_t node);
} tr_world_others;
void tr_world_set_others(tr_world *world, const tr_world_others *others);

/* Runs all that can run until every worker is idle and no batch is under way. */
void tr_world_run(tr_world *world);

/* Runs until `ns` of virtual time have passed. */
void tr_world_advance(tr_world *world, uint64_t ns);

/* Runs until it is true: looks before each step. False if it is not so after `ns_max` (TR_NEVER: no
 * limit), or when nothing can happen any more. */
bool tr_world_until(tr_world *world, bool (*is_true)(void *context), void *context,
                    uint64_t ns_max);

/* Stops all actors of all nodes and runs until the last has ended. False if some do not end within
 * a minute of virtual time; tr_world_fault names them. Again: true if all have ended. */
bool tr_world_stop(tr_world *world);

/* The handler that calls this takes so long. From within an actor, at most a second a turn. */
void tr_world_spend(tr_world *world, uint64_t ns);

uint64_t tr_world_now_ns(const tr_world *world);
/* When something can be done again if nothing can now; TR_NEVER if never. */
uint64_t tr_world_next_ns(const tr_world *world);

/* The steps taken so far as one number that depends on their order, workers and times. */
uint64_t tr_world_trace_hash(const tr_world *world);

/* The sums over all workers of node 0. */
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
