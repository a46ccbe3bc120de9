/* SPDX-License-Identifier: MIT */
#include "simulation/incarnations.h"

#include "base/assert.h"
#include "base/memory.h"

typedef struct known_id {
    tr_map_node node;
    uint64_t id;
    uint32_t index;
} known_id;

static bool is_id(const tr_map_node *node, const void *id)
{
    return TR_CONTAINER_OF_CONST(node, known_id, node)->id == *(const uint64_t *) id;
}

void tr_incarnations_init(tr_incarnations *incarnations)
{
    tr_map_init(&incarnations->ids, tr_allocator_default());
}

void tr_incarnations_fini(tr_incarnations *incarnations)
{
    for (tr_map_node *node = tr_map_first(&incarnations->ids); node != NULL;
         node = tr_map_first(&incarnations->ids)) {
        tr_map_remove(&incarnations->ids, node);
        known_id *known = TR_CONTAINER_OF(node, known_id, node);
        tr_free(tr_allocator_default(), known, sizeof *known);
    }
    tr_map_fini(&incarnations->ids);
}

troupe_error tr_incarnations_add(tr_incarnations *incarnations, uint64_t id, uint32_t node)
{
    const troupe_error error = tr_map_reserve_one(&incarnations->ids);
    if (error) {
        return error;
    }
    known_id *known = tr_allocate(tr_allocator_default(), sizeof *known);
    TR_REQUIRE(known != NULL, NO_MEMORY);
    known->id = id;
    known->index = node;
    tr_map_add(&incarnations->ids, &known->node, tr_hash_u64(id));
    return TROUPE_OK;
}

uint32_t tr_incarnations_find(const tr_incarnations *incarnations, uint64_t id)
{
    const tr_map_node *node = tr_map_find(&incarnations->ids, tr_hash_u64(id), is_id, &id);
    return node != NULL ? TR_CONTAINER_OF_CONST(node, known_id, node)->index : UINT32_MAX;
}
