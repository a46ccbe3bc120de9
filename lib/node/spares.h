/* SPDX-License-Identifier: MIT */
/* spares: threads that run workers whose own thread is held up by a handler.
 *
 * They are made when they are needed first and stay until the end of the node.
 * Owns:       the threads, their runners.
 * Invariants: a spare is idle or runs one engine. At most `max` of them.
 * Threads:    take, assign, put and count one thread's, the watchdog's; the rest as said.
 * Fails:      in create; take has none to give.
 * Uses:       engine, helm, faults. */
#ifndef TR_NODE_SPARES_H
#define TR_NODE_SPARES_H

#include "node/engine.h"

typedef struct tr_spares tr_spares;
typedef struct tr_spare tr_spare;

#define TR_SPARES_MAX 256

typedef struct tr_spares_options {
    tr_system *system;     /* borrowed */
    const char *node_name; /* borrowed */
    uint32_t max;
    bool has_fault_signals;
} tr_spares_options;

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_spares_create(const tr_spares_options *options,
                                                tr_spares **out_spares);

/* Ends the threads, waits for them and frees all. All are idle, or about to be. Takes NULL. */
void tr_spares_destroy(tr_spares **spares);

/* One that is idle or new; NULL if all are busy, or the system has no more threads. It stays idle
 * until it is assigned. */
tr_spare *tr_spares_take(tr_spares *spares);
tr_runner *tr_spare_runner(tr_spare *spare);

/* Has it run the engine's worker, which its runner has taken, until it gives it away. */
void tr_spare_assign(tr_spare *spare, tr_engine *engine);

/* The spares made so far, by index, in the order made. */
uint32_t tr_spares_count(const tr_spares *spares);
tr_spare *tr_spares_at(tr_spares *spares, uint32_t index);

/* What it runs, NULL if it is idle. Threads: any; it may change at any time. */
tr_engine *tr_spare_engine(const tr_spare *spare);
uint64_t tr_spare_thread_id(const tr_spare *spare);

/* Whether the calling thread is one of them. Takes NULL. Threads: any. */
bool tr_spares_are_current(const tr_spares *spares);

#endif
