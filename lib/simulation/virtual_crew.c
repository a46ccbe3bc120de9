/* SPDX-License-Identifier: MIT */
#include "simulation/virtual_crew.h"

#include "base/assert.h"
#include "core/way.h"
#include "core/worker.h"

struct virtual_job {
    tr_job job; /* first */
    uint64_t due_ns;
};

static uint64_t due_ns_of(const tr_list *link)
{
    const tr_job *job = TR_CONTAINER_OF_CONST(link, tr_job, link);
    return TR_CONTAINER_OF_CONST(job, struct virtual_job, job)->due_ns;
}

static uint64_t now_ns(const tr_virtual_crew *crew)
{
    return crew->clock.now_ns(crew->clock.context);
}

void tr_virtual_crew_init(tr_virtual_crew *crew, uint32_t threads_max, uint32_t queue_max)
{
    crew->job_ns_max = crew->job_ns_max != 0 ? crew->job_ns_max : UINT64_C(1000000);
    tr_jobs_init(&crew->jobs, sizeof(struct virtual_job), threads_max != 0 ? threads_max : 4,
                 queue_max != 0 ? queue_max : 1024);
}

void tr_virtual_crew_fini(tr_virtual_crew *crew)
{
    while (!tr_list_is_empty(&crew->jobs.running)) {
        tr_job *job = TR_CONTAINER_OF(tr_list_first(&crew->jobs.running), tr_job, link);
        if (!tr_jobs_end(&crew->jobs, job, NULL)) {
            tr_job_free(crew->allocator, &job);
        }
    }
    for (tr_job *job = tr_jobs_pop(&crew->jobs); job != NULL; job = tr_jobs_pop(&crew->jobs)) {
        tr_job_free(crew->allocator, &job);
    }
}

static void begin_all(tr_virtual_crew *crew)
{
    const uint64_t at_ns = now_ns(crew);
    for (tr_job *job = tr_jobs_begin(&crew->jobs, at_ns); job != NULL;
         job = tr_jobs_begin(&crew->jobs, at_ns)) {
        TR_CONTAINER_OF(job, struct virtual_job, job)->due_ns =
            at_ns + tr_random_below(crew->random, crew->job_ns_max + 1);
    }
}

static troupe_error begin(void *context, const tr_job *wanted, tr_job **out_job)
{
    tr_virtual_crew *crew = context;
    const troupe_error error = tr_jobs_add(&crew->jobs, crew->allocator, wanted, out_job);
    if (!error) {
        begin_all(crew);
    }
    return error;
}

static tr_job_fate give_up(void *context, tr_job *job, void **out_result)
{
    tr_virtual_crew *crew = context;
    const tr_job_fate fate = tr_jobs_give_up(&crew->jobs, job, out_result);
    if (fate == TR_JOB_UNDONE) {
        tr_job_free(crew->allocator, &job);
    }
    return fate;
}

static void forget(void *context, tr_job *job, bool is_taken)
{
    tr_virtual_crew *crew = context;
    tr_jobs_remove(&crew->jobs, job);
    job->is_taken = job->is_taken || is_taken;
    tr_job_free(crew->allocator, &job);
}

static void count(void *context, troupe_offload_counts *out_counts)
{
    const tr_virtual_crew *crew = context;
    *out_counts = crew->jobs.counts;
    out_counts->threads = crew->jobs.counts.running;
}

tr_jobs_port tr_virtual_crew_port(tr_virtual_crew *crew)
{
    return (tr_jobs_port) {
        .context = crew, .begin = begin, .give_up = give_up, .forget = forget, .count = count};
}

uint64_t tr_virtual_crew_next_due_ns(const tr_virtual_crew *crew)
{
    uint64_t next_ns = TR_NEVER;
    for (const tr_list *at = tr_list_first(&crew->jobs.running); at != NULL;
         at = tr_list_next(&crew->jobs.running, at)) {
        next_ns = due_ns_of(at) < next_ns ? due_ns_of(at) : next_ns;
    }
    return next_ns;
}

uint32_t tr_virtual_crew_due_count(const tr_virtual_crew *crew)
{
    uint32_t due = 0;
    for (const tr_list *at = tr_list_first(&crew->jobs.running); at != NULL;
         at = tr_list_next(&crew->jobs.running, at)) {
        due += due_ns_of(at) <= now_ns(crew) ? 1 : 0;
    }
    return due;
}

static tr_worker *deliver(const tr_virtual_crew *crew, tr_job *job, const tr_ends *ends)
{
    const tr_slot *slot = tr_system_slot(ends->system, job->actor);
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    tr_worker *worker = tr_ends_worker(ends, tr_way_from(way));
    worker->now_ns = now_ns(crew);
    tr_worker_route(worker, &job->message);
    return worker;
}

tr_worker *tr_virtual_crew_work(tr_virtual_crew *crew, uint32_t choice, const tr_ends *ends)
{
    tr_list *at = tr_list_first(&crew->jobs.running);
    while (due_ns_of(at) > now_ns(crew) || choice-- > 0) {
        at = tr_list_next(&crew->jobs.running, at);
        TR_ASSERT(at != NULL);
    }
    tr_job *job = TR_CONTAINER_OF(at, tr_job, link);
    tr_worker *worker = NULL;
    if (tr_jobs_end(&crew->jobs, job, job->what.work(job->what.argument))) {
        worker = deliver(crew, job, ends);
    } else {
        tr_job_free(crew->allocator, &job);
    }
    begin_all(crew);
    return worker;
}

bool tr_virtual_crew_is_empty(const tr_virtual_crew *crew)
{
    return tr_jobs_are_sound(&crew->jobs) && crew->jobs.counts.queued == 0 &&
           crew->jobs.counts.running == 0 && tr_list_is_empty(&crew->jobs.ended);
}
