/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *level_name(troupe_log_level level)
{
    static const char *const names[] = {"?", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"};
    const size_t index = (size_t) level;
    return names[index < sizeof names / sizeof(const char *) ? index : 0];
}

static bool is_wanted(const troupe_log *log, troupe_log_level level)
{
    if (log == NULL || log->write == NULL) {
        return false;
    }
    const troupe_log_level least = log->level != 0 ? log->level : TROUPE_LOG_NOTICE;
    return level <= least;
}

static void replace_control_characters(char *line)
{
    for (char *at = line; *at != '\0'; at++) {
        const unsigned char byte = (unsigned char) *at;
        if (byte < 0x20 || byte == 0x7f) {
            *at = ' ';
        }
        const unsigned char next = (unsigned char) at[1];
        if (byte == 0xc2 && next >= 0x80 && next < 0xa0) { /* those of two bytes of UTF-8 */
            at[0] = ' ';
            at[1] = ' ';
        }
    }
}

void tr_log_write(const troupe_log *log, troupe_log_level level, const char *format, ...)
{
    if (!is_wanted(log, level)) {
        return;
    }

    char line[TR_LOG_LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        (void) snprintf(line, sizeof line, "%s", format); /* better than nothing; fits or is cut */
    } else if ((size_t) length >= sizeof line) {
        memcpy(line + sizeof line - 4, "...", 4);
    }

    tr_log_write_line(log, level, line);
}

void tr_log_write_line(const troupe_log *log, troupe_log_level level, char *line)
{
    if (is_wanted(log, level)) {
        replace_control_characters(line);
        log->write(log->context, level, line);
    }
}

void troupe_log_to_stderr(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) fprintf(stderr, "%s %s\n", level_name(level), text);
}
