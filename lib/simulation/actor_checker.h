/* SPDX-License-Identifier: MIT */
/* actor_checker: that an actor is run by one worker at a time, the one it is on, and that the
 * scopes it leaves are empty.
 *
 * Owns:       a record for each actor until its slot is free; here the other checkers keep what
 *             they know of it.
 * Invariants: a record is that of the present generation of its slot.
 * Threads:    the world's. */
#ifndef TR_SIMULATION_ACTOR_CHECKER_H
#define TR_SIMULATION_ACTOR_CHECKER_H

#include "base/list.h"
#include "core/actor.h"
#include "core/observe.h"
#include "simulation/finding.h"

#define TR_NO_WORKER UINT32_MAX

typedef struct tr_seen_actor {
    tr_address address;
    uint32_t on_worker; /* NO_WORKER: it is moved */
    uint32_t run_by;    /* NO_WORKER: by none */
    tr_address below;   /* whose turn on that worker this one's is in the middle of, or nobody's */
    bool has_ended;
    uint64_t taken[TR_PRIORITIES]; /* by lane: which message last, see message_checker */
    tr_list watched_by;            /* see monitor_checker */
} tr_seen_actor;

typedef struct tr_actor_checker {
    const tr_system *system; /* borrowed, as the finding */
    tr_finding *finding;
    tr_seen_actor **by_slot;
    uint32_t room;
    uint32_t ends;     /* workers */
    tr_address *turns; /* by worker: whose turn it is; generation 0: nobody's */
} tr_actor_checker;

/* For so many workers. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_actor_checker_init(tr_actor_checker *check,
                                                     const tr_system *system, uint32_t ends,
                                                     tr_finding *finding);
void tr_actor_checker_fini(tr_actor_checker *check);

/* NULL: it is not known, or gone. */
tr_seen_actor *tr_actor_checker_find(const tr_actor_checker *check, tr_address address);
/* Made if need be. NULL: no memory. */
tr_seen_actor *tr_actor_checker_get(tr_actor_checker *check, const tr_actor *actor);

void tr_actor_checker_hear(tr_actor_checker *check, const tr_told *told);

#endif
