/* SPDX-License-Identifier: MIT */
/* message: what actors send each other.
 *
 * A message is built, then sealed by sending it, and does not change after that. It belongs to one
 * owner at a time; a call that takes it over has a `troupe_message **` parameter and sets it to
 * NULL. Its body is a protobuf message, a plain struct, or raw bytes; within a process none of them
 * is ever encoded.
 * Threads: a message that was received may be read from any thread; building is its owner's. */
#ifndef TROUPE_MESSAGE_H
#define TROUPE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_self troupe_self;
typedef struct troupe_message troupe_message;

/* The type of a message whose body is a plain struct (or nothing, or raw bytes). A type is known by
 * its address: define it once, as a constant, and declare it `extern` in a header.
 *
 *     const troupe_type tick_type = TROUPE_TYPE(struct tick);
 */
typedef struct troupe_type {
    size_t size;              /* set by the macros below */
    const char *name;         /* for logs and statistics */
    size_t body_size;         /* bytes of the struct; 0 for a signal or raw bytes */
    void (*fini)(void *body); /* NULL, or called once when the last message with this body ends */
    /* Of a struct that may go to another node, both; NULL: it stays within its own. What a node
     * packs any other may have to unpack, so the bytes follow from the fields alone: no padding, no
     * pointer, one order of bytes. A type without a body needs neither.
     * pack writes the body to `to` if that takes `size` bytes at most, and returns how many it
     * takes. unpack fills a zeroed body; false if the bytes are none of such a body, whatever they
     * are. Threads: any. */
    size_t (*pack)(const void *body, void *to, size_t size);
    bool (*unpack)(void *body, const void *from, size_t size);
} troupe_type;

#define TROUPE_TYPE(type)                                                                          \
    {                                                                                              \
        .size = sizeof(troupe_type), .name = #type, .body_size = sizeof(type)                      \
    }
/* The same with more fields given. */
#define TROUPE_TYPE_WITH(type, ...)                                                                \
    {                                                                                              \
        .size = sizeof(troupe_type), .name = #type, .body_size = sizeof(type), __VA_ARGS__         \
    }
/* A type without a body, or of raw bytes. */
#define TROUPE_SIGNAL(text)                                                                        \
    {                                                                                              \
        .size = sizeof(troupe_type), .name = (text)                                                \
    }

/* Raw bytes for a message, not copied. `free` is called once, with the context, when the last
 * message with these bytes ends, on whatever thread that happens; NULL if nothing is to be
 * freed. */
typedef struct troupe_bytes {
    const void *data;
    size_t size;
    void (*free)(void *context, const void *data, size_t size);
    void *context;
} troupe_bytes;

/* Makes a message of a plain struct: a copy of type->body_size bytes at `body`, or zeros if NULL.
 * Owns:   *out_message is the caller's until sent or destroyed.
 * Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_message_create(troupe_self *self,
                                                                const troupe_type *type,
                                                                const void *body,
                                                                troupe_message **out_message);

/* Makes a message with a deep copy of a protobuf message: strings, bytes and sub-messages too.
 * Errors: NO_MEMORY; BAD_ARGUMENT if it is malformed or nested too deep; TOO_LARGE. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_message_create_protobuf(
    troupe_self *self, const ProtobufCMessage *body, troupe_message **out_message);

/* Makes a message whose protobuf body is built in place: initialised to its defaults, with
 * `room_size` bytes for what its pointers are going to point to (troupe_message_room).
 * Errors: NO_MEMORY; BAD_ARGUMENT; TOO_LARGE. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_message_build(troupe_self *self, const ProtobufCMessageDescriptor *descriptor,
                     size_t room_size, troupe_message **out_message);

/* Makes a message of raw bytes without copying them, but for up to 256 that have no `free`: these
 * are copied, as that costs less. `type` names their meaning; NULL for none.
 * Owns:   on success the bytes are the message's; on failure they stay the caller's.
 * Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_message_create_bytes(troupe_self *self,
                                                                      const troupe_type *type,
                                                                      const troupe_bytes *bytes,
                                                                      troupe_message **out_message);

/* Makes another message with the same body, to send it to one more receiver: a large body is shared
 * and counted, a small one copied. Seals the original. Nothing of its delivery (sender, deadline,
 * the wish for a reply) comes along.
 * Errors: NO_MEMORY; BAD_ARGUMENT if the body is small, has a fini and so has to stay single. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_message_copy(troupe_self *self,
                                                              troupe_message *message,
                                                              troupe_message **out_message);

/* Ends a message. One that was received counts as handled, or as failed if its actor fails next; if
 * it asked for a reply and got none, the asker is told NO_REPLY. Takes NULL; sets *message to NULL.
 * Threads: any. */
TROUPE_API void troupe_message_destroy(troupe_message **message);

/* The body to be filled in, or NULL when the message is sealed. */
TROUPE_API void *troupe_message_body(troupe_message *message);

/* `size` bytes of the room that troupe_message_build set aside, aligned to 8, zeroed; NULL when the
 * room is spent or the message sealed. */
TROUPE_API void *troupe_message_room(troupe_message *message, size_t size);

/* The body if it is a protobuf message of this kind, else NULL. Borrowed from the message. */
TROUPE_API const void *troupe_message_as(const troupe_message *message,
                                         const ProtobufCMessageDescriptor *descriptor);

/* Whether the message has this type. */
TROUPE_API bool troupe_message_is(const troupe_message *message, const troupe_type *type);

/* The body if it is a struct of this type, else NULL. Borrowed from the message. */
TROUPE_API const void *troupe_message_struct(const troupe_message *message,
                                             const troupe_type *type);

/* The raw bytes, and their size through out_size; NULL if the body is of another form. */
TROUPE_API const void *troupe_message_bytes(const troupe_message *message, size_t *out_size);

/* The name of the type: a protobuf message's full name, or the troupe_type's. Never NULL. */
TROUPE_API const char *troupe_message_type_name(const troupe_message *message);

/* Bytes of the body. Up to 256 the message's place in a mailbox pays for; what lies above is
 * charged to the receiver's mailbox_bytes. */
TROUPE_API size_t troupe_message_size(const troupe_message *message);

/* Who sent it, or for a forwarded request who asked; none for a message of the runtime's own. */
TROUPE_API troupe_ref troupe_message_sender(const troupe_message *message);

/* Who received it, or was to: of one that comes back through a behavior's `refused`. None for one
 * that was not sent. */
TROUPE_API troupe_ref troupe_message_receiver(const troupe_message *message);

/* Whether the sender waits for a reply that has not been given. */
TROUPE_API bool troupe_message_wants_reply(const troupe_message *message);

/* Whether the sender of a request waits for nothing but the last word on it: see
 * troupe_ask_settled. */
TROUPE_API bool troupe_message_is_given_up(const troupe_message *message);

/* The id that ties together what belongs to one piece of work; 0 if none was given. Messages sent
 * while handling one inherit its id. */
TROUPE_API uint64_t troupe_message_trace_id(const troupe_message *message);

/* The time left until the message's deadline; TROUPE_FOREVER if it has none, TROUPE_NOW if past. */
TROUPE_API troupe_timeout troupe_message_remaining(troupe_self *self,
                                                   const troupe_message *message);

TROUPE_END

#endif
