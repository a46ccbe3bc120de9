/* SPDX-License-Identifier: MIT */
/* monitor: being told when an actor ends.
 *
 * Each monitor gives exactly one troupe_down message, after every message that the ended actor had
 * sent to the watcher; also if it had ended before. Its memory is reserved when it is made.
 * Threads: the handler or body that self was given to. None of these waits. */
#ifndef TROUPE_MONITOR_H
#define TROUPE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>

TROUPE_BEGIN

typedef struct troupe_monitor_id {
    uint64_t id; /* 0: none; never used again by this actor */
} troupe_monitor_id;

/* The kinds of ends. */
typedef enum troupe_down_kind {
    TROUPE_DOWN_NORMAL = 0, /* it returned OK of itself */
    TROUPE_DOWN_STOPPED,    /* it was told to stop, and did */
    TROUPE_DOWN_FAILED,     /* with an error of its own */
    TROUPE_DOWN_CANCELLED,  /* by troupe_cancel, a link, its parent's end or a full mailbox */
    TROUPE_DOWN_NO_ACTOR,   /* there has never been such an actor */
    TROUPE_DOWN_STALE,      /* it had ended before it was watched */
    TROUPE_DOWN_KILLED,     /* by troupe_kill, or with what it was a child of */
    TROUPE_DOWN_NODE_LOST,  /* the connection to its node is lost, or there is none, or
                            * that node lets this one monitor nothing */
    TROUPE_DOWN_SHUTDOWN    /* an actor of another node was stopped, as that node stops */
} troupe_down_kind;

typedef struct troupe_down {
    troupe_monitor_id monitor;
    troupe_ref actor;
    troupe_error reason; /* OK: it returned OK or was stopped; else its error, CANCELLED, STALE or
                            * NO_SUCH_ACTOR if there was none to watch, NODE_LOST, NOT_AUTHORISED */
    troupe_down_kind kind;
} troupe_down;
extern TROUPE_API const troupe_type troupe_down_type;

/* Errors: LIMIT_REACHED (monitors_max); NO_MEMORY; BAD_ARGUMENT for a ref that names nobody. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_monitor(troupe_self *self, troupe_ref actor,
                                                         troupe_monitor_id *out_monitor);

/* After this no DOWN of the monitor is handled, not even one that was queued.
 * Returns whether the monitor still stood. */
TROUPE_API bool troupe_demonitor(troupe_self *self, troupe_monitor_id monitor);

TROUPE_END

#endif
