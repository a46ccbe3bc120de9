/* SPDX-License-Identifier: MIT */
#include "core/names.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

static bool has_text(const tr_map_node *node, const void *key)
{
    return strcmp(TR_CONTAINER_OF_CONST(node, tr_name, node)->text, key) == 0;
}

static tr_name *find(tr_system *system, const char *text, uint64_t *out_hash)
{
    *out_hash = tr_hash_bytes(text, strlen(text));
    tr_map_node *node = tr_map_find(&system->names, *out_hash, has_text, text);
    return node == NULL ? NULL : TR_CONTAINER_OF(node, tr_name, node);
}

static troupe_error add_locked(tr_system *system, tr_name *name)
{
    uint64_t hash = 0;
    if (find(system, name->text, &hash) != NULL) {
        return TROUPE_ERROR_NAME_TAKEN;
    }
    const troupe_error error = tr_map_reserve_one(&system->names);
    if (error) {
        return error;
    }
    tr_map_add(&system->names, &name->node, hash);
    return TROUPE_OK;
}

troupe_error tr_names_add(tr_system *system, const char *text, tr_address address,
                          tr_name **out_name)
{
    const size_t length = strlen(text);
    TR_REQUIRE(length > 0 && length <= TR_NAME_MAX, BAD_ARGUMENT);
    const tr_ports *ports = &system->ports;
    tr_name *name = tr_allocate(ports->allocator, sizeof *name);
    TR_REQUIRE(name != NULL, NO_MEMORY);
    name->address = address;
    memcpy(name->text, text, length + 1);

    ports->lock(ports->context);
    const troupe_error error = add_locked(system, name);
    ports->unlock(ports->context);
    if (error) {
        tr_free(ports->allocator, name, sizeof *name);
        return error;
    }
    *out_name = name;
    return TROUPE_OK;
}

void tr_names_remove(tr_system *system, tr_name **name)
{
    if (*name == NULL) {
        return;
    }
    const tr_ports *ports = &system->ports;
    ports->lock(ports->context);
    tr_map_remove(&system->names, &(*name)->node);
    ports->unlock(ports->context);
    tr_free(ports->allocator, *name, sizeof **name);
    *name = NULL;
}

troupe_error tr_names_find(tr_system *system, const char *text, tr_address *out_address)
{
    const tr_ports *ports = &system->ports;
    uint64_t hash = 0;
    ports->lock(ports->context);
    const tr_name *name = find(system, text, &hash);
    if (name != NULL) {
        *out_address = name->address;
    }
    ports->unlock(ports->context);
    return name != NULL ? TROUPE_OK : TROUPE_ERROR_NO_SUCH_ACTOR;
}
