/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/scopes.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_scope_options, tasks_max);

/* The branch of the task; made at first use. NULL: no memory. */
static tr_branch *branch_of(const troupe_self *self)
{
    if (self->task->branch == NULL) {
        (void) tr_tasks_of(self->actor->worker, self->actor);
    }
    return self->task->branch;
}

static troupe_error enter(troupe_self *self, const troupe_scope_options *options, bool is_shield,
                          troupe_scope **out_scope)
{
    tr_branch *branch = branch_of(self);
    TR_REQUIRE(branch != NULL, NO_MEMORY);
    troupe_scope *scope = tr_scopes_enter(branch, options);
    TR_REQUIRE(scope != NULL, NO_MEMORY);
    if (is_shield) {
        scope->shield_until_ns =
            tr_deadline_of(self->actor->worker->now_ns, troupe_timeout_of_ns(scope->grace_ns));
    }
    *out_scope = scope;
    return TROUPE_OK;
}

troupe_error troupe_scope_enter(troupe_self *self, const troupe_scope_options *given,
                                troupe_scope **out_scope)
{
    TR_CHECK_SELF(self);
    troupe_scope_options options;
    TR_REQUIRE(self != NULL && out_scope != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE((unsigned) options.on_failure <= TROUPE_COLLECT_ALL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    (void) tr_enter(self);
    const troupe_error error = enter(self, &options, false, out_scope);
    tr_leave(self);
    return error;
}

troupe_error troupe_shield(troupe_self *self, troupe_timeout grace, troupe_scope **out_scope)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_scope != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    (void) tr_enter(self);
    const troupe_scope_options options = {.name = "shield", .grace = grace};
    const troupe_error error = enter(self, &options, true, out_scope);
    tr_leave(self);
    return error;
}

static troupe_error leave(troupe_self *self, troupe_scope **scope, troupe_scope_report *out_report)
{
    TR_REQUIRE(self != NULL && scope != NULL && *scope != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    tr_branch *branch = self->task->branch;
    TR_REQUIRE(branch != NULL && branch->scope == *scope && branch->home != *scope, BAD_ARGUMENT);
    TR_REQUIRE(!(*scope)->is_ended, BAD_ARGUMENT); /* from within what was deferred */
    (void) tr_enter(self);
    const troupe_error error = tr_scopes_leave(branch, out_report);
    *scope = NULL; /* not before: tasks in it may look here */
    tr_leave(self);
    return error;
}

troupe_error troupe_scope_leave(troupe_self *self, troupe_scope **scope)
{
    TR_CHECK_SELF(self);
    TR_CHECK_SCOPE(scope != NULL ? *scope : NULL);
    return leave(self, scope, NULL);
}

troupe_error troupe_scope_leave_report(troupe_self *self, troupe_scope **scope,
                                       troupe_scope_report *out_report)
{
    TR_CHECK_SELF(self);
    TR_CHECK_SCOPE(scope != NULL ? *scope : NULL);
    TR_REQUIRE(out_report != NULL, BAD_ARGUMENT);
    return leave(self, scope, out_report);
}

troupe_error troupe_scope_cancel(troupe_self *self, troupe_scope *scope, troupe_error reason,
                                 const char *text)
{
    TR_CHECK_SELF(self);
    TR_CHECK_SCOPE(scope);
    TR_REQUIRE(self != NULL && scope != NULL, BAD_ARGUMENT);
    TR_REQUIRE(scope->owner->tasks->actor == self->actor, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_scopes_cancel(worker, scope, reason != TROUPE_OK ? reason : TROUPE_ERROR_CANCELLED, text);
    tr_leave(self);
    return TROUPE_OK;
}

troupe_error troupe_scope_reason(troupe_self *self, const char **out_text)
{
    TR_CHECK_SELF(self);
    const char *text = "";
    troupe_error reason = TROUPE_OK;
    if (self != NULL) {
        const tr_worker *worker = tr_enter(self);
        const tr_actor *actor = self->actor;
        if (self->task != NULL && self->task->branch != NULL) {
            reason = tr_scopes_reason(self->task->branch, &text);
        } else if (actor->is_killed) {
            reason = TROUPE_ERROR_KILLED;
        } else if (actor->is_cancelled || actor->is_scope_cancelled) {
            reason = TROUPE_ERROR_CANCELLED;
        } else if (actor->state != TR_ACTOR_ENDED && actor->message_deadline_ns <= worker->now_ns) {
            reason = TROUPE_ERROR_TIMED_OUT;
        }
        tr_leave(self);
    }
    if (out_text != NULL) {
        *out_text = text;
    }
    return reason;
}

troupe_timeout troupe_scope_remaining(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    uint64_t due_ns = TR_NEVER;
    uint64_t now_ns = 0;
    if (self != NULL) {
        now_ns = tr_enter(self)->now_ns;
        if (self->task != NULL && self->task->branch != NULL) {
            due_ns = tr_scopes_due_ns(self->task->branch);
        } else if (self->actor->state != TR_ACTOR_ENDED) { /* one that has knows of no message */
            due_ns = self->actor->message_deadline_ns;
        }
        tr_leave(self);
    }
    if (due_ns == TR_NEVER) {
        return TROUPE_FOREVER;
    }
    return due_ns > now_ns ? troupe_timeout_of_ns(due_ns - now_ns) : TROUPE_NOW;
}

static troupe_error defer(const troupe_self *self, troupe_deferred *function, void *context)
{
    tr_branch *branch = branch_of(self);
    TR_REQUIRE(branch != NULL, NO_MEMORY);
    tr_deferred *deferred = tr_pool_take(&self->actor->worker->pool, sizeof *deferred);
    TR_REQUIRE(deferred != NULL, NO_MEMORY);
    tr_deferred **list =
        branch->scope != branch->home ? &branch->scope->deferred : &branch->deferred;
    *deferred = (tr_deferred) {.next = *list, .function = function, .context = context};
    *list = deferred;
    return TROUPE_OK;
}

troupe_error troupe_defer(troupe_self *self, troupe_deferred *function, void *context)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && function != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    (void) tr_enter(self);
    const troupe_error error = defer(self, function, context);
    tr_leave(self);
    return error;
}
