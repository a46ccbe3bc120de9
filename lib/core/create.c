/* SPDX-License-Identifier: MIT */
#include "base/assert.h"
#include "core/bracket.h"

static bool is_type(const troupe_type *type)
{
    return type != NULL && type->size == sizeof *type && type->name != NULL;
}

troupe_error troupe_message_create(troupe_self *self, const troupe_type *type, const void *body,
                                   troupe_message **out_message)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_type(type) && out_message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(body == NULL || type->body_size > 0, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_message_of_struct(&worker->pool, type, body, out_message);
    tr_leave(self);
    return error;
}

troupe_error troupe_message_create_protobuf(troupe_self *self, const ProtobufCMessage *body,
                                            troupe_message **out_message)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && body != NULL && out_message != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_message_of_protobuf(&worker->pool, body, out_message);
    tr_leave(self);
    return error;
}

troupe_error troupe_message_build(troupe_self *self, const ProtobufCMessageDescriptor *descriptor,
                                  size_t room_size, troupe_message **out_message)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && descriptor != NULL && out_message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(descriptor->magic == PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_message_build(&worker->pool, descriptor, room_size, out_message);
    tr_leave(self);
    return error;
}

troupe_error troupe_message_create_bytes(troupe_self *self, const troupe_type *type,
                                         const troupe_bytes *bytes, troupe_message **out_message)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && bytes != NULL && out_message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(type == NULL || (is_type(type) && type->body_size == 0), BAD_ARGUMENT);
    TR_REQUIRE(bytes->data != NULL || bytes->size == 0, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_message_of_bytes(&worker->pool, type, bytes, out_message);
    tr_leave(self);
    return error;
}

troupe_error troupe_message_copy(troupe_self *self, troupe_message *message,
                                 troupe_message **out_message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, &message);
    TR_REQUIRE(self != NULL && message != NULL && out_message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_message_has(message, TR_MESSAGE_EMBEDDED), BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_message_copy_of(&worker->pool, message, out_message);
    tr_leave(self);
    return error;
}

static troupe_ref ref_in(const troupe_message *message, tr_address address)
{
    if (address.generation == 0 || tr_message_has(message, TR_MESSAGE_EMBEDDED)) {
        return troupe_ref_none();
    }
    if (tr_message_has(message, TR_MESSAGE_EXTENDED)) {
        const tr_extension *extension = (const tr_extension *) (const void *) (message + 1);
        if (extension->node != 0) {
            return (troupe_ref) {.node = extension->node,
                                 .slot = extension->from.slot,
                                 .generation = extension->from.generation};
        }
    }
    const tr_system *system = tr_pool_of(message)->system; /* whose block it is */
    return tr_system_ref(system, address);
}

troupe_ref troupe_message_sender(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message != NULL ? ref_in(message, message->sender) : troupe_ref_none();
}

troupe_ref troupe_message_receiver(const troupe_message *message)
{
    TR_CHECK_MESSAGE(message);
    return message != NULL ? ref_in(message, message->receiver) : troupe_ref_none();
}

troupe_timeout troupe_message_remaining(troupe_self *self, const troupe_message *message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_MESSAGE(message);
    if (self == NULL || message == NULL || message->deadline_ns == TR_NEVER) {
        return TROUPE_FOREVER;
    }
    const uint64_t now_ns = tr_enter(self)->now_ns;
    tr_leave(self);
    return message->deadline_ns > now_ns ? troupe_timeout_of_ns(message->deadline_ns - now_ns)
                                         : TROUPE_NOW;
}
