/* SPDX-License-Identifier: MIT */
#include "simulation/frontier.h"

#include "base/assert.h"

static bool send_frame(void *context, uint64_t to_node, const void *frame, size_t size)
{
    const tr_frontier *frontier = context;
    return tr_network_send(tr_world_network(frontier->world), frontier->node, to_node, frame, size);
}

troupe_error tr_frontier_open(tr_frontier *frontier, tr_world *world, uint32_t node)
{
    TR_ASSERT(!frontier->is_open);
    tr_virtual_node *there = tr_fleet_berth(tr_world_fleet(world), node)->node;
    const tr_wire_port port = {.context = frontier, .send = send_frame};
    frontier->world = world;
    frontier->node = node;
    tr_border_init(&frontier->border, tr_virtual_node_ends(there)->system, &port);
    frontier->is_open = true;
    const troupe_spawn_options options = tr_border_spawn_options(&frontier->border);
    tr_root *root = NULL;
    const troupe_error error = tr_virtual_node_spawn(there, &options, &root);
    if (error) {
        tr_frontier_shut(frontier);
        return error;
    }
    root->is_waited_for = false; /* it stays the node's */
    tr_fleet_look(tr_world_fleet(world), node);
    return TROUPE_OK;
}

void tr_frontier_shut(tr_frontier *frontier)
{
    if (frontier->is_open) {
        frontier->is_open = false;
        tr_border_fini(&frontier->border);
    }
}

void tr_frontier_connected(tr_frontier *frontier, uint64_t other)
{
    /* Where this fails, as the border has not started yet, for want of memory, or at a stop, it is
     * tried again when something comes from there; until then the border says that the node is not
     * connected. */
    if (frontier->is_open) {
        (void) tr_border_connected(&frontier->border, other);
    }
}

void tr_frontier_lost(tr_frontier *frontier, uint64_t other, troupe_error reason)
{
    if (frontier->is_open) {
        tr_border_lost(&frontier->border, other, reason);
    }
}

void tr_frontier_came(tr_frontier *frontier, uint64_t from, const void *frame, size_t size)
{
    if (frontier->is_open) {
        if (!tr_border_is_connected(&frontier->border, from)) {
            (void) tr_border_connected(&frontier->border, from);
        }
        tr_border_accept(&frontier->border, from, frame, size);
    }
}
