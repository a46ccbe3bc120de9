/* SPDX-License-Identifier: MIT */
/* grove: random trees of actors, tasks, scopes and supervisors, that fail, are cancelled, time out
 * and restart at random moments, and the count of what began and ended.
 *
 * An observer brings up the roots, monitors each actor that begins, stops and cancels some, and at
 * last stops all and waits for the last DOWN.
 * Threads: grove_begin and what is asked of it after the end, the test's; the rest its actors', on
 * any worker. */
#ifndef TR_TESTS_SUPPORT_GROVE_H
#define TR_TESTS_SUPPORT_GROVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <troupe/troupe.h>

#include "support/probe.h"

#define GROVE_DEPTH 4
#define GROVE_NOTES 4000
#define GROVE_WATCHED 4000

struct grove;

/* The argument of those of one depth. */
struct grove_level {
    struct grove *grove;
    uint32_t depth;
    troupe_spawn_options leaf;
    troupe_child_spec children[2];
    troupe_supervisor_spec supervisor;
};

/* What was deferred. */
struct grove_note {
    struct grove *grove;
    _Atomic uint32_t ran;
    _Atomic bool is_deferred;
};

struct grove {
    struct probe *seen; /* the observer says "over" */
    struct grove_level levels[GROVE_DEPTH + 1];
    struct grove_note notes[GROVE_NOTES];
    _Atomic uint32_t note_count;
    _Atomic int32_t left;   /* bodies that may still begin */
    _Atomic uint32_t begun; /* bodies, of actors and tasks */
    _Atomic uint32_t ended;
    uint32_t steps; /* of the observer */
    /* The observer's. */
    troupe_ref observer;
    troupe_ref refs[GROVE_WATCHED];
    troupe_monitor_id monitors[GROVE_WATCHED];
    uint32_t downs[GROVE_WATCHED];
    uint32_t watched;
    uint32_t strangers; /* DOWNs of no monitor */
    bool is_clear;      /* at its end all that had begun had ended */
};

/* Makes it ready; it is large, and zeroed. */
void grove_begin(struct grove *grove, struct probe *seen, int32_t bodies, uint32_t steps);

/* The body of the observer, whose argument the grove is. Give it room for all announcements. */
troupe_error grove_observer(troupe_self *self, void *argument);

/* The first thing that is wrong; NULL: all is well. */
const char *grove_fault(const struct grove *grove);

#endif
