/* SPDX-License-Identifier: MIT */
#include "core/jobs.h"

#include "base/assert.h"
#include "base/memory.h"

void tr_jobs_init(tr_jobs *jobs, size_t job_size, uint32_t threads_max, uint32_t queue_max)
{
    TR_ASSERT(job_size >= sizeof(tr_job) && threads_max > 0 && queue_max > 0);
    *jobs = (tr_jobs) {.job_size = job_size, .threads_max = threads_max, .queue_max = queue_max};
    tr_list_init(&jobs->queue);
    tr_list_init(&jobs->running);
    tr_list_init(&jobs->ended);
}

troupe_error tr_jobs_add(tr_jobs *jobs, const troupe_allocator *allocator, const tr_job *wanted,
                         tr_job **out_job)
{
    if (jobs->counts.queued >= jobs->queue_max && !wanted->may_wait) {
        jobs->counts.refused++;
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    tr_job *job = tr_allocate(allocator, jobs->job_size);
    TR_REQUIRE(job != NULL, NO_MEMORY);
    *job = *wanted;
    job->size = jobs->job_size;
    job->state = TR_JOB_QUEUED;
    job->is_abandoned = false;
    job->is_taken = false;
    job->result = NULL;
    tr_list_init(&job->link);
    tr_list_push_back(&jobs->queue, &job->link);
    jobs->counts.queued++;
    *out_job = job;
    return TROUPE_OK;
}

tr_job *tr_jobs_begin(tr_jobs *jobs, uint64_t now_ns)
{
    if (jobs->counts.running >= jobs->threads_max) {
        return NULL;
    }
    tr_list *first = tr_list_pop_front(&jobs->queue);
    if (first == NULL) {
        return NULL;
    }
    tr_job *job = TR_CONTAINER_OF(first, tr_job, link);
    TR_ASSERT(job->state == TR_JOB_QUEUED);
    job->state = TR_JOB_RUNNING;
    job->begun_ns = now_ns;
    tr_list_push_back(&jobs->running, &job->link);
    jobs->counts.queued--;
    jobs->counts.running++;
    return job;
}

bool tr_jobs_end(tr_jobs *jobs, tr_job *job, void *result)
{
    TR_ASSERT(job->state == TR_JOB_RUNNING);
    job->state = TR_JOB_ENDED;
    job->result = result;
    tr_list_remove(&job->link);
    jobs->counts.running--;
    jobs->counts.done++;
    if (job->is_abandoned) {
        jobs->counts.abandoned--;
        return false;
    }
    tr_list_push_back(&jobs->ended, &job->link);
    tr_message_embed(&job->message, TR_KIND_JOB);
    job->message.receiver = job->actor;
    return true;
}

tr_job_fate tr_jobs_give_up(tr_jobs *jobs, tr_job *job, void **out_result)
{
    switch (job->state) {
    case TR_JOB_QUEUED:
        tr_jobs_remove(jobs, job);
        job->is_taken = true; /* the argument is the caller's to discard */
        jobs->counts.given_up++;
        return TR_JOB_UNDONE;
    case TR_JOB_RUNNING:
        TR_ASSERT(!job->is_abandoned);
        job->is_abandoned = true;
        jobs->counts.abandoned++;
        jobs->counts.given_up++;
        return TR_JOB_LEFT;
    case TR_JOB_ENDED:
        break;
    }
    TR_ASSERT(!job->is_taken);
    job->is_taken = true;
    *out_result = job->result;
    return TR_JOB_DONE;
}

void tr_jobs_remove(tr_jobs *jobs, tr_job *job)
{
    TR_ASSERT(job->state != TR_JOB_RUNNING);
    tr_list_remove(&job->link);
    jobs->counts.queued -= job->state == TR_JOB_QUEUED ? 1 : 0;
}

tr_job *tr_jobs_pop(tr_jobs *jobs)
{
    tr_list *list = tr_list_is_empty(&jobs->queue) ? &jobs->ended : &jobs->queue;
    if (tr_list_is_empty(list)) {
        return NULL;
    }
    tr_job *job = TR_CONTAINER_OF(tr_list_first(list), tr_job, link);
    tr_jobs_remove(jobs, job);
    return job;
}

bool tr_jobs_are_sound(const tr_jobs *jobs)
{
    uint32_t queued = 0;
    uint32_t running = 0;
    uint32_t abandoned = 0;
    for (const tr_list *at = jobs->queue.next; at != &jobs->queue; at = at->next) {
        queued++;
    }
    for (const tr_list *at = jobs->running.next; at != &jobs->running; at = at->next) {
        running++;
        abandoned += TR_CONTAINER_OF_CONST(at, tr_job, link)->is_abandoned ? 1 : 0;
    }
    return queued == jobs->counts.queued && running == jobs->counts.running &&
           abandoned == jobs->counts.abandoned && running <= jobs->threads_max;
}

const char *tr_job_name(const tr_job *job)
{
    return job->what.name != NULL ? job->what.name : "job";
}

void tr_job_discard(const troupe_job *what, void *result)
{
    if (what->discard != NULL) {
        what->discard(what->argument, result);
    }
}

void tr_job_free(const troupe_allocator *allocator, tr_job **in_job)
{
    tr_job *job = *in_job;
    *in_job = NULL;
    if (!job->is_taken) {
        tr_job_discard(&job->what, job->result);
    }
    tr_free(allocator, job, job->size);
}
