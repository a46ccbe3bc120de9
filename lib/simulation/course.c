/* SPDX-License-Identifier: MIT */
#include "simulation/course.h"

#include "base/map.h"
#include "simulation/journal.h"

void tr_course_init(tr_course *course, uint64_t seed)
{
    course->now_ns = UINT64_C(1000000000); /* so that a time of 0 is noticed */
    tr_random_seed(&course->random, seed);
    tr_list_init(&course->eyes);
}

void tr_course_note(tr_course *course, uint32_t node, tr_event event, uint64_t first,
                    uint64_t second)
{
    tr_course_note_why(course, node, event, first, second, NULL);
}

void tr_course_note_why(tr_course *course, uint32_t node, tr_event event, uint64_t first,
                        uint64_t second, const char *why)
{
    const uint64_t what = (uint64_t) event | (uint64_t) node << 8;
    const uint64_t hash = tr_hash_u64(course->hash ^ what);
    course->hash = tr_hash_u64(tr_hash_u64(hash ^ first) ^ second);
    tr_noted *noted = &course->last[course->noted % TR_COURSE_KEPT];
    *noted = (tr_noted) {.number = course->noted,
                         .at_ns = course->now_ns,
                         .first = first,
                         .second = second,
                         .node = node,
                         .event = event};
    course->noted++;
    if (course->journal != NULL) {
        tr_journal_note(course->journal, noted, why);
    }
}

const tr_noted *tr_course_last(const tr_course *course, uint32_t back)
{
    if (back >= course->noted || back >= TR_COURSE_KEPT) {
        return NULL;
    }
    return &course->last[(course->noted - 1 - back) % TR_COURSE_KEPT];
}
