/* SPDX-License-Identifier: MIT */
#include "node/hub_list.h"

#include <stdio.h>

#include "base/assert.h"
#include "node/hub_inside.h"

static void copy(char *to, size_t size, const char *text)
{
    (void) snprintf(to, size, "%s", text != NULL ? text : ""); /* cut, for people */
}

/* What is known of it but for its connection. */
static void add_node(const tr_hub *hub, tr_hub_row *row)
{
    tr_system *system = hub->options.system;
    tr_known_node *known = row->node != 0 ? tr_nodes_hold(system, row->node) : NULL;
    if (known != NULL) {
        copy(row->name, sizeof row->name, known->info.name);
        copy(row->labels, sizeof row->labels, known->info.labels);
        tr_nodes_release(system, known);
    }
}

static void add_session(const tr_hub *hub, tr_hub_row *row)
{
    const tr_session *session = tr_sessions_find(&hub->sessions, row->node);
    add_node(hub, row);
    if (session != NULL) {
        row->counts = session->counts;
        row->is_suspect = session->is_suspect;
        row->bytes = session->window.bytes;
    }
}

static void describe_way(tr_hub *hub, const tr_way *way, tr_hub_row *row)
{
    const tr_rights_port port = tr_hub_rights(hub);
    const tr_rights rights = port.of(port.context, way->node);
    *row = (tr_hub_row) {.node = way->node,
                         .rights = rights.granted,
                         .is_up = true,
                         .is_dialled = way->from != NULL};
    copy(row->endpoint, sizeof row->endpoint, tr_mesh_peer(way->link));
    copy(row->key_name, sizeof row->key_name, rights.who);
    add_session(hub, row);
}

static bool has_way(const tr_hub *hub, uint64_t of)
{
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_next(&hub->ways, node)) {
        if (TR_CONTAINER_OF(node, tr_way, by_node)->node == of) {
            return true;
        }
    }
    return false;
}

static bool is_dialled(const tr_hub *hub, uint64_t node)
{
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        if (hub->addresses[i].node == node) {
            return true;
        }
    }
    return false;
}

/* Where the rows are put, and how many there were. */
struct list {
    tr_hub_row *rows;
    size_t first;
    size_t room;
    size_t count;
};

/* The row for the next one; NULL: it is none of those wanted. */
static tr_hub_row *next_row(struct list *list)
{
    const size_t place = list->count++;
    return place >= list->first && place - list->first < list->room
               ? &list->rows[place - list->first]
               : NULL;
}

static void list_ways(tr_hub *hub, struct list *list)
{
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_next(&hub->ways, node)) {
        tr_hub_row *row = next_row(list);
        if (row != NULL) {
            describe_way(hub, TR_CONTAINER_OF(node, tr_way, by_node), row);
        }
    }
}

/* Who dialled this node from there is there. */
static void list_addresses(const tr_hub *hub, struct list *list)
{
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        const tr_target *at = &hub->addresses[i];
        tr_hub_row *row = at->is_self || has_way(hub, at->node) ? NULL : next_row(list);
        if (row != NULL) {
            *row = (tr_hub_row) {.node = at->node, .is_dialled = true};
            copy(row->endpoint, sizeof row->endpoint, at->given.endpoint);
            add_session(hub, row);
        }
    }
}

static void list_gone(const tr_hub *hub, struct list *list)
{
    for (uint64_t node = tr_sessions_next(&hub->sessions, 0); node != 0;
         node = tr_sessions_next(&hub->sessions, node)) {
        const tr_session *session = tr_sessions_find(&hub->sessions, node);
        tr_hub_row *row =
            session->is_over || has_way(hub, node) || is_dialled(hub, node) ? NULL : next_row(list);
        if (row != NULL) {
            *row = (tr_hub_row) {.node = node};
            add_session(hub, row);
        }
    }
}

size_t tr_hub_list(tr_hub *hub, size_t first, tr_hub_row *rows, size_t room)
{
    struct list list = {.rows = rows, .first = first, .room = room};
    list_ways(hub, &list);
    list_addresses(hub, &list);
    list_gone(hub, &list);
    return list.count;
}
