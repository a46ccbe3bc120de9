/* SPDX-License-Identifier: MIT */
/* Links that others dial. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "transport/mesh_inside.h"
#include "transport/tsan.h"

/* When a descriptor to accept with is tried for again. */
#define RESERVE_AGAIN_NS UINT64_C(100000000)
#define COMPLAIN_AGAIN_NS UINT64_C(1000000000)

static bool has_key(const tr_map_node *node, const void *key)
{
    return memcmp(TR_CONTAINER_OF_CONST(node, tr_mesh_link, by_key)->key, key, TR_MESH_KEY_BYTES) ==
           0;
}

static tr_mesh_link *find(const tr_mesh *mesh, const unsigned char *key)
{
    tr_map_node *node =
        tr_map_find(&mesh->accepted, tr_hash_bytes(key, TR_MESH_KEY_BYTES), has_key, key);
    return node != NULL ? TR_CONTAINER_OF(node, tr_mesh_link, by_key) : NULL;
}

static bool is_ours(const tr_mesh *mesh, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in6 ip;
        struct sockaddr_un local;
    } address = {.any = {0}};
    socklen_t size = sizeof address;
    if (fd < 0 || getsockname(fd, &address.any, &size) != 0) {
        return false;
    }
    if (address.any.sa_family == AF_UNIX) {
        return mesh->side_door.socket != NULL &&
               strncmp(address.local.sun_path, mesh->side_door.local.path,
                       sizeof address.local.sun_path) == 0;
    }
    uint16_t port = 0; /* IPv4 has it at the same place */
    memcpy(&port, (const char *) &address + offsetof(struct sockaddr_in6, sin6_port), sizeof port);
    return (address.any.sa_family == AF_INET6 || address.any.sa_family == AF_INET) &&
           ntohs(port) == mesh->door.port;
}

/* A ROUTER cannot end one of its connections. The descriptor is ZeroMQ's and may be another's by
 * now; so it is held before it is looked at, and only one is ended that our listener has accepted
 * and does not say is over. (Without a descriptor to hold it with it may become another link's in
 * between, which is dialled again.) */
void tr_mesh_cut(const tr_mesh_door *door, int fd, uint64_t begun)
{
    const int held = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    const int it = held >= 0 ? held : fd;
    if (is_ours(door->mesh, it) && !tr_zmq_is_over(door->socket, fd, begun)) {
        (void) shutdown(it, SHUT_RDWR); /* it may be over already */
    }
    if (held >= 0) {
        (void) close(held);
    }
}

void tr_mesh_complain(tr_mesh *mesh, const char *who, const char *what)
{
    const uint64_t time_ns = tr_mesh_now_ns(mesh);
    if (time_ns < mesh->complain_ns) {
        mesh->unsaid++;
        return;
    }
    char others[64] = "";
    if (mesh->unsaid > 0) {
        (void) snprintf(others, sizeof others, "; and on %u more since the last line",
                        mesh->unsaid);
    }
    tr_log_write(mesh->options.report.log, TROUPE_LOG_WARNING,
                 "node '%s': hangs up on %s at %s: %s%s", mesh->options.report.node_name,
                 who != NULL ? who : "a stranger", tr_mesh_endpoint(mesh), what, others);
    mesh->complain_ns = time_ns + COMPLAIN_AGAIN_NS;
    mesh->unsaid = 0;
}

/* Where it came from, for people. */
static const char *address_of(zmq_msg_t *message)
{
    const char *address = zmq_msg_gets(message, "Peer-Address");
    return address != NULL ? tr_zmq_plain_address(address) : "?";
}

/* By which this has come. If one with its descriptor has ended just now it may have come by that
 * one: then none is cut, as nobody is to suffer for another. */
static void cut_connection_of(const tr_mesh_door *door, const zmq_msg_t *message)
{
    tr_mesh_cut(door, zmq_msg_get(message, ZMQ_SRCFD), 0);
}

static void hang_up_on(const tr_mesh_door *door, zmq_msg_t *message, const char *why)
{
    cut_connection_of(door, message);
    tr_mesh_complain(door->mesh, address_of(message), why);
}

static void note_peer(tr_mesh_link *link, tr_channel channel, zmq_msg_t *message)
{
    const char *user = zmq_msg_gets(message, "User-Id");
    tr_mesh_side *side = &link->sides[channel];
    side->fd = zmq_msg_get(message, ZMQ_SRCFD);
    side->begun = tr_zmq_beginning(link->door->socket, side->fd);
    (void) snprintf(link->peer, sizeof link->peer, "%s", address_of(message));
    (void) snprintf(link->user, sizeof link->user, "%s", user != NULL ? user : "");
}

/* Somebody dials: a first knock makes a link, the second has it up. */
static void knocked(tr_mesh_door *door, tr_mesh_link *link, tr_channel channel,
                    const unsigned char *key, zmq_msg_t *message)
{
    tr_mesh *mesh = door->mesh;
    const char *given = zmq_msg_gets(message, "User-Id");
    const char *user = given != NULL ? given : "";
    if (link == NULL) {
        link = mesh->reserve_fd >= 0 && mesh->accepted.count < mesh->options.links_max &&
                       tr_map_reserve_one(&mesh->accepted) == TROUPE_OK
                   ? tr_mesh_make_link(mesh)
                   : NULL;
        if (link == NULL) {
            hang_up_on(door, message, "there are as many links as there may be");
            return;
        }
        memcpy(link->key, key, TR_MESH_KEY_BYTES);
        link->door = door;
        tr_map_add(&mesh->accepted, &link->by_key, tr_hash_bytes(key, TR_MESH_KEY_BYTES));
    } else if (link->door != door || strncmp(user, link->user, sizeof link->user - 1) != 0) {
        hang_up_on(door, message, "its second connection has another key than the first");
        return;
    }
    note_peer(link, channel, message);
    link->sides[channel].is_there = true;
    if (!tr_mesh_has_all_sides(link)) {
        return;
    }
    tr_mesh_be_up(link);
}

/* Whether it was said by who has the key of the link: who has another could have come in its
 * connection's place, by its id, when that has broken. */
static bool is_users(const tr_mesh_link *link, zmq_msg_t *message)
{
    const char *user = link->user[0] != '\0' ? zmq_msg_gets(message, "User-Id") : "";
    return user != NULL && strncmp(user, link->user, sizeof link->user - 1) == 0;
}

static void take(tr_mesh_door *door, const unsigned char *id, size_t id_size, zmq_msg_t *message)
{
    tr_mesh *mesh = door->mesh;
    const tr_channel channel =
        id[0] == tr_mesh_letter(TR_CHANNEL_DATA) ? TR_CHANNEL_DATA : TR_CHANNEL_CONTROL;
    if (id_size != TR_MESH_ID_BYTES || id[0] != tr_mesh_letter(channel)) {
        hang_up_on(door, message, "it does not connect as nodes do");
        return;
    }
    tr_mesh_link *link = find(mesh, id + 1);
    if (link != NULL && link->is_up && link->door == door) {
        if (is_users(link, message)) {
            tr_mesh_hear(link, channel, message);
        } else {
            hang_up_on(door, message, "it speaks in the name of another key");
        }
    } else if (zmq_msg_size(message) == 0 && (link == NULL || !link->sides[channel].is_there)) {
        knocked(door, link, channel, id + 1, message);
    } else if (link == NULL || link->door != door) {
        cut_connection_of(door, message); /* the link is over, or never was */
    } else {
        tr_mesh_lose(link, TROUPE_ERROR_PROTOCOL, "it speaks before it has knocked");
    }
}

/* A message is two parts, the id and what came; more are not looked at. Adds the bytes of it. */
static bool take_message(tr_mesh_door *door, tr_zmq_socket *socket, zmq_msg_t *part, size_t *bytes)
{
    unsigned char id[TR_MESH_ID_BYTES + 1];
    if (!tr_zmq_receive(socket, part)) {
        return false;
    }
    const size_t id_size = zmq_msg_size(part);
    tr_tsan_read(id, zmq_msg_data(part), id_size < sizeof id ? id_size : sizeof id);
    if (!zmq_msg_more(part) || !tr_zmq_receive(socket, part)) {
        return true;
    }
    const bool is_whole = !zmq_msg_more(part);
    *bytes += zmq_msg_size(part);
    if (is_whole) {
        take(door, id, id_size, part);
    } else {
        hang_up_on(door, part, "it does not speak as nodes do");
    }
    while (!is_whole && zmq_msg_more(part) && tr_zmq_receive(socket, part)) {}
    return true;
}

static void came_to_listener(void *context, tr_zmq_socket *socket)
{
    zmq_msg_t part;
    (void) zmq_msg_init(&part); /* cannot fail */
    size_t bytes = 0;
    for (unsigned i = 0; i < TR_MESH_TURN_MESSAGES && bytes < TR_MESH_TURN_BYTES &&
                         take_message(context, socket, &part, &bytes);
         i++) {}
    (void) zmq_msg_close(&part);
}

static tr_mesh_side *find_by_fd(const tr_mesh_door *door, int fd, uint64_t event)
{
    const tr_mesh *mesh = door->mesh;
    for (tr_list *node = tr_list_first(&mesh->links); node != NULL;
         node = tr_list_next(&mesh->links, node)) {
        tr_mesh_link *link = TR_CONTAINER_OF(node, tr_mesh_link, link);
        for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
            tr_mesh_side *side = &link->sides[i];
            if (link->door == door && side->fd == fd && side->begun < event) {
                return side;
            }
        }
    }
    return NULL;
}

/* The connection with this descriptor has ended, as the door was told by this event; and whatever
 * else was thought to have it. */
static void lose_by_fd(const tr_mesh_door *door, int fd, uint64_t event)
{
    for (tr_mesh_side *side = find_by_fd(door, fd, event); side != NULL;
         side = find_by_fd(door, fd, event)) {
        side->fd = -1;
        tr_mesh_break(side->link, (tr_channel) (side - side->link->sides));
    }
}

/* ZeroMQ tries to accept again and again, at the cost of a whole core; so it is given a descriptor
 * for that, and what then comes is refused. */
static void be_poor(tr_mesh *mesh)
{
    if (mesh->reserve_fd >= 0) {
        tr_log_write(mesh->options.report.log, TROUPE_LOG_ERROR,
                     "node '%s': no descriptors left to accept connections with at %s; there are "
                     "no new ones until some are free",
                     mesh->options.report.node_name, tr_mesh_endpoint(mesh));
        (void) close(mesh->reserve_fd);
        mesh->reserve_fd = -1;
        mesh->reserve_again_ns = tr_mesh_now_ns(mesh) + RESERVE_AGAIN_NS;
    }
}

void tr_mesh_reserve(tr_mesh *mesh)
{
    mesh->reserve_fd = fcntl(tr_zmq_fd(&mesh->set), F_DUPFD_CLOEXEC, 0);
    mesh->reserve_again_ns =
        mesh->reserve_fd >= 0 ? TR_NEVER : tr_mesh_now_ns(mesh) + RESERVE_AGAIN_NS;
}

static void happened_to_listener(void *context, tr_zmq_socket *socket, tr_zmq_event event,
                                 int number)
{
    tr_mesh *mesh = ((tr_mesh_door *) context)->mesh;
    if (event == TR_ZMQ_DISCONNECTED && number >= 0) {
        lose_by_fd(context, number, tr_zmq_told(socket));
    } else if (event == TR_ZMQ_DISCONNECTED) {
        tr_mesh_complain(mesh, NULL, "it did not end the handshake, or not in time");
    } else if (event == TR_ZMQ_NO_DESCRIPTORS) {
        be_poor(mesh);
    } else if (event == TR_ZMQ_STRANGE) {
        tr_mesh_complain(mesh, NULL, "it does not speak ZMTP, or with another kind of security");
    }
}

static troupe_error open_door(tr_mesh *mesh, tr_mesh_door *door, const tr_zmq_keys *keys)
{
    tr_zmq_options options = tr_mesh_socket_options(mesh, ZMQ_ROUTER);
    options.keys = keys;
    door->mesh = mesh;
    door->owner = (tr_zmq_owner) {
        .context = door, .readable = came_to_listener, .happened = happened_to_listener};
    return tr_zmq_open(&mesh->set, &options, &door->owner, &door->socket);
}

static troupe_error open_front_door(tr_mesh *mesh)
{
    tr_mesh_door *door = &mesh->door;
    const tr_zmq_keys keys = {.public_key = mesh->options.public_key,
                              .secret_key = mesh->options.secret_key};
    const bool has_keys = keys.secret_key != NULL;
    troupe_error error = TROUPE_OK;
    if (has_keys) {
        const tr_zap_judge judge = {.context = mesh->options.judge.context,
                                    .admits = mesh->options.judge.admits};
        TR_REQUIRE(judge.admits != NULL, BAD_ARGUMENT);
        error = tr_zap_open(&mesh->zap, &mesh->set, &judge);
    }
    error = error ? error : open_door(mesh, door, has_keys ? &keys : NULL);
    error = error ? error : tr_zmq_listen(door->socket, mesh->options.listen);
    error = error ? error : tr_zmq_endpoint(door->socket, door->endpoint, sizeof door->endpoint);
    if (error) {
        tr_log_write(mesh->options.report.log, TROUPE_LOG_ERROR,
                     "node '%s': cannot listen at %s (%s); it should be like tcp://*:7400, with an "
                     "address of this machine and a port that nobody uses",
                     mesh->options.report.node_name, mesh->options.listen,
                     troupe_error_name(error));
        return error;
    }
    const char *port = strrchr(door->endpoint, ':');
    door->port = (uint16_t) (port != NULL ? strtoul(port + 1, NULL, 10) : 0);
    return TROUPE_OK;
}

/* Plain, as nobody but this user can come by it. */
static troupe_error open_side_door(tr_mesh *mesh)
{
    tr_mesh_door *door = &mesh->side_door;
    const char *endpoint = mesh->options.local;
    (void) snprintf(door->endpoint, sizeof door->endpoint, "%s", endpoint); /* checked: it fits */
    troupe_error error = open_door(mesh, door, NULL);
    errno = 0;
    error = error ? error : tr_local_open(&door->local, endpoint);
    if (error) {
        const int number = errno;
        tr_log_write(
            mesh->options.report.log, TROUPE_LOG_ERROR,
            "node '%s': cannot listen at %s (%s%s%s); it should be like ipc:///path, where "
            "nobody listens, in a folder that this user may write to",
            mesh->options.report.node_name, endpoint, troupe_error_name(error),
            number != 0 ? ": " : "", number != 0 ? strerrordesc_np(number) : "");
        return error;
    }
    return tr_zmq_listen_by(door->socket, endpoint, door->local.fd);
}

troupe_error tr_mesh_listen(tr_mesh *mesh)
{
    troupe_error error = mesh->options.listen != NULL ? open_front_door(mesh) : TROUPE_OK;
    if (!error && mesh->options.local != NULL) {
        error = open_side_door(mesh);
    }
    if (!error && tr_mesh_endpoint(mesh) != NULL) {
        tr_mesh_reserve(mesh);
    }
    return error;
}
