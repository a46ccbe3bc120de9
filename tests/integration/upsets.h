/* SPDX-License-Identifier: MIT */
/* upsets: what a crowd of actors has to bear besides itself: handlers that block, work given away
 * and given up, threads from outside that come and go, and being moved about.
 *
 * Threads: the three for actors, their own; the rest the test's. */
#ifndef TR_TESTS_INTEGRATION_UPSETS_H
#define TR_TESTS_INTEGRATION_UPSETS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <troupe/troupe.h>

#include "base/random.h"

#define UPSETS_OUTSIDERS 4

/* Blocks the thread for some milliseconds, one time of 40; as handlers should not, but do. */
void upset_by_blocking(troupe_self *self);

/* Has a job done that blocks, for up to 2 ms; a coroutine, and a behavior. */
void upset_by_work(troupe_self *self);
void upset_by_work_then(troupe_self *self);

/* Each job is taken or discarded. */
struct upset_jobs {
    _Atomic uint64_t begun;
    _Atomic uint64_t taken;
    _Atomic uint64_t discarded;
};
extern struct upset_jobs upset_jobs;

/* Threads that upset a node. */
struct upsets {
    troupe_node *node;
    troupe_body *visit; /* what a thread does while it is attached; gets NULL */
    _Atomic uint64_t visits;
    uint64_t moves;
    pthread_t visitors[UPSETS_OUTSIDERS];
    pthread_t mover;
    tr_random random;
    uint32_t workers;
    uint32_t to; /* the mover's next goal */
    _Atomic bool may_end;
};

/* Begins; `upsets` has node, workers and visit. */
void begin_upsets(struct upsets *upsets, uint64_t seed);
/* Before the node stops: nothing is moved any more. */
void end_moves(struct upsets *upsets);
/* When the node has stopped: that sends the visitors away. */
void end_upsets(struct upsets *upsets);

#endif
