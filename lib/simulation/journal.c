/* SPDX-License-Identifier: MIT */
#include "simulation/journal.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"

void tr_journal_add(tr_journal *journal, const tr_course *course, const char *node,
                    const char *text)
{
    tr_journal_line *line = &journal->lines[journal->count++ % TR_JOURNAL_LINES];
    line->noted = course->noted;
    (void) snprintf(line->text, sizeof line->text, "%" PRIu64 ".%06" PRIu64 " ms %s: %s",
                    course->now_ns / 1000000, course->now_ns % 1000000, node, text);
}

const char *tr_journal_last(const tr_journal *journal)
{
    return journal->count > 0 ? journal->lines[(journal->count - 1) % TR_JOURNAL_LINES].text : "";
}

/* The lines of before this was noted, from *next on. */
static void tell_lines(const tr_journal *journal, uint64_t *next, uint64_t noted,
                       const troupe_log *log)
{
    while (*next < journal->count && journal->lines[*next % TR_JOURNAL_LINES].noted <= noted) {
        tr_log_write(log, TROUPE_LOG_NOTICE, "      %s",
                     journal->lines[*next % TR_JOURNAL_LINES].text);
        ++*next;
    }
}

void tr_journal_tell(const tr_journal *journal, const tr_course *course, const troupe_log *log)
{
    uint64_t next = journal->count > TR_JOURNAL_LINES ? journal->count - TR_JOURNAL_LINES : 0;
    for (uint32_t back = TR_JOURNAL_EVENTS; back-- > 0;) {
        const tr_noted *noted = tr_course_last(course, back);
        if (noted != NULL) {
            char text[256];
            tell_lines(journal, &next, noted->number, log);
            tr_noted_print(noted, text, sizeof text);
            tr_log_write(log, TROUPE_LOG_NOTICE, "%s", text);
        }
    }
    tell_lines(journal, &next, UINT64_MAX, log);
}
