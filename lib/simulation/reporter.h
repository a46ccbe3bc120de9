/* SPDX-License-Identifier: MIT */
/* reporter: writes into the journal what of the told (core/observe) people want to read.
 *
 * That is: who sends what to whom, what becomes of it if it is not just handled, answers, and who
 * begins and ends.
 * Owns:    nothing.
 * Threads: the world's.
 * Uses:    journal. */
#ifndef TR_SIMULATION_REPORTER_H
#define TR_SIMULATION_REPORTER_H

#include "core/observe.h"
#include "core/system.h"
#include "simulation/journal.h"

/* A node that is up, for the actors of which other nodes speak. */
typedef struct tr_beat {
    const tr_system *system;
    uint32_t node;
} tr_beat;

typedef struct tr_reporter {
    tr_journal *journal; /* borrowed */
    tr_beat own;
    /* The node of this incarnation; its system is NULL if it is not up. */
    tr_beat (*find)(void *context, uint64_t id);
    void *context;
} tr_reporter;

/* It is told of this worker of the reporter's own node. */
void tr_reporter_hear(const tr_reporter *reporter, const tr_told *told, uint32_t worker,
                      uint64_t at_ns);

#endif
