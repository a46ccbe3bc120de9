/* SPDX-License-Identifier: MIT */
#include "simulation/frontier.h"

#include "base/assert.h"

static bool send_frame(void *context, uint64_t to_node, const void *frame, size_t size)
{
    const tr_frontier *frontier = context;
    return tr_network_send(tr_world_network(frontier->world), frontier->node, to_node, frame, size);
}

/* Links. */

static bool send_word(void *context, uint64_t to_node, tr_link_kind kind, const void *word,
                      size_t size)
{
    (void) kind; /* both go the same way */
    return send_frame(context, to_node, word, size);
}

static void open_link(void *context, uint64_t node)
{
    (void) send_frame(context, node, NULL, 0); /* there is none; this asks for one */
}

static void close_link(void *context, uint64_t node)
{
    const tr_frontier *frontier = context;
    tr_network_close(tr_world_network(frontier->world), frontier->node, node);
}

static tr_wire_port make_sessions(tr_frontier *frontier, tr_system *system,
                                  const tr_world_options *options)
{
    const tr_link_port links = {
        .context = frontier, .send = send_word, .open = open_link, .close = close_link};
    const tr_session_options times = {.dead_ns = options->session_dead_ns,
                                      .credit_messages = TR_SHAKEN(8192, 64)};
    tr_sessions_init(&frontier->sessions, &frontier->border, system, &links, &times);
    return tr_sessions_wire(&frontier->sessions);
}

troupe_error tr_frontier_open(tr_frontier *frontier, tr_world *world, uint32_t node)
{
    TR_ASSERT(!frontier->is_open);
    const tr_berth *berth = tr_fleet_berth(tr_world_fleet(world), node);
    tr_virtual_node *there = berth->node;
    tr_system *system = tr_virtual_node_ends(there)->system;
    tr_wire_port port = {.context = frontier, .send = send_frame};
    frontier->world = world;
    frontier->node = node;
    frontier->has_sessions = berth->options.session_dead_ns != 0;
    if (frontier->has_sessions) {
        port = make_sessions(frontier, system, &berth->options);
    }
    tr_border_init(&frontier->border, system, &port);
    tr_border_set_squeezes(&frontier->border, system->options.seed % 2 == 0);
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
        if (frontier->has_sessions) {
            tr_sessions_fini(&frontier->sessions);
        }
        tr_border_fini(&frontier->border);
    }
}

void tr_frontier_connected(tr_frontier *frontier, uint64_t other, const char *name,
                           const char *labels)
{
    if (frontier->is_open) {
        tr_nodes_name(frontier->border.system, other, name, labels);
    }
    if (frontier->is_open && frontier->has_sessions) {
        tr_sessions_link_up(&frontier->sessions, other);
    } else if (frontier->is_open) {
        /* Where this fails, as the border has not started yet, for want of memory, or at a stop, it
         * is tried again when something comes from there; until then the border says that the node
         * is not connected. */
        (void) tr_border_connected(&frontier->border, other);
    }
}

void tr_frontier_lost(tr_frontier *frontier, uint64_t other, troupe_error reason)
{
    if (frontier->is_open && frontier->has_sessions) {
        tr_sessions_link_down(&frontier->sessions, other, reason);
    } else if (frontier->is_open) {
        tr_border_lost(&frontier->border, other, reason);
    }
}

void tr_frontier_came(tr_frontier *frontier, uint64_t from, const void *data, size_t size)
{
    if (frontier->is_open && frontier->has_sessions) {
        tr_sessions_came(&frontier->sessions, from, data, size);
    } else if (frontier->is_open) {
        if (!tr_border_is_connected(&frontier->border, from)) {
            (void) tr_border_connected(&frontier->border, from);
        }
        tr_border_accept(&frontier->border, from, data, size, 0);
    }
}
