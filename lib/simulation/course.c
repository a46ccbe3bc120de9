/* SPDX-License-Identifier: MIT */
#include "simulation/course.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/map.h"

void tr_course_init(tr_course *course, uint64_t seed)
{
    course->now_ns = UINT64_C(1000000000); /* so that a time of 0 is noticed */
    tr_random_seed(&course->random, seed);
}

void tr_course_note(tr_course *course, uint32_t node, tr_event event, uint64_t first,
                    uint64_t second)
{
    const uint64_t what = (uint64_t) event | (uint64_t) node << 8;
    const uint64_t hash = tr_hash_u64(course->hash ^ what);
    course->hash = tr_hash_u64(tr_hash_u64(hash ^ first) ^ second);
    course->last[course->noted % TR_COURSE_KEPT] = (tr_noted) {.number = course->noted,
                                                               .at_ns = course->now_ns,
                                                               .first = first,
                                                               .second = second,
                                                               .node = node,
                                                               .event = event};
    course->noted++;
}

const tr_noted *tr_course_last(const tr_course *course, uint32_t back)
{
    if (back >= course->noted || back >= TR_COURSE_KEPT) {
        return NULL;
    }
    return &course->last[(course->noted - 1 - back) % TR_COURSE_KEPT];
}

/* What the two numbers of each event mean. */
static const char *const formats[] = {
    [TR_EVENT_PASS] = "worker %" PRIu64 " takes a pass at %" PRIu64 " ns",
    [TR_EVENT_CARRY] = "carries %" PRIu64 ", %" PRIu64,
    [TR_EVENT_REFUSE] = "refuses a batch from worker %" PRIu64 " to %" PRIu64,
    [TR_EVENT_DELIVER] = "worker %" PRIu64 " is given %" PRIu64 " messages",
    [TR_EVENT_MOVE] = "actors move from worker %" PRIu64 " to %" PRIu64,
    [TR_EVENT_TIME] = "time goes on to %" PRIu64 " ns",
    [TR_EVENT_WORK] = "a job is done at %" PRIu64 " ns",
    [TR_EVENT_UP] = "is up, incarnation %" PRIu64 " (%" PRIx64 ")",
    [TR_EVENT_CRASH] = "crashes",
    [TR_EVENT_STALL] = "stalls until %" PRIu64 " ns",
    [TR_EVENT_SKEW] = "has a clock %" PRId64 " parts in a million too fast",
    [TR_EVENT_MEMORY] = "is going to lack memory at allocation %" PRIu64,
    [TR_EVENT_CONNECT] = "is connected to node %" PRIu64 ", connection %" PRIu64,
    [TR_EVENT_LOST] = "has lost node %" PRIu64 ", connection %" PRIu64,
    [TR_EVENT_SENT] = "sends to node %" PRIu64 " a frame of %" PRIu64 " bytes",
    [TR_EVENT_DROPPED] = "has its frame to node %" PRIu64 " dropped, %" PRIu64 " bytes",
    [TR_EVENT_CAME] = "gets from node %" PRIu64 " a frame of %" PRIu64 " bytes",
    [TR_EVENT_CUT] = "does not hear node %" PRIu64 " any more",
    [TR_EVENT_HEAL] = "hears node %" PRIu64 " again",
    [TR_EVENT_SHAPE] = "hears node %" PRIu64 " in another way, trait %" PRIu64,
    [TR_EVENT_SPARSE] = "may have %" PRIu64 " descriptors, and has %" PRIu64,
};

void tr_noted_print(const tr_noted *noted, char *out, size_t size)
{
    TR_ASSERT(noted->event < sizeof formats / sizeof formats[0]);
    char what[128];
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
        _Pragma("GCC diagnostic ignored \"-Wformat-extra-args\"")(void)
            snprintf(what, sizeof what, formats[noted->event], noted->first, noted->second);
    _Pragma("GCC diagnostic pop")(void)
        snprintf(out, size, "#%" PRIu64 " %" PRIu64 ".%06" PRIu64 " ms node %" PRIu32 ": %s",
                 noted->number, noted->at_ns / 1000000, noted->at_ns % 1000000, noted->node, what);
}
