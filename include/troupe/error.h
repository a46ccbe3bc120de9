/* SPDX-License-Identifier: MIT */
/* error: what can go wrong, as one list of codes.
 *
 * A function that can fail returns a troupe_error and nothing else; 0 is success. On any other
 * value its out-parameters are untouched and what it would have taken over is still the caller's.
 * Threads: any. */
#ifndef TROUPE_ERROR_H
#define TROUPE_ERROR_H

#include <stdbool.h>
#include <troupe/api.h>

TROUPE_BEGIN

/* name, value, what became of a request that ended so, text.
 * Values are part of the ABI and of the wire: append, never renumber.
 * NOT_EXECUTED: the receiver has not begun to handle it. UNKNOWN: it may have been handled, in part
 * or in whole. */
#define TROUPE_ERRORS(X)                                                                           \
    X(NO_MEMORY, 1, NOT_EXECUTED, "out of memory")                                                 \
    X(BAD_ARGUMENT, 2, NOT_EXECUTED, "an argument is outside what the function accepts")           \
    X(MAILBOX_FULL, 3, NOT_EXECUTED, "the receiver's mailbox is at its limit")                     \
    X(NO_SUCH_ACTOR, 4, NOT_EXECUTED, "no actor has ever had this address or name")                \
    X(TIMED_OUT, 5, UNKNOWN, "the deadline passed first")                                          \
    X(STOPPING, 6, NOT_EXECUTED, "the node or the actor is stopping")                              \
    X(CANCELLED, 7, UNKNOWN, "the scope was cancelled")                                            \
    X(STALE, 8, NOT_EXECUTED, "the actor with this address has ended")                             \
    X(TOO_LARGE, 9, UNKNOWN, "larger than the receiver accepts")                                   \
    X(OVERLOADED, 10, NOT_EXECUTED, "refused because of load")                                     \
    X(EXPIRED, 11, NOT_EXECUTED, "the message's deadline passed before it was handled")            \
    X(HANDLER_FAILED, 12, UNKNOWN, "the receiver failed while it handled the message")             \
    X(NO_REPLY, 13, UNKNOWN, "the receiver ended the message without a reply")                     \
    X(WOULD_DEADLOCK, 14, UNKNOWN, "waiting would close a ring of actors that wait")               \
    X(CANNOT_WAIT, 15, NOT_EXECUTED, "a behavior cannot wait; use the form with a continuation")   \
    X(NAME_TAKEN, 16, NOT_EXECUTED, "another live actor has this name")                            \
    X(LIMIT_REACHED, 17, NOT_EXECUTED, "a configured limit is reached")                            \
    X(SYSTEM, 18, NOT_EXECUTED, "the operating system refused; the log says what")                 \
    X(FORKED, 19, NOT_EXECUTED, "the node belongs to the parent process")                          \
    X(PROTOCOL, 20, UNKNOWN, "the two sides do not speak the same protocol")                       \
    X(NOT_AUTHORISED, 21, NOT_EXECUTED, "the caller may not do this")                              \
    X(NODE_LOST, 22, UNKNOWN, "the other node is unreachable or was declared dead")                \
    X(KILLED, 23, UNKNOWN, "the actor was killed")                                                 \
    X(FAILED, 24, UNKNOWN, "failed, for a reason of the program's own")                            \
    X(END, 25, NOT_EXECUTED, "there is no more")                                                   \
    X(DISCONNECTED, 26, UNKNOWN, "the other side refused the connection or broke it off")          \
    X(CLOSED, 27, NOT_EXECUTED, "it has been closed")                                              \
    X(LINKED, 28, UNKNOWN, "an actor that it was linked to has failed")                            \
    X(RESTARTED, 29, NOT_EXECUTED, "the receiver was restarted while the message was queued")      \
    X(UNREACHABLE, 30, NOT_EXECUTED, "this node has no connection to that node")                   \
    X(LOCAL_ONLY, 31, NOT_EXECUTED, "this call, or a message of this type, stays within its node")

typedef enum troupe_error {
    TROUPE_OK = 0,
#define TROUPE_ERROR_ENUM(name, value, outcome, text) TROUPE_ERROR_##name = (value),
    TROUPE_ERRORS(TROUPE_ERROR_ENUM)
#undef TROUPE_ERROR_ENUM
    /* From here on the values are the program's own, for its actors' failures and replies. */
    TROUPE_ERROR_USER = 1000
} troupe_error;

/* What a failed request may have done at the receiver. */
typedef enum troupe_outcome_known {
    TROUPE_OUTCOME_NOT_EXECUTED,
    TROUPE_OUTCOME_UNKNOWN
} troupe_outcome_known;

/* The text of a code, lower case, without full stop; for the program's own codes "an error of the
 * program's own". Never NULL; static. */
TROUPE_API const char *troupe_error_text(troupe_error error);

/* The code's name, such as "MAILBOX_FULL"; "USER" for the program's own, "OK" for 0. Static. */
TROUPE_API const char *troupe_error_name(troupe_error error);

/* What is known of a request that failed with this code; UNKNOWN for the program's own. */
TROUPE_API troupe_outcome_known troupe_error_outcome(troupe_error error);

TROUPE_END

#endif
