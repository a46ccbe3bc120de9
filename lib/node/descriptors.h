/* SPDX-License-Identifier: MIT */
/* descriptors: what one engine's worker waits for in the world outside.
 *
 * A set within the engine's waiter, made when it is first needed: looking at it while the worker is
 * busy takes no wake that is meant for the engine.
 * Owns:       the poller.
 * Invariants: the poller, once made, is in the waiter.
 * Threads:    the one that has the worker; are_ready that which looks after a stuck one, while the
 *             worker's is in user code.
 * Fails:      in watch and change.
 * Uses:       fds, poller, waiter. */
#ifndef TR_NODE_DESCRIPTORS_H
#define TR_NODE_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/worker.h"
#include "transport/poller.h"
#include "transport/waiter.h"

typedef struct tr_descriptors {
    const troupe_allocator *allocator; /* borrowed */
    tr_waiter *waiter;                 /* borrowed */
    tr_poller *poller;                 /* NULL: nothing was ever watched */
    uint64_t looked_ns;
} tr_descriptors;

void tr_descriptors_init(tr_descriptors *descriptors, const troupe_allocator *allocator,
                         tr_waiter *waiter);
/* Before the waiter is destroyed. Takes one that is all zero. */
void tr_descriptors_fini(tr_descriptors *descriptors);

/* As tr_fds_port has them. */
TROUPE_MUST_CHECK troupe_error tr_descriptors_watch(tr_descriptors *descriptors, int fd,
                                                    uint32_t events);
TROUPE_MUST_CHECK troupe_error tr_descriptors_change(tr_descriptors *descriptors, int fd,
                                                     uint32_t events);
void tr_descriptors_unwatch(tr_descriptors *descriptors, int fd);

/* Tells the worker what is ready. False: nothing. */
bool tr_descriptors_look(tr_descriptors *descriptors, tr_worker *worker);

/* How long a busy worker leaves those waiting that have become ready. */
#define TR_DESCRIPTORS_LOOK_NS UINT64_C(50000)

/* For a worker that does not rest: looks if that is due. */
static inline void tr_descriptors_look_now_and_then(tr_descriptors *descriptors, tr_worker *worker)
{
    if (TR_UNLIKELY(descriptors->poller != NULL) &&
        worker->now_ns - descriptors->looked_ns >= TR_DESCRIPTORS_LOOK_NS) {
        (void) tr_descriptors_look(descriptors, worker);
    }
}

/* Whether a look would find something. */
bool tr_descriptors_are_ready(const tr_descriptors *descriptors);

#endif
