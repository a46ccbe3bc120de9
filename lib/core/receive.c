/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "core/bracket.h"
#include "core/mailbox.h"
#include "core/scope.h"
#include "core/tasks.h"

/* Lets the other actors of the worker run, and goes on in the next pass. */
static void give_way(tr_task *task)
{
    tr_actor *actor = task->self.actor;
    tr_task_begin_wait(task);
    tr_task_is_ready(task);
    tr_task_make_runnable(actor->worker, task);
    tr_mailbox_release(actor->worker, actor);
    tr_task_suspend(task);
}

/* Takes one from the turn's budget; when that is spent, others run first. */
static void spend_turn(tr_task *task)
{
    if (task->self.actor->turn_left == 0) {
        give_way(task);
    }
    task->self.actor->turn_left--;
}

/* The scope of handling the message before ends, and with it the message. */
static void end_previous(tr_worker *worker, tr_actor *actor, troupe_message **message)
{
    troupe_message *previous = *message;
    *message = NULL;
    if (previous != NULL && tr_message_has(previous, TR_MESSAGE_HELD)) {
        tr_held_remove(actor, previous);
        actor->handled++;
        tr_message_end(worker, previous, TROUPE_OUTCOME_HANDLED, TROUPE_ERROR_NO_REPLY);
    } else if (previous != NULL) {
        troupe_message_destroy(&previous);
    }
    if (TR_UNLIKELY(actor->held != NULL || actor->keeps)) {
        tr_held_sweep(worker, actor);
    }
    tr_held_end_scope(actor);
}

static __attribute__((noinline)) troupe_error interrupted_by(const tr_actor *actor)
{
    if (tr_scope_is_cancelled(actor)) {
        return TROUPE_ERROR_CANCELLED;
    }
    if (TR_UNLIKELY(actor->state > TR_ACTOR_LIVE)) {
        return TROUPE_ERROR_STOPPING; /* an attached one that the node's stop has closed */
    }
    return tr_scope_is_stopping(actor) ? TROUPE_ERROR_STOPPING : TROUPE_OK;
}

static inline troupe_error interrupted(const tr_actor *actor)
{
    return TR_LIKELY(actor->may_interrupt == 0 && actor->state <= TR_ACTOR_LIVE)
               ? TROUPE_OK
               : interrupted_by(actor);
}

/* A selective receive can never end if what it does not accept fills the mailbox. */
static bool is_stuck(const tr_task *task, size_t count)
{
    return count > 0 && tr_mailbox_is_full(task->self.actor) &&
           (task->branch == NULL || tr_tasks_are_others_stuck(task));
}

static troupe_error wait_for_message(tr_task *task, const troupe_accept *accepted, size_t count,
                                     uint64_t deadline_ns)
{
    if (TR_RARELY(TR_RARE_WAKE_UP)) {
        give_way(task);
        return TROUPE_OK;
    }
    task->accepted = accepted;
    task->accepted_count = count;
    if (TR_UNLIKELY(task->branch != NULL)) {
        tr_tasks_await_message(task);
    }
    return tr_task_wait(task, TROUPE_WAIT_MESSAGE, deadline_ns);
}

static troupe_error receive(tr_task *task, const troupe_accept *accepted, size_t count,
                            uint64_t deadline_ns, troupe_message **out_message)
{
    tr_actor *actor = task->self.actor;
    spend_turn(task);
    for (;;) {
        troupe_error error = interrupted(actor);
        if (error) {
            return error;
        }
        tr_worker *worker = actor->worker; /* anew: a wait lies before */
        troupe_message *message = accepted == NULL
                                      ? tr_mailbox_take(worker, actor)
                                      : tr_mailbox_take_only(worker, actor, accepted, count);
        if (message != NULL) {
            tr_held_add(actor, message);
            task->received++;
            tr_seat_set_type(actor->seat, message->type);
            tr_seat_set_number(actor->seat, actor->turn_left);
            *out_message = message;
            return TROUPE_OK;
        }
        if (is_stuck(task, count)) {
            return TROUPE_ERROR_MAILBOX_FULL;
        }
        if (deadline_ns <= worker->now_ns) {
            return TROUPE_ERROR_TIMED_OUT;
        }
        error = wait_for_message(task, accepted, count, deadline_ns);
        if (error) {
            return error;
        }
    }
}

static troupe_error receive_for(troupe_self *self, const troupe_accept *accepted, size_t count,
                                troupe_message **message, troupe_timeout timeout)
{
    tr_task *task = self->task;
    TR_REQUIRE(task != NULL, CANNOT_WAIT);
    tr_worker *worker = tr_enter(self);
    troupe_error error = TROUPE_ERROR_STOPPING;
    if (TR_UNLIKELY(self->actor->state == TR_ACTOR_ENDED)) {
        troupe_message_destroy(message); /* an attached one's; it holds nothing any more */
    } else {
        end_previous(worker, self->actor, message);
        tr_task_is_ready(task);
        uint64_t deadline_ns = tr_deadline_of(worker->now_ns, timeout);
        if (TR_UNLIKELY(self->actor->in_scopes)) {
            deadline_ns = tr_scope_deadline(self->actor, deadline_ns);
        }
        error = receive(task, accepted, count, deadline_ns, message);
        if (TR_UNLIKELY(task->branch != NULL)) {
            tr_tasks_received(self->actor->worker, task, error);
        }
    }
    tr_leave(self);
    return error;
}

troupe_error troupe_receive(troupe_self *self, troupe_message **message, troupe_timeout timeout)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL, BAD_ARGUMENT);
    return receive_for(self, NULL, 0, message, timeout);
}

troupe_error troupe_receive_only(troupe_self *self, const troupe_accept *accepted, size_t count,
                                 troupe_message **message, troupe_timeout timeout)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL && accepted != NULL && count > 0, BAD_ARGUMENT);
    for (size_t i = 0; i < count; i++) {
        TR_REQUIRE((accepted[i].protobuf != NULL) != (accepted[i].type != NULL), BAD_ARGUMENT);
    }
    return receive_for(self, accepted, count, message, timeout);
}

/* Whether there is time left in the scopes. */
static __attribute__((noinline)) troupe_error check_time(const tr_actor *actor)
{
    TR_REQUIRE(tr_scope_deadline(actor, TR_NEVER) > actor->worker->now_ns, TIMED_OUT);
    return TROUPE_OK;
}

static troupe_error sleep_until(tr_task *task, uint64_t deadline_ns)
{
    tr_actor *actor = task->self.actor;
    troupe_error error = interrupted(actor);
    if (error) {
        spend_turn(task);
        return error;
    }
    if (deadline_ns <= actor->worker->now_ns) {
        give_way(task);
        error = interrupted(actor);
        return error || !actor->in_scopes ? error : check_time(actor);
    }
    error = tr_task_wait(task, TROUPE_WAIT_TIME, tr_scope_deadline(actor, deadline_ns));
    /* That of the wait may have been prolonged. */
    return error == TROUPE_ERROR_TIMED_OUT && task->deadline_ns == deadline_ns ? TROUPE_OK : error;
}

troupe_error troupe_sleep(troupe_self *self, troupe_timeout duration)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    const tr_worker *worker = tr_enter(self);
    const troupe_error error = sleep_until(self->task, tr_deadline_of(worker->now_ns, duration));
    tr_leave(self);
    return error;
}

troupe_error troupe_yield(troupe_self *self)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    (void) tr_enter(self);
    give_way(self->task);
    troupe_error error = TROUPE_OK;
    if (TR_UNLIKELY(self->actor->may_interrupt != 0 || self->actor->state > TR_ACTOR_LIVE)) {
        error = tr_task_check(self->task);
        error = error || !self->actor->in_scopes ? error : check_time(self->actor);
    }
    tr_leave(self);
    return error;
}
