/* SPDX-License-Identifier: MIT */
#include "core/scope.h"

#include <troupe/ask.h>

#include "base/assert.h"
#include "core/bracket.h"
#include "core/dispatch.h"
#include "core/far.h"
#include "core/mailbox.h"
#include "core/scopes.h"

static bool has_tasks(const tr_actor *actor)
{
    return actor->extra != NULL && actor->extra->tasks != NULL;
}

void tr_scope_lift(tr_actor *actor, const troupe_message *request)
{
    if (actor->scope == request) {
        tr_scope_end(actor);
    }
    if (TR_UNLIKELY(has_tasks(actor))) {
        tr_tasks_lift(actor, request);
    }
}

void tr_scope_forget_elsewhere(tr_actor *actor, troupe_message *message)
{
    tr_message_clear(message, TR_MESSAGE_SCOPED);
    tr_tasks_unscope(actor, message);
}

bool tr_scope_is_cancelled_within(const tr_actor *actor)
{
    return tr_scopes_are_cancelled(actor->extra->tasks->running);
}

bool tr_scope_is_stopping_within(const tr_actor *actor)
{
    return tr_scopes_see_stop(actor->extra->tasks->running);
}

uint64_t tr_scope_deadline_within(const tr_actor *actor, uint64_t deadline_ns)
{
    tr_branch *running = actor->extra->tasks->running;
    running->asked_ns = deadline_ns;
    return tr_scopes_deadline(running, deadline_ns);
}

void tr_scope_give_up(tr_worker *worker, tr_address asker, tr_address receiver, uint64_t ask)
{
    troupe_message *message = tr_message_of_kind(&worker->pool, TR_KIND_GIVE_UP);
    if (message != NULL) {
        message->sender = asker;
        message->receiver = receiver;
        message->correlation = ask;
        TR_TELL(GAVE_UP, .worker = worker, .message = message);
        tr_worker_route(worker, message);
    }
}

bool tr_scope_is_request_of(const troupe_message *request, const troupe_message *given_up)
{
    return tr_message_has(request, TR_MESSAGE_WANTS_REPLY) &&
           request->correlation == given_up->correlation &&
           tr_address_is_same(request->sender, given_up->sender);
}

/* Cancels the handling of the request, if it is being handled. */
static bool cancel(tr_worker *worker, tr_actor *actor, const troupe_message *given_up)
{
    if (TR_UNLIKELY(has_tasks(actor))) {
        return tr_tasks_given_up(worker, actor, given_up);
    }
    if (actor->scope == NULL || !tr_scope_is_request_of(actor->scope, given_up)) {
        return false;
    }
    actor->is_scope_cancelled = true;
    if (actor->task != NULL) {
        tr_task_wake(worker, actor->task, TROUPE_ERROR_CANCELLED);
    }
    return true;
}

void tr_scope_given_up(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    const bool is_there = actor != NULL && actor->state != TR_ACTOR_ENDED;
    if (is_there && TR_UNLIKELY(actor->is_carrier)) {
        tr_far_port_of(worker)->give_up(worker, actor, message);
        return;
    }
    const bool is_handled = is_there && cancel(worker, actor, message);
    if (is_there && !is_handled && tr_actor_is_live(actor) &&
        !tr_mailbox_void(actor, message->sender, message->correlation) &&
        tr_dispatch_give_up(worker, actor, message)) {
        return;
    }
    tr_message_free(&worker->pool, message);
}

troupe_error troupe_scope_detach(troupe_self *self)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    (void) tr_enter(self);
    tr_actor *actor = self->actor;
    const troupe_error error = tr_scope_is_cancelled(actor) ? TROUPE_ERROR_CANCELLED : TROUPE_OK;
    if (error == TROUPE_OK && actor->state != TR_ACTOR_ENDED) {
        tr_scope_end(actor);
        if (TR_UNLIKELY(has_tasks(actor))) {
            actor->extra->tasks->running->ask = 0; /* that it was started in the handling of */
        }
    }
    tr_leave(self);
    return error;
}
