/* SPDX-License-Identifier: MIT */
/* scope: a stretch of a task's code that owns what is started in it.
 *
 * Whoever leaves a scope waits until the tasks and child actors that were started in it have ended.
 * Scopes lie within each other: those of one task as it enters them, and a task lies in the scope
 * that it was started in. A deadline or a cancel of a scope holds for all that lies in it. Once it
 * has come every call that waits returns TIMED_OUT or CANCELLED, again and again, until the scope
 * is left. What is cancelled is told so by what its waits return; it ends by itself.
 *
 * Around them all lies the handling of the message that the task has received last (see
 * troupe_receive), and around that the actor.
 *
 *     troupe_scope *scope = NULL;
 *     error = troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(200)), &scope);
 *     ...
 *     return troupe_scope_leave(self, &scope);
 *
 * A body that returns with scopes open has them cancelled and left for it, the innermost first; the
 * tasks in them find what was on its stack gone.
 * For coroutines and attached threads. troupe_detach leaves what is open in the same way; of a
 * thread that ends while it is attached only the child actors are ended.
 * Threads: a scope is used by the tasks of one actor only. */
#ifndef TROUPE_SCOPE_H
#define TROUPE_SCOPE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_scope troupe_scope;

/* What the first failure of a task or child actor of a scope does to the others. A failure is an
 * error returned by a task, or with which a child ended, unless it is the CANCELLED, TIMED_OUT or
 * STOPPING of one that was cancelled, had no time left or was stopped. */
typedef enum troupe_on_failure {
    TROUPE_CANCEL_SIBLINGS = 0, /* the scope is cancelled, with that error as the reason */
    TROUPE_COLLECT_ALL          /* nothing; all are waited for */
} troupe_on_failure;

typedef struct troupe_scope_options {
    size_t size;            /* set by TROUPE_SCOPE */
    const char *name;       /* for the log; borrowed for the scope's life; NULL: "scope" */
    troupe_timeout timeout; /* not given: no deadline of its own */
    /* How long leaving waits for child actors after a cancel or the deadline, and how long what was
     * deferred is shielded; not given: 5 s. */
    troupe_timeout grace;
    troupe_on_failure on_failure;
    uint32_t
        tasks_max; /* at once; starting one more waits for a place; 0: as many as there may be */
} troupe_scope_options;

#define TROUPE_SCOPE(...)                                                                          \
    (&(const troupe_scope_options) {.size = sizeof(troupe_scope_options), __VA_ARGS__})

/* Enters a scope within those that the task is in. Never waits. `options` may be NULL.
 * Owns:   *out_scope is valid until it is left.
 * Errors: CANNOT_WAIT in a behavior; NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_scope_enter(troupe_self *self,
                                                             const troupe_scope_options *options,
                                                             troupe_scope **out_scope);

/* The same, and as long as the scope is not left, but no longer than `grace` (not given: 5 s), what
 * lies in it sees no cancel, deadline or stop from outside it. When the grace is over it sees them;
 * the tasks whose waits that ends are named in the log. For cleaning up. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_shield(troupe_self *self, troupe_timeout grace,
                                                        troupe_scope **out_scope);

/* What went wrong in a scope. */
#define TROUPE_SCOPE_FAILURES_MAX 8

typedef struct troupe_scope_failure {
    troupe_error error;
    uint32_t is_left; /* 1: a child actor that has not ended and is waited for no longer */
    const char *name; /* of a task, as given at its start; NULL: none */
    troupe_ref actor; /* none of a task */
} troupe_scope_failure;

typedef struct troupe_scope_report {
    uint32_t failed;      /* tasks and child actors */
    uint32_t left;        /* child actors that are waited for no longer */
    uint32_t count;       /* of failures that are told below: the first ones */
    troupe_error reason;  /* of the cancel; OK: there was none */
    char reason_text[64]; /* given with it, cut; "" if none was */
    troupe_scope_failure failures[TROUPE_SCOPE_FAILURES_MAX];
} troupe_scope_report;

/* Leaves the innermost scope of the task: waits for its tasks and child actors, then runs what was
 * deferred in it, the last first.
 * Owns:        *scope is NULL afterwards, whatever is returned but BAD_ARGUMENT and CANNOT_WAIT.
 * Waits:       and cannot be interrupted. When the scope is cancelled or its deadline comes, also
 *              by one that it lies in, all that is in it is cancelled, and the wait goes on: for
 *              tasks until they have ended, as they may use what the caller has on its stack; for
 *              child actors for the grace. Who has not ended by then is named in the log; a child
 *              is waited for no longer and ends when its parent does.
 * Cancel-safe: what has ended well before the cancel came counts.
 * Errors:      the first failure in it; TIMED_OUT if its deadline came while it was waited for or
 *              before a call in it that waits, or if child actors are left; CANCELLED if it was
 *              cancelled; BAD_ARGUMENT if it is not the innermost of this task; CANNOT_WAIT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_scope_leave(troupe_self *self,
                                                             troupe_scope **scope);

/* The same, and tells what went wrong in it. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_scope_leave_report(troupe_self *self, troupe_scope **scope, troupe_scope_report *out_report);

/* Cancels a scope that a task of this actor is in: all that lies in it, and the task that entered
 * it until that has left it. `reason` is for those who ask (TROUPE_OK: CANCELLED); `text` is
 * copied, cut to 63 bytes, or NULL. Again: nothing happens. Never waits.
 * Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_scope_cancel(troupe_self *self,
                                                              troupe_scope *scope,
                                                              troupe_error reason,
                                                              const char *text);

/* Why the waits of this task return CANCELLED or TIMED_OUT: the reason of the innermost scope that
 * makes them do so, TIMED_OUT for a deadline, CANCELLED if it is its message or its actor, KILLED
 * if that is killed; OK if they do not. *out_text, unless out_text is NULL, is the text of the
 * cancel, or "", and valid until that scope is left. */
TROUPE_API troupe_error troupe_scope_reason(troupe_self *self, const char **out_text);

/* How long the waits of this task may last at most: the time left until the earliest deadline of
 * the scopes that it is in and of the message that is being handled. TROUPE_FOREVER if there is
 * none, TROUPE_NOW if it has come. Also for behaviors. */
TROUPE_API troupe_timeout troupe_scope_remaining(const troupe_self *self);

/* Called with the context when a scope ends. May wait, shielded like troupe_shield with the scope's
 * grace; scopes that it leaves open are left for it. */
typedef void troupe_deferred(troupe_self *self, void *context);

/* Has a function called when the innermost scope of the task ends or, if it is in none that it has
 * entered itself, when its body has returned, whatever ends it. The last comes first; those of a
 * scope after all that was started in it has ended.
 * Errors: CANNOT_WAIT in a behavior; NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_defer(troupe_self *self, troupe_deferred *function,
                                                       void *context);

TROUPE_END

#endif
