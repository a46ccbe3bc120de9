/* SPDX-License-Identifier: MIT */
/* supervisor_children: a supervisor's state, and its records of its children.
 *
 * Owns:       the records, and the words of the children that rest.
 * Invariants: a child is in `children` and in `ids` as long as it has not ended. A request that has
 *             to wait is in the record of the child it is about, and stays in the actor's hand.
 * Threads:    the worker's of the supervisor, outside the bracket.
 * Uses:       supervisor_policy, the public calls. */
#ifndef TR_CORE_SUPERVISOR_CHILDREN_H
#define TR_CORE_SUPERVISOR_CHILDREN_H

#include <troupe/timer.h>

#include "core/actor.h"
#include "core/supervisor_policy.h"

typedef struct tr_child {
    tr_plan_child plan; /* first */
    uint64_t id;
    troupe_child_spec spec;
    troupe_ref ref;
    troupe_message *word; /* while it rests */
    troupe_timer timer;
    troupe_error verdict; /* TIMED_OUT: its start took too long */
    bool is_cancelled;    /* as it did not end in time */
    troupe_error last_reason;
    uint64_t restarts;
    troupe_message *request; /* NULL, or who waits for what becomes of it; held */
} tr_child;

typedef struct tr_supervisor {
    troupe_supervisor_spec spec;
    tr_list children; /* plan.link, in the order of their start */
    tr_table ids;     /* id -> tr_child */
    tr_intensity intensity;
    uint32_t significant; /* that have not ended for good */
    bool is_ready;
    bool is_ending;
    bool has_begun;       /* of a dynamic one: its first children are spawned */
    bool has_told_all;    /* likewise: they are told to end */
    bool has_gone;        /* some that never was has a record still */
    troupe_error verdict; /* how it is going to end, once is_ending */
    char text[TR_FAILURE_TEXT_SIZE];
} tr_supervisor;

/* A record of a new child, the last. Errors: NO_MEMORY, LIMIT_REACHED, BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_children_add(troupe_self *self, tr_supervisor *supervisor,
                                               const troupe_child_spec *spec, tr_child **out_child);
void tr_children_remove(tr_supervisor *supervisor, tr_worker *worker, tr_child *child);

/* Frees all records; the state may be one that was never filled in. */
void tr_children_free(tr_worker *worker, tr_supervisor *supervisor);

/* Answers who asked for a change of the child, if anybody did. */
void tr_children_answer(troupe_self *self, tr_child *child, troupe_error error);
/* What the end of the child for good means to who has asked for a change of it. */
troupe_error tr_children_meaning_of_end(const tr_child *child);

/* Takes a request: answers it, or begins what it asks for. *out_child is then whom it is about, to
 * be settled, else NULL. */
void tr_children_request(troupe_self *self, tr_supervisor *supervisor, troupe_message **message,
                         tr_child **out_child);

#endif
