/* SPDX-License-Identifier: MIT */
/* faults: SIGSEGV and SIGBUS in the threads that run workers, for nodes that asked for it.
 *
 * The handler runs on a stack of its own, says on standard error which actor overflowed its stack,
 * or in which one the fault was, and then does what was done before it was installed. Threads that
 * are not ours get that only.
 * Owns:    the two handlers, from the first open to the last close; then they are what they were,
 *          unless others have been installed over them, which stay. A thread's alternate stack,
 *          from enter to leave.
 * Threads: open and close any; enter and leave the thread itself.
 * Fails:   in open and thread_init, with nothing changed.
 * Uses:    stacks, slot, seat, trace. */
#ifndef TR_NODE_FAULTS_H
#define TR_NODE_FAULTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/worker.h"

/* What the handler has to know of a thread. Lies still from enter to leave. */
typedef struct tr_fault_thread {
    const char *node_name; /* borrowed */
    tr_system *system;
    const tr_seat *seat;
    void *stack; /* NULL: there is none, and the rest is not used */
    stack_t before;
} tr_fault_thread;

/* Installs the handlers, and that of trace, once for all that open. Errors: SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_faults_open(void);
void tr_faults_close(void);

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_fault_thread_init(tr_fault_thread *thread, tr_system *system,
                                                    const char *node_name, const tr_seat *seat);
/* Takes one that was never initialised, all zero. */
void tr_fault_thread_fini(tr_fault_thread *thread);

/* Do nothing to one that was never initialised. */
void tr_faults_enter(tr_fault_thread *thread);
void tr_faults_leave(tr_fault_thread *thread);

#endif
