/* SPDX-License-Identifier: MIT */
/* dead_letter: messages that nobody handles.
 *
 * They are counted, logged (the first ten of a node, then one and a summary each second), told to
 * subscribers, and the last of them are kept. A dead letter about a dead letter is only
 * counted. */
#ifndef TROUPE_DEAD_LETTER_H
#define TROUPE_DEAD_LETTER_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>

TROUPE_BEGIN

typedef enum troupe_dead_reason {
    TROUPE_DEAD_NO_SUCH_ACTOR, /* redirected to where no actor has ever been */
    TROUPE_DEAD_STALE,         /* the receiver had ended */
    TROUPE_DEAD_ENDED,         /* the receiver ended while the message was queued */
    TROUPE_DEAD_OVERFLOW,      /* by policy, the mailbox being full */
    TROUPE_DEAD_UNHANDLED,     /* no handler for its type */
    TROUPE_DEAD_REFUSED,       /* parked, then refused, and the behavior has no `refused` */
    TROUPE_DEAD_STOPPING,      /* the node stopped */
    TROUPE_DEAD_RESTARTED,     /* the receiver was restarted, and what was queued was dropped */
    TROUPE_DEAD_UNREACHABLE,   /* the receiver's node is not connected, or cannot be sent this */
    TROUPE_DEAD_REASON_COUNT
} troupe_dead_reason;

/* The text of a reason, lower case. Static, never NULL. */
TROUPE_API const char *troupe_dead_reason_text(troupe_dead_reason reason);

/* What a subscriber is sent. */
typedef struct troupe_dead_letter {
    troupe_ref sender;
    troupe_ref receiver;
    const char *type; /* name of the message's type; lives as long as that does */
    uint64_t trace_id;
    troupe_dead_reason reason;
    uint32_t reserved;
} troupe_dead_letter;
extern TROUPE_API const troupe_type troupe_dead_letter_type;

/* How many of the last dead letters a node keeps. */
#define TROUPE_DEAD_LETTERS_KEPT 64

typedef struct troupe_dead_sample {
    troupe_dead_letter letter;
    uint64_t time_ns; /* by the node's clock, as troupe_self_now_ns */
} troupe_dead_sample;

typedef struct troupe_node troupe_node;

/* Copies the last dead letters of a node, `count` at most, the newest first. In a flood some may be
 * missing. Returns how many; 0 of NULL.
 * Threads: any; does not wait. */
TROUPE_API size_t troupe_node_dead_letters(troupe_node *node, troupe_dead_sample *samples,
                                           size_t count);

/* From now on this actor is sent a troupe_dead_letter for each dead letter of the node, as long as
 * its mailbox has room. At most 8 actors of a node.
 * Threads: the handler or body that self was given to.
 * Errors:  LIMIT_REACHED. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_dead_letters_subscribe(troupe_self *self);

TROUPE_END

#endif
