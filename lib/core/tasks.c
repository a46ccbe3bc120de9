/* SPDX-License-Identifier: MIT */
#include "core/tasks.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/mailbox.h"
#include "core/misuse.h"
#include "core/scopes.h"
#include "core/takeover.h"

/* A task and its branch, one block. */
struct subtask {
    tr_task task;
    tr_branch branch;
};

static struct subtask *subtask_of(tr_branch *branch)
{
    return TR_CONTAINER_OF(branch, struct subtask, branch);
}

static void init_branch(tr_branch *branch, tr_tasks *tasks, tr_task *task)
{
    branch->tasks = tasks;
    branch->task = task;
    branch->name = "body";
    tr_list_init(&branch->link);
    tr_list_init(&branch->waiting);
    tr_list_init(&branch->joiners);
    task->branch = branch;
}

tr_tasks *tr_tasks_of(tr_worker *worker, tr_actor *actor)
{
    tr_extra *extra = tr_actor_extra(worker, actor);
    if (extra == NULL || extra->tasks != NULL) {
        return extra != NULL ? extra->tasks : NULL;
    }
    const troupe_allocator *allocator = worker->system->ports.allocator;
    tr_tasks *tasks = tr_allocate(allocator, sizeof *tasks);
    if (tasks == NULL) {
        return NULL;
    }
    tasks->actor = actor;
    tasks->running = &tasks->main; /* whoever calls this first is the body */
    tr_list_init(&tasks->receivers);
    tr_table_init(&tasks->table, allocator, TR_TASKS_MAX);
    tr_map_init(&tasks->children, allocator);
    init_branch(&tasks->main, tasks, actor->task);
    extra->tasks = tasks;
    return tasks;
}

static void free_branch(tr_worker *worker, tr_branch *branch)
{
    for (tr_list *node = tr_list_pop_front(&branch->joiners); node != NULL;
         node = tr_list_pop_front(&branch->joiners)) {
        TR_CONTAINER_OF(node, tr_branch, waiting)->joins = NULL; /* they have been woken */
    }
    tr_list_remove(&branch->link);
    tr_actor_give_block(worker, subtask_of(branch), sizeof(struct subtask));
}

void tr_tasks_forget(tr_worker *worker, tr_branch *branch)
{
    TR_ASSERT(branch->has_ended);
    (void) tr_table_remove(&branch->tasks->table, branch->id);
    free_branch(worker, branch);
}

void tr_tasks_forget_ended(tr_worker *worker, troupe_scope *scope)
{
    for (tr_list *node = tr_list_first(&scope->ended); node != NULL;
         node = tr_list_first(&scope->ended)) {
        tr_branch *branch = TR_CONTAINER_OF(node, tr_branch, link);
        if (!scope->is_cancelled && !scope->is_late) {
            tr_misuse_note_unawaited(branch->tasks->actor, "task", branch->name);
        }
        tr_tasks_forget(worker, branch);
    }
}

void tr_tasks_free(tr_worker *worker, tr_actor *actor)
{
    tr_tasks *tasks = actor->extra->tasks;
    if (tasks == NULL) {
        return;
    }
    uint64_t id = 0;
    for (tr_branch *branch = tr_table_next(&tasks->table, &id); branch != NULL;
         branch = tr_table_next(&tasks->table, &id)) {
        if (!branch->has_ended) {
            tr_scopes_free(worker, branch);
            tr_task_fini(worker, branch->task);
        }
    }
    tr_scopes_free(worker, &tasks->main); /* no list of a scope is looked at any more */
    id = 0;
    for (tr_branch *branch = tr_table_next(&tasks->table, &id); branch != NULL;
         branch = tr_table_next(&tasks->table, &id)) {
        (void) tr_table_remove(&tasks->table, id);
        tr_actor_give_block(worker, subtask_of(branch), sizeof(struct subtask));
    }
    tr_table_fini(&tasks->table);
    tr_map_fini(&tasks->children);
    actor->task->branch = NULL;
    actor->extra->tasks = NULL;
    actor->in_scopes = false;
    tr_free(worker->system->ports.allocator, tasks, sizeof *tasks);
}

tr_branch *tr_tasks_after(tr_tasks *tasks, const tr_branch *branch)
{
    if (branch == NULL) {
        return &tasks->main;
    }
    uint64_t id = branch->id; /* 0 of the body's */
    tr_branch *next = tr_table_next(&tasks->table, &id);
    while (next != NULL && next->has_ended) {
        next = tr_table_next(&tasks->table, &id);
    }
    return next;
}

tr_task *tr_tasks_find(const tr_actor *actor, bool (*matches)(const tr_task *task, const void *key),
                       const void *key)
{
    tr_tasks *tasks = actor->extra->tasks;
    tr_branch *branch = tr_tasks_after(tasks, NULL);
    while (branch != NULL && !matches(branch->task, key)) {
        branch = tr_tasks_after(tasks, branch);
    }
    return branch != NULL ? branch->task : NULL;
}

void tr_tasks_pack_timers(tr_worker *worker, tr_actor *actor, tr_list *packed)
{
    tr_tasks *tasks = actor->extra->tasks;
    tr_branch *branch = tasks != NULL ? tr_tasks_after(tasks, &tasks->main) : NULL;
    for (; branch != NULL; branch = tr_tasks_after(tasks, branch)) {
        tr_timers_pack(&worker->timers, &branch->task->timer, packed);
    }
}

tr_flow tr_tasks_flow(const tr_branch *branch)
{
    const tr_actor *actor = branch->tasks->actor;
    if (branch->tasks->running != branch) {
        return branch->flow;
    }
    return (tr_flow) {.message = actor->scope,
                      .deadline_ns = actor->message_deadline_ns,
                      .trace_id = actor->trace_id,
                      .is_cancelled = actor->is_scope_cancelled,
                      .in_scopes = actor->in_scopes};
}

static void set_flow(tr_actor *actor, const tr_flow *flow)
{
    actor->scope = flow->message;
    actor->message_deadline_ns = flow->deadline_ns;
    actor->trace_id = flow->trace_id;
    actor->is_scope_cancelled = flow->is_cancelled;
    actor->in_scopes = flow->in_scopes;
}

/* Makes this the running one. */
static void put_in_place(tr_tasks *tasks, tr_branch *branch)
{
    tr_branch *before = tasks->running;
    if (before == branch) {
        return;
    }
    before->flow = tr_tasks_flow(before);
    if (before->flow.message != NULL) {
        tr_message_set(before->flow.message, TR_MESSAGE_SCOPED);
    }
    if (branch->flow.message != NULL) {
        tr_message_clear(branch->flow.message, TR_MESSAGE_SCOPED);
    }
    tasks->running = branch;
    set_flow(tasks->actor, &branch->flow);
}

void tr_tasks_unscope(tr_actor *actor, const troupe_message *message)
{
    tr_tasks *tasks = actor->extra->tasks;
    for (tr_branch *at = tr_tasks_after(tasks, NULL); at != NULL; at = tr_tasks_after(tasks, at)) {
        if (at != tasks->running && at->flow.message == message) {
            at->flow.message = NULL;
        }
    }
}

/* What bounds the handling of a message in this branch. */
static void change_flow(tr_branch *branch, const tr_flow *flow)
{
    if (branch->tasks->running == branch) {
        set_flow(branch->tasks->actor, flow);
    } else {
        branch->flow = *flow;
    }
}

static bool is_asked_by(const tr_branch *branch, const troupe_message *request)
{
    return branch->ask != 0 && branch->ask == request->correlation &&
           tr_address_is_same(branch->asker, request->sender);
}

/* The task may wait until a deadline that holds no more. That of a request that it has sent stays,
 * as it went along; one who leaves a scope looks for himself. */
static void prolong_wait(const tr_branch *branch, uint64_t lifted_ns)
{
    tr_task *task = branch->task;
    const bool is_of_request = task->wait == TROUPE_WAIT_REPLY || task->wait == TROUPE_WAIT_ROOM;
    if (task->wait != TROUPE_WAIT_NOTHING && !is_of_request && !branch->is_leaving &&
        task->deadline_ns == lifted_ns) {
        task->deadline_ns = tr_scopes_deadline(branch, branch->asked_ns);
    }
}

void tr_tasks_lift(tr_actor *actor, const troupe_message *request)
{
    tr_tasks *tasks = actor->extra->tasks;
    for (tr_branch *at = tr_tasks_after(tasks, NULL); at != NULL; at = tr_tasks_after(tasks, at)) {
        tr_flow flow = tr_tasks_flow(at);
        if (flow.message == request || is_asked_by(at, request)) {
            at->ask = 0;
            if (flow.message != NULL && at != tasks->running) {
                tr_message_clear(flow.message, TR_MESSAGE_SCOPED);
            }
            const uint64_t lifted_ns = flow.deadline_ns;
            flow.message = NULL;
            flow.deadline_ns = TR_NEVER;
            flow.is_cancelled = false;
            change_flow(at, &flow);
            prolong_wait(at, lifted_ns);
        }
    }
}

bool tr_tasks_given_up(tr_worker *worker, tr_actor *actor, const troupe_message *given_up)
{
    tr_tasks *tasks = actor->extra->tasks;
    bool is_handled = false;
    for (tr_branch *at = tr_tasks_after(tasks, NULL); at != NULL; at = tr_tasks_after(tasks, at)) {
        tr_flow flow = tr_tasks_flow(at);
        if ((flow.message != NULL && tr_scope_is_request_of(flow.message, given_up)) ||
            is_asked_by(at, given_up)) {
            is_handled = true;
            flow.is_cancelled = true;
            change_flow(at, &flow);
            tr_task_interrupt(worker, at->task);
        }
    }
    return is_handled;
}

void tr_tasks_interrupt(tr_worker *worker, tr_actor *actor)
{
    tr_tasks *tasks = actor->extra->tasks;
    for (tr_branch *at = tr_tasks_after(tasks, NULL); at != NULL; at = tr_tasks_after(tasks, at)) {
        tr_task_interrupt(worker, at->task);
    }
}

void tr_tasks_make_ready(tr_worker *worker, tr_branch *branch)
{
    tr_tasks *tasks = branch->tasks;
    if (branch->task->coroutine != NULL && !branch->is_ready) {
        branch->is_ready = true;
        branch->ready_next = NULL;
        if (tasks->ready_head == NULL) {
            tasks->ready_head = branch;
        } else {
            tasks->ready_tail->ready_next = branch;
        }
        tasks->ready_tail = branch;
        tasks->ready_count++;
    }
    tr_worker_make_runnable(worker, tasks->actor);
}

static void end_held(tr_worker *worker, tr_actor *actor, troupe_message *message, bool has_failed)
{
    const bool is_failed = has_failed && !tr_message_has(message, TR_MESSAGE_REPLIED);
    tr_held_remove(actor, message);
    actor->handled++;
    tr_message_end(worker, message, is_failed ? TROUPE_OUTCOME_FAILED : TROUPE_OUTCOME_HANDLED,
                   is_failed ? TROUPE_ERROR_HANDLER_FAILED : TROUPE_ERROR_NO_REPLY);
}

/* Ends what the task was given to handle and what it was handling. */
static void end_messages(tr_worker *worker, tr_branch *branch, bool has_failed)
{
    tr_actor *actor = branch->tasks->actor;
    actor->reason = has_failed ? branch->result : TROUPE_OK; /* for its asker */
    if (actor->scope != NULL) {
        branch->message = actor->scope != branch->message ? branch->message : NULL;
        end_held(worker, actor, actor->scope, has_failed);
    }
    if (branch->message != NULL) {
        end_held(worker, actor, branch->message, has_failed);
    }
    actor->reason = TROUPE_OK;
    if (actor->held != NULL || actor->keeps) {
        tr_held_sweep(worker, actor);
    }
    tr_held_end_scope(actor);
}

/* Whether what a task returned is a failure, or how one ends that is told to. */
static bool is_failure(const tr_branch *branch, troupe_error error)
{
    const tr_actor *actor = branch->tasks->actor;
    switch ((int) error) {
    case TROUPE_OK:
        return false;
    case TROUPE_ERROR_CANCELLED:
        return !tr_scopes_are_cancelled(branch);
    case TROUPE_ERROR_TIMED_OUT:
        return tr_scopes_deadline(branch, TR_NEVER) > actor->worker->now_ns;
    case TROUPE_ERROR_STOPPING:
        return !actor->is_stopping;
    default:
        return true;
    }
}

/* Gives the result to the first of those who wait for it, or to all. Whether there was one. */
static bool give(tr_worker *worker, tr_list *waiters, const tr_branch *ended, bool to_all)
{
    bool is_given = false;
    for (tr_list *node = tr_list_first(waiters); node != NULL && (to_all || !is_given);
         node = tr_list_next(waiters, node)) {
        tr_branch *waiter = TR_CONTAINER_OF(node, tr_branch, waiting);
        if (waiter->task->wait != TROUPE_WAIT_NOTHING) { /* else it is cancelled just now */
            waiter->given_id = ended->id;
            waiter->given_index = ended->index;
            waiter->given_result = ended->result;
            tr_task_wake(worker, waiter->task, TROUPE_OK);
            is_given = true;
        }
    }
    return is_given;
}

/* Tells those who wait for the next that there will be none. */
static void tell_end(tr_worker *worker, troupe_scope *scope)
{
    for (tr_list *node = tr_list_first(&scope->nexters); node != NULL;
         node = tr_list_next(&scope->nexters, node)) {
        tr_task_wake(worker, TR_CONTAINER_OF(node, tr_branch, waiting)->task, TROUPE_ERROR_END);
    }
}

void tr_tasks_give_place(tr_worker *worker, troupe_scope *scope)
{
    for (tr_list *node = tr_list_first(&scope->starters); node != NULL;
         node = tr_list_next(&scope->starters, node)) {
        tr_task *starter = TR_CONTAINER_OF(node, tr_branch, waiting)->task;
        if (starter->wait != TROUPE_WAIT_NOTHING) {
            tr_task_wake(worker, starter, TROUPE_OK); /* the place is its own now */
            return;
        }
    }
    scope->alive--;
    tr_scopes_wake_leaver(worker, scope);
}

/* The body of a task has returned, and what was open in it has been left. */
static void end_task(tr_worker *worker, tr_branch *branch)
{
    tr_tasks *tasks = branch->tasks;
    troupe_scope *scope = branch->home;
    branch->result = branch->task->result;
    const bool fails = is_failure(branch, branch->result);
    scope->has_cut = scope->has_cut || (!fails && branch->result != TROUPE_OK);
    const troupe_scope_failure failure = {
        .error = branch->result, .name = branch->name, .actor = troupe_ref_none()};
    end_messages(worker, branch, fails);
    put_in_place(tasks, &tasks->main);
    branch->has_ended = true;
    if (branch->result_to != NULL) {
        *branch->result_to = branch->result;
    }
    tr_task_fini(worker, branch->task);
    tr_list_remove(&branch->link);
    bool is_wanted = branch->is_kept;
    if (is_wanted) {
        scope->alive_kept--;
        tr_list_push_back(&scope->ended, &branch->link);
        /* Before the failure cancels those who wait: it has ended before that. */
        is_wanted = !give(worker, &branch->joiners, branch, true) &&
                    !give(worker, &scope->nexters, branch, false);
    }
    if (!is_wanted) {
        tr_tasks_forget(worker, branch);
    }
    if (fails) {
        tr_scopes_failed(worker, scope, &failure);
    }
    if (scope->alive_kept == 0 && tr_list_is_empty(&scope->ended)) {
        tell_end(worker, scope);
    }
    tr_tasks_give_place(worker, scope);
}

static tr_branch *pop_ready(tr_tasks *tasks)
{
    tr_branch *branch = tasks->ready_head;
    tasks->ready_head = branch->ready_next;
    tasks->ready_count--;
    branch->is_ready = false;
    return branch;
}

void tr_tasks_run(tr_worker *worker, tr_actor *actor)
{
    tr_tasks *tasks = actor->extra->tasks;
    for (uint32_t left = tasks->ready_count; left > 0; left--) {
        tr_branch *branch = pop_ready(tasks);
        put_in_place(tasks, branch);
        tr_seat_set_number(actor->seat, actor->turn_left);
        tr_seat_set_type(actor->seat, actor->scope != NULL ? actor->scope->type : NULL);
        tr_coroutine_resume(branch->task->coroutine);
        worker = actor->worker;
        if (tr_coroutine_has_ended(branch->task->coroutine)) {
            if (branch == &tasks->main) {
                tr_actor_close(worker, actor, branch->task->result);
                return;
            }
            end_task(worker, branch);
            tr_mailbox_release(worker, actor);
            tr_tasks_left_to_others(worker, actor);
        }
        if (actor->turn_left <= 1) {
            break; /* who runs has at least one message to take */
        }
        actor->turn_left--;
    }
    if (tasks->ready_head != NULL) {
        tr_worker_make_runnable(worker, actor);
    }
}

static void run_subtask(void *context)
{
    tr_task *task = context;
    tr_branch *branch = task->branch;
    tr_actor *actor = task->self.actor;
    (void) tr_seat_leave(actor->seat); /* the worker is this thread's own */
    const troupe_error error = branch->body(&task->self, branch->argument);
    if (TR_UNLIKELY(tr_seat_enter(actor->seat) != 0)) {
        tr_takeover_come_back(actor);
    }
    task->result = tr_scopes_end_body(branch, error);
}

/* The new task is bounded as its starter is. */
static void inherit_flow(tr_branch *branch, const tr_branch *starter)
{
    branch->flow = tr_tasks_flow(starter);
    const troupe_message *message = branch->flow.message;
    branch->asker = starter->asker;
    branch->ask = starter->ask;
    if (message != NULL && tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
        branch->asker = message->sender;
        branch->ask = message->correlation;
    }
    branch->flow.message = NULL;
    branch->flow.in_scopes = true;
}

/* The new task handles the message, and nobody else does. */
static void take_message(tr_branch *branch, troupe_message **given)
{
    tr_actor *actor = branch->tasks->actor;
    troupe_message *message = *given;
    *given = NULL;
    branch->message = message;
    branch->flow = (tr_flow) {.message = message,
                              .deadline_ns = message->deadline_ns,
                              .trace_id = tr_message_trace(message),
                              .in_scopes = true};
    if (tr_message_has(message, TR_MESSAGE_REPLIED)) {
        branch->flow.deadline_ns = TR_NEVER;
    }
    if (actor->scope == message) {
        branch->flow.deadline_ns = actor->message_deadline_ns;
        branch->flow.is_cancelled = actor->is_scope_cancelled;
        tr_held_end_scope(actor);
    } else if (tr_message_has(message, TR_MESSAGE_SCOPED)) {
        tr_tasks_unscope(actor, message);
    }
    tr_message_set(message, TR_MESSAGE_SCOPED);
}

troupe_error tr_tasks_start(tr_branch *starter, troupe_scope *scope,
                            const troupe_task_options *options, bool is_kept, uint64_t *out_id)
{
    tr_tasks *tasks = starter->tasks;
    tr_actor *actor = tasks->actor;
    tr_worker *worker = actor->worker;
    struct subtask *subtask = tr_actor_take_block(worker, sizeof *subtask);
    TR_REQUIRE(subtask != NULL, NO_MEMORY);
    tr_branch *branch = &subtask->branch;
    init_branch(branch, tasks, &subtask->task);
    troupe_error error = tr_table_add(&tasks->table, branch, &branch->id);
    if (error == TROUPE_OK) {
        error = tr_task_init(worker, actor, &subtask->task, run_subtask);
    }
    if (error) {
        (void) tr_table_remove(&tasks->table, branch->id);
        tr_actor_give_block(worker, subtask, sizeof *subtask);
        return error;
    }
    branch->home = scope;
    branch->scope = scope;
    branch->body = options->body;
    branch->argument = options->argument;
    branch->name = options->name != NULL ? options->name : "task";
    branch->is_kept = is_kept;
    if (options->message != NULL) {
        take_message(branch, options->message);
    } else {
        inherit_flow(branch, starter);
    }
    tr_list_push_back(&scope->tasks, &branch->link);
    scope->alive_kept += is_kept ? 1 : 0;
    *out_id = branch->id;
    tr_tasks_make_ready(worker, branch);
    return TROUPE_OK;
}

bool tr_tasks_waits_for_tasks_only(const tr_branch *branch)
{
    const tr_task *task = branch->task;
    return task->wait == TROUPE_WAIT_TASK && task->deadline_ns == TR_NEVER &&
           !(branch->is_leaving && !tr_list_is_empty(&branch->scope->children));
}
