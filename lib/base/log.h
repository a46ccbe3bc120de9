/* SPDX-License-Identifier: MIT */
/* log: makes lines and hands them to the program's hook.
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   never; a line that is too long is cut and ends in "...". */
#ifndef TR_BASE_LOG_H
#define TR_BASE_LOG_H

#include <troupe/log.h>

/* Room for a line with its end; enough for two names, an endpoint and a reason. */
#define TR_LOG_LINE_BYTES_MAX 512

/* Nothing is made of a line that is less important than log->level, or that has no hook to go to;
 * `log` may be NULL.
 * Control characters, line feeds too, become spaces: names in a line may come from outside. */
__attribute__((format(printf, 3, 4))) void
tr_log_write(const troupe_log *log, troupe_log_level level, const char *format, ...);

/* The same with a line that has been made, of any length; its control characters are replaced. */
void tr_log_write_line(const troupe_log *log, troupe_log_level level, char *line);

#endif
