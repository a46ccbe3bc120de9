/* SPDX-License-Identifier: MIT */
/* mover: moves actors for tests, whatever the load.
 *
 * Threads: the one that runs all workers; of the function for one worker that worker's, between its
 *          turns. */
#ifndef TR_SIMULATION_MOVER_H
#define TR_SIMULATION_MOVER_H

#include "core/ends.h"

/* Actors in a batch. */
#define TR_MOVER_MAX 4

typedef struct tr_moved {
    uint32_t from;
    uint32_t to;
    uint32_t count; /* 0: none */
} tr_moved;

/* Gives some of the worker's actors that may be moved to another, each with a chance of a half; how
 * many. */
uint32_t tr_mover_give_from(tr_worker *worker, tr_random *random, uint32_t to);

/* The same from any regular worker to any other, so often of a hundred times. */
tr_moved tr_mover_give_some(const tr_ends *ends, tr_random *random, uint32_t percent);

/* Gives this actor, if it may be moved. */
tr_moved tr_mover_give_one(const tr_ends *ends, tr_address actor, uint32_t to);

#endif
