/* SPDX-License-Identifier: MIT */
/* scopes: what tasks enter, and what bounds those that are in them.
 *
 * What is seen from within is found by walking outwards: from the innermost scope of a task to the
 * one that the task was started in, on to those around that, and at last to the message that the
 * task handles and to the actor. A shield on the way hides what lies further out until its time.
 * Nothing of this is kept, so nothing of it has to be kept right.
 * Owns:       a scope its failures, the text of its reason and what was deferred in it.
 * Invariants: the scopes of one task from `scope` outwards end at its `home`. `alive` is the number
 *             of the tasks in `tasks` and of places given to those who are going to start one. A
 *             scope that is left is empty.
 * Threads:    the worker's of the actor.
 * Uses:       tasks, task, actor. */
#ifndef TR_CORE_SCOPES_H
#define TR_CORE_SCOPES_H

#include <troupe/scope.h>

#include "core/tasks.h"

/* A child actor that belongs to a scope. */
typedef struct tr_scope_child {
    tr_list link;     /* in scope->children */
    tr_map_node node; /* in the children of all scopes, by address */
    tr_address address;
    troupe_scope *scope;
    troupe_error reason; /* of the end, once has_ended */
    bool is_starting;    /* its spawner waits to be told how that went */
    bool has_ended;      /* while it was starting */
    bool is_signalled;   /* it has been cancelled */
} tr_scope_child;

typedef struct tr_deferred {
    struct tr_deferred *next;
    troupe_deferred *function;
    void *context;
} tr_deferred;

struct troupe_scope {
    TR_MARK_FIELD(mark)
    tr_branch *owner;    /* the task that entered it */
    troupe_scope *outer; /* NULL: none in this actor */
    tr_list link;        /* in outer->inner */
    tr_list inner;
    tr_list tasks;    /* branches that have not ended */
    tr_list ended;    /* branches whose result is kept */
    tr_list starters; /* branches that wait for a place */
    tr_list nexters;  /* branches that wait for the next to end */
    tr_list children; /* child actors that have not ended */
    tr_deferred *deferred;
    const char *name;
    uint64_t deadline_ns;
    uint64_t grace_ns;
    uint64_t cancelled_ns;    /* when */
    uint64_t shield_until_ns; /* of a shield; 0: none */
    uint64_t ending_until_ns; /* while what was deferred runs; then it is as if it were a shield
                               * around its own cancel too */
    uint32_t alive;
    uint32_t alive_kept; /* of them those whose result is to be kept */
    uint32_t tasks_max;  /* 0: as many as there may be */
    uint32_t stalled;    /* of its own tasks: how many wait for a place in it */
    uint32_t failed;
    uint32_t left; /* child actors that were not waited for to their end */
    uint32_t told; /* in failures */
    troupe_error first_error;
    troupe_error reason;
    troupe_scope_failure *failures; /* FAILURES_MAX of them; NULL: none, or no memory */
    char *reason_text;              /* NULL: none, or no memory */
    bool is_cancelled;
    bool is_late; /* its deadline has ended a wait, or come while it was left */
    bool has_cut; /* a task in it has ended by a cancel or a deadline */
    bool collects_all;
    bool is_told;  /* that it outlasts its grace */
    bool is_ended; /* nothing more can be started in it */
};

/* Whether the waits of this task are to return CANCELLED. */
bool tr_scopes_are_cancelled(const tr_branch *branch);
/* Whether a stop of the actor is to be seen by this task. */
bool tr_scopes_see_stop(const tr_branch *branch);
/* The earlier of the deadline and those around the task. Those that have come are noted. */
uint64_t tr_scopes_deadline(const tr_branch *branch, uint64_t deadline_ns);
/* The earliest deadline around the task; nothing is noted. */
uint64_t tr_scopes_due_ns(const tr_branch *branch);
/* When a shield that hides something from this task ends; TR_NEVER if none does. */
uint64_t tr_scopes_unveil_ns(const tr_branch *branch);

/* Why the waits of this task are ended; OK if they are not. *out_text is never NULL. */
troupe_error tr_scopes_reason(const tr_branch *branch, const char **out_text);

/* Cancels all that lies in the scope; again nothing happens. `text` may be NULL. */
void tr_scopes_cancel(tr_worker *worker, troupe_scope *scope, troupe_error reason,
                      const char *text);
/* Wakes the tasks in the scope, its owner too, that have become cancelled. */
void tr_scopes_spread(tr_worker *worker, troupe_scope *scope);
/* The waits of this task have been ended by what a shield hid before: says so, once. */
void tr_scopes_unveiled(tr_worker *worker, const tr_branch *branch);

/* A task or child has failed in it. `failure` is copied. */
void tr_scopes_failed(tr_worker *worker, troupe_scope *scope, const troupe_scope_failure *failure);

/* Enters a scope: the innermost of the running task, which has a branch. NULL: no memory. */
troupe_scope *tr_scopes_enter(tr_branch *branch, const troupe_scope_options *options);
/* Leaves the innermost. What happened is in the scope's report, if that is not NULL. */
troupe_error tr_scopes_leave(tr_branch *branch, troupe_scope_report *out_report);
/* The body has returned `error`: leaves what is open and runs what was deferred; the result. */
troupe_error tr_scopes_end_body(tr_branch *branch, troupe_error error);
/* Nothing is left that leaving has to wait for. */
static inline bool tr_scopes_is_empty(const troupe_scope *scope)
{
    return scope->alive == 0 && tr_list_is_empty(&scope->children);
}

/* Wakes the one who leaves the scope, if that is empty. */
void tr_scopes_wake_leaver(tr_worker *worker, troupe_scope *scope);

/* A place for a child that is going to be spawned, in the scope. Errors: BAD_ARGUMENT if the scope
 * is not the actor's; STOPPING, CANCELLED, TIMED_OUT as the scope is; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_scopes_expect_child(tr_worker *worker, tr_actor *actor,
                                                      troupe_scope *scope,
                                                      tr_scope_child **out_child);
/* It has been spawned, or could not be; `waits` if its start is waited for. */
void tr_scopes_add_child(tr_scope_child *child, tr_address address, bool waits);
/* Its start has been waited for. Its end is told by the error of that, if any. */
void tr_scopes_child_started(tr_worker *worker, tr_scope_child *child, troupe_error error);
/* A child of the actor has ended, whether it belongs to a scope or not. */
void tr_scopes_child_ended(tr_worker *worker, tr_actor *actor, tr_address address,
                           troupe_error reason);
/* Forgets it: it could not be spawned, or is not waited for. */
void tr_scopes_drop_child(tr_worker *worker, tr_scope_child *child);
/* Cancels the children of all that lies in the scope. False if memory was short for some. */
bool tr_scopes_cancel_children(tr_worker *worker, troupe_scope *scope);

/* The scope after this one of those that lie in `root`, itself first; NULL after the last. */
troupe_scope *tr_scopes_next_within(const troupe_scope *root, troupe_scope *scope);

/* Frees all of a branch, at the end of the actor. */
void tr_scopes_free(tr_worker *worker, tr_branch *branch);

#endif
