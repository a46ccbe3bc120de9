/* SPDX-License-Identifier: MIT */
/* log: what the library has to say, handed to the program. The library never writes by itself. */
#ifndef TROUPE_LOG_H
#define TROUPE_LOG_H

#include <troupe/api.h>

TROUPE_BEGIN

/* By what the reader has to do: ERROR act now, WARNING look today, NOTICE the state of a node
 * changed, INFO and DEBUG nothing. */
typedef enum troupe_log_level {
    TROUPE_LOG_ERROR = 1,
    TROUPE_LOG_WARNING,
    TROUPE_LOG_NOTICE,
    TROUPE_LOG_INFO,
    TROUPE_LOG_DEBUG
} troupe_log_level;

/* `text` is one line without a line feed, borrowed for the call.
 * Threads: called from every thread of the node, at the same time. It must not call Troupe. */
typedef struct troupe_log {
    void (*write)(void *context, troupe_log_level level, const char *text);
    void *context;
    troupe_log_level level; /* less important lines are not made; 0: NOTICE */
} troupe_log;

/* Writes "LEVEL text" to standard error; for programs that want no more. */
TROUPE_API void troupe_log_to_stderr(void *context, troupe_log_level level, const char *text);

TROUPE_END

#endif
