/* SPDX-License-Identifier: MIT */
/* task: one flow within an actor, on a coroutine, and how it waits.
 *
 * Owns:       its stack while it runs; the reply and the LEAVE it holds while it waits.
 * Invariants: `wait` is NOTHING while it runs or is runnable; its timer runs only while it waits.
 *             It is woken exactly once for each wait; what comes first counts.
 * Threads:    the worker's of its actor; one from outside, inside the guard. A worker is found anew
 *             after each wait.
 * Uses:       coroutine, actor, timers. */
#ifndef TR_CORE_TASK_H
#define TR_CORE_TASK_H

#include "base/assert.h"
#include "core/actor.h"
#include "core/coroutine.h"
#include "core/offload.h"
#include "core/scope.h"

struct tr_task {
    troupe_self self;        /* first: what user code holds */
    tr_coroutine *coroutine; /* NULL: of a thread from outside, which is its code */
    tr_timer timer;
    uint64_t deadline_ns; /* of the wait */
    uint64_t since_ns;    /* when the wait began */
    uint64_t number;      /* of the wait: never twice in this actor */
    uint64_t received;    /* messages of its mailbox, so far */
    uint64_t wait_id;     /* the ticket, the ask or the events that are waited for */
    uint64_t picture_id;  /* of the snapshot that is waited for, or 0 */
    uint64_t probe_pause_ns;
    tr_address waits_for; /* then who granted a place, as a line may have been passed on */
    troupe_wait wait;
    troupe_error result;           /* of the wait; after the end, of the body */
    const troupe_accept *accepted; /* what a selective receive takes; the waiter's */
    size_t accepted_count;
    troupe_message *reply;
    troupe_message *leave; /* to give up a place in a line */
    troupe_snapshot *snapshot;
    tr_awaited *awaited; /* NULL, or the job that is waited for; the waiter's */
    tr_branch *branch;   /* NULL: the actor has used neither scopes nor tasks */
};

_Static_assert(TR_CHECKS_HANDLES || sizeof(tr_task) <= 192, "an idle coroutine is small");

/* Errors: NO_MEMORY, LIMIT_REACHED (stacks). */
TROUPE_MUST_CHECK troupe_error tr_task_create(tr_worker *worker, tr_actor *actor);
/* Furnishes a zeroed task: with a stack on which it is going to run body(task), unless that is of a
 * thread from outside. Errors: as create. */
TROUPE_MUST_CHECK troupe_error tr_task_init(tr_worker *worker, tr_actor *actor, tr_task *task,
                                            void (*body)(void *task));
/* Takes what init gave. */
void tr_task_fini(tr_worker *worker, tr_task *task);
/* Lets others run until the task is runnable and its turn has come. */
void tr_task_suspend(tr_task *task);

/* The body has ended or was never begun. */
void tr_task_destroy(tr_worker *worker, tr_task **task);

/* Of tr_task_is_ready, of an actor that is not ready. */
void tr_task_first_wait(const tr_task *task);

/* The task waits, or would have: that makes its actor ready, unless it is to say so itself. */
static inline void tr_task_is_ready(const tr_task *task)
{
    if (TR_UNLIKELY(!task->self.actor->is_ready)) {
        tr_task_first_wait(task);
    }
}

/* The turn is going to end here: its thread has to have the worker for good, and the actor is as if
 * it had never been taken. First thing of every wait. */
void tr_task_begin_wait(const tr_task *task);

/* Suspends the running task until it is woken; before, gives its actor's places back and ends what
 * user code has destroyed.
 * Returns what it was woken with; TIMED_OUT at the deadline. */
troupe_error tr_task_wait(tr_task *task, troupe_wait wait, uint64_t deadline_ns);

/* Of tr_task_make_runnable, where there may be several. */
void tr_task_make_ready(tr_worker *worker, tr_task *task);

/* The task can go on: its actor gets a turn. */
static inline void tr_task_make_runnable(tr_worker *worker, tr_task *task)
{
    if (TR_UNLIKELY(task->branch != NULL)) {
        tr_task_make_ready(worker, task);
    } else {
        tr_worker_make_runnable(worker, task->self.actor);
    }
}

/* Wakes a task that waits; the first wins, others do nothing. */
void tr_task_wake(tr_worker *worker, tr_task *task, troupe_error result);

/* Of tr_task_message_came, for an actor that has several tasks, or may have. */
void tr_task_message_came_to_one(tr_worker *worker, tr_actor *actor, const troupe_message *message);

/* Of tr_task_message_came, for a task that waits for one. */
void tr_task_message_awaited(tr_worker *worker, tr_task *task, const troupe_message *message);

/* A message has come into the mailbox. */
static inline void tr_task_message_came(tr_worker *worker, tr_task *task,
                                        const troupe_message *message)
{
    if (TR_UNLIKELY(task->branch != NULL)) {
        tr_task_message_came_to_one(worker, task->self.actor, message);
    } else if (task->wait == TROUPE_WAIT_MESSAGE) {
        tr_task_message_awaited(worker, task, message);
    }
}

/* The actor is stopped or cancelled: wakes the waits that this ends. */
void tr_task_interrupt(tr_worker *worker, tr_task *task);

/* CANCELLED if the actor is, or the handling of its message; for the beginning of every call that
 * waits. */
troupe_error tr_task_check(const tr_task *task);

/* Takes a reply into the actor's hand, which begins no scope. */
static inline void tr_held_add_reply(tr_actor *actor, troupe_message *message)
{
    message->next = actor->held;
    actor->held = message;
    tr_message_set(message, TR_MESSAGE_HELD);
}

/* Takes a received message into the actor's hand, and begins the scope of handling it. */
static inline void tr_held_add(tr_actor *actor, troupe_message *message)
{
    tr_held_add_reply(actor, message);
    tr_scope_begin(actor, message);
    actor->trace_id =
        TR_UNLIKELY(tr_message_has(message, TR_MESSAGE_EXTENDED)) ? tr_message_trace(message) : 0;
    actor->has_continued = false;
}

/* One of those held; NULL if there is none. */
static inline troupe_message *tr_held_any(const tr_actor *actor)
{
    return actor->held != NULL ? actor->held : actor->keeps ? actor->extra->kept.head : NULL;
}

/* Of tr_held_remove, for one that is not the newest. */
void tr_held_take_out(tr_actor *actor, troupe_message *message);

/* Takes it out again, so that it can be ended, stashed or sent. */
static inline void tr_held_remove(tr_actor *actor, troupe_message *message)
{
    if (TR_LIKELY(actor->held == message)) {
        actor->held = message->next;
    } else {
        tr_held_take_out(actor, message);
    }
    message->next = NULL;
    tr_message_set_failures(message, 0);
    tr_message_clear(message, TR_MESSAGE_HELD);
    tr_scope_forget(actor, message);
}

/* The scope of handling a message ends. */
static inline void tr_held_end_scope(tr_actor *actor)
{
    tr_scope_end(actor);
    actor->trace_id = 0;
}

/* Ends what user code has destroyed. */
void tr_held_sweep(tr_worker *worker, tr_actor *actor);
/* Ends all that is held. */
void tr_held_end_all(tr_worker *worker, tr_actor *actor, troupe_outcome outcome,
                     troupe_error answer);

#endif
