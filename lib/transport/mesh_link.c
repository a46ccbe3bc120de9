/* SPDX-License-Identifier: MIT */
/* Links, whoever dialled them. */
#include "base/memory.h"
#include "transport/mesh_inside.h"
#include "transport/tsan.h"

/* How much later than one of its connections the other may end. */
#define ENDING_NS UINT64_C(200000000)

tr_mesh_link *tr_mesh_make_link(tr_mesh *mesh)
{
    tr_mesh_link *link = tr_allocate(mesh->options.allocator, sizeof *link);
    if (link != NULL) {
        link->mesh = mesh;
        link->deadline_ns = tr_mesh_now_ns(mesh) + mesh->options.handshake_ms * UINT64_C(1000000);
        tr_list_push_back(&mesh->links, &link->link);
        tr_list_push_back(&mesh->opening, &link->opening);
        for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
            link->sides[i].link = link;
            link->sides[i].fd = -1;
        }
    }
    return link;
}

void tr_mesh_free_over(tr_mesh *mesh)
{
    for (tr_list *node = tr_list_pop_front(&mesh->over); node != NULL;
         node = tr_list_pop_front(&mesh->over)) {
        tr_free(mesh->options.allocator, TR_CONTAINER_OF(node, tr_mesh_link, link),
                sizeof(tr_mesh_link));
    }
}

void tr_mesh_end_link(tr_mesh_link *link)
{
    tr_mesh *mesh = link->mesh;
    link->is_over = true;
    for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
        if (link->is_dialled) {
            tr_zmq_close(&link->sides[i].socket);
        } else {
            tr_mesh_cut(link->door, link->sides[i].fd, link->sides[i].begun);
        }
    }
    if (!link->is_dialled) {
        tr_map_remove(&mesh->accepted, &link->by_key);
    }
    tr_list_remove(&link->opening);
    tr_list_remove(&link->link);
    tr_list_push_back(&mesh->over, &link->link);
}

void tr_mesh_lose(tr_mesh_link *link, troupe_error reason, const char *why)
{
    tr_mesh *mesh = link->mesh;
    if (link->is_over) {
        return;
    }
    const bool is_told = link->is_up || link->is_dialled;
    tr_mesh_end_link(link);
    if (is_told) {
        mesh->options.ears.down(mesh->options.ears.context, link, reason, why);
    } else {
        tr_mesh_complain(mesh, link->peer, why);
    }
}

void tr_mesh_be_up(tr_mesh_link *link)
{
    tr_mesh *mesh = link->mesh;
    link->is_up = true;
    tr_list_remove(&link->opening);
    const troupe_error error = link->is_dialled
                                   ? TROUPE_OK
                                   : tr_mesh_send(link, TR_CHANNEL_CONTROL, "", 0); /* an answer */
    if (error) {
        for (tr_channel i = 0; i < TR_CHANNEL_COUNT && error == TROUPE_ERROR_UNREACHABLE; i++) {
            link->sides[i].fd = -1; /* who knocked has gone: what has it now is another's */
        }
        tr_mesh_end_link(link);
        return;
    }
    mesh->options.ears.up(mesh->options.ears.context, link);
}

static void begin_ending(tr_mesh_link *link)
{
    if (!link->is_ending) {
        link->is_ending = true;
        link->deadline_ns = tr_mesh_now_ns(link->mesh) + ENDING_NS;
        tr_list_push_back(&link->mesh->ending, &link->opening);
    }
}

void tr_mesh_break(tr_mesh_link *link, tr_channel channel)
{
    link->sides[channel].is_there = false;
    const bool is_whole_gone =
        !link->sides[TR_CHANNEL_CONTROL].is_there && !link->sides[TR_CHANNEL_DATA].is_there;
    if (link->is_over) {
        return;
    }
    if (!link->is_up || is_whole_gone) {
        tr_mesh_lose(link, link->is_up ? TROUPE_ERROR_DISCONNECTED : TROUPE_ERROR_UNREACHABLE,
                     link->is_up ? "the connection broke"
                                 : "nobody listens there, or hangs up at once");
    } else {
        begin_ending(link);
    }
}

void tr_mesh_miss(tr_mesh_link *link, tr_channel channel)
{
    link->sides[channel].is_there = false;
    link->sides[channel].fd = -1;
    begin_ending(link);
}

bool tr_mesh_has_all_sides(const tr_mesh_link *link)
{
    return link->sides[TR_CHANNEL_CONTROL].is_there && link->sides[TR_CHANNEL_DATA].is_there;
}

void tr_mesh_hear(tr_mesh_link *link, tr_channel channel, zmq_msg_t *message)
{
    const tr_mesh_ears *ears = &link->mesh->options.ears;
    const troupe_allocator *allocator = link->mesh->options.allocator;
    const void *data = zmq_msg_data(message);
    const size_t size = zmq_msg_size(message);
    /* ThreadSanitizer takes every byte for a race with the thread that wrote it. */
    void *copy = TR_THREAD_SANITIZER && size > 0 ? tr_allocate(allocator, size) : NULL;
    if (copy != NULL) {
        tr_tsan_read(copy, data, size);
    }
    tr_mesh *mesh = link->mesh;
    mesh->heard = copy == NULL ? message : NULL;
    ears->came(ears->context, link, channel, copy != NULL ? copy : data, size);
    mesh->heard = NULL;
    tr_free(allocator, copy, size);
}

/* A message of ZeroMQ's that somebody keeps. */
struct kept {
    zmq_msg_t message;
    const troupe_allocator *allocator;
};

void *tr_mesh_keep(void *context)
{
    const tr_mesh *mesh = context;
    const troupe_allocator *allocator = mesh->options.allocator;
    struct kept *kept = mesh->heard != NULL ? tr_allocate(allocator, sizeof *kept) : NULL;
    if (kept == NULL) {
        return NULL;
    }
    kept->allocator = allocator;
    (void) zmq_msg_init(&kept->message);              /* cannot fail */
    (void) zmq_msg_copy(&kept->message, mesh->heard); /* shares; the message is one */
    return kept;
}

void tr_mesh_release(void *context, const void *data, size_t size)
{
    struct kept *kept = context;
    (void) data;
    (void) size;
    (void) zmq_msg_close(&kept->message);
    tr_free(kept->allocator, kept, sizeof *kept);
}

tr_zmq_options tr_mesh_socket_options(const tr_mesh *mesh, int type)
{
    return (tr_zmq_options) {
        .type = type,
        .queue_max = mesh->options.queue_max,
        .message_bytes_max = mesh->options.message_bytes_max,
        .heartbeat_ms = mesh->options.heartbeat_ms,
        .handshake_ms = mesh->options.handshake_ms,
        .linger_ms = mesh->options.linger_ms,
    };
}
