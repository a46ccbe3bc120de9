/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "core/bracket.h"
#include "core/scope.h"
#include "core/scopes.h"

troupe_scope *tr_scopes_enter(tr_branch *branch, const troupe_scope_options *options)
{
    tr_actor *actor = branch->tasks->actor;
    tr_worker *worker = actor->worker;
    troupe_scope *scope = tr_pool_take(&worker->pool, sizeof *scope);
    if (scope == NULL) {
        return NULL;
    }
    memset(scope, 0, sizeof *scope);
    TR_MARK_BEGIN(&scope->mark, TR_HANDLE_SCOPE, NULL);
    scope->owner = branch;
    scope->outer = branch->scope;
    tr_list_init(&scope->link);
    tr_list_init(&scope->inner);
    tr_list_init(&scope->tasks);
    tr_list_init(&scope->ended);
    tr_list_init(&scope->starters);
    tr_list_init(&scope->nexters);
    tr_list_init(&scope->children);
    scope->name = options->name != NULL ? options->name : "scope";
    scope->deadline_ns = tr_deadline_of(worker->now_ns, options->timeout);
    scope->grace_ns = options->grace.ns != 0 ? options->grace.ns : TR_GRACE_NS;
    scope->tasks_max = options->tasks_max;
    scope->collects_all = options->on_failure == TROUPE_COLLECT_ALL;
    if (scope->outer != NULL) {
        tr_list_push_back(&scope->outer->inner, &scope->link);
    }
    branch->scope = scope;
    actor->in_scopes = true;
    return scope;
}

static void drop_children(tr_worker *worker, troupe_scope *scope)
{
    for (tr_list *node = tr_list_first(&scope->children); node != NULL;
         node = tr_list_first(&scope->children)) {
        tr_scopes_drop_child(worker, TR_CONTAINER_OF(node, tr_scope_child, link));
    }
}

static void free_scope(tr_worker *worker, troupe_scope *scope)
{
    drop_children(worker, scope);
    while (scope->deferred != NULL) {
        tr_deferred *deferred = scope->deferred;
        scope->deferred = deferred->next;
        tr_pool_give(&worker->pool, deferred);
    }
    if (scope->failures != NULL) {
        tr_pool_give(&worker->pool, scope->failures);
    }
    if (scope->reason_text != NULL) {
        tr_pool_give(&worker->pool, scope->reason_text);
    }
    TR_MARK_END(&scope->mark);
    tr_pool_give(&worker->pool, scope);
}

void tr_scopes_free(tr_worker *worker, tr_branch *branch)
{
    while (branch->scope != branch->home) {
        troupe_scope *scope = branch->scope;
        branch->scope = scope->outer;
        free_scope(worker, scope);
    }
    while (branch->deferred != NULL) {
        tr_deferred *deferred = branch->deferred;
        branch->deferred = deferred->next;
        tr_pool_give(&worker->pool, deferred);
    }
}

static uint64_t add_time(uint64_t time_ns, uint64_t more_ns)
{
    return more_ns < TR_NEVER - time_ns ? time_ns + more_ns : TR_NEVER;
}

/* Names the tasks that have not ended when the grace is over. They are waited for all the same. */
static void tell_late_ones(tr_worker *worker, troupe_scope *scope)
{
    scope->is_told = true;
    for (tr_list *node = tr_list_first(&scope->tasks); node != NULL;
         node = tr_list_next(&scope->tasks, node)) {
        const tr_branch *branch = TR_CONTAINER_OF(node, tr_branch, link);
        tr_log_write(
            worker->system->ports.log, TROUPE_LOG_WARNING,
            "actor '%s': task '%s' has not ended within the grace of scope '%s'; the scope "
            "goes on waiting for it",
            tr_actor_title(branch->tasks->actor), branch->name, scope->name);
    }
}

/* The grace is over for the child actors: they are named, and waited for no longer. */
static void leave_behind(tr_worker *worker, troupe_scope *scope)
{
    const tr_actor *actor = scope->owner->tasks->actor;
    tr_list *next = NULL;
    for (tr_list *node = tr_list_first(&scope->children); node != NULL; node = next) {
        tr_scope_child *child = TR_CONTAINER_OF(node, tr_scope_child, link);
        const tr_address address = child->address;
        const troupe_scope_failure failure = {.error = TROUPE_ERROR_TIMED_OUT,
                                              .is_left = 1,
                                              .actor = tr_system_ref(worker->system, address)};
        next = tr_list_next(&scope->children, node);
        if (child->is_starting) {
            continue; /* for a short while more: its spawner looks at it */
        }
        tr_log_write(worker->system->ports.log, TROUPE_LOG_WARNING,
                     "actor '%s': child %u.%u has not ended within the grace of scope '%s'; it is "
                     "not waited for any more",
                     tr_actor_title(actor), address.slot, address.generation, scope->name);
        tr_scopes_failed(worker, scope, &failure);
        tr_scopes_drop_child(worker, child);
    }
}

/* Cancels what is in the scope, if it is to be: when to look again. */
static uint64_t look_after(tr_worker *worker, tr_branch *branch, troupe_scope *scope)
{
    const uint64_t until_ns = tr_scopes_deadline(branch, TR_NEVER);
    if (!scope->is_cancelled && until_ns <= worker->now_ns) {
        scope->is_late = true;
        tr_scopes_cancel(worker, scope, TROUPE_ERROR_TIMED_OUT, NULL);
    } else if (!scope->is_cancelled && tr_scopes_are_cancelled(branch)) {
        tr_scopes_cancel(worker, scope, TROUPE_ERROR_CANCELLED, NULL);
    }
    if (!scope->is_cancelled) {
        return until_ns;
    }
    const uint64_t grace_end_ns = add_time(scope->cancelled_ns, scope->grace_ns);
    if (grace_end_ns > worker->now_ns) {
        const bool are_told = tr_scopes_cancel_children(worker, scope);
        const uint64_t again_ns = add_time(worker->now_ns, TR_SIGNAL_AGAIN_NS);
        return are_told || again_ns > grace_end_ns ? grace_end_ns : again_ns;
    }
    leave_behind(worker, scope);
    if (!scope->is_told) {
        tell_late_ones(worker, scope);
    }
    return TR_NEVER;
}

static void wait_until_empty(tr_branch *branch, troupe_scope *scope)
{
    while (!tr_scopes_is_empty(scope)) {
        tr_worker *worker = branch->tasks->actor->worker;
        const uint64_t until_ns = look_after(worker, branch, scope);
        if (tr_scopes_is_empty(scope)) {
            break; /* what was left is left behind */
        }
        branch->is_leaving = true;
        const troupe_error error = tr_task_wait(branch->task, TROUPE_WAIT_TASK, until_ns);
        branch->is_leaving = false;
        if (error == TROUPE_ERROR_STOPPING) { /* the thread is attached to nothing any more */
            drop_children(branch->tasks->actor->worker, scope);
        } /* else see look_after */
    }
    if (TR_UNLIKELY(scope->has_cut && !scope->is_cancelled)) {
        /* What ended a task came to this one in the same moment, and it has not seen it yet. */
        (void) look_after(branch->tasks->actor->worker, branch, scope);
    }
}

/* Runs what was deferred, to the last, in a shield. `base` is the scope, or the branch's home. */
static void run_deferred(tr_branch *branch, tr_deferred **deferred, const troupe_scope *base)
{
    TR_ASSERT(branch->task != NULL);
    const troupe_self *self = &branch->task->self;
    while (*deferred != NULL) {
        tr_deferred *next = *deferred;
        const tr_deferred what = *next;
        *deferred = what.next;
        tr_pool_give(&branch->tasks->actor->worker->pool, next);
        tr_leave(self);
        what.function(&branch->task->self, what.context);
        (void) tr_enter(self);
        while (branch->scope != base) {
            tr_scopes_cancel(branch->tasks->actor->worker, branch->scope, TROUPE_ERROR_CANCELLED,
                             NULL);
            (void) tr_scopes_leave(branch, NULL); /* nobody is there to be told */
        }
    }
}

static void fill_report(const troupe_scope *scope, troupe_scope_report *report)
{
    *report = (troupe_scope_report) {.failed = scope->failed,
                                     .left = scope->left,
                                     .count = scope->told,
                                     .reason = scope->is_cancelled ? scope->reason : TROUPE_OK};
    if (scope->reason_text != NULL) {
        memcpy(report->reason_text, scope->reason_text, sizeof report->reason_text);
    }
    if (scope->told > 0) {
        memcpy(report->failures, scope->failures, scope->told * sizeof *scope->failures);
    }
}

static troupe_error result_of(const troupe_scope *scope)
{
    if (scope->failed > 0) {
        return scope->first_error;
    }
    if (scope->left > 0) {
        return TROUPE_ERROR_TIMED_OUT;
    }
    if (scope->is_late && (!scope->is_cancelled || scope->reason == TROUPE_ERROR_TIMED_OUT)) {
        return TROUPE_ERROR_TIMED_OUT;
    }
    return scope->is_cancelled ? TROUPE_ERROR_CANCELLED : TROUPE_OK;
}

void tr_scopes_wake_leaver(tr_worker *worker, troupe_scope *scope)
{
    if (tr_scopes_is_empty(scope) && scope->owner->is_leaving && scope->owner->scope == scope) {
        tr_task_wake(worker, scope->owner->task, TROUPE_OK);
    }
}

troupe_error tr_scopes_leave(tr_branch *branch, troupe_scope_report *out_report)
{
    troupe_scope *scope = branch->scope;
    tr_actor *actor = branch->tasks->actor;
    TR_ASSERT(scope != branch->home && tr_task_running(actor) == branch->task);
    wait_until_empty(branch, scope);
    scope->is_ended = true;
    if (TR_UNLIKELY(scope->deferred != NULL)) {
        scope->ending_until_ns = add_time(actor->worker->now_ns, scope->grace_ns);
        run_deferred(branch, &scope->deferred, scope);
    }
    tr_worker *worker = actor->worker;
    TR_ASSERT(tr_scopes_is_empty(scope) && tr_list_is_empty(&scope->inner));
    TR_TELL(SCOPE_LEFT, .worker = worker, .actor = actor,
            .number = scope->alive + (tr_list_is_empty(&scope->children) ? 0U : 1U));
    tr_tasks_forget_ended(worker, scope);
    const troupe_error error = result_of(scope);
    if (out_report != NULL) {
        fill_report(scope, out_report);
    }
    tr_list_remove(&scope->link);
    branch->scope = scope->outer;
    actor->in_scopes = branch->scope != NULL;
    free_scope(worker, scope);
    return error;
}

troupe_error tr_scopes_end_body(tr_branch *branch, troupe_error error)
{
    while (branch->scope != branch->home) {
        tr_scopes_cancel(branch->tasks->actor->worker, branch->scope, TROUPE_ERROR_CANCELLED, NULL);
        troupe_scope_report report;
        const troupe_error left = tr_scopes_leave(branch, &report);
        error = error == TROUPE_OK && report.failed > 0 ? left : error;
    }
    if (branch->deferred != NULL) {
        branch->ending_until_ns = add_time(branch->tasks->actor->worker->now_ns, TR_GRACE_NS);
        branch->tasks->actor->in_scopes = true; /* as the body of an actor too is to see it */
        run_deferred(branch, &branch->deferred, branch->home);
    }
    tr_task_begin_wait(branch->task);
    return error;
}
