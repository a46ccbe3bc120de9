/* SPDX-License-Identifier: MIT */
/* virtual_crew: the pool of jobs in the simulated world.
 *
 * A job that begins ends a seeded while later in virtual time; its work is done at that moment, in
 * the one thread there is.
 * Owns:    the jobs.
 * Threads: the world's.
 * Uses:    core/jobs. */
#ifndef TR_SIMULATION_VIRTUAL_CREW_H
#define TR_SIMULATION_VIRTUAL_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "core/ends.h"
#include "core/jobs.h"

typedef struct tr_virtual_crew {
    tr_jobs jobs;
    const troupe_allocator *allocator; /* borrowed, as the random numbers */
    tr_random *random;
    tr_clock clock;
    uint64_t job_ns_max; /* 0: 1 ms */
} tr_virtual_crew;

/* Completes it: `jobs`, and what is 0 (4 threads, a queue of 1024). */
void tr_virtual_crew_init(tr_virtual_crew *crew, uint32_t threads_max, uint32_t queue_max);

/* Discards the jobs that are left, those that run too. */
void tr_virtual_crew_fini(tr_virtual_crew *crew);

tr_jobs_port tr_virtual_crew_port(tr_virtual_crew *crew);

/* When the next job ends; TR_NEVER if none runs. */
uint64_t tr_virtual_crew_next_due_ns(const tr_virtual_crew *crew);

/* How many may end now. */
uint32_t tr_virtual_crew_due_count(const tr_virtual_crew *crew);

/* Does the work of one of these, and sends its message to the actor by the worker that it is on.
 * That worker; NULL if nobody waits for the job. */
tr_worker *tr_virtual_crew_work(tr_virtual_crew *crew, uint32_t choice, const tr_ends *ends);

/* True if no job is left, however it stands with it; walks the lists. */
bool tr_virtual_crew_is_empty(const tr_virtual_crew *crew);

#endif
