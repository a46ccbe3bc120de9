/* SPDX-License-Identifier: MIT */
/* journal: the last lines that the nodes of a world have logged, and the telling of what happened.
 *
 * Owns:    its lines.
 * Threads: the world's. */
#ifndef TR_SIMULATION_JOURNAL_H
#define TR_SIMULATION_JOURNAL_H

#include <stdint.h>
#include <troupe/log.h>

#include "simulation/course.h"

#define TR_JOURNAL_LINES 64
/* What is told of the course. */
#define TR_JOURNAL_EVENTS 60

typedef struct tr_journal_line {
    uint64_t noted; /* how much of the course was noted before it */
    char text[232];
} tr_journal_line;

typedef struct tr_journal {
    uint64_t count; /* ever */
    tr_journal_line lines[TR_JOURNAL_LINES];
} tr_journal;

/* Adds a line: time, node's name, text. It can be had as the last until the next. */
void tr_journal_add(tr_journal *journal, const tr_course *course, const char *node,
                    const char *text);
const char *tr_journal_last(const tr_journal *journal);

/* Writes the last of the course and the lines of that time, in their order, as NOTICE. */
void tr_journal_tell(const tr_journal *journal, const tr_course *course, const troupe_log *log);

#endif
