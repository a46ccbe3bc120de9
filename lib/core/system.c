/* SPDX-License-Identifier: MIT */
#include "core/system.h"

#include "base/assert.h"
#include "core/far.h"
#include "core/offers.h"
#include "core/types.h"

static const troupe_behavior plain_behavior = TROUPE_BEHAVIOR(.name = "plain");

troupe_error tr_system_init(tr_system *system, const tr_system_options *options,
                            const tr_ports *ports)
{
    TR_ASSERT(options->node_id != 0 && options->workers > 0 && options->actors_max > 0);
    TR_ASSERT(options->ends_max >= options->workers && options->ends_max <= TR_ENDS_MAX);
    *system = (tr_system) {.options = *options,
                           .hash_key = tr_hash_u64(~options->seed),
                           .ports = *ports,
                           .ends = options->workers,
                           .lacks_proxy = options->has_proxy != 0};
    atomic_store_explicit(&system->budget_left, options->memory_budget, memory_order_relaxed);
    const troupe_spawn_options plain = {.size = sizeof plain, .behavior = &plain_behavior};
    troupe_spawn_options complete;
    const troupe_error error =
        tr_settings_complete(&plain, options->mailbox_capacity_default, &complete);
    TR_ASSERT(error == TROUPE_OK);
    system->settings = tr_settings_of(&complete);
    tr_map_init(&system->names, system->ports.allocator);
    tr_list_init(&system->quarantine.entries);
    tr_map_init(&system->types, system->ports.allocator);
    tr_map_init(&system->offers, system->ports.allocator);
    tr_map_init(&system->far_nodes, system->ports.allocator);
    tr_list_init(&system->seats);
    tr_groups_init(&system->groups, system->ports.allocator);
    tr_nodes_init(&system->nodes, system->ports.allocator);
    return tr_slots_init(&system->slots, options->actors_max);
}

void tr_system_fini(tr_system *system)
{
    tr_far_forget_all(system);
    tr_types_forget_all(system);
    tr_offers_forget_all(system);
    tr_map_fini(&system->far_nodes);
    tr_nodes_fini(&system->nodes);
    tr_groups_fini(&system->groups);
    tr_map_fini(&system->types);
    tr_map_fini(&system->offers);
    tr_map_fini(&system->names);
    tr_slots_fini(&system->slots);
}

void tr_system_note_end(tr_system *system, uint32_t index)
{
    const tr_ports *ports = &system->ports;
    ports->lock(ports->context);
    if (system->ends <= index) {
        system->ends = index + 1;
    }
    system->lacks_proxy = system->lacks_proxy && index != system->options.workers;
    ports->unlock(ports->context);
}

troupe_ref tr_system_ref(const tr_system *system, tr_address address)
{
    if (address.generation == 0) {
        return troupe_ref_none();
    }
    return (troupe_ref) {
        .node = system->options.node_id, .slot = address.slot, .generation = address.generation};
}

troupe_error tr_system_address(const tr_system *system, troupe_ref ref, tr_address *out_address)
{
    if (TR_UNLIKELY(ref.node != system->options.node_id)) {
        return ref.node == 0         ? TROUPE_ERROR_NO_SUCH_ACTOR
               : system->far == NULL ? TROUPE_ERROR_STALE
                                     : TROUPE_ERROR_LOCAL_ONLY;
    }
    if (TR_UNLIKELY(ref.slot >= system->slots.count || ref.generation == 0)) {
        return TROUPE_ERROR_NO_SUCH_ACTOR;
    }
    *out_address = (tr_address) {.slot = ref.slot, .generation = ref.generation};
    return TROUPE_OK;
}
