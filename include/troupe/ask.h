/* SPDX-License-Identifier: MIT */
/* ask: a request that is answered.
 *
 * Every ask has a deadline: the earlier of its timeout and that of the message being handled; where
 * there is neither, an ask without limit has to say TROUPE_FOREVER (not given: BAD_ARGUMENT). The
 * deadline travels with the request, which is not handled once it has passed. An ask gets exactly
 * one answer: a reply, or an error. A reply that comes later is dropped and counted; a request that
 * ends without a reply is answered NO_REPLY, or with what became of it.
 *
 * When the one that asked is cancelled, gives up or ends, the one that was asked is told, as well
 * as may be (not without memory, nor behind a redirect): a request that is still queued ends as
 * cancelled, unhandled; where it is being handled, every wait returns CANCELLED until the next
 * troupe_receive. That ends the handling of this request, not the actor.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_ASK_H
#define TROUPE_ASK_H

#include <protobuf-c/protobuf-c.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Sends a request and waits for the answer. First ends the message that *out_reply held before, if
 * any, and sets it to NULL; on an error it stays NULL.
 * For coroutines.
 * Owns:        *out_reply is the caller's on TROUPE_OK.
 * Waits:       for room in the receiver's mailbox, and for the reply.
 * Cancel-safe: a reply that had come is delivered; otherwise the outcome is what the error says.
 * Errors:      those of troupe_send; TIMED_OUT, CANCELLED, EXPIRED, STALE, HANDLER_FAILED,
 *              NO_REPLY, WOULD_DEADLOCK, STOPPING; what troupe_reply_error gave; CANNOT_WAIT in a
 *              behavior; LIMIT_REACHED (asks_max). */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask(troupe_self *self, troupe_ref to,
                                                     const ProtobufCMessage *body,
                                                     troupe_timeout timeout,
                                                     troupe_message **out_reply);
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask_message(troupe_self *self, troupe_ref to,
                                                             troupe_message **message,
                                                             troupe_timeout timeout,
                                                             troupe_message **out_reply);

TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask_struct(troupe_self *self, troupe_ref to,
                                                            const troupe_type *type,
                                                            const void *body,
                                                            troupe_timeout timeout,
                                                            troupe_message **out_reply);

/* Receives the answer to a behavior's ask: `error` is TROUPE_OK and *reply the reply, which the
 * continuation may take; or *reply is NULL and error says why there is none. Runs like a
 * handler. */
typedef troupe_error troupe_continuation(troupe_self *self, void *state, troupe_error error,
                                         troupe_message **reply, void *context);

/* Sends a request; the answer comes as a call of `then`. For behaviors.
 * Owns:   the context is handed through; it has to live until the call.
 * Errors: those of troupe_send; LIMIT_REACHED (asks_max). After an error `then` is not called. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask_then(troupe_self *self, troupe_ref to,
                                                          const ProtobufCMessage *body,
                                                          troupe_timeout timeout,
                                                          troupe_continuation *then, void *context);
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask_message_then(troupe_self *self, troupe_ref to,
                                                                  troupe_message **message,
                                                                  troupe_timeout timeout,
                                                                  troupe_continuation *then,
                                                                  void *context);

/* As troupe_ask_message, for a request whose outcome has to be known: a thing that is handed over,
 * a place that is reserved. When its timeout is over or it is cancelled, the receiver is told, and
 * its answer is waited for all the same: it has to come at once, as from a behavior with
 * `given_up`. The request carries no deadline and is handled late rather than not at all; who
 * handles it sees by troupe_message_is_given_up that it is to be answered now. With TROUPE_NOW that
 * is so from the beginning. An answer with an error gives the request back.
 * Owns:        *message is the caller's again when the receiver, or its end, has answered with an
 *              error.
 * Cancel-safe: what the receiver has answered is what it returns.
 * Errors:      as troupe_ask; TIMED_OUT, CANCELLED only when the receiver has said so. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask_settled(troupe_self *self, troupe_ref to,
                                                             troupe_message **message,
                                                             troupe_timeout timeout,
                                                             troupe_message **out_reply);

/* The same for behaviors; with an error *reply may be the request, given back. Does not wait for
 * room: MAILBOX_FULL. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ask_settled_then(troupe_self *self, troupe_ref to,
                                                                  troupe_message **message,
                                                                  troupe_timeout timeout,
                                                                  troupe_continuation *then,
                                                                  void *context);

/* Answers a request with a copy of a protobuf message. Never waits: the ask paid for the room.
 * Errors: BAD_ARGUMENT if the message wants no reply; TOO_LARGE above the asker's reply_bytes, and
 *         the asker gets TOO_LARGE too; NO_MEMORY. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_reply(troupe_self *self, troupe_message *request,
                                                       const ProtobufCMessage *body);
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_reply_message(troupe_self *self,
                                                               troupe_message *request,
                                                               troupe_message **message);

TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_reply_struct(troupe_self *self,
                                                              troupe_message *request,
                                                              const troupe_type *type,
                                                              const void *body);

/* Answers a request with an error, which the ask returns.
 * Errors: BAD_ARGUMENT if the message wants no reply, or error is TROUPE_OK; NO_MEMORY. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_reply_error(troupe_self *self,
                                                             troupe_message *request,
                                                             troupe_error error);

/* Detaches what the actor does from the message it is handling: until the next troupe_receive, or
 * the handler's end, neither the message's deadline nor its asker's cancel holds for its waits and
 * asks. For work that is to outlive the one that asked for it. A reply does the same.
 * Errors: CANCELLED if a cancel has come already: then it goes on holding. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_scope_detach(troupe_self *self);

/* Why the actor failed that last answered an ask of this one with HANDLER_FAILED: the error with
 * which it failed, TROUPE_OK if none has. *out_text, which may be NULL, becomes the text that it
 * gave to troupe_fail for it, or "" (at most 255 bytes); it lives until the next ask or the
 * actor's end. */
TROUPE_API troupe_error troupe_last_failure(const troupe_self *self, const char **out_text);

TROUPE_END

#endif
