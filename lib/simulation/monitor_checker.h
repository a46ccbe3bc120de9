/* SPDX-License-Identifier: MIT */
/* monitor_checker: that each monitor brings one DOWN, not two, and one at last if its actor ended.
 *
 * Owns:       a record for each monitor that its owner has not undone nor seen the DOWN of.
 * Invariants: of those in `owed` the watched actor has ended, or is not known; no DOWN was sent.
 * Threads:    the world's.
 * Uses:       actor_checker, for who has ended. */
#ifndef TR_SIMULATION_MONITOR_CHECKER_H
#define TR_SIMULATION_MONITOR_CHECKER_H

#include "base/map.h"
#include "simulation/actor_checker.h"

typedef struct tr_monitor_checker {
    const tr_system *system; /* borrowed, as all of these */
    tr_finding *finding;
    tr_actor_checker *actors;
    tr_map monitors; /* by owner and id */
    tr_list owed;
} tr_monitor_checker;

/* The check is not moved in memory afterwards. */
void tr_monitor_checker_init(tr_monitor_checker *check, const tr_system *system,
                             tr_actor_checker *actors, tr_finding *finding);
void tr_monitor_checker_fini(tr_monitor_checker *check);

/* After actor_checker has heard it. */
void tr_monitor_checker_hear(tr_monitor_checker *check, const tr_told *told);

/* The node is at rest: nothing is on its way in it. */
void tr_monitor_checker_rest(tr_monitor_checker *check);

#endif
