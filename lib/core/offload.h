/* SPDX-License-Identifier: MIT */
/* offload: how an actor gives work away, and how it hears of it.
 *
 * A task waits for its job where it is; a behavior's is an ask (core/ask) that a job answers.
 * Owns:       nothing; what is awaited lies with who waits.
 * Invariants: `job` of what is awaited is set from the beginning of the job until it has come or
 *             was given up; a job that finds no such place is dropped when it comes.
 * Threads:    the worker's of the actor.
 * Uses:       jobs, ask, task, ports. */
#ifndef TR_CORE_OFFLOAD_H
#define TR_CORE_OFFLOAD_H

#include <troupe/offload.h>

#include "core/actor.h"
#include "core/jobs.h"

/* What the one who waits keeps of its job. */
typedef struct tr_awaited {
    const troupe_job *what;
    tr_job *job; /* NULL: not begun, or over */
    void *result;
    bool has_come;
} tr_awaited;

/* Hands awaited->what to the pool. Errors: LIMIT_REACHED, NO_MEMORY, STOPPING, SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_offload_begin(tr_worker *worker, const tr_actor *actor,
                                                uint64_t ask, tr_awaited *awaited);

/* It is waited for no longer. True: it has come, or has ended just now. False: *out_is_undone says
 * whether the argument is the caller's to discard. */
bool tr_offload_end_wait(tr_worker *worker, tr_awaited *awaited, bool *out_is_undone);

/* The job that was awaited has come: takes its result. False: it is not this one. */
bool tr_offload_take(tr_worker *worker, tr_awaited *awaited, tr_job *job);

/* Nobody is going to take what has come, if it has. */
void tr_offload_drop(tr_awaited *awaited);

/* JOB came. */
void tr_offload_came(tr_worker *worker, troupe_message *message);

/* What the pool is at; zeros where there is none. */
void tr_offload_count(const tr_system *system, troupe_offload_counts *out_counts);

#endif
