/* SPDX-License-Identifier: MIT */
#include "node/hub_list.h"

#include <stdio.h>

#include "base/assert.h"
#include "node/hub_inside.h"

static void copy(char *to, size_t size, const char *text)
{
    (void) snprintf(to, size, "%s", text != NULL ? text : ""); /* cut, for people */
}

static void add_session(const tr_hub *hub, tr_hub_row *row)
{
    const tr_session *session = tr_sessions_find(&hub->sessions, row->node);
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
    copy(row->name, sizeof row->name, way->name);
    copy(row->endpoint, sizeof row->endpoint, tr_mesh_peer(way->link));
    copy(row->key_name, sizeof row->key_name, rights.who);
    add_session(hub, row);
}

/* Whether nobody is there; who dialled this node from there counts. */
static bool is_empty(const tr_hub *hub, const tr_target *at)
{
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_next(&hub->ways, node)) {
        if (TR_CONTAINER_OF(node, tr_way, by_node)->node == at->node) {
            return false;
        }
    }
    return !at->is_self;
}

size_t tr_hub_list(tr_hub *hub, size_t first, tr_hub_row *rows, size_t room)
{
    size_t count = 0;
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_next(&hub->ways, node)) {
        if (count >= first && count - first < room) {
            describe_way(hub, TR_CONTAINER_OF(node, tr_way, by_node), &rows[count - first]);
        }
        count++;
    }
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        const tr_target *at = &hub->addresses[i];
        if (!is_empty(hub, at)) {
            continue;
        }
        if (count >= first && count - first < room) {
            tr_hub_row *row = &rows[count - first];
            *row = (tr_hub_row) {.node = at->node, .is_dialled = true};
            copy(row->endpoint, sizeof row->endpoint, at->given.endpoint);
            add_session(hub, row);
        }
        count++;
    }
    return count;
}
