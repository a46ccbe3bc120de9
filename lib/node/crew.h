/* SPDX-License-Identifier: MIT */
/* crew: the threads that do the jobs which actors give away.
 *
 * A thread is started when a job finds none idle, up to a limit, and ends when it has had nothing
 * to do for long; the one that rested last is called first. A job that nobody waits for any more is
 * discarded on the thread that has done it.
 * Owns:       its threads and the jobs.
 * Invariants: while jobs are queued some thread is at work. Nothing is begun once it is stopped.
 * Threads:    any, but for create and destroy.
 * Fails:      in create; a job's begin as the port says.
 * Uses:       core/jobs, engine (the call by which a job goes home). */
#ifndef TR_NODE_CREW_H
#define TR_NODE_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/jobs.h"
#include "core/ports.h"
#include "node/engine.h"

typedef struct tr_crew tr_crew;

typedef struct tr_crew_options {
    const troupe_allocator *allocator; /* borrowed, as all here */
    const troupe_log *log;
    const char *node_name;
    tr_clock clock; /* a real one */
    uint64_t idle_ns;
    uint32_t threads_max;
    uint32_t queue_max;
    /* Takes a job that has ended home to its actor, by the call, which lies in it. On a thread of
     * the crew. */
    void (*deliver)(void *context, tr_job *job, tr_engine_call *call);
    /* A thread ends; the last that it does. */
    void (*rested)(void *context);
    void *context;
} tr_crew_options;

/* Starts nothing. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_crew_create(const tr_crew_options *options, tr_crew **out_crew);

/* All its threads are joined. Discards the jobs that are left. Takes NULL. */
void tr_crew_destroy(tr_crew **crew);

tr_jobs_port tr_crew_port(tr_crew *crew);

/* Whether some actor has yet to hear of a job. */
bool tr_crew_is_awaited(tr_crew *crew);

/* From here on nothing is begun. */
void tr_crew_stop(tr_crew *crew);

/* Whether it has no thread. */
bool tr_crew_is_at_rest(tr_crew *crew);

/* Joins the threads that have ended. Returns how many have not. */
uint32_t tr_crew_join(tr_crew *crew);

/* Says each job that runs, under the mutex. */
void tr_crew_each_running(tr_crew *crew, void (*say)(void *context, const tr_job *job),
                          void *context);

#endif
