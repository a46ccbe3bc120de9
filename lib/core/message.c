/* SPDX-License-Identifier: MIT */
#include "core/message.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/handle.h"
#include "core/protobuf.h"
#include "core/system.h"

/* The bytes of an inline body. */
#define INLINE_MAX (TR_POOL_BLOCK_MAX - sizeof(troupe_message))

/* In front of the body of one that is extended. */
#define EXTENDED_SIZE (sizeof(troupe_message) + sizeof(tr_extension))

/* So many of the caller's bytes are sooner copied than a block is made for them. */
#define COPIED_MAX 256

static unsigned char *behind_header(troupe_message *message)
{
    return (unsigned char *) message + sizeof *message +
           (tr_message_has(message, TR_MESSAGE_EXTENDED) ? sizeof(tr_extension) : 0);
}

static tr_body *body_of(const troupe_message *message)
{
    return (tr_body *) message->body;
}

static inline void clear_header(troupe_message *message, tr_kind kind, unsigned flags)
{
    memset(message, 0, sizeof *message);
    message->deadline_ns = TR_NEVER;
    message->kind_and_form = (uint8_t) kind;
    message->flags = (uint16_t) flags;
}

troupe_message *tr_message_of_kind(tr_pool *pool, tr_kind kind)
{
    troupe_message *message = tr_pool_take(pool, sizeof *message);
    if (message != NULL) {
        clear_header(message, kind, TR_MESSAGE_SEALED);
    }
    return message;
}

void tr_message_embed(troupe_message *message, tr_kind kind)
{
    clear_header(message, kind, TR_MESSAGE_SEALED | TR_MESSAGE_EMBEDDED);
}

static void set_form(troupe_message *message, tr_form form)
{
    message->kind_and_form = (uint8_t) (tr_message_kind(message) | (unsigned) form << 6);
}

/* A body in a block of its own, with `size` bytes behind it unless they are the user's. */
static tr_body *make_body(tr_pool *pool, size_t size)
{
    const size_t block_size = sizeof(tr_body) + size;
    tr_body *body = tr_allocate(pool->allocator, block_size);
    if (body != NULL) {
        atomic_init(&body->count, 1);
        body->block_size = block_size;
        body->data = body + 1;
        body->size = size;
    }
    return body;
}

troupe_error tr_message_with_own_body(tr_pool *pool, tr_form form, const void *type, size_t size,
                                      troupe_message **out_message)
{
    TR_REQUIRE(size <= TR_MESSAGE_BYTES_MAX, TOO_LARGE);
    troupe_message *message = tr_pool_take(pool, sizeof *message);
    tr_body *body = message != NULL ? make_body(pool, size) : NULL;
    if (body == NULL) {
        if (message != NULL) {
            tr_pool_give(pool, message);
        }
        return TROUPE_ERROR_NO_MEMORY;
    }
    clear_header(message, TR_KIND_USER, TR_MESSAGE_SHARED);
    set_form(message, form);
    message->type = type;
    message->size = (uint32_t) size;
    message->body = body;
    *out_message = message;
    return TROUPE_OK;
}

troupe_error tr_message_with_body(tr_pool *pool, tr_form form, const void *type, size_t size,
                                  troupe_message **out_message)
{
    if (size > INLINE_MAX) {
        return tr_message_with_own_body(pool, form, type, size, out_message);
    }
    troupe_message *message = tr_pool_take(pool, sizeof *message + size);
    if (message == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    clear_header(message, TR_KIND_USER, 0);
    set_form(message, form);
    message->type = type;
    message->size = (uint32_t) size;
    message->body = behind_header(message);
    memset(message->body, 0, size);
    *out_message = message;
    return TROUPE_OK;
}

/* The body's first byte, whatever its form. */
static void *data_of(const troupe_message *message)
{
    if (!tr_message_has(message, TR_MESSAGE_SHARED)) {
        return message->body;
    }
    return (void *) (uintptr_t) body_of(message)->data; /* ours, or const to those who read it */
}

troupe_error tr_message_of_protobuf(tr_pool *pool, const ProtobufCMessage *body,
                                    troupe_message **out_message)
{
    size_t size = 0;
    troupe_error error = tr_protobuf_measure(body, &size);
    if (error) {
        return error;
    }
    troupe_message *message = NULL;
    error = tr_message_with_body(pool, TR_FORM_PROTOBUF, body->descriptor, size, &message);
    if (error) {
        return error;
    }
    (void) tr_protobuf_copy(body, data_of(message), size);
    *out_message = message;
    return TROUPE_OK;
}

static inline void copy_struct(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t) && from != NULL) { /* a number or a pointer: not worth a call */
        memcpy(to, from, sizeof(uint64_t));
    } else if (size > 0 && from != NULL) {
        memcpy(to, from, size);
    } else if (size > 0) {
        memset(to, 0, size);
    }
}

/* A small one, which needs no more than its block. */
static inline troupe_error make_small_struct(tr_pool *pool, const troupe_type *type,
                                             const void *body, troupe_message **out_message)
{
    troupe_message *message = tr_pool_take(pool, sizeof *message + type->body_size);
    if (TR_UNLIKELY(message == NULL)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    clear_header(message, TR_KIND_USER, 0);
    message->kind_and_form = (uint8_t) ((unsigned) TR_KIND_USER | (unsigned) TR_FORM_STRUCT << 6);
    message->type = type;
    message->size = (uint32_t) type->body_size;
    message->body = message + 1;
    copy_struct(message + 1, body, type->body_size);
    *out_message = message;
    return TROUPE_OK;
}

troupe_error tr_message_of_struct(tr_pool *pool, const troupe_type *type, const void *body,
                                  troupe_message **out_message)
{
    if (TR_LIKELY(type->fini == NULL && type->body_size <= INLINE_MAX)) {
        return make_small_struct(pool, type, body, out_message);
    }
    troupe_message *message = NULL;
    const troupe_error error =
        tr_message_with_body(pool, TR_FORM_STRUCT, type, type->body_size, &message);
    if (error) {
        return error;
    }
    if (body != NULL && type->body_size > 0) {
        memcpy(data_of(message), body, type->body_size);
    }
    if (type->fini != NULL) {
        if (tr_message_has(message, TR_MESSAGE_SHARED)) {
            body_of(message)->fini = type->fini;
        } else {
            tr_message_set(message, TR_MESSAGE_FINI);
        }
    }
    *out_message = message;
    return TROUPE_OK;
}

/* A copy, with room for an extension in its block. */
static troupe_error copy_bytes(tr_pool *pool, const troupe_type *type, const void *data,
                               size_t size, unsigned flags, troupe_message **out_message)
{
    troupe_message *message = tr_pool_take(pool, EXTENDED_SIZE + size);
    TR_REQUIRE(message != NULL, NO_MEMORY);
    clear_header(message, TR_KIND_USER, flags);
    set_form(message, TR_FORM_BYTES);
    message->type = type;
    message->size = (uint32_t) size;
    message->body = behind_header(message);
    if (size > 0) {
        memcpy(message->body, data, size);
    }
    *out_message = message;
    return TROUPE_OK;
}

troupe_error tr_message_of_bytes(tr_pool *pool, const troupe_type *type, const troupe_bytes *bytes,
                                 troupe_message **out_message)
{
    if (bytes->free == NULL && bytes->size > 0 && bytes->size <= COPIED_MAX) {
        return copy_bytes(pool, type, bytes->data, bytes->size, 0, out_message);
    }
    TR_REQUIRE(bytes->size <= TR_MESSAGE_BYTES_MAX, TOO_LARGE);
    troupe_message *message = NULL;
    const troupe_error error = tr_message_with_own_body(pool, TR_FORM_BYTES, type, 0, &message);
    if (error) {
        return error;
    }
    tr_body *body = body_of(message);
    body->is_foreign = 1;
    body->data = bytes->data;
    body->size = bytes->size;
    body->free = bytes->free;
    body->context = bytes->context;
    message->size = (uint32_t) bytes->size;
    *out_message = message;
    return TROUPE_OK;
}

troupe_error tr_message_of_few_bytes(tr_pool *pool, const troupe_type *type, const void *data,
                                     size_t size, troupe_message **out_message)
{
    TR_REQUIRE(size <= TR_POOL_BLOCK_MAX - EXTENDED_SIZE, TOO_LARGE);
    const troupe_error error = copy_bytes(pool, type, data, size, TR_MESSAGE_EXTENDED, out_message);
    if (error == TROUPE_OK) {
        *tr_message_extended(*out_message) = (tr_extension) {0};
    }
    return error;
}

troupe_error tr_message_build(tr_pool *pool, const ProtobufCMessageDescriptor *descriptor,
                              size_t room_size, troupe_message **out_message)
{
    const size_t root = (descriptor->sizeof_message + 7) & ~(size_t) 7;
    TR_REQUIRE(room_size <= TR_MESSAGE_BYTES_MAX - root, TOO_LARGE);
    troupe_message *message = NULL;
    const troupe_error error =
        tr_message_with_own_body(pool, TR_FORM_PROTOBUF, descriptor, root + room_size, &message);
    if (error) {
        return error;
    }
    body_of(message)->room_used = root;
    protobuf_c_message_init(descriptor, data_of(message));
    *out_message = message;
    return TROUPE_OK;
}

static void copy_protobuf(const troupe_message *from, troupe_message *to)
{
    (void) tr_protobuf_copy(data_of(from), to->body, from->size);
}

troupe_error tr_message_copy_of(tr_pool *pool, troupe_message *message,
                                troupe_message **out_message)
{
    TR_REQUIRE(!tr_message_has(message, TR_MESSAGE_FINI), BAD_ARGUMENT);
    tr_message_set(message, TR_MESSAGE_SEALED);
    const bool is_shared = tr_message_has(message, TR_MESSAGE_SHARED);
    troupe_message *copy =
        tr_pool_take(pool, sizeof *copy + (is_shared ? 0 : (size_t) message->size));
    if (copy == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    clear_header(copy, TR_KIND_USER, TR_MESSAGE_SEALED);
    set_form(copy, tr_message_form(message));
    copy->type = message->type;
    copy->size = message->size;
    if (is_shared) {
        copy->body = message->body;
        tr_message_set(copy, TR_MESSAGE_SHARED);
        /* Relaxed: who copies holds a count already. */
        atomic_fetch_add_explicit(&body_of(message)->count, 1, memory_order_relaxed);
    } else {
        copy->body = behind_header(copy);
        if (tr_message_form(message) == TR_FORM_PROTOBUF) {
            copy_protobuf(message, copy);
        } else {
            memcpy(copy->body, message->body, message->size);
        }
    }
    *out_message = copy;
    return TROUPE_OK;
}

/* Makes room between header and body where the block has enough of it. */
static bool extend_in_place(troupe_message *message)
{
    if (tr_message_has(message, TR_MESSAGE_SHARED | TR_MESSAGE_EMBEDDED) ||
        tr_message_form(message) == TR_FORM_PROTOBUF ||
        tr_pool_block_size(message) < EXTENDED_SIZE + message->size) {
        return false;
    }
    memmove((unsigned char *) message + EXTENDED_SIZE, message->body, message->size);
    tr_message_set(message, TR_MESSAGE_EXTENDED);
    *tr_message_extended(message) = (tr_extension) {0};
    message->body = behind_header(message);
    return true;
}

/* Moves an inline body into a block with an extension in front. */
static troupe_message *extend(tr_pool *pool, troupe_message *message)
{
    const bool is_shared = tr_message_has(message, TR_MESSAGE_SHARED);
    const size_t tail = is_shared ? 0 : message->size;
    troupe_message *wider = tr_pool_take(pool, sizeof *wider + sizeof(tr_extension) + tail);
    if (wider == NULL) {
        return NULL;
    }
    *wider = (troupe_message) {0};
    memcpy((void *) wider, (const void *) message, sizeof *message);
    tr_message_set(wider, TR_MESSAGE_EXTENDED);
    *tr_message_extension(wider) = (tr_extension) {0};
    if (!is_shared) {
        wider->body = behind_header(wider);
        if (tr_message_form(message) == TR_FORM_PROTOBUF) {
            copy_protobuf(message, wider); /* its pointers lead into the block */
        } else {
            memcpy(wider->body, message->body, message->size);
        }
    }
    tr_pool_give(pool, message);
    return wider;
}

/* Whether the body leaves no room for an extension in a block. */
static bool is_too_wide(const troupe_message *message)
{
    return sizeof *message + sizeof(tr_extension) + message->size > TR_POOL_BLOCK_MAX &&
           !tr_message_has(message, TR_MESSAGE_SHARED);
}

/* Moves an inline body into a block of its own. */
static bool move_body_out(tr_pool *pool, troupe_message *message)
{
    tr_body *body = make_body(pool, message->size);
    if (body == NULL) {
        return false;
    }
    if (tr_message_form(message) == TR_FORM_PROTOBUF) {
        (void) tr_protobuf_copy(message->body, body + 1, message->size);
    } else {
        memcpy(body + 1, message->body, message->size);
    }
    if (tr_message_has(message, TR_MESSAGE_FINI)) {
        body->fini = ((const troupe_type *) message->type)->fini;
    }
    tr_message_clear(message, TR_MESSAGE_FINI);
    tr_message_set(message, TR_MESSAGE_SHARED);
    message->body = body;
    return true;
}

troupe_error tr_message_extend(tr_pool *pool, troupe_message **message)
{
    if (tr_message_has(*message, TR_MESSAGE_EXTENDED) || extend_in_place(*message)) {
        return TROUPE_OK;
    }
    TR_REQUIRE(!is_too_wide(*message) || move_body_out(pool, *message), NO_MEMORY);
    troupe_message *wider = extend(pool, *message);
    TR_REQUIRE(wider != NULL, NO_MEMORY);
    *message = wider;
    return TROUPE_OK;
}

troupe_error tr_message_set_trace(tr_pool *pool, troupe_message **message, uint64_t trace_id)
{
    if (!tr_message_has(*message, TR_MESSAGE_EXTENDED) && is_too_wide(*message)) {
        return TROUPE_OK; /* no room for one in a block: goes without */
    }
    const troupe_error error = tr_message_extend(pool, message);
    if (error) {
        return error;
    }
    tr_message_extended(*message)->trace_id = trace_id;
    return TROUPE_OK;
}

uint64_t tr_message_trace(const troupe_message *message)
{
    if (!tr_message_has(message, TR_MESSAGE_EXTENDED)) {
        return 0;
    }
    return ((const tr_extension *) (const void *) (message + 1))->trace_id;
}

static void release_body(const troupe_allocator *allocator, tr_body *body)
{
    /* The last one has to see all that the others did with the body: release here, acquire
     * below. */
    if (atomic_fetch_sub_explicit(&body->count, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (body->fini != NULL) {
        body->fini(body + 1);
    }
    if (body->is_foreign && body->free != NULL) {
        body->free(body->context, body->data, body->size);
    }
    tr_free(allocator, body, body->block_size);
}

void tr_message_drop_body(const troupe_allocator *allocator, troupe_message *message)
{
    if (tr_message_has(message, TR_MESSAGE_SHARED)) {
        release_body(allocator, body_of(message));
    } else if (tr_message_has(message, TR_MESSAGE_FINI)) {
        ((const troupe_type *) message->type)->fini(message->body);
    }
    tr_message_clear(message, TR_MESSAGE_SHARED | TR_MESSAGE_FINI);
    message->body = NULL;
    message->type = NULL;
    message->size = 0;
    set_form(message, TR_FORM_NONE);
}

void tr_message_free(tr_pool *pool, troupe_message *message)
{
    if (message->flags & (TR_MESSAGE_SHARED | TR_MESSAGE_FINI)) {
        tr_message_drop_body(pool->allocator, message);
    }
    if (!tr_message_has(message, TR_MESSAGE_EMBEDDED)) {
        tr_pool_give(pool, message);
    }
}

/* Leaves a held message to its actor, which alone knows as what it ends. */
static void release_held(troupe_message *message)
{
    uint8_t state = atomic_load_explicit(&message->released, memory_order_relaxed);
    /* Both releases pair with the acquires in held.c: the caller is done with the message. */
    while ((state & TR_KEPT_DESTROYED) == TR_IN_HAND) {
        if (atomic_compare_exchange_weak_explicit(&message->released, &state,
                                                  (uint8_t) (state | TR_IN_HAND_DESTROYED),
                                                  memory_order_release, memory_order_relaxed)) {
            return;
        }
    }
    if (state != TR_KEPT) {
        return; /* it has been destroyed before */
    }
    /* Counted first: who sees the state sees the count. What is kept is of a pool. */
    tr_system *system = tr_pool_of(message)->system;
    tr_slot *slot = tr_system_slot(system, message->receiver);
    atomic_fetch_add_explicit(&slot->released, 1, memory_order_relaxed);
    atomic_store_explicit(&message->released, TR_KEPT_DESTROYED, memory_order_release);
}

void troupe_message_destroy(troupe_message **given)
{
    if (given == NULL || *given == NULL) {
        return;
    }
    troupe_message *message = *given;
    TR_CHECK_MESSAGE(message);
    *given = NULL;
    if (tr_message_has(message, TR_MESSAGE_HELD)) {
        release_held(message);
        return;
    }
    tr_message_drop_body(tr_pool_of(message)->allocator, message);
    tr_pool_give_from_outside(message);
}

void *troupe_message_body(troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    if (message == NULL || tr_message_has(message, TR_MESSAGE_SEALED) ||
        tr_message_form(message) == TR_FORM_BYTES) {
        return NULL;
    }
    return data_of(message);
}

void *troupe_message_room(troupe_message *message, size_t size)
{
    TR_CHECK_MESSAGE(message);
    if (message == NULL || tr_message_has(message, TR_MESSAGE_SEALED) ||
        tr_message_form(message) != TR_FORM_PROTOBUF ||
        !tr_message_has(message, TR_MESSAGE_SHARED)) {
        return NULL;
    }
    tr_body *body = body_of(message);
    const size_t used = body->room_used;
    if (used == 0 || size > body->size - used) {
        return NULL; /* used is 0 in a body that was not built in place */
    }
    const size_t rounded = (size + 7) & ~(size_t) 7;
    body->room_used = rounded < body->size - used ? used + rounded : body->size;
    return (unsigned char *) (body + 1) + used;
}

const void *troupe_message_as(const troupe_message *message,
                              const ProtobufCMessageDescriptor *descriptor)
{
    TR_CHECK_MESSAGE(message);
    if (message == NULL || tr_message_form(message) != TR_FORM_PROTOBUF ||
        message->type != descriptor) {
        return NULL;
    }
    return data_of(message);
}

static inline bool is_of_type(const troupe_message *message, const troupe_type *type)
{
    return message != NULL && type != NULL && message->type == type &&
           tr_message_form(message) != TR_FORM_PROTOBUF;
}

bool troupe_message_is(const troupe_message *message, const troupe_type *type)
{
    TR_CHECK_MESSAGE(message);
    return is_of_type(message, type);
}

const void *troupe_message_struct(const troupe_message *message, const troupe_type *type)
{
    TR_CHECK_MESSAGE(message);
    if (!is_of_type(message, type) || tr_message_form(message) != TR_FORM_STRUCT) {
        return NULL;
    }
    return data_of(message);
}

const void *troupe_message_bytes(const troupe_message *message, size_t *out_size)
{
    TR_CHECK_MESSAGE(message);
    if (message == NULL || out_size == NULL || tr_message_form(message) != TR_FORM_BYTES) {
        return NULL;
    }
    *out_size = message->size;
    return data_of(message);
}

const char *tr_type_name(tr_form form, const void *type)
{
    const char *name = NULL;
    if (type != NULL) {
        name = form == TR_FORM_PROTOBUF ? ((const ProtobufCMessageDescriptor *) type)->name
                                        : ((const troupe_type *) type)->name;
    }
    return name != NULL ? name : "(untyped)";
}

const char *tr_type_name_of(const void *type)
{
    /* A troupe_type begins with its size, which is far less than the magic number. */
    const ProtobufCMessageDescriptor *descriptor = type;
    const bool is_protobuf =
        type != NULL && descriptor->magic == PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC;
    return tr_type_name(is_protobuf ? TR_FORM_PROTOBUF : TR_FORM_STRUCT, type);
}

const char *troupe_message_type_name(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message == NULL ? "(none)" : tr_type_name(tr_message_form(message), message->type);
}

size_t troupe_message_size(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message == NULL ? 0 : message->size;
}

bool troupe_message_wants_reply(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message != NULL && tr_message_has(message, TR_MESSAGE_WANTS_REPLY) &&
           !tr_message_has(message, TR_MESSAGE_REPLIED);
}

bool troupe_message_is_given_up(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message != NULL && tr_message_has(message, TR_MESSAGE_GIVEN_UP);
}

uint64_t troupe_message_trace_id(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message == NULL ? 0 : tr_message_trace(message);
}
