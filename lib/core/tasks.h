/* SPDX-License-Identifier: MIT */
/* tasks: what an actor has that uses scopes or runs more than one task.
 *
 * Each of its tasks, the body too, has a branch. What the actor knows of the handling of a message
 * (core/scope) is that of the task that ran last, whose branch is `running`; of the others it waits
 * in the branch and is put in place when they run. A task that can go on stands in the queue of the
 * ready, and the actor in that of the worker.
 * Owns:       the branches; those of tasks that have ended until their scope is left or their
 *             result is given.
 * Invariants: a branch is ready at most once, and then does not wait. `scoped` messages are those
 *             that a flow which does not run points to.
 * Threads:    the worker's of the actor.
 * Uses:       task, actor, scopes. */
#ifndef TR_CORE_TASKS_H
#define TR_CORE_TASKS_H

#include <troupe/task.h>

#include "core/task.h"

/* What bounds the handling of a message: see core/scope. */
typedef struct tr_flow {
    troupe_message *message;
    uint64_t deadline_ns;
    uint64_t trace_id;
    bool is_cancelled;
    bool in_scopes;
} tr_flow;

typedef struct tr_deferred tr_deferred;

struct tr_branch {
    tr_task *task;
    tr_tasks *tasks;
    troupe_scope *scope; /* the innermost that it is in; home if it has entered none */
    troupe_scope *home;  /* that it was started in; NULL: of the body */
    tr_flow flow;        /* while another's is in place */
    tr_address asker;    /* of the request that its starter handled, while that bounds it too */
    uint64_t ask;
    uint64_t asked_ns; /* the deadline of its wait, without those around it */
    tr_list link;      /* in home->tasks or home->ended */
    tr_list waiting;   /* in the list of those that wait for the same */
    tr_list joiners;   /* branches that wait for its end */
    tr_branch *joins;  /* whose end it waits for */
    tr_branch *ready_next;
    tr_deferred *deferred; /* until the body has returned */
    uint64_t ending_until_ns;
    uint64_t id;
    troupe_body *body;
    void *argument;
    troupe_message *message; /* given to it and not taken */
    const char *name;
    uint64_t given_id; /* to it, while it waits for a result */
    size_t given_index;
    troupe_error given_result;
    troupe_error result;
    troupe_error *result_to; /* NULL, or where else its result is wanted */
    size_t index;            /* among those that it is gathered with */
    bool is_ready;
    bool is_cancelled;
    bool is_kept;
    bool has_ended;
    bool is_leaving; /* waits for its innermost scope to be empty */
};

struct tr_tasks {
    tr_actor *actor;
    tr_branch main;
    tr_branch *running;
    tr_branch *ready_head;
    tr_branch *ready_tail;
    uint32_t ready_count;
    tr_list receivers; /* branches that wait for a message, by how long */
    tr_table table;    /* id -> tr_branch of those started */
    tr_map children;   /* of all scopes: see scope_children */
};

/* That of an actor with a task; made at first use. Errors: NO_MEMORY (NULL). */
tr_tasks *tr_tasks_of(tr_worker *worker, tr_actor *actor);
/* Frees it, and stacks, scopes and messages of tasks that were never ended: at the node's end. */
void tr_tasks_free(tr_worker *worker, tr_actor *actor);

/* The timers of all but the body's task, for a move. */
void tr_tasks_pack_timers(tr_worker *worker, tr_actor *actor, tr_list *packed);

/* Runs one turn of the actor. */
void tr_tasks_run(tr_worker *worker, tr_actor *actor);
/* The task can go on. */
void tr_tasks_make_ready(tr_worker *worker, tr_branch *branch);

/* Starts a task in a scope that has a place for it.
 * Errors: NO_MEMORY, LIMIT_REACHED. */
TROUPE_MUST_CHECK troupe_error tr_tasks_start(tr_branch *starter, troupe_scope *scope,
                                              const troupe_task_options *options, bool is_kept,
                                              uint64_t *out_id);
/* The same with all that may stand against it, for the running task: as troupe_task_start. */
TROUPE_MUST_CHECK troupe_error tr_tasks_start_in(tr_task *task, troupe_scope *scope,
                                                 const troupe_task_options *options,
                                                 troupe_task *out_task);
/* As troupe_next; what has come is in given_… of the task's branch. */
TROUPE_MUST_CHECK troupe_error tr_tasks_await_next(tr_task *task, troupe_scope *scope,
                                                   troupe_timeout timeout);
/* Fills in options for a task. Errors: BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_tasks_read_options(const troupe_task_options *given,
                                                     troupe_task_options *out_options);
/* A place in the scope is free. */
void tr_tasks_give_place(tr_worker *worker, troupe_scope *scope);
/* The kept result of a branch has been given: it is gone. */
void tr_tasks_forget(tr_worker *worker, tr_branch *branch);
/* The same for all of a scope that are kept. */
void tr_tasks_forget_ended(tr_worker *worker, troupe_scope *scope);

/* The branch after this one, the first after NULL, of those that have not ended; the body's comes
 * first. NULL after the last. */
tr_branch *tr_tasks_after(tr_tasks *tasks, const tr_branch *branch);
/* The task that `matches` accepts, or NULL. */
tr_task *tr_tasks_find(const tr_actor *actor, bool (*matches)(const tr_task *task, const void *key),
                       const void *key);

/* What bounds the handling of its message now. */
tr_flow tr_tasks_flow(const tr_branch *branch);
/* No flow points to this message any more. */
void tr_tasks_unscope(tr_actor *actor, const troupe_message *message);
/* The request has been answered: it bounds nobody any more. */
void tr_tasks_lift(tr_actor *actor, const troupe_message *request);
/* The asker of the request that GIVE_UP names does not wait any more: whether a task handles it. */
bool tr_tasks_given_up(tr_worker *worker, tr_actor *actor, const troupe_message *given_up);

/* A message has come into the mailbox. */
void tr_tasks_message_came(tr_worker *worker, tr_actor *actor, const troupe_message *message);
/* More has come into it than one message, or one that somebody was woken for is left. */
void tr_tasks_offer(tr_worker *worker, tr_actor *actor);
/* The task waits for a message; done when its receive returns. */
void tr_tasks_await_message(tr_task *task);
void tr_tasks_received(tr_worker *worker, tr_task *task, troupe_error error);
/* A task that might have taken what is in the mailbox has ended, or waits for others of them. */
void tr_tasks_left_to_others(tr_worker *worker, tr_actor *actor);
/* Whether no task but this one may take what is in the mailbox. */
bool tr_tasks_are_others_stuck(const tr_task *task);

/* The actor is stopped or cancelled: wakes the waits that this ends. */
void tr_tasks_interrupt(tr_worker *worker, tr_actor *actor);

/* The task of an actor that can wait for something in a way; see tr_tasks_find. */
static inline tr_task *tr_task_of(const tr_actor *actor,
                                  bool (*matches)(const tr_task *task, const void *key),
                                  const void *key)
{
    tr_task *task = actor->task;
    return TR_LIKELY(task == NULL || task->branch == NULL) ? task
                                                           : tr_tasks_find(actor, matches, key);
}

/* Whether only others of its actor's tasks can end the wait of this one: neither time nor a child
 * actor. */
bool tr_tasks_waits_for_tasks_only(const tr_branch *branch);

/* Whether a task of the actor waits for its turn. */
static inline bool tr_tasks_are_ready(const tr_actor *actor)
{
    const tr_tasks *tasks = actor->extra != NULL ? actor->extra->tasks : NULL;
    return tasks != NULL && tasks->ready_head != NULL;
}

/* The task whose turn it is, or was last. */
static inline tr_task *tr_task_running(const tr_actor *actor)
{
    tr_task *task = actor->task;
    return TR_LIKELY(task == NULL || task->branch == NULL) ? task
                                                           : actor->extra->tasks->running->task;
}

#endif
