/* SPDX-License-Identifier: MIT */
/* service: typed calls of a protobuf service, served by an actor.
 *
 * protoc-c makes a ProtobufCService and stubs for each `service` of a .proto file. An actor serves
 * one; a client stands for it at the caller, and the stubs are called on the client.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_SERVICE_H
#define TROUPE_SERVICE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* A coroutine's main loop that serves calls until the actor is told to stop. Messages of other
 * kinds become dead letters, reason UNHANDLED. Returns TROUPE_OK when told to stop.
 * Cancel-safe: as troupe_receive; calls that were handled are answered.
 * Owns: the service stays the caller's. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_serve(troupe_self *self,
                                                       ProtobufCService *service);

/* Handles *message if it is a call of this service: runs the method, whose closure may be called at
 * once or later, exactly once; the message is then taken over. A closure called with NULL answers
 * FAILED. Returns false, and leaves the message, if it is something else. For handlers. */
TROUPE_API bool troupe_service_handle(troupe_self *self, ProtobufCService *service,
                                      troupe_message **message);

/* The actor that runs the current call; valid within a method, between call and closure. */
TROUPE_API troupe_self *troupe_service_self(ProtobufCClosure closure, void *closure_data);

/* A caller's end. In a coroutine a stub waits for the answer and calls the closure before it
 * returns; in a behavior the closure is called later, like a continuation. The closure gets NULL if
 * there is no answer; `error` then says why. Cancel-safe: as troupe_ask; the closure is called once
 * in any case. */
typedef struct troupe_service_client {
    ProtobufCService service; /* first: what the stubs are called on */
    troupe_self *self;
    troupe_ref actor;
    troupe_timeout timeout; /* of each call */
    troupe_error error;     /* of the last call that was answered */
} troupe_service_client;

/* Makes a client in the caller's memory; nothing to release. It has to outlive its calls and is
 * used within the handler or body that made it, in a behavior made anew in each handler's turn or
 * kept in the actor's state. */
TROUPE_API void troupe_service_client_init(troupe_service_client *client, troupe_self *self,
                                           troupe_ref actor,
                                           const ProtobufCServiceDescriptor *descriptor,
                                           troupe_timeout timeout);

TROUPE_END

#endif
