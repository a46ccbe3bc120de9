/* SPDX-License-Identifier: MIT */
#include "cluster/body.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/check.h"
#include "core/protobuf.h"
#include "core/types.h"

/* Fewer bytes are copied: that costs less. */
#define LENT_BYTES_MIN ((size_t) 16 << 10)

bool tr_scratch_reserve(tr_scratch *scratch, size_t size)
{
    if (size <= scratch->capacity) {
        return true;
    }
    unsigned char *data = tr_allocate_unset(scratch->allocator, size);
    if (data == NULL) {
        return false;
    }
    tr_scratch_fini(scratch);
    scratch->data = data;
    scratch->capacity = size;
    return true;
}

void tr_scratch_fini(tr_scratch *scratch)
{
    if (scratch->data != NULL) {
        tr_free(scratch->allocator, scratch->data, scratch->capacity);
    }
    scratch->data = NULL;
    scratch->capacity = 0;
}

static troupe_error pack_protobuf(tr_scratch *scratch, const troupe_message *message,
                                  tr_envelope *envelope)
{
    const ProtobufCMessageDescriptor *descriptor = message->type;
    const ProtobufCMessage *body = troupe_message_as(message, descriptor);
    const size_t size = protobuf_c_message_get_packed_size(body);
    TR_REQUIRE(size <= TR_LARGE_BYTES_MAX, TOO_LARGE);
    TR_REQUIRE(tr_scratch_reserve(scratch, size + 1), NO_MEMORY);
    envelope->form = TR_ENVELOPE_PROTOBUF;
    envelope->type = descriptor->name;
    envelope->body_size = protobuf_c_message_pack(body, scratch->data);
    envelope->body = scratch->data;
    return TROUPE_OK;
}

static troupe_error pack_struct(tr_scratch *scratch, const troupe_message *message,
                                tr_envelope *envelope)
{
    const troupe_type *type = message->type;
    envelope->form = TR_ENVELOPE_STRUCT;
    envelope->type = type->name;
    if (type->body_size == 0) {
        return TROUPE_OK;
    }
    TR_REQUIRE(type->pack != NULL, LOCAL_ONLY);
    const void *body = troupe_message_struct(message, type);
    size_t size = type->pack(body, scratch->data, scratch->capacity);
    if (size > scratch->capacity) {
        TR_REQUIRE(size <= TR_LARGE_BYTES_MAX, TOO_LARGE);
        TR_REQUIRE(tr_scratch_reserve(scratch, size), NO_MEMORY);
        size = type->pack(body, scratch->data, scratch->capacity);
        TR_REQUIRE(size <= scratch->capacity, LOCAL_ONLY); /* it does not know its own size */
    }
    envelope->body = scratch->data;
    envelope->body_size = size;
    return TROUPE_OK;
}

troupe_error tr_body_pack(tr_scratch *scratch, const troupe_message *message, tr_envelope *envelope)
{
    const troupe_type *type = message->type;
    switch (tr_message_form(message)) {
    case TR_FORM_PROTOBUF:
        return pack_protobuf(scratch, message, envelope);
    case TR_FORM_STRUCT:
        return pack_struct(scratch, message, envelope);
    case TR_FORM_BYTES:
        envelope->form = TR_ENVELOPE_BYTES;
        envelope->type = type != NULL ? type->name : NULL;
        envelope->body = troupe_message_bytes(message, &envelope->body_size);
        return envelope->body_size <= TR_LARGE_BYTES_MAX ? TROUPE_OK : TROUPE_ERROR_TOO_LARGE;
    case TR_FORM_NONE:
        break;
    }
    return TROUPE_ERROR_LOCAL_ONLY;
}

static troupe_error unpack_protobuf(tr_worker *worker, tr_arena *arena, const tr_envelope *envelope,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    troupe_message **out_message)
{
    TR_REQUIRE(
        tr_check_packed(descriptor, envelope->body, envelope->body_size, TR_PROTOBUF_DEPTH_MAX),
        PROTOCOL);
    const ProtobufCMessage *body =
        tr_arena_unpack(arena, descriptor, envelope->body, envelope->body_size);
    TR_REQUIRE(body != NULL || !arena->lacks_memory, NO_MEMORY);
    TR_REQUIRE(body != NULL, PROTOCOL);
    const troupe_error error = tr_message_of_protobuf(&worker->pool, body, out_message);
    return error == TROUPE_ERROR_BAD_ARGUMENT ? TROUPE_ERROR_PROTOCOL : error;
}

static troupe_error unpack_struct(tr_worker *worker, const tr_envelope *envelope,
                                  const troupe_type *type, troupe_message **out_message)
{
    TR_REQUIRE(type->body_size > 0 ? type->unpack != NULL : envelope->body_size == 0, PROTOCOL);
    troupe_message *message = NULL;
    const troupe_error error = tr_message_of_struct(&worker->pool, type, NULL, &message);
    if (error || type->body_size == 0) {
        *out_message = error ? *out_message : message;
        return error;
    }
    static const unsigned char nothing[1];
    const void *data = envelope->body_size > 0 ? envelope->body : nothing;
    if (!type->unpack(troupe_message_body(message), data, envelope->body_size)) {
        /* Half a body is not for its fini. */
        memset(troupe_message_body(message), 0, type->body_size);
        tr_message_free(&worker->pool, message);
        return TROUPE_ERROR_PROTOCOL;
    }
    *out_message = message;
    return TROUPE_OK;
}

static void free_bytes(void *context, const void *data, size_t size)
{
    tr_free(context, (void *) (uintptr_t) data, size);
}

/* Whether the body is most of what the lender has, and enough to be worth it. */
static bool is_worth_keeping(const tr_lender *lender, const tr_envelope *envelope)
{
    const unsigned char *body = envelope->body;
    return lender != NULL && envelope->body_size >= LENT_BYTES_MIN &&
           envelope->body_size >= lender->size / 2 && body >= lender->data &&
           body < lender->data + lender->size;
}

/* Bytes to be given away: those of the lender, or a copy. Without memory their data is NULL. */
static troupe_bytes take_bytes(tr_worker *worker, const tr_lender *lender,
                               const tr_envelope *envelope)
{
    const troupe_allocator *allocator = worker->system->ports.allocator;
    void *kept = is_worth_keeping(lender, envelope) ? lender->keep(lender->context) : NULL;
    if (kept != NULL) {
        return (troupe_bytes) {.data = envelope->body,
                               .size = envelope->body_size,
                               .free = lender->release,
                               .context = kept};
    }
    void *copy = tr_allocate_unset(allocator, envelope->body_size);
    if (copy != NULL) {
        memcpy(copy, envelope->body, envelope->body_size);
    }
    return (troupe_bytes) {.data = copy,
                           .size = envelope->body_size,
                           .free = free_bytes,
                           .context = (void *) (uintptr_t) allocator};
}

static troupe_error unpack_many_bytes(tr_worker *worker, const tr_lender *lender,
                                      const tr_envelope *envelope, const troupe_type *type,
                                      troupe_message **out_message)
{
    const troupe_bytes bytes = take_bytes(worker, lender, envelope);
    TR_REQUIRE(bytes.data != NULL, NO_MEMORY);
    const troupe_error error = tr_message_of_bytes(&worker->pool, type, &bytes, out_message);
    if (error) {
        bytes.free(bytes.context, bytes.data, bytes.size);
    }
    return error;
}

static troupe_error unpack_bytes(tr_worker *worker, const tr_lender *lender,
                                 const tr_envelope *envelope, const troupe_type *type,
                                 troupe_message **out_message)
{
    TR_REQUIRE(type == NULL || type->body_size == 0, PROTOCOL);
    const troupe_error error = tr_message_of_few_bytes(&worker->pool, type, envelope->body,
                                                       envelope->body_size, out_message);
    return error == TROUPE_ERROR_TOO_LARGE
               ? unpack_many_bytes(worker, lender, envelope, type, out_message)
               : error;
}

/* Types. */

void tr_unpacker_init(tr_unpacker *unpacker, const troupe_allocator *allocator, size_t limit)
{
    *unpacker = (tr_unpacker) {0};
    tr_arena_init(&unpacker->arena, allocator, limit);
}

void tr_unpacker_fini(tr_unpacker *unpacker)
{
    tr_arena_fini(&unpacker->arena);
}

void tr_unpacker_begin(tr_unpacker *unpacker)
{
    unpacker->last_name = NULL;
}

/* Of this node, by its name; NULL: it knows none such. */
static const void *find_by_name(const tr_worker *worker, tr_unpacker *unpacker, bool is_protobuf,
                                const char *name)
{
    const size_t length = strlen(name);
    const size_t index = (length + (unsigned char) name[length - 1]) % TR_UNPACKER_TYPES;
    tr_known_type *known = &unpacker->types[index];
    if (known->type != NULL && known->is_protobuf == is_protobuf &&
        strcmp(known->name, name) == 0) {
        return known->type;
    }
    const void *type = tr_types_find(worker->system, is_protobuf, name, length);
    if (type != NULL) {
        *known = (tr_known_type) {
            .type = type,
            .name = tr_type_name(is_protobuf ? TR_FORM_PROTOBUF : TR_FORM_STRUCT, type),
            .is_protobuf = is_protobuf};
    }
    return type;
}

/* The same. The names of a frame lie where they are until the next begins. */
static const void *find_type(const tr_worker *worker, tr_unpacker *unpacker, bool is_protobuf,
                             const char *name)
{
    if (name != unpacker->last_name || is_protobuf != unpacker->last_is_protobuf) {
        unpacker->last_type = find_by_name(worker, unpacker, is_protobuf, name);
        unpacker->last_name = unpacker->last_type != NULL ? name : NULL; /* it may be learnt yet */
        unpacker->last_is_protobuf = is_protobuf;
    }
    return unpacker->last_type;
}

troupe_error tr_body_unpack(tr_worker *worker, tr_unpacker *unpacker, const tr_envelope *envelope,
                            troupe_message **out_message)
{
    const bool is_protobuf = envelope->form == TR_ENVELOPE_PROTOBUF;
    const bool has_name = envelope->type[0] != '\0';
    const void *type = has_name ? find_type(worker, unpacker, is_protobuf, envelope->type) : NULL;
    TR_REQUIRE(type != NULL || (!has_name && envelope->form == TR_ENVELOPE_BYTES), PROTOCOL);
    switch (envelope->form) {
    case TR_ENVELOPE_PROTOBUF:
        return unpack_protobuf(worker, &unpacker->arena, envelope, type, out_message);
    case TR_ENVELOPE_STRUCT:
        return unpack_struct(worker, envelope, type, out_message);
    case TR_ENVELOPE_BYTES:
        return unpack_bytes(worker, unpacker->lender, envelope, type, out_message);
    case TR_ENVELOPE_NONE:
        break;
    }
    return TROUPE_ERROR_PROTOCOL;
}
