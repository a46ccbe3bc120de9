/* SPDX-License-Identifier: MIT */
/* jobs: work that actors have given away, and the rules by which a pool of threads does it.
 *
 * The pool itself, with real threads or with virtual time, is behind a port (ports.h); what both
 * have in common is here. A job goes from queued to running to ended; the message that lies in it
 * then tells its actor. One that is given up while queued is gone at once; while running it is
 * abandoned, nobody is told of its end, and it goes with it. One that has ended before it was given
 * up leaves its result to who gave it up, and stays until its message has come.
 * Owns:       the jobs in its lists; what their work is done on belongs to them, see
 *             <troupe/offload.h>.
 * Invariants: a job is in one list. counts.queued and .running are their lengths, .abandoned of the
 *             running. No more than threads_max run.
 * Threads:    one at a time: the port's mutex.
 * Uses:       list, message. */
#ifndef TR_CORE_JOBS_H
#define TR_CORE_JOBS_H

#include <troupe/offload.h>
#include <troupe/statistics.h>

#include "base/list.h"
#include "core/message.h"

typedef enum tr_job_state {
    TR_JOB_QUEUED,
    TR_JOB_RUNNING,
    TR_JOB_ENDED
} tr_job_state;

typedef struct tr_job {
    tr_list link;
    troupe_job what;
    tr_address actor;
    uint64_t ask;  /* of a behavior; 0: a task waits */
    bool may_wait; /* behind a full queue */
    char actor_name[TR_NAME_MAX + 1];
    /* The rest is the pool's. */
    size_t size;
    tr_job_state state;
    bool is_abandoned; /* running, for nobody */
    bool is_taken;     /* ended, and the result is somebody's */
    uint64_t begun_ns;
    void *result;
    troupe_message message;
} tr_job;

/* What became of a job that was given up. */
typedef enum tr_job_fate {
    TR_JOB_UNDONE, /* never begun, and free: its argument is to be discarded */
    TR_JOB_LEFT,   /* it runs; the pool discards what is left of it */
    TR_JOB_DONE    /* it has ended: the result is the caller's */
} tr_job_fate;

typedef struct tr_jobs {
    tr_list queue;
    tr_list running;
    tr_list ended;
    size_t job_size; /* of a tr_job and what the pool has behind it */
    uint32_t threads_max;
    uint32_t queue_max;
    troupe_offload_counts counts;
} tr_jobs;

void tr_jobs_init(tr_jobs *jobs, size_t job_size, uint32_t threads_max, uint32_t queue_max);

/* A copy of what is not the pool's of *wanted, queued; what lies behind it is zero.
 * Errors: LIMIT_REACHED when the queue is full and the job may not wait; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_jobs_add(tr_jobs *jobs, const troupe_allocator *allocator,
                                           const tr_job *wanted, tr_job **out_job);

/* The oldest in the queue, which runs from here on; NULL if there is none or no thread may be. */
tr_job *tr_jobs_begin(tr_jobs *jobs, uint64_t now_ns);

/* The work is done. False: nobody is to be told; it is in no list any more. */
bool tr_jobs_end(tr_jobs *jobs, tr_job *job, void *result);

/* An UNDONE one is in no list any more. */
tr_job_fate tr_jobs_give_up(tr_jobs *jobs, tr_job *job, void **out_result);

/* Takes one that is queued or has ended out of its list. */
void tr_jobs_remove(tr_jobs *jobs, tr_job *job);

/* Any that is queued or has ended, removed; NULL if there is none. */
tr_job *tr_jobs_pop(tr_jobs *jobs);

bool tr_jobs_are_sound(const tr_jobs *jobs);

/* The message is that of a job which has ended. */
static inline tr_job *tr_job_of(troupe_message *message)
{
    return TR_CONTAINER_OF(message, tr_job, message);
}

const char *tr_job_name(const tr_job *job);

/* Frees what the work was done on, if the job says how. */
void tr_job_discard(const troupe_job *what, void *result);

/* Discards, unless the result is somebody's, and frees the job, which is in no list. */
void tr_job_free(const troupe_allocator *allocator, tr_job **job);

#endif
