/* SPDX-License-Identifier: MIT */
/* course: how a simulated world goes: its time, its chance, and the trace of both.
 *
 * What lies in the world shares one course. The trace is a number that depends on all that was
 * noted, in its order; the last of it is kept. What is wrong is found here too, by whoever sees it.
 * Owns:       nothing else.
 * Invariants: time does not go back. Nothing here depends on an address or the size of a struct.
 * Threads:    the world's. */
#ifndef TR_SIMULATION_COURSE_H
#define TR_SIMULATION_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/random.h"
#include "simulation/finding.h"

/* What is noted; numbers, as they are in the hash. */
typedef enum tr_event {
    TR_EVENT_PASS = 1, /* of a worker, at a time */
    TR_EVENT_CARRY,    /* a batch leaves a worker for another */
    TR_EVENT_REFUSE,
    TR_EVENT_DELIVER,
    TR_EVENT_MOVE,
    TR_EVENT_TIME,
    TR_EVENT_WORK,
    TR_EVENT_UP,      /* a node, of this incarnation */
    TR_EVENT_CRASH,   /* a node */
    TR_EVENT_STALL,   /* until then */
    TR_EVENT_SKEW,    /* by so many parts in a million */
    TR_EVENT_MEMORY,  /* the n-th allocation from here is going to fail */
    TR_EVENT_CONNECT, /* with another node, by this connection */
    TR_EVENT_LOST,    /* the connection with another node */
    TR_EVENT_SENT,    /* a frame to another node, of so many bytes */
    TR_EVENT_DROPPED, /* a frame to another node */
    TR_EVENT_CAME,    /* a frame from another node */
    TR_EVENT_CUT,     /* from another node */
    TR_EVENT_HEAL,    /* from another node */
    TR_EVENT_SHAPE,   /* how frames come from another node is changed */
    TR_EVENT_SPARSE   /* it has so many descriptors at most */
} tr_event;

typedef struct tr_noted {
    uint64_t number; /* how many were noted before */
    uint64_t at_ns;
    uint64_t first;
    uint64_t second;
    uint32_t node;
    tr_event event;
} tr_noted;

#define TR_COURSE_KEPT 512

typedef struct tr_course {
    uint64_t now_ns;
    uint64_t hash;
    uint64_t noted;
    bool is_rung; /* something has come to a node, whichever, by a promise */
    tr_random random;
    tr_finding finding;
    struct tr_journal *journal;    /* NULL: nobody is to read of it */
    tr_list eyes;                  /* see eyes */
    tr_noted last[TR_COURSE_KEPT]; /* by number modulo */
} tr_course;

/* Takes one that is all zero. */
void tr_course_init(tr_course *course, uint64_t seed);

void tr_course_note(tr_course *course, uint32_t node, tr_event event, uint64_t first,
                    uint64_t second);
/* The same, and why, for people. */
void tr_course_note_why(tr_course *course, uint32_t node, tr_event event, uint64_t first,
                        uint64_t second, const char *why);

/* Of what was noted the `back`-th last one, 0 the last; NULL if it is not kept. */
const tr_noted *tr_course_last(const tr_course *course, uint32_t back);

#endif
