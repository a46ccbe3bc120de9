/* SPDX-License-Identifier: MIT */
#include "core/task.h"

#include <string.h>

#include "base/assert.h"
#include "core/mailbox.h"
#include "core/probe.h"
#include "core/scope.h"
#include "core/scopes.h"
#include "core/takeover.h"

/* Whether the wait is an edge of the wait-for graph. */
static bool is_edge(troupe_wait wait)
{
    return wait == TROUPE_WAIT_ROOM || wait == TROUPE_WAIT_REPLY;
}

static void run_body(void *context)
{
    tr_task *task = context;
    tr_actor *actor = task->self.actor;
    troupe_body *body = actor->body;
    void *argument = actor->argument;
    actor->handled = 0; /* lies where the argument did */
    (void) tr_seat_leave(actor->seat); /* the worker is this thread's own */
    const troupe_error error = body(&task->self, argument);
    if (TR_UNLIKELY(tr_seat_enter(actor->seat) != 0)) {
        tr_takeover_come_back(actor);
    }
    task->result =
        TR_UNLIKELY(task->branch != NULL) ? tr_scopes_end_body(task->branch, error) : error;
}

/* When to look again though nothing has come: at the deadline, for a ring, or as a shield ends. */
static uint64_t next_look_ns(const tr_worker *worker, const tr_task *task)
{
    uint64_t due_ns = task->deadline_ns;
    if (is_edge(task->wait) && worker->now_ns + task->probe_pause_ns < due_ns) {
        due_ns = worker->now_ns + task->probe_pause_ns;
    }
    if (TR_UNLIKELY(task->branch != NULL)) {
        const uint64_t unveil_ns = tr_scopes_unveil_ns(task->branch);
        due_ns = unveil_ns < due_ns ? unveil_ns : due_ns;
    }
    return due_ns;
}

static void timer_fired(tr_timer *timer, void *context)
{
    (void) timer;
    tr_task *task = context;
    tr_worker *worker = task->self.actor->worker;
    if (task->deadline_ns <= worker->now_ns) {
        tr_task_wake(worker, task, TROUPE_ERROR_TIMED_OUT);
        if (TR_UNLIKELY(task->branch != NULL)) {
            (void) tr_scopes_deadline(task->branch, TR_NEVER); /* which may have ended it */
        }
        return;
    }
    if (TR_UNLIKELY(task->branch != NULL)) {
        tr_task_interrupt(worker, task); /* a shield may have ended */
        if (task->wait == TROUPE_WAIT_NOTHING) {
            tr_scopes_unveiled(worker, task->branch);
            return;
        }
    }
    if (is_edge(task->wait)) {
        tr_probe_start(worker, task);
        task->probe_pause_ns *= 2;
        if (task->probe_pause_ns > TR_PROBE_PAUSE_MAX_NS) {
            task->probe_pause_ns = TR_PROBE_PAUSE_MAX_NS;
        }
    }
    const uint64_t next_ns = next_look_ns(worker, task);
    if (next_ns != TR_NEVER) {
        tr_timers_start(&worker->timers, &task->timer, next_ns);
    }
}

/* What init and fini do; inline, as they are on the path of every coroutine's life. */
static inline troupe_error init(tr_worker *worker, tr_actor *actor, tr_task *task,
                                void (*body)(void *task))
{
    tr_stack *stack = NULL;
    const bool has_stack = !actor->is_attached;
    const troupe_error error = has_stack ? tr_stack_cache_take(&worker->stacks, &stack) : TROUPE_OK;
    if (error) {
        return error;
    }
    task->self.actor = actor;
    task->self.task = task;
    TR_MARK_BEGIN(&task->self.mark, TR_HANDLE_SELF, NULL);
    tr_timer_init(&task->timer, timer_fired, task);
    if (has_stack) {
        tr_stack_set_owner(stack, actor);
        task->coroutine = tr_coroutine_start(stack, body, task);
    }
    return TROUPE_OK;
}

/* At the node's end, in the middle of a wait: what that had or has brought. */
static void end_wait(tr_worker *worker, tr_task *task)
{
    troupe_message *messages[] = {task->reply, task->leave};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i] != NULL) {
            tr_message_free(&worker->pool, messages[i]);
        }
    }
    troupe_snapshot_destroy(&task->snapshot);
    if (task->awaited != NULL) {
        tr_offload_drop(task->awaited);
    }
}

static inline void fini(tr_worker *worker, tr_task *task)
{
    if (tr_timer_is_running(&task->timer)) {
        tr_timers_cancel(&worker->timers, &task->timer);
    }
    if (task->coroutine == NULL || !tr_coroutine_has_ended(task->coroutine)) {
        end_wait(worker, task);
    }
    if (task->coroutine != NULL) {
        tr_stack *stack = tr_coroutine_stack(task->coroutine);
        tr_stack_cache_give(&worker->stacks, &stack);
        task->coroutine = NULL;
    }
    TR_MARK_END(&task->self.mark);
}

troupe_error tr_task_init(tr_worker *worker, tr_actor *actor, tr_task *task,
                          void (*body)(void *task))
{
    return init(worker, actor, task, body);
}

void tr_task_fini(tr_worker *worker, tr_task *task)
{
    fini(worker, task);
}

troupe_error tr_task_create(tr_worker *worker, tr_actor *actor)
{
    tr_task *task = tr_pool_take(&worker->pool, sizeof *task);
    TR_REQUIRE(task != NULL, NO_MEMORY);
    memset(task, 0, sizeof *task);
    const troupe_error error = init(worker, actor, task, run_body);
    if (error) {
        tr_pool_give(&worker->pool, task);
        return error;
    }
    actor->task = task;
    return TROUPE_OK;
}

void tr_task_destroy(tr_worker *worker, tr_task **given)
{
    tr_task *task = *given;
    if (task == NULL) {
        return;
    }
    *given = NULL;
    fini(worker, task);
    tr_pool_give(&worker->pool, task);
}

void tr_task_first_wait(const tr_task *task)
{
    tr_actor *actor = task->self.actor;
    if (!actor->says_ready) {
        tr_actor_report_ready(actor->worker, actor, TROUPE_OK);
    }
}

void tr_task_begin_wait(const tr_task *task)
{
    const tr_actor *actor = task->self.actor;
    if (TR_UNLIKELY(tr_seat_is_taken(actor->seat))) {
        tr_takeover_come_back(actor);
    }
}

/* Whether a thread from outside may go on. */
static bool has_its_turn(const void *context)
{
    const tr_task *task = context;
    return task->wait == TROUPE_WAIT_NOTHING && !task->self.actor->is_runnable;
}

void tr_task_suspend(tr_task *task)
{
    if (TR_LIKELY(task->coroutine != NULL)) {
        tr_coroutine_suspend(task->coroutine);
    } else {
        tr_actor *actor = task->self.actor;
        tr_guard *guard = actor->worker->guard;
        actor->is_in_call = true;
        if (!guard->wait(guard, has_its_turn, task)) {
            tr_task_wake(actor->worker, task, TROUPE_ERROR_STOPPING);
        }
    }
}

troupe_error tr_task_wait(tr_task *task, troupe_wait wait, uint64_t deadline_ns)
{
    tr_actor *actor = task->self.actor;
    tr_worker *worker = actor->worker;
    TR_ASSERT(task->wait == TROUPE_WAIT_NOTHING);
    tr_task_begin_wait(task);
    tr_task_is_ready(task);
    task->wait = wait;
    task->deadline_ns = deadline_ns;
    task->since_ns = worker->now_ns;
    task->number++;

    uint64_t due_ns = deadline_ns;
    if (is_edge(wait) || TR_UNLIKELY(task->branch != NULL)) {
        task->probe_pause_ns = TR_RARELY(TR_RARE_EARLY_LOOK) ? 1000 : TR_PROBE_AFTER_NS;
        due_ns = next_look_ns(worker, task);
        if (TR_UNLIKELY(wait == TROUPE_WAIT_TASK)) {
            tr_mailbox_release(worker, actor);
            tr_tasks_left_to_others(worker, actor);
        }
    }
    if (due_ns != TR_NEVER) {
        tr_timers_start(&worker->timers, &task->timer, due_ns);
    }
    if (TR_UNLIKELY(actor->held != NULL || actor->keeps)) {
        tr_held_sweep(worker, actor); /* who asked is not to wait for what has been destroyed */
    }
    tr_mailbox_release(worker, actor);
    tr_task_suspend(task);
    TR_ASSERT(task->wait == TROUPE_WAIT_NOTHING);
    return task->result;
}

void tr_task_make_ready(tr_worker *worker, tr_task *task)
{
    tr_tasks_make_ready(worker, task->branch);
}

void tr_task_wake(tr_worker *worker, tr_task *task, troupe_error result)
{
    if (task->wait == TROUPE_WAIT_NOTHING) {
        return;
    }
    task->wait = TROUPE_WAIT_NOTHING;
    task->waits_for = (tr_address) {0};
    task->result = result;
    if (tr_timer_is_running(&task->timer)) {
        tr_timers_cancel(&worker->timers, &task->timer);
    }
    tr_task_make_runnable(worker, task);
}

void tr_task_message_came_to_one(tr_worker *worker, tr_actor *actor, const troupe_message *message)
{
    tr_tasks_message_came(worker, actor, message);
}

void tr_task_message_awaited(tr_worker *worker, tr_task *task, const troupe_message *message)
{
    const tr_actor *actor = task->self.actor;
    if (task->accepted == NULL ||
        tr_message_is_accepted(message, task->accepted, task->accepted_count)) {
        tr_task_wake(worker, task, TROUPE_OK);
    } else if (tr_mailbox_is_full(actor)) {
        tr_task_wake(worker, task, TROUPE_ERROR_MAILBOX_FULL);
    }
}

/* Whether the stop of its actor ends the wait. */
static bool ends_with_stop(const tr_task *task)
{
    return task->wait == TROUPE_WAIT_MESSAGE || task->wait == TROUPE_WAIT_TIME ||
           (task->wait == TROUPE_WAIT_FD && (task->wait_id & (uint64_t) TROUPE_READABLE) != 0);
}

void tr_task_interrupt(tr_worker *worker, tr_task *task)
{
    const tr_actor *actor = task->self.actor;
    const tr_branch *branch = task->branch;
    const bool is_cancelled =
        branch != NULL ? tr_scopes_are_cancelled(branch) : actor->is_cancelled;
    if (is_cancelled) {
        tr_task_wake(worker, task, TROUPE_ERROR_CANCELLED);
    } else if (actor->is_stopping && ends_with_stop(task) &&
               (branch == NULL || tr_scopes_see_stop(branch))) {
        tr_task_wake(worker, task, TROUPE_ERROR_STOPPING);
    }
}

/* Of tr_task_check, where something may stand against waiting. */
static __attribute__((noinline)) troupe_error check_with_care(const tr_actor *actor)
{
    TR_REQUIRE(!tr_scope_is_cancelled(actor), CANCELLED);
    return actor->state <= TR_ACTOR_LIVE ? TROUPE_OK : TROUPE_ERROR_STOPPING;
}

troupe_error tr_task_check(const tr_task *task)
{
    if (task == NULL) {
        return TROUPE_ERROR_CANNOT_WAIT;
    }
    const tr_actor *actor = task->self.actor;
    TR_REQUIRE(task->wait == TROUPE_WAIT_NOTHING, BAD_ARGUMENT); /* two threads from outside */
    return TR_LIKELY(actor->may_interrupt == 0 && actor->state <= TR_ACTOR_LIVE)
               ? TROUPE_OK
               : check_with_care(actor);
}
