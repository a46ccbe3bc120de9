/* SPDX-License-Identifier: MIT */
/* supervisor: the actor that carries out supervisor_policy.
 *
 * A behavior. Its children tell it by words (restart) what has become of them; each word moves a
 * child's stand on, and then what the policy asks for next is done, until nothing is left to do.
 * Owns:       its records of the children; the words of those that rest.
 * Invariants: a child that rests has its word in its record. At most one timer of a child runs: of
 *             a start, an end or a pause.
 * Threads:    the worker's of the supervisor.
 * Uses:       restart, supervisor_policy, the public calls. */
#ifndef TR_CORE_SUPERVISOR_H
#define TR_CORE_SUPERVISOR_H

#include <troupe/supervisor.h>

#include "core/actor.h"

/* What the public calls about children ask. */
typedef enum tr_child_wish {
    TR_CHILD_ADD,
    TR_CHILD_REMOVE,
    TR_CHILD_RESTART,
    TR_CHILD_LIST
} tr_child_wish;

typedef struct tr_child_request {
    tr_child_wish wish;
    troupe_child_spec spec; /* to add */
    troupe_ref child;       /* to remove or restart */
    uint64_t from;          /* to list from this one on */
} tr_child_request;
extern const troupe_type tr_child_request_type;

#define TR_CHILDREN_PER_LIST 64

/* The answer, unless it is an error. */
typedef struct tr_child_answer {
    troupe_ref ref;
    uint64_t count; /* of all children */
    uint64_t listed;
    troupe_child_info infos[TR_CHILDREN_PER_LIST];
} tr_child_answer;
extern const troupe_type tr_child_answer_type;

extern const troupe_behavior tr_supervisor_behavior;

/* The options to spawn a supervisor. Errors: BAD_ARGUMENT for a spec that cannot be right. */
TROUPE_MUST_CHECK troupe_error tr_supervisor_options(const troupe_supervisor_spec *spec,
                                                     troupe_spawn_options *out_options);

/* It was told to stop: ends its children; what it returns is like a handler's. */
TROUPE_MUST_CHECK troupe_error tr_supervisor_told_to_stop(troupe_self *self, void *state);

/* Frees the records. */
void tr_supervisor_free(tr_worker *worker, tr_actor *actor);

#endif
