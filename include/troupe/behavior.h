/* SPDX-License-Identifier: MIT */
/* behavior: an actor as a table of handlers and a state, without a stack.
 *
 * A behavior is constant data, one per kind of actor. A handler runs to its end and cannot wait. It
 * returns an error to say "this actor failed".
 * Threads: handlers run on one thread at a time, the actor's worker. */
#ifndef TROUPE_BEHAVIOR_H
#define TROUPE_BEHAVIOR_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>

TROUPE_BEGIN

/* Handles one message. It may take *message (to keep, forward or stash it), which sets it to NULL;
 * what is left is ended when the handler returns. */
typedef troupe_error troupe_handler(troupe_self *self, void *state, troupe_message **message);

/* One row of the table: name the type by descriptor or by type. */
typedef struct troupe_handles {
    const ProtobufCMessageDescriptor *protobuf;
    const troupe_type *type;
    troupe_handler *handler; /* NULL ends the table */
} troupe_handles;

typedef struct troupe_behavior {
    size_t size;       /* set by TROUPE_BEHAVIOR */
    const char *name;  /* for logs */
    size_t state_size; /* bytes, zeroed, freed by the runtime after `stop` */
    /* Runs before the first message; NULL: nothing to do. An error: the actor never was. */
    troupe_error (*start)(troupe_self *self, void *state, void *argument);
    const troupe_handles *handlers; /* ended by a row without handler; NULL: none */
    /* Handles what no row names; NULL: such a message becomes a dead letter, reason UNHANDLED. */
    troupe_handler *other;
    /* Gets back a parked message that could not be delivered, with the reason; it may take it.
     * NULL: it becomes a dead letter. */
    troupe_error (*refused)(troupe_self *self, void *state, troupe_error reason,
                            troupe_message **message);
    /* Who asked `request`, which the actor keeps, waits only for the last word on it (see
     * troupe_ask_settled): to be given at once. NULL: it is given when it is. */
    troupe_error (*given_up)(troupe_self *self, void *state, troupe_message *request);
    /* Runs last, whatever ended an actor that had started; `reason` is TROUPE_OK for an orderly
     * stop. */
    void (*stop)(troupe_self *self, void *state, troupe_error reason);
} troupe_behavior;

#define TROUPE_BEHAVIOR(...)                                                                       \
    {                                                                                              \
        .size = sizeof(troupe_behavior), __VA_ARGS__                                               \
    }

/* From the next message on the actor has another behavior; its state stays.
 * Errors: BAD_ARGUMENT for a coroutine, or if next needs a larger state than the actor has. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_become(troupe_self *self,
                                                        const troupe_behavior *next);

TROUPE_END

#endif
