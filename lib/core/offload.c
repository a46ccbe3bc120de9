/* SPDX-License-Identifier: MIT */
#include "core/offload.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/options.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/scope.h"
#include "core/tasks.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_job, discard);

troupe_error tr_offload_begin(tr_worker *worker, const tr_actor *actor, uint64_t ask,
                              tr_awaited *awaited)
{
    const tr_jobs_port *port = &worker->system->ports.jobs;
    TR_REQUIRE(port->begin != NULL, SYSTEM);
    tr_job wanted = {
        .what = *awaited->what, .actor = actor->address, .ask = ask, .may_wait = ask == 0};
    const char *name = tr_actor_name(actor);
    (void) snprintf(wanted.actor_name, sizeof wanted.actor_name, "%s",
                    name != NULL ? name : ""); /* fits */
    return port->begin(port->context, &wanted, &awaited->job);
}

bool tr_offload_end_wait(tr_worker *worker, tr_awaited *awaited, bool *out_is_undone)
{
    const tr_jobs_port *port = &worker->system->ports.jobs;
    tr_job *job = awaited->job;
    awaited->job = NULL;
    *out_is_undone = false;
    if (job != NULL) {
        const tr_job_fate fate = port->give_up(port->context, job, &awaited->result);
        awaited->has_come = fate == TR_JOB_DONE;
        *out_is_undone = fate == TR_JOB_UNDONE;
    }
    return awaited->has_come;
}

void tr_offload_drop(tr_awaited *awaited)
{
    if (awaited->has_come) {
        awaited->has_come = false;
        tr_job_discard(awaited->what, awaited->result);
    }
}

bool tr_offload_take(tr_worker *worker, tr_awaited *awaited, tr_job *job)
{
    const tr_jobs_port *port = &worker->system->ports.jobs;
    if (awaited == NULL || awaited->job != job) {
        return false;
    }
    awaited->job = NULL;
    awaited->result = job->result;
    awaited->has_come = true;
    port->forget(port->context, job, true);
    return true;
}

static bool waits_for_job(const tr_task *task, const void *job)
{
    return task->awaited != NULL && task->awaited->job == job;
}

void tr_offload_came(tr_worker *worker, troupe_message *message)
{
    tr_job *job = tr_job_of(message);
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    tr_task *task = actor != NULL ? tr_task_of(actor, waits_for_job, job) : NULL;
    if (task != NULL && tr_offload_take(worker, task->awaited, job)) {
        if (task->wait ==
            TROUPE_WAIT_OFFLOAD) { /* else it is cancelled, and finds it all the same */
            tr_task_wake(worker, task, TROUPE_OK);
        }
        return;
    }
    if (actor != NULL && job->ask != 0 && tr_ask_job_came(worker, actor, job)) {
        return;
    }
    const tr_jobs_port *port = &worker->system->ports.jobs;
    port->forget(port->context, job, false);
}

void tr_offload_count(const tr_system *system, troupe_offload_counts *out_counts)
{
    const tr_jobs_port *port = &system->ports.jobs;
    *out_counts = (troupe_offload_counts) {0};
    if (port->count != NULL) {
        port->count(port->context, out_counts);
    }
}

static bool read_job(const troupe_job *given, troupe_job *job)
{
    return given != NULL && tr_options_read(job, sizeof *job, given) && job->work != NULL;
}

/* Whether what the work is done on is the caller's to discard is in *is_undone. */
static troupe_error offload(tr_task *task, const troupe_job *job, uint64_t deadline_ns,
                            void **result, bool *is_undone)
{
    tr_actor *actor = task->self.actor;
    tr_awaited awaited = {.what = job};
    tr_task_begin_wait(task); /* before the job is: it may end at once */
    troupe_error error = tr_offload_begin(actor->worker, actor, 0, &awaited);
    if (error) {
        return error;
    }
    task->awaited = &awaited;
    error = tr_task_wait(task, TROUPE_WAIT_OFFLOAD, deadline_ns);
    task->awaited = NULL;
    if (!tr_offload_end_wait(actor->worker, &awaited, is_undone)) {
        return error;
    }
    *result = awaited.result;
    return TROUPE_OK;
}

/* The deadline of a job that is begun now. Errors: TIMED_OUT if it has passed. */
static troupe_error find_deadline(const tr_worker *worker, const tr_actor *actor,
                                  troupe_timeout timeout, uint64_t *out_deadline_ns)
{
    *out_deadline_ns = tr_scope_deadline(actor, tr_deadline_of(worker->now_ns, timeout));
    return *out_deadline_ns > worker->now_ns ? TROUPE_OK : TROUPE_ERROR_TIMED_OUT;
}

troupe_error troupe_offload(troupe_self *self, const troupe_job *given, troupe_timeout timeout,
                            void **out_result)
{
    TR_CHECK_SELF(self);
    troupe_job job;
    TR_REQUIRE(self != NULL && read_job(given, &job), BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    uint64_t deadline_ns = 0;
    void *result = NULL;
    bool is_undone = true;
    troupe_error error = tr_task_check(self->task);
    if (error == TROUPE_OK) {
        error = find_deadline(worker, self->actor, timeout, &deadline_ns);
    }
    if (error == TROUPE_OK) {
        error = offload(self->task, &job, deadline_ns, &result, &is_undone);
    }
    tr_leave(self);
    if (error == TROUPE_OK && out_result != NULL) {
        *out_result = result;
    }
    if (error != TROUPE_OK && is_undone) {
        tr_job_discard(&job, NULL);
    }
    return error;
}

troupe_error troupe_offload_then(troupe_self *self, const troupe_job *given, troupe_timeout timeout,
                                 troupe_offloaded *then, void *context)
{
    TR_CHECK_SELF(self);
    troupe_job job;
    TR_REQUIRE(self != NULL && then != NULL && read_job(given, &job), BAD_ARGUMENT);
    TR_REQUIRE(self->task == NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_actor *actor = self->actor;
    uint64_t deadline_ns = 0;
    troupe_error error = actor->state == TR_ACTOR_LIVE ? TROUPE_OK : TROUPE_ERROR_STOPPING;
    if (error == TROUPE_OK) {
        error = find_deadline(worker, actor, timeout, &deadline_ns);
    }
    if (error == TROUPE_OK) {
        error = tr_ask_offload(worker, actor, &job, deadline_ns, then, context);
    }
    tr_leave(self);
    if (error) {
        tr_job_discard(&job, NULL);
    }
    return error;
}
