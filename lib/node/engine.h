/* SPDX-License-Identifier: MIT */
/* engine: a thread that runs one worker, and others that may run it meanwhile.
 *
 * Its loop: calls from outside, batches in, a pass; with nothing to do spin briefly, then sleep
 *           until
 * a batch, a call or the worker's next timer.
 * Owns:       the thread, the worker's end of the inproc, the waiter. The worker is borrowed.
 * Invariants: a call is queued, or run once, or refused because the engine ends. From create to
 *             start and from has_ended on, nothing runs the worker.
 * Threads:    any; send only the thread that runs the worker, or who holds its guard.
 * Fails:      in create and start.
 * Uses:       worker, helm, inproc, waiter, descriptors. */
#ifndef TR_NODE_ENGINE_H
#define TR_NODE_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/worker.h"
#include "node/descriptors.h"
#include "node/guest.h"
#include "node/helm.h"
#include "transport/inproc.h"

typedef struct tr_engine tr_engine;

/* How many threads want how many processors: with too few of those nobody spins. */
typedef struct tr_crowd {
    _Atomic uint32_t threads;
    uint32_t processors;
} tr_crowd;

/* Something to be done on the worker's thread. Lies still until it is done or the engine has
 * ended. */
typedef struct tr_engine_call {
    void (*run)(tr_worker *worker, void *context);
    void *context;
    struct tr_engine_call *next;
    uint32_t state; /* of engine.c */
    bool is_brief;  /* it may be gone when `run` returns */
} tr_engine_call;

typedef struct tr_engine_options {
    tr_worker *worker;
    tr_inproc *inproc;
    const tr_crowd *crowd;
    const char *node_name;  /* borrowed */
    tr_guard *guard;        /* NULL, or held while the worker runs */
    const tr_guest *guest;  /* NULL: none; borrowed */
    bool has_fault_signals; /* the thread reports its faults and admits the signal of trace */
    /* Told on the thread, last: it runs the worker no more. */
    void (*ended)(void *context);
    void *context;
} tr_engine_options;

/* Opens the worker's end; the thread is not started yet.
 * Errors: NO_MEMORY; LIMIT_REACHED when descriptors are out; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_engine_create(const tr_engine_options *options,
                                                tr_engine **out_engine);

/* Not started, or joined. Takes NULL. */
void tr_engine_destroy(tr_engine **engine);

/* Errors: SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_engine_start(tr_engine *engine);

/* Runs run(worker, context) on the worker's thread between two passes and waits for it.
 * Errors: TIMED_OUT when it has not begun at deadline_ns, and then it never will; STOPPING when the
 *         engine ends. */
TROUPE_MUST_CHECK troupe_error tr_engine_call_and_wait(tr_engine *engine,
                                                       void (*run)(tr_worker *worker,
                                                                   void *context),
                                                       void *context, uint64_t deadline_ns);

/* Has the call run without waiting for it. Again, while it is queued: does nothing. */
void tr_engine_post(tr_engine *engine, tr_engine_call *call);

/* Asks the thread to end after the pass it is in. */
void tr_engine_end(tr_engine *engine);

/* Whether nothing runs the worker any more, or not yet. */
bool tr_engine_is_at_rest(tr_engine *engine);

/* Runs the worker on the calling thread, whose runner has it, until that has passed it on for good.
 * For spares. */
void tr_engine_serve(tr_engine *engine, tr_runner *runner);

tr_helm *tr_engine_helm(tr_engine *engine);
tr_descriptors *tr_engine_descriptors(tr_engine *engine);

/* The tr_thread_id of the worker's first thread; 0 if that does not run. */
uint64_t tr_engine_thread_id(const tr_engine *engine);

/* Whether the caller is this engine's thread. */
bool tr_engine_is_current(const tr_engine *engine);

/* Waits until the thread has ended; does nothing if it was not started or is joined.
 * Blocks: unless it is at rest. */
void tr_engine_join(tr_engine *engine);

/* Inside the guard: the worker was touched by another thread; if it has something to do that its
 * thread does not know of, that is woken. */
void tr_engine_look_again(tr_engine *engine, bool has_more);

/* Hands a batch to another end; false: not now. */
bool tr_engine_send(tr_engine *engine, uint32_t to, const tr_batch *batch);

#endif
