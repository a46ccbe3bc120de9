/* SPDX-License-Identifier: MIT */
/* guard: how several threads take turns at one worker.
 *
 * Threads that are not the node's own act on a worker that they share, the proxy's, through actors
 * that have no code: the thread is their code. Each public call of theirs holds the guard; while
 * one waits, others, and the worker's own thread, run the worker.
 * Owns:       nothing here; who makes the worker makes its guard (lib/node/proxy).
 * Invariants: whatever touches the worker holds the guard. Calls nest.
 * Threads:    any.
 * Uses:       nothing. */
#ifndef TR_CORE_GUARD_H
#define TR_CORE_GUARD_H

#include <stdbool.h>

typedef struct tr_guard tr_guard;

struct tr_guard {
    /* Waits for its turn; the worker's clock is read anew. */
    void (*enter)(tr_guard *guard);
    /* Does what has come up meanwhile, hands over what goes to others, and lets others in. */
    void (*leave)(tr_guard *guard);
    /* Lets others in until is_over(context), which is looked at inside. False if that will never
     * come, because the worker is not run any more. */
    bool (*wait)(tr_guard *guard, bool (*is_over)(const void *context), const void *context);
    /* Something that a thread may wait for has come about; from inside. */
    void (*wake)(tr_guard *guard);
};

#endif
