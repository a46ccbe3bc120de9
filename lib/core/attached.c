/* SPDX-License-Identifier: MIT */
#include "core/attached.h"

#include "base/assert.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/mailbox.h"
#include "core/scopes.h"

troupe_error tr_attached_body(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    TR_ASSERT(false);
    return TROUPE_ERROR_BAD_ARGUMENT;
}

void tr_attached_enter(const troupe_self *self)
{
    tr_guard *guard = self->actor->worker->guard;
    guard->enter(guard);
}

static bool is_told_to_end(const tr_actor *actor)
{
    return actor->is_stopping || actor->is_cancelled;
}

void tr_attached_leave(const troupe_self *self)
{
    tr_actor *actor = self->actor;
    tr_worker *worker = actor->worker;
    tr_guard *guard = worker->guard;
    actor->is_in_call = false;
    if (actor->state == TR_ACTOR_LIVE) {
        /* Nobody waits for this thread's next call for what it is done with. */
        if (actor->held != NULL) {
            tr_held_sweep(worker, actor);
        }
        (void) tr_mailbox_release_past(worker, actor);
        if (is_told_to_end(actor)) {
            tr_worker_make_runnable(worker, actor);
        }
    }
    guard->leave(guard);
}

void tr_attached_run(tr_worker *worker, tr_actor *actor)
{
    tr_task *task = actor->task;
    actor->is_started = true;
    tr_task_is_ready(task);
    if (!actor->has_thread && is_told_to_end(actor)) {
        tr_attached_detach(worker, actor); /* who was to have it has not waited for its start */
        return;
    }
    if (task->wait != TROUPE_WAIT_NOTHING) {
        return; /* woken by something that was not it */
    }
    const bool is_node_stopping =
        atomic_load_explicit(&worker->system->is_stopping, memory_order_relaxed) != 0;
    const bool is_idle = actor->held == NULL && !actor->is_in_call;
    if (is_node_stopping && is_told_to_end(actor) && is_idle) {
        tr_actor_close(worker, actor, TROUPE_OK);
    }
    worker->guard->wake(worker->guard);
}

/* What the thread holds stays its own to destroy, but is handled. */
static void let_go(tr_worker *worker, tr_actor *actor)
{
    tr_held_sweep(worker, actor);
    while (actor->held != NULL) {
        troupe_message *message = actor->held;
        if (tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
            /* Without memory its asker is told by its own deadline. */
            (void) tr_reply_with_error(worker, actor, message, TROUPE_ERROR_NO_REPLY);
        }
        tr_held_remove(actor, message);
        tr_message_renew(worker, message, TROUPE_OUTCOME_HANDLED);
    }
}

void tr_attached_leave_scopes(troupe_self *self)
{
    (void) tr_enter(self);
    tr_branch *branch = self->task->branch;
    if (branch != NULL) {
        (void) tr_scopes_end_body(branch, TROUPE_OK); /* nobody is there to be told */
    }
    tr_leave(self);
}

void tr_attached_detach(tr_worker *worker, tr_actor *actor)
{
    if (actor->state == TR_ACTOR_LIVE) {
        let_go(worker, actor);
    }
    actor->is_attached = false;
    if (actor->state == TR_ACTOR_LIVE) {
        tr_actor_close(worker, actor, TROUPE_OK);
    }
    tr_actor_try_reap(worker, actor);
}
