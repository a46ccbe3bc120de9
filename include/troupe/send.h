/* SPDX-License-Identifier: MIT */
/* send: giving messages to actors.
 *
 * A `const ProtobufCMessage *` is copied, so a local is fine; a `troupe_message **` is taken over
 * and set to NULL on TROUPE_OK, and stays the caller's on any error. Messages of one priority from
 * one actor to another arrive in the order sent.
 * Threads: the handler or body that self was given to.
 * Waits:   a coroutine's send to a full mailbox, where the policy is WAIT, until there is room, the
 *          deadline of the send or of the message being handled passes, or the receiver ends.
 *          A behavior never waits. Cancel-safe: on an error nothing was sent. */
#ifndef TROUPE_SEND_H
#define TROUPE_SEND_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/mailbox.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Options of one send; zero means the default of each. */
typedef struct troupe_send_options {
    size_t size; /* set by TROUPE_SEND */
    /* How long to wait for room; not given: the handled message's deadline. In a behavior: how long
     * the message may be parked, to come back with TIMED_OUT; not given: no limit. */
    troupe_timeout timeout;
    troupe_timeout expires; /* the message is not handled later than this; not given: no limit */
    uint64_t trace_id;      /* 0: that of the message being handled */
    bool *out_dropped;      /* NULL, or set to whether a policy dropped the message */
    troupe_on_full on_full; /* WAIT, FAIL, DROP_NEWEST or DEAD_LETTER; DEFAULT: the receiver's */
    uint32_t margin;        /* places that have to stay free after this message, for others */
} troupe_send_options;

#define TROUPE_SEND(...)                                                                           \
    (&(const troupe_send_options) {.size = sizeof(troupe_send_options), __VA_ARGS__})

/* Sends a copy of a protobuf message.
 * Errors: MAILBOX_FULL, TIMED_OUT, CANCELLED, WOULD_DEADLOCK (full, by policy); TOO_LARGE (above
 *         the receiver's mailbox_bytes); STALE, NO_SUCH_ACTOR; LIMIT_REACHED (a behavior has as
 *         many messages parked as it may); NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_send(troupe_self *self, troupe_ref to,
                                                      const ProtobufCMessage *body);

/* The same with options; NULL for none. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_send_with(troupe_self *self, troupe_ref to,
                                                           const ProtobufCMessage *body,
                                                           const troupe_send_options *options);

/* Sends a copy of a plain struct of this type. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_send_struct(troupe_self *self, troupe_ref to,
                                                             const troupe_type *type,
                                                             const void *body);

/* Sends a message that was built before. One that was received may be sent on, unless its sender
 * still waits for a reply: reply first, or use troupe_forward. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_send_message(troupe_self *self, troupe_ref to,
                                                              troupe_message **message);
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_send_message_with(
    troupe_self *self, troupe_ref to, troupe_message **message, const troupe_send_options *options);

/* Sends `count` messages to one receiver, in order, taking places for as many as there is room at
 * one stroke. Those taken over are NULL after the call.
 * Errors: as troupe_send, of the first that was not sent; *out_sent is set in every case. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_send_many(troupe_self *self, troupe_ref to,
                                                           troupe_message **messages, size_t count,
                                                           const troupe_send_options *options,
                                                           size_t *out_sent);

/* Passes a received message on as it is: its sender, deadline and wish for a reply stay. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_forward(troupe_self *self, troupe_ref to,
                                                         troupe_message **message);

/* Sends to oneself in the place of the message being handled, so that it never meets a full
 * mailbox; once for each message handled.
 * Errors: BAD_ARGUMENT if no message is being handled or this was done already; MAILBOX_FULL if the
 *         actor has waited meanwhile, or the message is larger than the one handled, and there is
 *         no room. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_continue(troupe_self *self,
                                                          troupe_message **message);

/* Hands what was sent to actors on other threads over now instead of at the end of the turn. */
TROUPE_API void troupe_flush(troupe_self *self);

TROUPE_END

#endif
