/* SPDX-License-Identifier: MIT */
#include "core/types.h"

#include <string.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/bracket.h"
#include "core/protobuf.h"

struct entry {
    tr_map_node node;
    const void *type;
    const char *name; /* the type's own */
    size_t length;
    bool is_protobuf;
};

static bool is_same(const tr_map_node *node, const void *key)
{
    const struct entry *entry = TR_CONTAINER_OF_CONST(node, struct entry, node);
    const struct entry *wanted = key;
    return entry->is_protobuf == wanted->is_protobuf && entry->length == wanted->length &&
           memcmp(entry->name, wanted->name, wanted->length) == 0;
}

static const struct entry *find(const tr_system *system, const struct entry *wanted)
{
    const tr_map_node *node =
        tr_map_find(&system->types, tr_hash_bytes(wanted->name, wanted->length), is_same, wanted);
    return node != NULL ? TR_CONTAINER_OF_CONST(node, struct entry, node) : NULL;
}

static troupe_error add_locked(tr_system *system, const struct entry *wanted)
{
    const struct entry *known = find(system, wanted);
    if (known != NULL) {
        return known->type == wanted->type ? TROUPE_OK : TROUPE_ERROR_NAME_TAKEN;
    }
    const troupe_error error = tr_map_reserve_one(&system->types);
    if (error) {
        return error;
    }
    struct entry *entry = tr_allocate(system->ports.allocator, sizeof *entry);
    TR_REQUIRE(entry != NULL, NO_MEMORY);
    *entry = *wanted;
    tr_map_add(&system->types, &entry->node, tr_hash_bytes(entry->name, entry->length));
    return TROUPE_OK;
}

troupe_error tr_types_learn(tr_system *system, bool is_protobuf, const void *type)
{
    struct entry wanted = {.type = type, .is_protobuf = is_protobuf};
    wanted.name = is_protobuf ? ((const ProtobufCMessageDescriptor *) type)->name
                              : ((const troupe_type *) type)->name;
    wanted.length = strlen(wanted.name);
    const tr_ports *ports = &system->ports;
    ports->lock(ports->context);
    const troupe_error error = add_locked(system, &wanted);
    ports->unlock(ports->context);
    return error;
}

const void *tr_types_find(const tr_system *system, bool is_protobuf, const char *name,
                          size_t length)
{
    const struct entry wanted = {.name = name, .length = length, .is_protobuf = is_protobuf};
    const tr_ports *ports = &system->ports;
    ports->lock(ports->context);
    const struct entry *entry = find(system, &wanted);
    const void *type = entry != NULL ? entry->type : NULL;
    ports->unlock(ports->context);
    return type;
}

void tr_types_forget_all(tr_system *system)
{
    for (tr_map_node *node = tr_map_first(&system->types); node != NULL;
         node = tr_map_first(&system->types)) {
        tr_map_remove(&system->types, node);
        struct entry *entry = TR_CONTAINER_OF(node, struct entry, node);
        tr_free(system->ports.allocator, entry, sizeof *entry);
    }
}

static troupe_error learn(troupe_self *self, bool is_protobuf, const void *type)
{
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_types_learn(worker->system, is_protobuf, type);
    tr_leave(self);
    return error;
}

troupe_error troupe_learn(troupe_self *self, const ProtobufCMessageDescriptor *descriptor)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && descriptor != NULL, BAD_ARGUMENT);
    TR_REQUIRE(descriptor->magic == PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, BAD_ARGUMENT);
    return learn(self, true, descriptor);
}

troupe_error troupe_learn_type(troupe_self *self, const troupe_type *type)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && type != NULL && type->size == sizeof *type && type->name != NULL,
               BAD_ARGUMENT);
    TR_REQUIRE(type->body_size == 0 || (type->pack != NULL && type->unpack != NULL), LOCAL_ONLY);
    return learn(self, false, type);
}
