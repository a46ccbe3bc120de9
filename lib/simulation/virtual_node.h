/* SPDX-License-Identifier: MIT */
/* virtual_node: a whole node of one to many workers in virtual time, one thing at a time.
 *
 * What it may do next is a number of choices; who drives it makes one. Batches from one worker to
 * another keep their order and different pairs race.
 * Owns:       the system, its workers, their actors, the batches and jobs under way.
 * Invariants: a batch is with its worker or under way. Nothing depends on an address.
 * Threads:    the world's. Not to be called from within an actor, but for now_ns and index.
 * Fails:      in create and spawn. */
#ifndef TR_SIMULATION_VIRTUAL_NODE_H
#define TR_SIMULATION_VIRTUAL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ends.h"
#include "core/guardian.h"
#include "simulation/course.h"
#include "simulation/skew.h"
#include "simulation/world_options.h"

typedef struct tr_virtual_node tr_virtual_node;

/* A root actor whose start is waited for; its waiter's from tr_virtual_node_spawn to
 * tr_virtual_node_forget. */
typedef struct tr_root {
    tr_root_ready ready;
    struct tr_root *next;
    tr_virtual_node *node; /* NULL: it is gone */
    troupe_ref ref;
    troupe_error error; /* NODE_LOST if the node went first */
    bool is_done;
    bool is_waited_for;
} tr_root;

/* Which node it is to be. */
typedef struct tr_virtual_identity {
    uint64_t id;          /* of the incarnation; not 0 */
    uint32_t index;       /* in its world */
    uint32_t incarnation; /* from 0 */
    tr_skew skew;
} tr_virtual_identity;

/* `options` complete, as tr_world_options_read leaves them. All but what promises may outlive is of
 * `memory`, which is borrowed as the course is.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_virtual_node_create(tr_course *course,
                                                      const tr_world_options *options,
                                                      const troupe_allocator *memory,
                                                      const tr_virtual_identity *identity,
                                                      tr_virtual_node **out_node);

/* As if its process were killed: everything is freed, live actors too, and no code of theirs runs.
 * Takes NULL; sets *node to NULL. */
void tr_virtual_node_destroy(tr_virtual_node **node);

/* Any worker may have something to do. */
void tr_virtual_node_look(tr_virtual_node *node);

/* No worker is in the middle of a pass any more, as must be for whoever looks at them or does
 * something to them from outside. */
void tr_virtual_node_settle(tr_virtual_node *node);

/* Moves some actors first, if the options say so. */
void tr_virtual_node_shuffle(tr_virtual_node *node);

/* How many things can be done now. */
uint32_t tr_virtual_node_choices(tr_virtual_node *node);

/* Does the `choice`-th of these. */
void tr_virtual_node_step(tr_virtual_node *node, uint32_t choice);

/* When something can be done again if nothing can now, in the world's time; TR_NEVER if nothing. */
uint64_t tr_virtual_node_next_due_ns(const tr_virtual_node *node);

/* Nothing can be done now: what its eye sees of that. */
void tr_virtual_node_rest(const tr_virtual_node *node);

/* True if no batch and no job is under way. */
bool tr_virtual_node_is_at_rest(const tr_virtual_node *node);

/* Begins to spawn a root actor. Errors: as tr_guardian_spawn. */
TROUPE_MUST_CHECK troupe_error tr_virtual_node_spawn(tr_virtual_node *node,
                                                     const troupe_spawn_options *options,
                                                     tr_root **out_root);
/* The root is done; sets *root to NULL. */
void tr_virtual_node_forget(tr_root **root);
/* It is not; its start is told to stop, and it is forgotten when that has returned. */
void tr_virtual_node_give_up(tr_root **root);

/* Stops all actors, children first. Again: does nothing. */
void tr_virtual_node_stop(tr_virtual_node *node);
bool tr_virtual_node_was_stopped(const tr_virtual_node *node);
/* The last actor has ended. */
bool tr_virtual_node_has_ended(const tr_virtual_node *node);

/* By its own clock. */
uint64_t tr_virtual_node_now_ns(const tr_virtual_node *node);
void tr_virtual_node_set_skew(tr_virtual_node *node, int32_t ppm, uint64_t ahead_ns);

const tr_virtual_identity *tr_virtual_node_identity(const tr_virtual_node *node);
const tr_ends *tr_virtual_node_ends(const tr_virtual_node *node);

/* Moves an actor to another regular worker. False: it may not be moved now. */
bool tr_virtual_node_move(tr_virtual_node *node, troupe_ref actor, uint32_t to);
uint64_t tr_virtual_node_moves(const tr_virtual_node *node);

/* How many root actors have ended, and the error of the first that failed. */
uint32_t tr_virtual_node_roots_ended(const tr_virtual_node *node);
troupe_error tr_virtual_node_root_error(const tr_virtual_node *node);

/* What must be true at rest, as world.h says. False: what is wrong is in `fault`, for people. */
bool tr_virtual_node_is_sound(tr_virtual_node *node, char *fault, size_t size);

#endif
