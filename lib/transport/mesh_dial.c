/* SPDX-License-Identifier: MIT */
/* Links that this node dials. */
#include <stdio.h>
#include <string.h>

#include "transport/mesh_inside.h"

static void came_to_dialled(void *context, tr_zmq_socket *socket)
{
    const tr_mesh_side *side = context;
    tr_mesh_link *link = side->link;
    zmq_msg_t message;
    (void) zmq_msg_init(&message); /* cannot fail */
    size_t bytes = 0;
    for (unsigned i = 0; i < TR_MESH_TURN_MESSAGES && bytes < TR_MESH_TURN_BYTES &&
                         tr_zmq_receive(socket, &message);
         i++) {
        bytes += zmq_msg_size(&message);
        if (link->is_up && !link->is_over) {
            tr_mesh_hear(link, (tr_channel) (side - link->sides), &message);
        } else if (!link->is_over) { /* they have heard both knocks */
            tr_mesh_be_up(link);
        }
    }
    (void) zmq_msg_close(&message);
}

static bool knock(tr_mesh_link *link)
{
    static const tr_zmq_part nothing = {"", 0};
    for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
        if (tr_zmq_send(link->sides[i].socket, &nothing, 1) != TROUPE_OK) {
            return false;
        }
    }
    return true;
}

static void happened_to_dialled(void *context, tr_zmq_socket *socket, tr_zmq_event event,
                                int number)
{
    tr_mesh_side *side = context;
    tr_mesh_link *link = side->link;
    (void) socket;
    (void) number;
    if (link->is_over) {
        return;
    }
    switch (event) {
    case TR_ZMQ_CONNECTED:
        side->is_there = true;
        if (!tr_mesh_has_all_sides(link) || link->is_up) {
            return;
        }
        if (!knock(link)) {
            tr_mesh_lose(link, TROUPE_ERROR_UNREACHABLE, "the connection broke at once");
        }
        return;
    case TR_ZMQ_REFUSED:
        tr_mesh_lose(link, TROUPE_ERROR_NOT_AUTHORISED, "the other node refuses this one's key");
        return;
    case TR_ZMQ_STRANGE:
        tr_mesh_lose(link, TROUPE_ERROR_PROTOCOL,
                     "the other side does not speak ZMTP, or with another kind of security");
        return;
    case TR_ZMQ_DISCONNECTED:
        tr_mesh_break(link, (tr_channel) (side - link->sides));
        return;
    case TR_ZMQ_NO_DESCRIPTORS:
    case TR_ZMQ_EVENT_COUNT:
        return;
    }
}

static void make_key(tr_mesh *mesh, unsigned char *key)
{
    const uint64_t numbers[] = {mesh->options.node_id, ++mesh->dialled};
    for (unsigned i = 0; i < TR_MESH_KEY_BYTES; i++) {
        key[i] = (unsigned char) (numbers[i / 8] >> (56 - 8 * (i % 8)));
    }
}

static troupe_error open_side(tr_mesh_link *link, tr_channel channel, const char *server_key)
{
    tr_mesh *mesh = link->mesh;
    tr_mesh_side *side = &link->sides[channel];
    unsigned char id[TR_MESH_ID_BYTES] = {tr_mesh_letter(channel)};
    memcpy(id + 1, link->key, TR_MESH_KEY_BYTES);
    const tr_zmq_keys keys = {.public_key = mesh->options.public_key,
                              .secret_key = mesh->options.secret_key,
                              .server_key = server_key};
    tr_zmq_options options = tr_mesh_socket_options(mesh, ZMQ_DEALER);
    options.id = id;
    options.id_size = sizeof id;
    options.keys = server_key != NULL ? &keys : NULL;
    side->owner = (tr_zmq_owner) {
        .context = side, .readable = came_to_dialled, .happened = happened_to_dialled};
    const troupe_error error = tr_zmq_open(&mesh->set, &options, &side->owner, &side->socket);
    return error ? error : tr_zmq_dial(side->socket, link->peer);
}

troupe_error tr_mesh_dial(tr_mesh *mesh, const char *endpoint, const char *server_key,
                          void *context, tr_mesh_link **out_link)
{
    TR_REQUIRE(strlen(endpoint) < sizeof((tr_mesh_link *) NULL)->peer, BAD_ARGUMENT);
    TR_REQUIRE(server_key == NULL || mesh->options.secret_key != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_local_is(endpoint) || tr_local_is_trusted(endpoint), NOT_AUTHORISED);
    tr_mesh_link *link = tr_mesh_make_link(mesh);
    TR_REQUIRE(link != NULL, NO_MEMORY);
    link->is_dialled = true;
    link->context = context;
    (void) snprintf(link->peer, sizeof link->peer, "%s", endpoint); /* fits */
    make_key(mesh, link->key);
    troupe_error error = TROUPE_OK;
    for (tr_channel i = 0; i < TR_CHANNEL_COUNT && !error; i++) {
        error = open_side(link, i, server_key);
    }
    if (error) {
        tr_mesh_hang_up(&link);
        return error;
    }
    *out_link = link;
    return TROUPE_OK;
}

void tr_mesh_hang_up(tr_mesh_link **in_link)
{
    tr_mesh_link *link = *in_link;
    *in_link = NULL;
    if (link != NULL && !link->is_over) {
        tr_mesh_end_link(link);
    }
}
