/* SPDX-License-Identifier: MIT */
/* timer_checker: that each timer that is armed fires once, and not early, or is cancelled.
 *
 * One that is due fires when its worker next looks, and the worker knows of it before it rests.
 * Owns:       a record for each timer that is armed.
 * Invariants: a record is on the agenda of its worker, or packed: on the way to another worker.
 * Threads:    the world's. */
#ifndef TR_SIMULATION_TIMER_CHECKER_H
#define TR_SIMULATION_TIMER_CHECKER_H

#include "base/map.h"
#include "core/observe.h"
#include "core/worker.h"
#include "simulation/agenda.h"
#include "simulation/finding.h"

typedef struct tr_seen_timer tr_seen_timer;

typedef struct tr_timer_checker {
    tr_finding *finding; /* borrowed */
    tr_map timers;       /* by the timer */
    tr_agenda *agendas;  /* by worker */
    uint32_t ends;
    uint64_t order;
    uint64_t packed;
    tr_seen_timer *spare;
} tr_timer_checker;

/* For so many workers. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_timer_checker_init(tr_timer_checker *check, uint32_t ends,
                                                     tr_finding *finding);
void tr_timer_checker_fini(tr_timer_checker *check);

void tr_timer_checker_hear(tr_timer_checker *check, const tr_told *told);

/* The worker has nothing to do before `due_ns`. */
void tr_timer_checker_sleep(tr_timer_checker *check, uint32_t worker, uint64_t due_ns);

/* The node is at rest: nothing is on its way in it. */
void tr_timer_checker_rest(tr_timer_checker *check);

#endif
