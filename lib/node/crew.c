/* SPDX-License-Identifier: MIT */
#include "node/crew.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

struct crew_job {
    tr_job job; /* first */
    tr_engine_call call;
};

enum hand_state {
    HAND_NONE,
    HAND_HERE,
    HAND_GONE /* to be joined */
};

/* A thread. */
struct hand {
    tr_crew *crew;
    tr_thread thread;
    tr_list link; /* while it is idle */
    tr_condition called;
    enum hand_state state;
};

struct tr_crew {
    tr_crew_options options;
    char name[TR_THREAD_NAME_BYTES_MAX];
    tr_mutex mutex;
    /* Under the mutex. */
    tr_jobs jobs;
    tr_list idle; /* who rested last is first */
    uint32_t here;
    bool is_stopped;
    struct hand hands[];
};

static uint64_t now_ns(const tr_crew *crew)
{
    return crew->options.clock.now_ns(crew->options.clock.context);
}

static size_t size_of_crew(uint32_t threads_max)
{
    return sizeof(tr_crew) + threads_max * sizeof(struct hand);
}

/* The thread. */

/* Under the mutex. False: the thread is not needed any more. */
static bool wait_for_work(tr_crew *crew, struct hand *hand)
{
    const uint64_t until_ns = now_ns(crew) + crew->options.idle_ns;
    bool is_in_time = true;
    while (!crew->is_stopped && tr_list_is_empty(&crew->jobs.queue)) {
        if (!is_in_time) {
            return false;
        }
        tr_list_push_front(&crew->idle, &hand->link);
        is_in_time = tr_condition_wait_until(&hand->called, &crew->mutex, until_ns);
        tr_list_remove(&hand->link);
    }
    return !crew->is_stopped;
}

static void do_job(tr_crew *crew, tr_job *job)
{
    void *result = job->what.work(job->what.argument);
    tr_mutex_lock(&crew->mutex);
    const bool is_awaited = tr_jobs_end(&crew->jobs, job, result);
    tr_mutex_unlock(&crew->mutex);
    if (is_awaited) {
        tr_engine_call *call = &TR_CONTAINER_OF(job, struct crew_job, job)->call;
        crew->options.deliver(crew->options.context, job, call);
    } else {
        tr_job_free(crew->options.allocator, &job);
    }
}

static void work(void *context)
{
    struct hand *hand = context;
    tr_crew *crew = hand->crew;
    tr_mutex_lock(&crew->mutex);
    while (wait_for_work(crew, hand)) {
        tr_job *job = tr_jobs_begin(&crew->jobs, now_ns(crew));
        TR_ASSERT(job != NULL); /* there are no more threads than may run */
        tr_mutex_unlock(&crew->mutex);
        do_job(crew, job);
        tr_mutex_lock(&crew->mutex);
    }
    crew->here--;
    hand->state = HAND_GONE;
    tr_mutex_unlock(&crew->mutex);
    crew->options.rested(crew->options.context);
}

/* The port. All under the mutex. */

static struct hand *find_free(tr_crew *crew)
{
    for (uint32_t i = 0; i < crew->options.threads_max; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->state == HAND_GONE) {
            tr_thread_join(&hand->thread); /* it has nothing more to do */
            hand->state = HAND_NONE;
        }
        if (hand->state == HAND_NONE) {
            return hand;
        }
    }
    return NULL;
}

static troupe_error start_hand(tr_crew *crew)
{
    struct hand *hand = find_free(crew);
    TR_ASSERT(hand != NULL);
    hand->crew = crew;
    hand->state = HAND_HERE;
    crew->here++;
    const troupe_error error = tr_thread_start(&hand->thread, crew->name, work, hand);
    if (error) {
        hand->state = HAND_NONE;
        crew->here--;
        tr_log_write(crew->options.log, TROUPE_LOG_WARNING,
                     "node '%s': cannot start a thread for jobs: the system has no more; there are "
                     "%u",
                     crew->options.node_name, crew->here);
    }
    return error;
}

/* Has somebody take the job that was just queued. */
static troupe_error call_hand(tr_crew *crew)
{
    if (!tr_list_is_empty(&crew->idle)) {
        struct hand *hand = TR_CONTAINER_OF(tr_list_pop_front(&crew->idle), struct hand, link);
        tr_condition_signal(&hand->called);
        return TROUPE_OK;
    }
    const troupe_error error =
        crew->here < crew->options.threads_max ? start_hand(crew) : TROUPE_OK;
    return crew->here > 0 ? TROUPE_OK : error;
}

static troupe_error begin(void *context, const tr_job *wanted, tr_job **out_job)
{
    tr_crew *crew = context;
    tr_job *job = NULL;
    tr_mutex_lock(&crew->mutex);
    troupe_error error = TROUPE_ERROR_STOPPING;
    if (!crew->is_stopped) {
        error = tr_jobs_add(&crew->jobs, crew->options.allocator, wanted, &job);
    }
    if (!error) {
        error = call_hand(crew);
        if (error) {
            void *result = NULL;
            const tr_job_fate fate = tr_jobs_give_up(&crew->jobs, job, &result);
            TR_ASSERT(fate == TR_JOB_UNDONE);
            tr_job_free(crew->options.allocator, &job);
        }
    }
    tr_mutex_unlock(&crew->mutex);
    if (!error) {
        *out_job = job;
    }
    return error;
}

static tr_job_fate give_up(void *context, tr_job *job, void **out_result)
{
    tr_crew *crew = context;
    tr_mutex_lock(&crew->mutex);
    const tr_job_fate fate = tr_jobs_give_up(&crew->jobs, job, out_result);
    tr_mutex_unlock(&crew->mutex);
    if (fate == TR_JOB_UNDONE) {
        tr_job_free(crew->options.allocator, &job);
    }
    return fate;
}

static void forget(void *context, tr_job *job, bool is_taken)
{
    tr_crew *crew = context;
    tr_mutex_lock(&crew->mutex);
    tr_jobs_remove(&crew->jobs, job);
    job->is_taken = job->is_taken || is_taken;
    tr_mutex_unlock(&crew->mutex);
    tr_job_free(crew->options.allocator, &job);
}

static void count(void *context, troupe_offload_counts *out_counts)
{
    tr_crew *crew = context;
    tr_mutex_lock(&crew->mutex);
    *out_counts = crew->jobs.counts;
    out_counts->threads = crew->here;
    tr_mutex_unlock(&crew->mutex);
}

tr_jobs_port tr_crew_port(tr_crew *crew)
{
    return (tr_jobs_port) {
        .context = crew, .begin = begin, .give_up = give_up, .forget = forget, .count = count};
}

/* Making and ending. */

troupe_error tr_crew_create(const tr_crew_options *options, tr_crew **out_crew)
{
    tr_crew *crew = tr_allocate(options->allocator, size_of_crew(options->threads_max));
    TR_REQUIRE(crew != NULL, NO_MEMORY);
    crew->options = *options;
    (void) snprintf(crew->name, sizeof crew->name, "%.8s-job", options->node_name); /* may be cut */
    tr_mutex_init(&crew->mutex);
    tr_jobs_init(&crew->jobs, sizeof(struct crew_job), options->threads_max, options->queue_max);
    tr_list_init(&crew->idle);
    for (uint32_t i = 0; i < options->threads_max; i++) {
        tr_list_init(&crew->hands[i].link);
        tr_condition_init(&crew->hands[i].called);
    }
    *out_crew = crew;
    return TROUPE_OK;
}

void tr_crew_destroy(tr_crew **in_crew)
{
    tr_crew *crew = *in_crew;
    if (crew == NULL) {
        return;
    }
    *in_crew = NULL;
    const uint32_t left = tr_crew_join(crew);
    TR_ASSERT(left == 0 && tr_list_is_empty(&crew->jobs.running));
    for (tr_job *job = tr_jobs_pop(&crew->jobs); job != NULL; job = tr_jobs_pop(&crew->jobs)) {
        tr_job_free(crew->options.allocator, &job);
    }
    for (uint32_t i = 0; i < crew->options.threads_max; i++) {
        tr_condition_fini(&crew->hands[i].called);
    }
    tr_mutex_fini(&crew->mutex);
    tr_free(crew->options.allocator, crew, size_of_crew(crew->options.threads_max));
}

bool tr_crew_is_awaited(tr_crew *crew)
{
    tr_mutex_lock(&crew->mutex);
    const troupe_offload_counts *counts = &crew->jobs.counts;
    const bool is_awaited = counts->queued > 0 || counts->running > counts->abandoned ||
                            !tr_list_is_empty(&crew->jobs.ended);
    tr_mutex_unlock(&crew->mutex);
    return is_awaited;
}

void tr_crew_stop(tr_crew *crew)
{
    tr_mutex_lock(&crew->mutex);
    crew->is_stopped = true;
    for (tr_list *at = crew->idle.next; at != &crew->idle; at = at->next) {
        tr_condition_signal(&TR_CONTAINER_OF(at, struct hand, link)->called);
    }
    tr_mutex_unlock(&crew->mutex);
}

bool tr_crew_is_at_rest(tr_crew *crew)
{
    tr_mutex_lock(&crew->mutex);
    const bool is_at_rest = crew->here == 0;
    tr_mutex_unlock(&crew->mutex);
    return is_at_rest;
}

uint32_t tr_crew_join(tr_crew *crew)
{
    tr_mutex_lock(&crew->mutex);
    uint32_t left = crew->here;
    tr_mutex_unlock(&crew->mutex);
    for (uint32_t i = 0; i < crew->options.threads_max; i++) {
        struct hand *hand = &crew->hands[i];
        tr_mutex_lock(&crew->mutex);
        const bool has_gone = hand->state == HAND_GONE;
        hand->state = has_gone ? HAND_NONE : hand->state;
        tr_mutex_unlock(&crew->mutex);
        if (has_gone) {
            tr_thread_join(&hand->thread);
        }
    }
    return left;
}

void tr_crew_each_running(tr_crew *crew, void (*say)(void *context, const tr_job *job),
                          void *context)
{
    tr_mutex_lock(&crew->mutex);
    for (const tr_list *at = crew->jobs.running.next; at != &crew->jobs.running; at = at->next) {
        say(context, TR_CONTAINER_OF_CONST(at, tr_job, link));
    }
    tr_mutex_unlock(&crew->mutex);
}
