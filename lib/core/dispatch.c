/* SPDX-License-Identifier: MIT */
#include "core/dispatch.h"

#include "base/assert.h"
#include "core/ask.h"
#include "core/fate.h"
#include "core/mailbox.h"
#include "core/park.h"
#include "core/scope.h"
#include "core/supervisor.h"
#include "core/takeover.h"
#include "core/task.h"

static void enter_user(const tr_actor *actor, const void *type)
{
    tr_seat_set_type(actor->seat, type);
    (void) tr_seat_leave(actor->seat); /* the worker is this thread's own */
}

static tr_worker *leave_user(const tr_actor *actor)
{
    if (TR_UNLIKELY(tr_seat_enter(actor->seat) != 0)) {
        tr_takeover_come_back(actor);
    }
    return actor->worker;
}

/* Ends what a handler left, and what it destroyed itself. */
static void end_handled(tr_actor *actor, troupe_message *message, troupe_error error)
{
    tr_worker *worker = actor->worker;
    if (message != NULL && tr_message_has(message, TR_MESSAGE_HELD)) {
        const bool has_failed = error != TROUPE_OK;
        const uint32_t failures = TR_UNLIKELY(has_failed) ? tr_message_failures(message) : 0;
        tr_held_remove(actor, message);
        actor->reason = error; /* it is going to close */
        if (TR_LIKELY(!has_failed) || !tr_fate_takes(worker, actor, message, error, failures)) {
            tr_message_end(worker, message,
                           has_failed ? TROUPE_OUTCOME_FAILED : TROUPE_OUTCOME_HANDLED,
                           has_failed ? TROUPE_ERROR_HANDLER_FAILED : TROUPE_ERROR_NO_REPLY);
        }
    } else {
        troupe_message_destroy(&message);
    }
    if (TR_UNLIKELY(actor->held != NULL || actor->keeps)) {
        tr_held_sweep(worker, actor);
    }
    tr_held_end_scope(actor);
}

static troupe_handler *find_handler(const troupe_behavior *behavior, const troupe_message *message)
{
    const troupe_handles *row = behavior->handlers;
    for (; row != NULL && row->handler != NULL; row++) {
        const void *type = row->protobuf != NULL ? (const void *) row->protobuf : row->type;
        if (type == message->type) {
            return row->handler;
        }
    }
    return behavior->other;
}

static troupe_error handle(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    troupe_handler *handler = find_handler(actor->behavior, message);
    if (handler == NULL) {
        tr_message_bury(worker, message, TROUPE_DEAD_UNHANDLED, TROUPE_ERROR_PROTOCOL);
        return TROUPE_OK;
    }
    tr_held_add(actor, message);
    actor->handled++;
    enter_user(actor, message->type);
    const troupe_error error = handler(&actor->self, actor->state_block, &message);
    (void) leave_user(actor);
    end_handled(actor, message, error);
    return error;
}

troupe_error tr_dispatch_continuation(tr_actor *actor, troupe_continuation *then,
                                      troupe_error error, troupe_message *reply, void *context)
{
    if (reply != NULL) {
        tr_held_add_reply(actor, reply);
    }
    actor->trace_id = reply != NULL ? tr_message_trace(reply) : 0;
    enter_user(actor, reply != NULL ? reply->type : NULL);
    const troupe_error verdict = then(&actor->self, actor->state_block, error, &reply, context);
    (void) leave_user(actor);
    end_handled(actor, reply, verdict);
    return verdict;
}

static troupe_message *find_request(troupe_message *at, const troupe_message *notice)
{
    while (at != NULL &&
           !(troupe_message_wants_reply(at) && at->correlation == notice->correlation &&
             tr_address_is_same(at->sender, notice->sender))) {
        at = at->next;
    }
    return at;
}

/* The kept request that this notice is about; NULL if it has been answered. */
static troupe_message *find_kept(const tr_actor *actor, const troupe_message *notice)
{
    troupe_message *kept = actor->keeps ? find_request(actor->extra->kept.head, notice) : NULL;
    return kept != NULL ? kept : find_request(actor->held, notice);
}

bool tr_dispatch_give_up(tr_worker *worker, tr_actor *actor, troupe_message *notice)
{
    if (actor->behavior == NULL || actor->behavior->given_up == NULL ||
        find_kept(actor, notice) == NULL) {
        return false;
    }
    tr_message_set_kind(notice, TR_KIND_REPLY); /* with which it shares the lane */
    tr_message_set(notice, TR_MESSAGE_GIVEN_UP);
    tr_queue_push(&actor->replies, notice);
    if (actor->state == TR_ACTOR_LIVE) {
        tr_worker_make_runnable(worker, actor);
    }
    return true;
}

troupe_error tr_dispatch_given_up(tr_worker *worker, tr_actor *actor, troupe_message *notice)
{
    troupe_message *request = find_kept(actor, notice);
    tr_message_free(&worker->pool, notice);
    if (request == NULL || actor->behavior->given_up == NULL) {
        return TROUPE_OK;
    }
    tr_message_set(request, TR_MESSAGE_GIVEN_UP);
    actor->trace_id = tr_message_trace(request);
    enter_user(actor, request->type);
    const troupe_error verdict =
        actor->behavior->given_up(&actor->self, actor->state_block, request);
    (void) leave_user(actor);
    end_handled(actor, NULL, verdict);
    return verdict;
}

troupe_error tr_dispatch_offloaded(tr_actor *actor, troupe_offloaded *then, troupe_error error,
                                   void *result, void *context)
{
    actor->trace_id = 0;
    enter_user(actor, NULL);
    const troupe_error verdict = then(&actor->self, actor->state_block, error, result, context);
    (void) leave_user(actor);
    end_handled(actor, NULL, verdict);
    return verdict;
}

/* The behavior gets back what it sent. */
static troupe_error refuse(tr_worker *worker, tr_actor *actor, troupe_error reason,
                           troupe_message *message)
{
    const troupe_outcome outcome =
        reason == TROUPE_ERROR_EXPIRED ? TROUPE_OUTCOME_EXPIRED : TROUPE_OUTCOME_CANCELLED;
    tr_message_renew(worker, message, outcome);
    enter_user(actor, message->type);
    const troupe_error error =
        actor->behavior->refused(&actor->self, actor->state_block, reason, &message);
    worker = leave_user(actor);
    if (message != NULL) {
        tr_message_free(&worker->pool, message);
    }
    tr_held_sweep(worker, actor);
    return error;
}

/* A failed actor's state is not to be relied on. */
static bool has_failed(const tr_actor *actor)
{
    return actor->reason != TROUPE_OK && actor->reason != TROUPE_ERROR_CANCELLED;
}

troupe_error tr_dispatch_returned(tr_worker *worker, tr_actor *actor)
{
    troupe_error reason = TROUPE_OK;
    for (troupe_message *message = tr_park_take_returned(actor, &reason); message != NULL;
         message = tr_park_take_returned(actor, &reason)) {
        worker = actor->worker;
        troupe_error error = TROUPE_OK;
        if (tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
            /* A request: its answer, this reason, goes to the continuation; of its deadline the ask
             * knows by itself. */
            tr_message_end(worker, message,
                           reason == TROUPE_ERROR_EXPIRED ? TROUPE_OUTCOME_EXPIRED
                                                          : TROUPE_OUTCOME_CANCELLED,
                           reason);
        } else if (actor->behavior->refused != NULL && !has_failed(actor)) {
            error = refuse(worker, actor, reason, message);
        } else if (reason == TROUPE_ERROR_EXPIRED) {
            tr_message_end(worker, message, TROUPE_OUTCOME_EXPIRED, reason);
        } else {
            tr_message_bury(worker, message, TROUPE_DEAD_REFUSED, reason);
        }
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error start(tr_worker *worker, tr_actor *actor)
{
    troupe_error error = TROUPE_OK;
    void *argument = actor->argument;
    actor->handled = 0; /* lies where the argument did */
    if (actor->behavior->start != NULL) {
        enter_user(actor, NULL);
        error = actor->behavior->start(&actor->self, actor->state_block, argument);
        worker = leave_user(actor);
    }
    actor->is_started = error == TROUPE_OK;
    if (actor->is_started && !actor->says_ready) {
        tr_actor_report_ready(worker, actor, TROUPE_OK);
    }
    return error;
}

static bool is_told_to_end(const tr_actor *actor)
{
    return actor->is_cancelled || (actor->is_stopping && !actor->is_supervisor);
}

/* A supervisor ends its children first, one after the other. */
static troupe_error hear_stop(tr_actor *actor)
{
    enter_user(actor, NULL);
    const troupe_error error = tr_supervisor_told_to_stop(&actor->self, actor->state_block);
    (void) leave_user(actor);
    return error;
}

/* Handles messages until none is left, the budget is spent or one fails. */
static troupe_error handle_messages(tr_worker *worker, tr_actor *actor)
{
    troupe_error error = actor->is_started ? TROUPE_OK : start(worker, actor);
    if (TR_UNLIKELY(actor->is_supervisor && actor->is_stopping && error == TROUPE_OK)) {
        error = hear_stop(actor);
    }
    while (error == TROUPE_OK && actor->turn_left > 0 && !is_told_to_end(actor)) {
        worker = actor->worker;
        if (TR_UNLIKELY(tr_park_is_used(actor))) {
            error = tr_dispatch_returned(worker, actor);
            if (error) {
                break;
            }
        }
        troupe_message *message = TR_UNLIKELY(tr_park_count(actor) > 0)
                                      ? tr_mailbox_take_reserved(worker, actor)
                                      : tr_mailbox_take(worker, actor);
        if (message == NULL) {
            break;
        }
        actor->turn_left--;
        tr_seat_set_number(actor->seat, actor->turn_left);
        error = tr_message_kind(message) == TR_KIND_REPLY ? tr_ask_continue(worker, actor, message)
                                                          : handle(worker, actor, message);
    }
    return error;
}

static bool has_more(const tr_actor *actor)
{
    if (TR_UNLIKELY(tr_park_count(actor) > 0)) {
        return actor->replies.head != NULL || actor->ticks > 0;
    }
    return !tr_mailbox_is_empty(actor);
}

void tr_dispatch_turn(tr_worker *worker, tr_actor *actor)
{
    const troupe_error error = handle_messages(worker, actor);
    worker = actor->worker;
    if (TR_UNLIKELY(error != TROUPE_OK || is_told_to_end(actor))) {
        tr_actor_close(worker, actor, error); /* gives the places back too */
        return;
    }
    tr_mailbox_release(worker, actor);
    if (has_more(actor)) {
        tr_worker_make_runnable(worker, actor);
    }
}
