/* SPDX-License-Identifier: MIT */
/* helm: which thread runs a worker, and how it passes from one to another.
 *
 * A runner is a thread that can run the worker: its first one, at home there, or a spare. The one
 * that has the worker looks at its safe point, between two passes, whether it is to pass it on.
 * While it is in the middle of a handler, in user code, the worker can be taken from it. It is away
 * then: it borrows the worker for a call, from the runner that has it, and comes back for good when
 * the handler has returned; its lender is released. A spare gives the worker to the runner at home
 * when that one has nothing to do. If who has the worker is held up too, one that wants it takes it
 * from that one, so that a lack of spares stops nobody for ever. tests/models/takeover.pml is the
 * model of this.
 * Owns:       nothing; runners are their threads'.
 * Invariants: one runner has the worker. The seats of those that are away have is_taken set. At
 *             most one runner lends at a time.
 * Threads:    as said; take any but a runner.
 * Fails:      never.
 * Uses:       thread, takeover. */
#ifndef TR_NODE_HELM_H
#define TR_NODE_HELM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"
#include "core/worker.h"

/* Lies still while it may be asked to run a worker. But for the seat its fields are helm.c's. */
typedef struct tr_runner {
    tr_seat seat;
    _Atomic uint64_t thread_id;
    struct tr_runner *next; /* of those who want the worker */
    bool is_released;       /* what it has lent does not come back */
} tr_runner;

typedef struct tr_helm {
    tr_worker *worker;               /* borrowed */
    void (*wake)(void *context);     /* ends the sleep of who has the worker */
    bool (*has_work)(void *context); /* whether the worker has something to do; for who has it */
    void *context;
    tr_runner home;
    _Atomic uint32_t is_wanted; /* a hint that the safe point has something to do */
    tr_mutex mutex;             /* guards what follows */
    tr_condition changed;
    tr_runner *owner;
    tr_runner *lender; /* NULL: nobody lends */
    tr_runner *first_wanting;
    tr_runner *last_wanting;
    uint32_t away;
    bool is_home_idle;
} tr_helm;

typedef enum tr_helm_outcome {
    TR_HELM_LEFT,      /* all is as it was */
    TR_HELM_TAKEN,     /* the spare has it, and is to be told */
    TR_HELM_STEPPED_IN /* one that wanted it has it for good; the spare was not needed */
} tr_helm_outcome;

/* The runner at home has the worker. has_work and wake: of this context. */
void tr_helm_init(tr_helm *helm, tr_worker *worker, void (*wake)(void *context),
                  bool (*has_work)(void *context), void *context);
void tr_helm_fini(tr_helm *helm);

/* The safe point. False: a spare has given the worker away for good. One at home waits until it has
 * the worker again.
 * Blocks: while others have the worker. */
bool tr_helm_hold(tr_helm *helm, tr_runner *runner);

static inline bool tr_helm_is_wanted(const tr_helm *helm)
{
    return atomic_load_explicit(&helm->is_wanted, memory_order_relaxed) != 0;
}

/* Whether the runner, which has the worker, is the one at home and nobody is away. */
bool tr_helm_is_alone(tr_helm *helm, const tr_runner *runner);

/* For a runner with this seat, on its own thread; see ports.h. */
void tr_helm_want(tr_helm *helm, tr_seat *seat);
void tr_helm_return(tr_helm *helm, tr_seat *seat);
void tr_helm_come_back(tr_helm *helm, tr_seat *seat);

/* Takes the worker from the runner with this seat if that one has it and is in a handler's user
 * code, and if that is of use to others; `spare` is idle, or NULL. Membarriers are open. */
tr_helm_outcome tr_helm_take(tr_helm *helm, tr_seat *seat, tr_runner *spare);

/* `is_debug`: it is to be looked at who calls. */
void tr_runner_init(tr_runner *runner, bool is_debug);

/* The calling thread is the runner's. */
void tr_runner_sit(tr_runner *runner);
/* Whether the calling thread is that of the runner with this seat. */
bool tr_runner_is_here(tr_seat *seat);

#endif
