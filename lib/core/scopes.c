/* SPDX-License-Identifier: MIT */
#include "core/scopes.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "core/scope.h"

/* What a task sees when it looks outwards. */
struct view {
    uint64_t now_ns;
    uint64_t floor_ns; /* nothing from further out is seen before */
    uint64_t deadline_ns;
    uint64_t unveil_ns;
    bool is_cancelled;
    troupe_error reason;
    const troupe_scope *cause; /* NULL: none, or not a scope */
};

static void veil(struct view *view, uint64_t until_ns)
{
    if (until_ns > view->floor_ns) {
        view->floor_ns = until_ns;
    }
    if (until_ns > view->now_ns && until_ns < view->unveil_ns) {
        view->unveil_ns = until_ns;
    }
}

static void see_cancel(struct view *view, const troupe_scope *cause, troupe_error reason)
{
    if (view->floor_ns > view->now_ns) {
        return;
    }
    view->is_cancelled = true;
    if (view->reason == TROUPE_OK) {
        view->reason = reason;
        view->cause = cause;
    }
}

static void see_deadline(struct view *view, const troupe_scope *cause, uint64_t deadline_ns)
{
    const uint64_t seen_ns = deadline_ns > view->floor_ns ? deadline_ns : view->floor_ns;
    if (deadline_ns == TR_NEVER || seen_ns >= view->deadline_ns) {
        return;
    }
    view->deadline_ns = seen_ns;
    if (seen_ns <= view->now_ns && view->reason == TROUPE_OK) {
        view->reason = TROUPE_ERROR_TIMED_OUT;
        view->cause = cause;
    }
}

static void see_outside(struct view *view, const tr_branch *branch)
{
    const tr_actor *actor = branch->tasks->actor;
    if (actor->state == TR_ACTOR_ENDED) {
        return; /* an attached one: what it knew of messages is gone */
    }
    const tr_flow flow = tr_tasks_flow(branch);
    see_deadline(view, NULL, flow.deadline_ns);
    if (flow.is_cancelled || actor->is_cancelled) {
        see_cancel(view, NULL, TROUPE_ERROR_CANCELLED);
    }
    if (actor->is_killed) { /* behind whatever shields */
        view->is_cancelled = true;
        view->reason = TROUPE_ERROR_KILLED;
        view->cause = NULL;
    }
}

static struct view look(const tr_branch *branch, uint64_t deadline_ns)
{
    struct view view = {.now_ns = branch->tasks->actor->worker->now_ns,
                        .deadline_ns = deadline_ns,
                        .unveil_ns = TR_NEVER};
    const troupe_scope *scope = branch->scope;
    const tr_branch *at = branch;
    for (;;) {
        for (; scope != at->home; scope = scope->outer) {
            veil(&view, scope->ending_until_ns);
            see_deadline(&view, scope, scope->deadline_ns);
            if (scope->is_cancelled) {
                see_cancel(&view, scope, scope->reason);
            }
            veil(&view, scope->shield_until_ns);
        }
        veil(&view, at->ending_until_ns);
        if (at->is_cancelled) {
            see_cancel(&view, NULL, TROUPE_ERROR_CANCELLED);
        }
        if (scope == NULL) {
            break;
        }
        at = scope->owner;
    }
    see_outside(&view, branch);
    return view;
}

bool tr_scopes_are_cancelled(const tr_branch *branch)
{
    return look(branch, TR_NEVER).is_cancelled;
}

bool tr_scopes_see_stop(const tr_branch *branch)
{
    const struct view view = look(branch, TR_NEVER);
    return view.floor_ns <= view.now_ns;
}

uint64_t tr_scopes_unveil_ns(const tr_branch *branch)
{
    return look(branch, TR_NEVER).unveil_ns;
}

/* Notes in all scopes that the task can see that they are late, where they are; then their child
 * actors are cancelled. */
static void note_late(const tr_branch *branch, uint64_t now_ns)
{
    uint64_t floor_ns = branch->ending_until_ns;
    for (troupe_scope *scope = branch->scope; scope != NULL; scope = scope->outer) {
        floor_ns = scope->ending_until_ns > floor_ns ? scope->ending_until_ns : floor_ns;
        if (!scope->is_late && scope->deadline_ns <= now_ns && floor_ns <= now_ns) {
            scope->is_late = true;
            (void) tr_scopes_cancel_children(branch->tasks->actor->worker, scope); /* or later */
        }
        floor_ns = scope->shield_until_ns > floor_ns ? scope->shield_until_ns : floor_ns;
    }
}

uint64_t tr_scopes_deadline(const tr_branch *branch, uint64_t deadline_ns)
{
    const struct view view = look(branch, deadline_ns);
    if (TR_UNLIKELY(view.deadline_ns <= view.now_ns)) {
        note_late(branch, view.now_ns);
    }
    return view.deadline_ns;
}

uint64_t tr_scopes_due_ns(const tr_branch *branch)
{
    return look(branch, TR_NEVER).deadline_ns;
}

troupe_error tr_scopes_reason(const tr_branch *branch, const char **out_text)
{
    const struct view view = look(branch, TR_NEVER);
    *out_text =
        view.cause != NULL && view.reason == view.cause->reason && view.cause->reason_text != NULL
            ? view.cause->reason_text
            : "";
    return view.reason;
}

troupe_scope *tr_scopes_next_within(const troupe_scope *root, troupe_scope *scope)
{
    tr_list *next = tr_list_first(&scope->inner);
    while (next == NULL && scope != root) {
        next = tr_list_next(&scope->outer->inner, &scope->link);
        scope = scope->outer;
    }
    return next != NULL ? TR_CONTAINER_OF(next, troupe_scope, link) : NULL;
}

void tr_scopes_spread(tr_worker *worker, troupe_scope *scope)
{
    tr_task_interrupt(worker, scope->owner->task);
    for (troupe_scope *at = scope; at != NULL; at = tr_scopes_next_within(scope, at)) {
        for (tr_list *node = tr_list_first(&at->tasks); node != NULL;
             node = tr_list_next(&at->tasks, node)) {
            tr_task_interrupt(worker, TR_CONTAINER_OF(node, tr_branch, link)->task);
        }
    }
    if (scope->is_cancelled) {
        (void) tr_scopes_cancel_children(worker, scope); /* when it is left, at the latest */
    }
}

/* Without memory there is no text. */
static void keep_text(tr_worker *worker, troupe_scope *scope, const char *text)
{
    const size_t size = sizeof((troupe_scope_report *) 0)->reason_text;
    scope->reason_text = text != NULL ? tr_pool_take(&worker->pool, size) : NULL;
    if (scope->reason_text != NULL) {
        (void) snprintf(scope->reason_text, size, "%s", text); /* cut */
    }
}

void tr_scopes_cancel(tr_worker *worker, troupe_scope *scope, troupe_error reason, const char *text)
{
    if (scope->is_cancelled) {
        return;
    }
    scope->is_cancelled = true;
    scope->cancelled_ns = worker->now_ns;
    scope->reason = reason;
    keep_text(worker, scope, text);
    tr_scopes_spread(worker, scope);
}

void tr_scopes_unveiled(tr_worker *worker, const tr_branch *branch)
{
    for (troupe_scope *at = branch->scope; at != NULL; at = at->outer) {
        const uint64_t until_ns =
            at->shield_until_ns > at->ending_until_ns ? at->shield_until_ns : at->ending_until_ns;
        if (until_ns != 0 && until_ns <= worker->now_ns && !at->is_told) {
            at->is_told = true;
            tr_log_write(worker->system->ports.log, TROUPE_LOG_WARNING,
                         "actor '%s': the grace of shield '%s' is over with task '%s' in it; its "
                         "waits end",
                         tr_actor_title(branch->tasks->actor), at->name, branch->name);
        }
    }
}

void tr_scopes_failed(tr_worker *worker, troupe_scope *scope, const troupe_scope_failure *failure)
{
    if (scope->failures == NULL) {
        scope->failures =
            tr_pool_take(&worker->pool, TROUPE_SCOPE_FAILURES_MAX * sizeof *scope->failures);
        scope->told = 0;
    }
    if (scope->failures != NULL && scope->told < TROUPE_SCOPE_FAILURES_MAX) {
        scope->failures[scope->told++] = *failure;
    }
    if (failure->is_left != 0) {
        scope->left++;
        return;
    }
    if (scope->failed++ == 0) {
        scope->first_error = failure->error;
    }
    if (!scope->collects_all) {
        tr_scopes_cancel(worker, scope, failure->error, NULL);
    }
}
