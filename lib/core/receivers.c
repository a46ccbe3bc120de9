/* SPDX-License-Identifier: MIT */
#include "core/mailbox.h"
#include "core/tasks.h"

static bool takes(const tr_task *task, const troupe_message *message)
{
    return task->wait == TROUPE_WAIT_MESSAGE &&
           (task->accepted == NULL ||
            tr_message_is_accepted(message, task->accepted, task->accepted_count));
}

void tr_tasks_message_came(tr_worker *worker, tr_actor *actor, const troupe_message *message)
{
    tr_tasks *tasks = actor->extra->tasks;
    tr_task *first = NULL;
    for (tr_list *node = tr_list_first(&tasks->receivers); node != NULL;
         node = tr_list_next(&tasks->receivers, node)) {
        tr_task *task = TR_CONTAINER_OF(node, tr_branch, waiting)->task;
        if (takes(task, message)) {
            tr_task_wake(worker, task, TROUPE_OK);
            return;
        }
        first = first == NULL && task->wait == TROUPE_WAIT_MESSAGE ? task : first;
    }
    if (first != NULL && tr_mailbox_is_full(actor) && tr_tasks_are_others_stuck(first)) {
        tr_task_wake(worker, first, TROUPE_ERROR_MAILBOX_FULL);
    }
}

void tr_tasks_offer(tr_worker *worker, tr_actor *actor)
{
    tr_tasks *tasks = actor->extra->tasks;
    for (tr_list *node = tr_list_first(&tasks->receivers); node != NULL;
         node = tr_list_next(&tasks->receivers, node)) {
        tr_task *task = TR_CONTAINER_OF(node, tr_branch, waiting)->task;
        if (task->wait == TROUPE_WAIT_MESSAGE) {
            tr_task_wake(worker, task, TROUPE_OK);
        }
    }
}

void tr_tasks_await_message(tr_task *task)
{
    tr_branch *branch = task->branch;
    if (!tr_list_is_linked(
            &branch->waiting)) { /* else it was woken for nothing, and keeps its place */
        tr_list_push_back(&branch->tasks->receivers, &branch->waiting);
    }
}

void tr_tasks_received(tr_worker *worker, tr_task *task, troupe_error error)
{
    tr_branch *branch = task->branch;
    tr_list_remove(&branch->waiting);
    if (TR_UNLIKELY(branch->ask != 0)) {
        branch->ask = 0; /* the handling that it was started in has ended */
    }
    tr_actor *actor = task->self.actor;
    /* Where there are priorities it may have been woken for another than it has taken. */
    if ((error || actor->lanes != NULL) && !tr_mailbox_is_empty(actor)) {
        tr_tasks_offer(worker, actor);
    }
}

/* Whether a task may take what is in the mailbox, as things stand, or goes on by itself. */
static bool is_stuck(const tr_task *task)
{
    return (task->wait == TROUPE_WAIT_MESSAGE && task->accepted != NULL) ||
           (task->wait == TROUPE_WAIT_TASK && task->deadline_ns == TR_NEVER);
}

bool tr_tasks_are_others_stuck(const tr_task *task)
{
    tr_tasks *tasks = task->branch->tasks;
    for (tr_branch *at = tr_tasks_after(tasks, NULL); at != NULL; at = tr_tasks_after(tasks, at)) {
        if (at->task != task && !is_stuck(at->task)) {
            return false;
        }
    }
    return true;
}

void tr_tasks_left_to_others(tr_worker *worker, tr_actor *actor)
{
    const tr_tasks *tasks = actor->extra->tasks;
    tr_task *first = NULL;
    for (tr_list *node = tr_list_first(&tasks->receivers); node != NULL && first == NULL;
         node = tr_list_next(&tasks->receivers, node)) {
        tr_task *task = TR_CONTAINER_OF(node, tr_branch, waiting)->task;
        first = is_stuck(task) ? task : NULL;
    }
    if (first != NULL && tr_mailbox_is_full(actor) && tr_tasks_are_others_stuck(first)) {
        tr_task_wake(worker, first, TROUPE_ERROR_MAILBOX_FULL);
    }
}
