/* SPDX-License-Identifier: MIT */
/* task: several flows within one actor.
 *
 * A task is a function on a stack of its own that waits by calling, like a coroutine's body. The
 * tasks of an actor share its mailbox and whatever they are given pointers to, and never run at the
 * same time: one runs until it waits, then the next. So they need no locks; what one finds after a
 * wait may have been changed by others. Each has its own `self`, scopes and message to handle.
 *
 * Each task is started in a scope (see <troupe/scope.h>) and has ended when that has been left.
 * Messages that come to the actor go to the task that has waited longest of those that take them.
 * For coroutines; not for attached threads, which have no stack of Troupe's.
 * Threads: the body that self was given to. */
#ifndef TROUPE_TASK_H
#define TROUPE_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/scope.h>
#include <troupe/spawn.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Names a task of its actor; all zero: none. */
typedef struct troupe_task {
    uint64_t id;
} troupe_task;

typedef struct troupe_task_options {
    size_t size;      /* set by TROUPE_TASK */
    const char *name; /* for the log and reports; borrowed for the scope's life; NULL: "task" */
    troupe_body *body;
    void *argument; /* handed to the body; borrowed */
    /* NULL, or a received message that the task is to handle in place of its starter, whose
     * handling ends with it: its deadline and the cancel of its asker are the task's. See
     * troupe_task_message. Without one the task is under those of the message that its starter
     * handles at the start. */
    troupe_message **message;
    troupe_timeout timeout; /* of the wait for a place (.tasks_max); not given: no limit */
} troupe_task_options;

#define TROUPE_TASK(...)                                                                           \
    (&(const troupe_task_options) {.size = sizeof(troupe_task_options), __VA_ARGS__})

/* Starts a task in an open scope of this actor; it runs when the caller waits. What its body
 * returns is its result. With out_task the result is kept for troupe_join or troupe_next until the
 * scope is left; with NULL it is only looked at for a failure.
 * Owns:        on OK *options->message, if given, is the task's, and NULL.
 * Waits:       for a place, if the scope has .tasks_max tasks.
 * Cancel-safe: on an error nothing was started.
 * Errors:      CANCELLED, TIMED_OUT, also if only the scope is cancelled or late; STOPPING if the
 *              scope is being left and has nothing left in it, or the actor ends; WOULD_DEADLOCK if
 *              all tasks that take the places wait for one; LIMIT_REACHED (stacks); CANNOT_WAIT
 *              in a behavior and for an attached thread; NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_task_start(troupe_self *self, troupe_scope *scope,
                                                            const troupe_task_options *options,
                                                            troupe_task *out_task);

/* The message that this task was given to handle, once: it is the caller's from then on, like a
 * received one. NULL: none, or taken. What the task is handling when it ends is ended with it. */
TROUPE_API troupe_message *troupe_task_message(troupe_self *self);

/* Waits until a task has ended, and gives its result. Several may wait for the same.
 * Cancel-safe: on an error the result is still there to be had.
 * Errors:      STALE if its result was not kept, was given, or its scope has been left;
 *              TIMED_OUT, CANCELLED; WOULD_DEADLOCK if it waits for the caller; CANNOT_WAIT;
 *              BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_join(troupe_self *self, troupe_task task,
                                                      troupe_timeout timeout,
                                                      troupe_error *out_result);

/* Waits until any of the tasks of a scope has ended whose result is kept, and gives that: as they
 * end. Not for tasks that lie in the scope themselves.
 * Cancel-safe: on an error the result is still there to be had.
 * Errors:      END if there are no more; TIMED_OUT, CANCELLED; CANNOT_WAIT; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_next(troupe_self *self, troupe_scope *scope,
                                                      troupe_timeout timeout, troupe_task *out_task,
                                                      troupe_error *out_result);

/* Cancels a task and what lies in it. One that has ended stays as it is. Never waits.
 * Errors: STALE; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_task_cancel(troupe_self *self, troupe_task task);

typedef struct troupe_gather_options {
    size_t size; /* set by TROUPE_GATHER */
    const char *name;
    troupe_timeout timeout; /* of all together; not given: no limit */
    size_t wins;            /* how many have to return OK; 0: all */
    /* With wins 0: whether the first failure cancels the others. */
    troupe_on_failure on_failure;
    uint32_t tasks_max; /* at once; 0: all */
} troupe_gather_options;

#define TROUPE_GATHER(...)                                                                         \
    (&(const troupe_gather_options) {.size = sizeof(troupe_gather_options), __VA_ARGS__})

/* Starts `count` tasks and waits for them, in a scope of its own that is left in any case:
 *     const troupe_task_options *const tasks[] = {TROUPE_TASK(...), TROUPE_TASK(...)};
 * As soon as .wins of them have returned OK, or so many cannot any more, the others are cancelled.
 * `options` may be NULL.
 * Owns:        out_results[i], unless it is NULL, is the result of tasks[i]; CANCELLED if that was
 *              not started.
 * Waits:       until all have ended.
 * Cancel-safe: each of them has ended, or was not started.
 * Errors:      the first failure, if not enough have won; TIMED_OUT, CANCELLED; those of starting a
 *              task, which cancels the others; CANNOT_WAIT; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_gather(troupe_self *self,
                                                        const troupe_gather_options *options,
                                                        const troupe_task_options *const *tasks,
                                                        size_t count, troupe_error *out_results);

/* The same, but waits for the first of them to end, well or not, and cancels the others. Returns
 * its result; *out_index is which it was.
 * Errors: TIMED_OUT, CANCELLED and those of starting a task, and then *out_index is `count`;
 *         CANNOT_WAIT; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_race(troupe_self *self, troupe_timeout timeout,
                                                      const troupe_task_options *const *tasks,
                                                      size_t count, size_t *out_index);

TROUPE_END

#endif
