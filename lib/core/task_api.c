/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/scope.h"
#include "core/scopes.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_task_options, timeout);

/* Waits in a list of those that wait for the same. */
static troupe_error wait_in(tr_branch *branch, tr_list *list, troupe_timeout timeout)
{
    const tr_actor *actor = branch->tasks->actor;
    const uint64_t now_ns = actor->worker->now_ns;
    const uint64_t deadline_ns = tr_scope_deadline(actor, tr_deadline_of(now_ns, timeout));
    TR_REQUIRE(deadline_ns > now_ns, TIMED_OUT);
    tr_list_push_back(list, &branch->waiting);
    const troupe_error error = tr_task_wait(branch->task, TROUPE_WAIT_TASK, deadline_ns);
    tr_list_remove(&branch->waiting);
    return error;
}

/* Errors: as troupe_task_start; a place is taken on OK. */
static troupe_error take_place(tr_branch *branch, troupe_scope *scope, troupe_timeout timeout)
{
    if (scope->tasks_max == 0 || scope->alive < scope->tasks_max) {
        scope->alive++;
        return TROUPE_OK;
    }
    const uint32_t own = branch->home == scope ? 1 : 0;
    TR_REQUIRE(own == 0 || scope->stalled + own < scope->alive, WOULD_DEADLOCK);
    scope->stalled += own;
    const troupe_error error = wait_in(branch, &scope->starters, timeout);
    scope->stalled -= own;
    return error;
}

/* A scope bounds what is started in it, wherever the starter is. */
static troupe_error check_scope(const tr_branch *branch, const troupe_scope *scope)
{
    const tr_actor *actor = branch->tasks->actor;
    TR_REQUIRE(!scope->is_ended, STOPPING);
    TR_REQUIRE(!scope->is_cancelled, CANCELLED);
    TR_REQUIRE(scope->deadline_ns > actor->worker->now_ns, TIMED_OUT);
    TR_REQUIRE(tr_scope_deadline(actor, TR_NEVER) > actor->worker->now_ns, TIMED_OUT);
    return TROUPE_OK;
}

troupe_error tr_tasks_start_in(tr_task *task, troupe_scope *scope,
                               const troupe_task_options *options, troupe_task *out_task)
{
    tr_branch *branch = task->branch;
    uint64_t id = 0;
    troupe_error error = tr_task_check(task);
    error = error ? error : check_scope(branch, scope);
    error = error ? error : take_place(branch, scope, options->timeout);
    if (error) {
        return error;
    }
    error = tr_tasks_start(branch, scope, options, out_task != NULL, &id);
    if (error) {
        tr_tasks_give_place(task->self.actor->worker, scope);
    } else if (out_task != NULL) {
        out_task->id = id;
    }
    return error;
}

static bool is_received(const troupe_message *message)
{
    return message != NULL && tr_message_has(message, TR_MESSAGE_HELD) &&
           tr_message_kind(message) == TR_KIND_USER;
}

troupe_error tr_tasks_read_options(const troupe_task_options *given,
                                   troupe_task_options *out_options)
{
    TR_REQUIRE(given != NULL && tr_options_read(out_options, sizeof *out_options, given),
               BAD_ARGUMENT);
    TR_REQUIRE(out_options->body != NULL, BAD_ARGUMENT);
    TR_REQUIRE(out_options->message == NULL || is_received(*out_options->message), BAD_ARGUMENT);
    return TROUPE_OK;
}

troupe_error troupe_task_start(troupe_self *self, troupe_scope *scope,
                               const troupe_task_options *given, troupe_task *out_task)
{
    TR_CHECK_SELF(self);
    TR_CHECK_SCOPE(scope);
    troupe_task_options options;
    TR_REQUIRE(self != NULL && scope != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_tasks_read_options(given, &options) == TROUPE_OK, BAD_ARGUMENT);
    TR_CHECK_OWN_MESSAGE(self, options.message);
    TR_REQUIRE(self->task != NULL && self->task->coroutine != NULL, CANNOT_WAIT);
    TR_REQUIRE(scope->owner->tasks->actor == self->actor, BAD_ARGUMENT);
    (void) tr_enter(self);
    const troupe_error error = tr_tasks_start_in(self->task, scope, &options, out_task);
    tr_leave(self);
    return error;
}

troupe_message *troupe_task_message(troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self == NULL || self->task == NULL) {
        return NULL;
    }
    (void) tr_enter(self);
    tr_branch *branch = self->task->branch;
    troupe_message *message = branch != NULL ? branch->message : NULL;
    if (message != NULL) {
        branch->message = NULL;
    }
    tr_leave(self);
    return message;
}

/* Whether `ended` can only end after `waiter` has. */
static bool waits_for(const tr_branch *ended, const tr_branch *waiter)
{
    for (; ended != NULL; ended = ended->joins) {
        const tr_branch *at = waiter;
        while (at != ended && at->home != NULL) {
            at = at->home->owner;
        }
        if (at == ended) {
            return true;
        }
    }
    return false;
}

static troupe_error join(tr_task *task, uint64_t id, troupe_timeout timeout,
                         troupe_error *out_result)
{
    tr_branch *branch = task->branch;
    tr_worker *worker = task->self.actor->worker;
    tr_branch *joined = branch != NULL ? tr_table_find(&branch->tasks->table, id) : NULL;
    TR_REQUIRE(joined != NULL && joined->is_kept, STALE);
    if (joined->has_ended) {
        *out_result = joined->result;
        tr_tasks_forget(worker, joined);
        return TROUPE_OK;
    }
    troupe_error error = tr_task_check(task);
    if (error) {
        return error;
    }
    TR_REQUIRE(!waits_for(joined, branch), WOULD_DEADLOCK);
    branch->joins = joined;
    error = wait_in(branch, &joined->joiners, timeout);
    branch->joins = NULL;
    if (error == TROUPE_OK) {
        *out_result = branch->given_result;
    }
    return error;
}

troupe_error troupe_join(troupe_self *self, troupe_task task, troupe_timeout timeout,
                         troupe_error *out_result)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && task.id != 0 && out_result != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    (void) tr_enter(self);
    const troupe_error error = join(self->task, task.id, timeout, out_result);
    tr_leave(self);
    return error;
}

/* Whether the task was started in the scope, or in what lies in it. */
static bool lies_in(const tr_branch *branch, const troupe_scope *scope)
{
    const troupe_scope *at = branch->home;
    while (at != NULL && at != scope) {
        at = at->outer;
    }
    return at != NULL;
}

troupe_error tr_tasks_await_next(tr_task *task, troupe_scope *scope, troupe_timeout timeout)
{
    tr_branch *branch = task->branch;
    tr_list *first = tr_list_first(&scope->ended);
    if (first != NULL) {
        tr_branch *ended = TR_CONTAINER_OF(first, tr_branch, link);
        branch->given_id = ended->id;
        branch->given_index = ended->index;
        branch->given_result = ended->result;
        tr_tasks_forget(task->self.actor->worker, ended);
        return TROUPE_OK;
    }
    TR_REQUIRE(scope->alive_kept > 0, END);
    const troupe_error error = tr_task_check(task);
    return error ? error : wait_in(branch, &scope->nexters, timeout);
}

troupe_error troupe_next(troupe_self *self, troupe_scope *scope, troupe_timeout timeout,
                         troupe_task *out_task, troupe_error *out_result)
{
    TR_CHECK_SELF(self);
    TR_CHECK_SCOPE(scope);
    TR_REQUIRE(self != NULL && scope != NULL && out_task != NULL && out_result != NULL,
               BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    TR_REQUIRE(scope->owner->tasks->actor == self->actor && !lies_in(self->task->branch, scope),
               BAD_ARGUMENT);
    (void) tr_enter(self);
    const troupe_error error = tr_tasks_await_next(self->task, scope, timeout);
    if (error == TROUPE_OK) {
        out_task->id = self->task->branch->given_id;
        *out_result = self->task->branch->given_result;
    }
    tr_leave(self);
    return error;
}

/* The task and what lies in it. */
static void cancel(tr_worker *worker, tr_branch *branch)
{
    if (branch->has_ended || branch->is_cancelled) {
        return;
    }
    branch->is_cancelled = true;
    tr_task_interrupt(worker, branch->task);
    const troupe_scope *home = branch->home;
    troupe_scope *outermost = branch->scope;
    while (outermost != home && outermost->outer != home) {
        outermost = outermost->outer;
    }
    if (outermost != home) {
        tr_scopes_spread(worker, outermost);
    }
}

troupe_error troupe_task_cancel(troupe_self *self, troupe_task task)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && task.id != 0, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_branch *own = self->task != NULL ? self->task->branch : NULL;
    tr_branch *branch = own != NULL ? tr_table_find(&own->tasks->table, task.id) : NULL;
    const troupe_error error = branch != NULL ? TROUPE_OK : TROUPE_ERROR_STALE;
    if (branch != NULL) {
        cancel(worker, branch);
    }
    tr_leave(self);
    return error;
}
