/* SPDX-License-Identifier: MIT */
#include "core/placements.h"

#include <string.h>

#include "base/assert.h"

void tr_placements_init_seat(tr_node_seat *seat, tr_address supervisor)
{
    *seat = (tr_node_seat) {.supervisor = supervisor};
    tr_list_init(&seat->link);
}

static uint32_t count_on(const tr_system *system, tr_address supervisor, uint64_t node)
{
    uint32_t count = 0;
    for (tr_list *at = tr_list_first(&system->seats); at != NULL;
         at = tr_list_next(&system->seats, at)) {
        const tr_node_seat *seat = TR_CONTAINER_OF(at, tr_node_seat, link);
        count += seat->node == node && tr_address_is_same(seat->supervisor, supervisor) ? 1 : 0;
    }
    return count;
}

static bool was_tried(const tr_choice *choice, uint64_t node)
{
    for (size_t i = 0; i < choice->tried_count; i++) {
        if (choice->tried[i] == node) {
            return true;
        }
    }
    return false;
}

static bool fits(const tr_choice *choice, const troupe_node_info *info)
{
    const char *label = choice->placement->label;
    return info->state == TROUPE_NODE_CONNECTED && !was_tried(choice, info->node) &&
           (label == NULL || troupe_node_has_label(info, label)) &&
           (choice->only_name == NULL || strcmp(choice->only_name, info->name) == 0);
}

/* By its name, so that the next incarnation has the same. */
static uint64_t score(const troupe_node_info *info, uint64_t key)
{
    const uint64_t hash = info->name[0] != '\0' ? tr_hash_bytes(info->name, strlen(info->name))
                                                : tr_hash_u64(info->node);
    return tr_hash_u64(hash ^ tr_hash_u64(key));
}

struct best {
    const troupe_node_info *info;
    uint32_t count;
};

static bool is_better(const tr_choice *choice, const troupe_node_info *info, uint32_t count,
                      const struct best *best)
{
    const troupe_placement *placement = choice->placement;
    if (best->info == NULL) {
        return true;
    }
    if (placement->rule == TROUPE_NODES_KEY) {
        return score(info, placement->key) > score(best->info, placement->key);
    }
    if (placement->rule == TROUPE_NODES_PACK) {
        const int order = strcmp(info->name, best->info->name);
        return order < 0 || (order == 0 && info->node < best->info->node);
    }
    return count != best->count ? count < best->count
                                : score(info, choice->spread) > score(best->info, choice->spread);
}

static void consider(const tr_system *system, const tr_choice *choice, const tr_node_seat *seat,
                     const troupe_node_info *info, struct best *best)
{
    if (!fits(choice, info)) {
        return;
    }
    const uint32_t most = choice->placement->per_node_max;
    const uint32_t count = count_on(system, seat->supervisor, info->node);
    if ((most == 0 || count < most) && is_better(choice, info, count, best)) {
        *best = (struct best) {.info = info, .count = count};
    }
}

bool tr_placements_take(tr_system *system, const tr_choice *choice, tr_node_seat *seat)
{
    const tr_nodes *nodes = &system->nodes;
    struct best best = {0};
    TR_ASSERT(seat->node == 0);
    system->ports.lock(system->ports.context);
    if (choice->placement->not_here == 0) {
        consider(system, choice, seat, &nodes->own, &best);
    }
    for (tr_list *at = tr_list_first(&nodes->by_change); at != NULL;
         at = tr_list_next(&nodes->by_change, at)) {
        consider(system, choice, seat, &TR_CONTAINER_OF(at, tr_known_node, by_change)->info, &best);
    }
    if (best.info != NULL) {
        seat->node = best.info->node;
        memcpy(seat->name, best.info->name, sizeof seat->name);
        tr_list_push_back(&system->seats, &seat->link);
    }
    system->ports.unlock(system->ports.context);
    return best.info != NULL;
}

void tr_placements_leave(tr_system *system, tr_node_seat *seat)
{
    system->ports.lock(system->ports.context);
    tr_list_remove(&seat->link);
    seat->node = 0;
    system->ports.unlock(system->ports.context);
}
