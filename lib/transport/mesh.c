/* SPDX-License-Identifier: MIT */
#include "transport/mesh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "transport/mesh_inside.h"

static const char *keep_key(char *kept, const char *key)
{
    if (key == NULL) {
        return NULL;
    }
    (void) snprintf(kept, TR_ZMQ_KEY_BYTES, "%s", key); /* one that is longer is none */
    return kept;
}

troupe_error tr_mesh_open(const tr_mesh_options *options, tr_mesh **out_mesh)
{
    tr_mesh *mesh = tr_allocate(options->allocator, sizeof *mesh);
    TR_REQUIRE(mesh != NULL, NO_MEMORY);
    mesh->options = *options;
    mesh->options.public_key = keep_key(mesh->public_key, options->public_key);
    mesh->options.secret_key = keep_key(mesh->secret_key, options->secret_key);
    mesh->reserve_fd = -1;
    mesh->reserve_again_ns = TR_NEVER;
    tr_map_init(&mesh->accepted, options->allocator);
    tr_list_init(&mesh->links);
    tr_list_init(&mesh->opening);
    tr_list_init(&mesh->ending);
    tr_list_init(&mesh->over);
    troupe_error error =
        tr_zmq_set_init(&mesh->set, options->zmq, options->allocator, &options->report);
    error = error ? error : tr_mesh_listen(mesh);
    if (error) {
        tr_mesh_close(&mesh);
        return error;
    }
    *out_mesh = mesh;
    return TROUPE_OK;
}

void tr_mesh_close(tr_mesh **in_mesh)
{
    tr_mesh *mesh = *in_mesh;
    *in_mesh = NULL;
    if (mesh == NULL) {
        return;
    }
    while (!tr_list_is_empty(&mesh->links)) {
        tr_mesh_link *link = TR_CONTAINER_OF(tr_list_first(&mesh->links), tr_mesh_link, link);
        for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
            link->sides[i].fd = -1; /* it ends with the listener, when all that was sent has gone */
        }
        tr_mesh_end_link(link);
    }
    tr_zmq_close(&mesh->door.socket);
    tr_zmq_close(&mesh->side_door.socket);
    tr_local_close(&mesh->side_door.local);
    tr_zap_close(&mesh->zap);
    if (mesh->reserve_fd >= 0) {
        (void) close(mesh->reserve_fd);
    }
    tr_mesh_free_over(mesh);
    tr_map_fini(&mesh->accepted);
    tr_zmq_set_fini(&mesh->set);
    explicit_bzero(mesh->secret_key, sizeof mesh->secret_key);
    tr_free(mesh->options.allocator, mesh, sizeof *mesh);
}

const char *tr_mesh_endpoint(const tr_mesh *mesh)
{
    const tr_mesh_door *door = mesh->door.socket != NULL ? &mesh->door : &mesh->side_door;
    return door->socket != NULL ? door->endpoint : NULL;
}

troupe_error tr_mesh_send(tr_mesh_link *link, tr_channel channel, const void *data, size_t size)
{
    return tr_mesh_lend(link, channel, data, size, NULL);
}

troupe_error tr_mesh_lend(tr_mesh_link *link, tr_channel channel, const void *data, size_t size,
                          tr_crate *crate)
{
    TR_REQUIRE(link->is_up && !link->is_ending && !link->is_over, UNREACHABLE);
    unsigned char id[TR_MESH_ID_BYTES] = {tr_mesh_letter(channel)};
    memcpy(id + 1, link->key, TR_MESH_KEY_BYTES);
    const tr_zmq_part parts[] = {{id, sizeof id}, {data, size}};
    const troupe_error error = link->is_dialled
                                   ? tr_zmq_lend(link->sides[channel].socket, &parts[1], 1, crate)
                                   : tr_zmq_lend(link->door->socket, parts, 2, crate);
    if (error == TROUPE_ERROR_UNREACHABLE) {
        tr_mesh_miss(link, channel);
    }
    return error;
}

void *tr_mesh_context(const tr_mesh_link *link)
{
    return link->context;
}

void tr_mesh_set_context(tr_mesh_link *link, void *context)
{
    link->context = context;
}

bool tr_mesh_is_dialled(const tr_mesh_link *link)
{
    return link->is_dialled;
}

bool tr_mesh_is_local(const tr_mesh_link *link)
{
    return link->door == &link->mesh->side_door;
}

const char *tr_mesh_user(const tr_mesh_link *link)
{
    return link->user;
}

const char *tr_mesh_peer(const tr_mesh_link *link)
{
    return link->peer;
}

/* Looking. */

static tr_mesh_link *first_of(const tr_list *list)
{
    tr_list *node = tr_list_first(list);
    return node != NULL ? TR_CONTAINER_OF(node, tr_mesh_link, opening) : NULL;
}

static bool end_the_due(tr_mesh *mesh)
{
    if (tr_mesh_next_due_ns(mesh) == TR_NEVER) {
        return false;
    }
    bool was_due = false;
    const uint64_t time_ns = tr_mesh_now_ns(mesh);
    for (tr_mesh_link *link = first_of(&mesh->opening);
         link != NULL && link->deadline_ns <= time_ns; link = first_of(&mesh->opening)) {
        tr_mesh_lose(link, TROUPE_ERROR_UNREACHABLE, "the other side does not answer in time");
        was_due = true;
    }
    for (tr_mesh_link *link = first_of(&mesh->ending); link != NULL && link->deadline_ns <= time_ns;
         link = first_of(&mesh->ending)) {
        tr_mesh_lose(link, TROUPE_ERROR_DISCONNECTED, "one of its two connections broke");
        was_due = true;
    }
    if (mesh->reserve_again_ns <= time_ns) {
        tr_mesh_reserve(mesh);
        was_due = true;
    }
    return was_due;
}

bool tr_mesh_look(tr_mesh *mesh)
{
    const bool has_come = tr_zmq_look(&mesh->set);
    const bool was_due = end_the_due(mesh);
    tr_mesh_free_over(mesh);
    return has_come || was_due;
}

uint64_t tr_mesh_next_due_ns(const tr_mesh *mesh)
{
    const tr_mesh_link *opening = first_of(&mesh->opening);
    const tr_mesh_link *ending = first_of(&mesh->ending);
    uint64_t due_ns = mesh->reserve_again_ns;
    due_ns = opening != NULL && opening->deadline_ns < due_ns ? opening->deadline_ns : due_ns;
    return ending != NULL && ending->deadline_ns < due_ns ? ending->deadline_ns : due_ns;
}

bool tr_mesh_prepare_sleep(tr_mesh *mesh)
{
    return tr_zmq_prepare_sleep(&mesh->set);
}

int tr_mesh_fd(const tr_mesh *mesh)
{
    return tr_zmq_fd(&mesh->set);
}
