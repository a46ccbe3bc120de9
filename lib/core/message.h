/* SPDX-License-Identifier: MIT */
/* message: the envelope, one delivery of one body.
 *
 * A small body lies behind the header in the same block; a larger one is a tr_body of its own,
 * counted and shared. Blocks come from the pool of the worker that made them and go home to it.
 * Owns:       its block and its share of the body.
 * Invariants: a message is in one place at a time: its builder's hand, an outbox or batch, a queue
 *             of its receiver, the held list of the actor that handles it, or its pool.
 * Threads:    one owner at a time; `released` may be set by any thread once it was delivered.
 * Uses:       pool. */
#ifndef TR_CORE_MESSAGE_H
#define TR_CORE_MESSAGE_H

#include <stdatomic.h>
#include <stdint.h>
#include <troupe/message.h>

#include "base/clock.h"
#include "core/limits.h"
#include "core/pool.h"

/* An actor's address within its node. */
typedef struct tr_address {
    uint32_t slot;
    uint32_t generation; /* 0: nobody */
} tr_address;

typedef enum tr_kind {
    TR_KIND_USER,  /* from actor to actor; admitted to the mailbox */
    TR_KIND_TICK,  /* of a timer or a watch, embedded in it */
    TR_KIND_DOWN,  /* to a watcher; before that the watcher's entry at the watched */
    TR_KIND_REPLY, /* to an ask; `correlation` is its id, `value` the error if it has no body */
    /* What workers tell each other; never seen by handlers, never counted. */
    TR_KIND_START,   /* run this new actor */
    TR_KIND_READY,   /* to the spawner: what the start returned is in `value` */
    TR_KIND_ENDED,   /* to the parent: the reason is in `value` */
    TR_KIND_REAPED,  /* back to the ended: its parent has forgotten it */
    TR_KIND_SIGNAL,  /* look at your slot's signals */
    TR_KIND_MONITOR, /* becomes the entry, and then the DOWN */
    TR_KIND_DEMONITOR,
    TR_KIND_LINE_ENTER,  /* room for one message of `size` bytes, ticket in `correlation` */
    TR_KIND_LINE_GRANT,  /* back: `value` says OK (a place is reserved) or why not */
    TR_KIND_LINE_LEAVE,  /* the ticket in `correlation` is not wanted any more */
    TR_KIND_LINE_RETURN, /* a place that was granted and not used, with `size` bytes */
    TR_KIND_GIVE_UP,     /* the asker of `correlation` does not wait any more */
    TR_KIND_PROBE,       /* looks for a ring of waits */
    TR_KIND_PRESSURE,    /* becomes the entry of one who watches the marks */
    TR_KIND_MOVE,        /* a step in moving a batch of actors; see moves */
    TR_KIND_BALANCE,     /* who gives actors to whom; see balance */
    TR_KIND_JOB,         /* of a job: it has ended; embedded in it */
    TR_KIND_PROMISE,     /* of a future: its promise has been kept; embedded in it */
    TR_KIND_WORD,        /* between a supervisor and its child; see restart */
    TR_KIND_CALL         /* run what the body (a tr_call first) says on this worker */
} tr_kind;

typedef enum tr_form {
    TR_FORM_NONE,
    TR_FORM_PROTOBUF,
    TR_FORM_STRUCT,
    TR_FORM_BYTES
} tr_form;

enum tr_message_flag {
    TR_MESSAGE_SEALED = 1 << 0,
    TR_MESSAGE_WANTS_REPLY = 1 << 1,
    TR_MESSAGE_HELD = 1 << 2,     /* on the held list of the actor that handles it */
    TR_MESSAGE_PLACED = 1 << 3,   /* its place in the mailbox is not given back yet */
    TR_MESSAGE_SHARED = 1 << 4,   /* body points to a tr_body's data */
    TR_MESSAGE_EXTENDED = 1 << 5, /* a tr_extension stands behind the header */
    TR_MESSAGE_EMBEDDED = 1 << 6, /* part of something else; not of a pool */
    TR_MESSAGE_FINI = 1 << 7,     /* the body in the block has a fini to be called */
    TR_MESSAGE_ACCEPTED = 1 << 8, /* counted in the ledger, so its end is too */
    TR_MESSAGE_STASHED = 1 << 9,
    TR_MESSAGE_REPLIED = 1 << 11,
    TR_MESSAGE_DATED = 1 << 12,  /* `receiver` holds when it came; see admission */
    TR_MESSAGE_SCOPED = 1 << 13, /* a task that does not run handles it: see tasks */
    TR_MESSAGE_VOID = 1 << 10,   /* a tick of a cancelled timer */
    /* A request that comes back to its asker if it is not answered; once it is answered with an
     * error, that is in deadline_ns. */
    TR_MESSAGE_SETTLES = 1 << 14,
    TR_MESSAGE_GIVEN_UP = 1 << 15, /* its asker waits for the last word; of a reply: that says so */
    /* A reply that is such a request; the error is in deadline_ns. */
    TR_MESSAGE_RETURNED = TR_MESSAGE_SETTLES
};

/* What is known of a held message's end, in the lower bits of `released`; see held.c. */
typedef enum tr_release {
    TR_IN_HAND = 0,
    TR_IN_HAND_DESTROYED = 1,
    TR_KEPT = 2,
    TR_KEPT_DESTROYED = 3
} tr_release;
#define TR_RELEASE_BITS 2

struct troupe_message {
    troupe_message *next;
    union {
        void *body;
        uint64_t value;
    };
    const void *type; /* a ProtobufCMessageDescriptor or a troupe_type, as form says */
    uint64_t deadline_ns;
    uint64_t correlation;
    tr_address sender;
    tr_address receiver;
    uint32_t size; /* logical bytes of the body */
    uint16_t flags;
    uint8_t kind_and_form; /* tr_kind | tr_form << 6 */
    /* A tr_release, of a held message; above that how often its receiver has failed with it. */
    _Atomic uint8_t released;
};
_Static_assert(sizeof(struct troupe_message) == 64, "the header is one cache line");

/* What only some messages carry. */
typedef struct tr_extension {
    uint64_t trace_id;
    uint64_t node;   /* of another node's sender; 0: the sender is one of ours */
    tr_address from; /* that sender, there */
    tr_address to;   /* of one that goes to another node: the receiver, there */
} tr_extension;

/* A body of its own block. */
typedef struct tr_body {
    _Atomic uint32_t count;
    uint32_t is_foreign; /* `data` is the user's, with their free */
    size_t block_size;
    const void *data;
    size_t size;
    void (*free)(void *context, const void *data, size_t size);
    void *context;
    void (*fini)(void *body);
    size_t room_used;
} tr_body;

static inline tr_kind tr_message_kind(const troupe_message *message)
{
    return (tr_kind) (message->kind_and_form & 63U);
}

static inline tr_form tr_message_form(const troupe_message *message)
{
    return (tr_form) (message->kind_and_form >> 6);
}

static inline void tr_message_set_kind(troupe_message *message, tr_kind kind)
{
    message->kind_and_form = (uint8_t) ((message->kind_and_form & 192U) | (unsigned) kind);
}

static inline bool tr_message_has(const troupe_message *message, unsigned flag)
{
    return (message->flags & flag) != 0;
}

static inline void tr_message_set(troupe_message *message, unsigned flag)
{
    message->flags = (uint16_t) (message->flags | flag);
}

static inline void tr_message_clear(troupe_message *message, unsigned flag)
{
    message->flags = (uint16_t) (message->flags & ~flag);
}

/* What held.c says of it. */
static inline tr_release tr_message_release(const troupe_message *message)
{
    /* Pairs with the releases in troupe_message_destroy: its caller is done with it. */
    return (tr_release) (atomic_load_explicit(&message->released, memory_order_acquire) &
                         ((1U << TR_RELEASE_BITS) - 1));
}

/* How often its receiver has failed with it; for its owner. */
static inline uint32_t tr_message_failures(const troupe_message *message)
{
    return (uint32_t) atomic_load_explicit(&message->released, memory_order_relaxed) >>
           TR_RELEASE_BITS;
}

/* Of one that is not held. */
static inline void tr_message_set_failures(troupe_message *message, uint32_t failures)
{
    atomic_store_explicit(&message->released, (uint8_t) (failures << TR_RELEASE_BITS),
                          memory_order_relaxed);
}

static inline bool tr_address_is_same(tr_address left, tr_address right)
{
    return left.slot == right.slot && left.generation == right.generation;
}

/* A message without body, for what workers tell each other. NULL when memory is out. */
troupe_message *tr_message_of_kind(tr_pool *pool, tr_kind kind);

/* Makes the header of an embedded message new. */
void tr_message_embed(troupe_message *message, tr_kind kind);

/* A message with `size` zeroed bytes of body. Errors: NO_MEMORY, TOO_LARGE. */
TROUPE_MUST_CHECK troupe_error tr_message_with_body(tr_pool *pool, tr_form form, const void *type,
                                                    size_t size, troupe_message **out_message);

/* The same, always in a block of its own: for bodies with pointers into themselves. */
TROUPE_MUST_CHECK troupe_error tr_message_with_own_body(tr_pool *pool, tr_form form,
                                                        const void *type, size_t size,
                                                        troupe_message **out_message);

/* Copies a protobuf message as troupe_message_create_protobuf does. */
TROUPE_MUST_CHECK troupe_error tr_message_of_protobuf(tr_pool *pool, const ProtobufCMessage *body,
                                                      troupe_message **out_message);

TROUPE_MUST_CHECK troupe_error tr_message_of_struct(tr_pool *pool, const troupe_type *type,
                                                    const void *body, troupe_message **out_message);

TROUPE_MUST_CHECK troupe_error tr_message_of_bytes(tr_pool *pool, const troupe_type *type,
                                                   const troupe_bytes *bytes,
                                                   troupe_message **out_message);

/* With an extension, and with a copy of the bytes where that takes no memory of its own.
 * Errors: TOO_LARGE, also for bytes that are not as few; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_message_of_few_bytes(tr_pool *pool, const troupe_type *type,
                                                       const void *data, size_t size,
                                                       troupe_message **out_message);

/* As troupe_message_build. */
TROUPE_MUST_CHECK troupe_error tr_message_build(tr_pool *pool,
                                                const ProtobufCMessageDescriptor *descriptor,
                                                size_t room_size, troupe_message **out_message);

/* As troupe_message_copy. */
TROUPE_MUST_CHECK troupe_error tr_message_copy_of(tr_pool *pool, troupe_message *message,
                                                  troupe_message **out_message);

/* Gives *message the trace id, in a larger block if it has none yet.
 * Errors: NO_MEMORY, and *message is as before. */
TROUPE_MUST_CHECK troupe_error tr_message_set_trace(tr_pool *pool, troupe_message **message,
                                                    uint64_t trace_id);

uint64_t tr_message_trace(const troupe_message *message);

/* Gives *message an extension if it has none. Errors: NO_MEMORY, and *message is as before. */
TROUPE_MUST_CHECK troupe_error tr_message_extend(tr_pool *pool, troupe_message **message);

/* NULL: it has none. */
static inline tr_extension *tr_message_extension(troupe_message *message)
{
    return tr_message_has(message, TR_MESSAGE_EXTENDED) ? (tr_extension *) (void *) (message + 1)
                                                        : NULL;
}

/* That of a message that is known to have one. */
static inline tr_extension *tr_message_extended(troupe_message *message)
{
    TR_ASSERT(tr_message_has(message, TR_MESSAGE_EXTENDED));
    return (tr_extension *) (void *) (message + 1);
}

/* It is going to have another sender, one of this node. Of a message that was received: no other
 * has come from another node. */
static inline void tr_message_forget_far(troupe_message *message)
{
    tr_extension *extension = tr_message_extension(message);
    if (TR_UNLIKELY(extension != NULL)) {
        extension->node = 0;
    }
}

/* The name of a type, by the form of its messages; never NULL. */
const char *tr_type_name(tr_form form, const void *type);

/* The same where the form is not known. */
const char *tr_type_name_of(const void *type);

/* Frees the body, so that the header can carry something else. */
void tr_message_drop_body(const troupe_allocator *allocator, troupe_message *message);

/* Frees the body and sends the block home; `pool` is that of the thread that calls. Uncounted: what
 * was accepted is ended by tr_message_end (ledger). Does nothing to the block of an embedded
 * one. */
void tr_message_free(tr_pool *pool, troupe_message *message);

/* Bytes above those that the place pays for. */
static inline uint32_t tr_message_charge(const troupe_message *message)
{
    return message->size > TR_MESSAGE_FREE_BYTES ? message->size - TR_MESSAGE_FREE_BYTES : 0;
}

#endif
