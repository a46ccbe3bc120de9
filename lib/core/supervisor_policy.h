/* SPDX-License-Identifier: MIT */
/* supervisor_policy: what a supervisor decides, without the actor that carries it out.
 *
 * Each child stands somewhere and is wanted somewhere; tr_plan_next names the next thing to do that
 * brings one nearer, in the order that the strategy asks for. What has happened is told by the
 * tr_plan_ functions.
 * Owns:    nothing; the children are the caller's, in the order of their start.
 * Threads: any.
 * Fails:   never. */
#ifndef TR_CORE_SUPERVISOR_POLICY_H
#define TR_CORE_SUPERVISOR_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/supervisor.h>

#include "base/list.h"
#include "base/random.h"

typedef enum tr_stand {
    TR_STAND_NEW,      /* not spawned yet */
    TR_STAND_STARTING, /* spawned or restarted, not ready yet */
    TR_STAND_UP,
    TR_STAND_FALLING, /* told to rest */
    TR_STAND_RESTING,
    TR_STAND_ENDING, /* told to end for good */
    TR_STAND_GONE
} tr_stand;

typedef enum tr_want {
    TR_WANT_UP,
    TR_WANT_REST, /* first of all; then up again */
    TR_WANT_GONE
} tr_want;

/* What is known of one child. */
typedef struct tr_plan_child {
    tr_list link;
    tr_stand stand;
    tr_want want;
    bool was_up;       /* at least once */
    bool is_stuck;     /* does not end: nobody waits for it */
    uint32_t failures; /* since it was healthy */
    uint64_t up_since_ns;
    uint64_t due_ns; /* not to be restarted before */
} tr_plan_child;

typedef enum tr_action {
    TR_ACTION_NOTHING, /* something has to happen first */
    TR_ACTION_SPAWN,
    TR_ACTION_RESTART,
    TR_ACTION_PAUSE, /* until the child's due_ns; then look again */
    TR_ACTION_REST,
    TR_ACTION_END
} tr_action;

/* What is to be done next about which child: the caller does it and moves the child's stand on,
 * then asks again. For PAUSE: sees to it that it is asked again then, the earliest of all
 * pauses. */
tr_action tr_plan_next(tr_list *children, troupe_strategy strategy, bool is_ending, uint64_t now_ns,
                       tr_plan_child **out_child);

/* The same about a child of a dynamic supervisor. */
tr_action tr_plan_one(tr_plan_child *child, uint64_t now_ns);

/* Whether all are up, or gone as wanted. */
bool tr_plan_is_done(tr_list *children);

/* Has this child restarted at due_ns, and those that the strategy says with it. */
void tr_plan_restart(tr_list *children, troupe_strategy strategy, tr_plan_child *child,
                     uint64_t due_ns);

/* Wants all gone. */
void tr_plan_end(tr_list *children);

/* Whether a child of this kind that ended so is restarted. */
bool tr_policy_restarts(troupe_child_kind kind, troupe_error reason);

/* The pause before the restart of a child that has failed once more: counts, and resets the count
 * if it has been healthy. */
uint64_t tr_policy_pause_ns(const troupe_child_spec *spec, tr_plan_child *child, uint64_t now_ns,
                            uint64_t random);

/* A window of time that may hold so many restarts: the times of the last `limit`, in a ring. */
typedef struct tr_intensity {
    uint64_t *times;
    uint32_t limit;
    uint32_t next;
    uint32_t count;
    uint64_t window_ns;
} tr_intensity;

/* Counts a restart; false if it is one too many. */
bool tr_intensity_note(tr_intensity *intensity, uint64_t now_ns);

/* A child's spec with the defaults in. False if it cannot be right. */
bool tr_policy_complete_child(const troupe_child_spec *given, troupe_child_spec *out_spec);
/* Likewise; the children are looked at too. */
bool tr_policy_complete(const troupe_supervisor_spec *given, troupe_supervisor_spec *out_spec);

#endif
