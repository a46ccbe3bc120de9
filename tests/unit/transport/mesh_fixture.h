/* SPDX-License-Identifier: MIT */
/* mesh_fixture: some meshes in one thread, with what each has heard. */
#ifndef TR_TESTS_MESH_FIXTURE_H
#define TR_TESTS_MESH_FIXTURE_H

#include <poll.h>
#include <string.h>

#include "base/memory.h"
#include "support/fixtures.h"
#include "transport/mesh.h"
#include "transport/zmq_context.h"

#define MESHES 3
#define LIMIT_NS UINT64_C(20000000000)

struct mesh_place {
    tr_mesh *mesh;
    tr_mesh_link *link; /* the last that came up; NULL when it went down */
    uint32_t ups;
    uint32_t downs;
    troupe_error reason; /* of the last down */
    uint64_t came[TR_CHANNEL_COUNT];
    uint64_t bytes;
    uint64_t expected; /* the next number on the data channel */
    bool is_out_of_order;
    tr_mesh_link *last_from;
};

struct meshes {
    void *zmq;
    struct mesh_place places[MESHES];
    uint32_t complaints; /* lines in the log */
    char complaint[512]; /* the last of them */
};

static inline void mesh_log(void *context, troupe_log_level level, const char *text)
{
    struct meshes *meshes = context;
    (void) level;
    meshes->complaints++;
    (void) snprintf(meshes->complaint, sizeof meshes->complaint, "%s", text);
}

static void mesh_up(void *context, tr_mesh_link *link)
{
    struct mesh_place *place = context;
    place->link = link;
    place->ups++;
}

static void mesh_down(void *context, tr_mesh_link *link, troupe_error reason, const char *why)
{
    struct mesh_place *place = context;
    assert_true(why != NULL && why[0] != '\0');
    place->link = place->link == link ? NULL : place->link;
    place->downs++;
    place->reason = reason;
}

/* On the data channel messages begin with their number. */
static void mesh_came(void *context, tr_mesh_link *link, tr_channel channel, const void *data,
                      size_t size)
{
    struct mesh_place *place = context;
    place->came[channel]++;
    place->bytes += size;
    place->last_from = link;
    uint64_t number = 0;
    if (channel == TR_CHANNEL_DATA && size >= sizeof number) {
        memcpy(&number, data, sizeof number);
        place->is_out_of_order = place->is_out_of_order || number != place->expected;
        place->expected++;
    }
}

static tr_mesh_options mesh_options(struct meshes *meshes, uint32_t index)
{
    return (tr_mesh_options) {
        .zmq = meshes->zmq,
        .allocator = tr_allocator_default(),
        .clock = tr_clock_real(),
        .ears = {.context = &meshes->places[index],
                 .up = mesh_up,
                 .down = mesh_down,
                 .came = mesh_came},
        .node_id = 100 + index,
        .listen = "tcp://127.0.0.1:*",
        .message_bytes_max = 1 << 20,
        .queue_max = 100,
        .links_max = 10,
        .heartbeat_ms = 1000,
        .handshake_ms = 5000,
    };
}

static int make_meshes(void **state)
{
    static struct meshes meshes;
    static const tr_zmq_report no_report = {.log = NULL};
    memset(&meshes, 0, sizeof meshes);
    assert_ok(tr_zmq_context_create(200, 1, &no_report, &meshes.zmq));
    *state = &meshes;
    return 0;
}

static int drop_meshes(void **state)
{
    struct meshes *meshes = *state;
    for (uint32_t i = 0; i < MESHES; i++) {
        tr_mesh_close(&meshes->places[i].mesh);
    }
    tr_zmq_context_destroy(&meshes->zmq);
    return 0;
}

static void open_mesh(struct meshes *meshes, uint32_t index, const tr_mesh_options *options)
{
    assert_ok(tr_mesh_open(options, &meshes->places[index].mesh));
}

/* Looks, and sleeps until something comes if nothing has. */
static void turn(struct meshes *meshes)
{
    struct pollfd fds[MESHES];
    nfds_t count = 0;
    bool may_sleep = true;
    uint64_t due_ns = TR_NEVER;
    for (uint32_t i = 0; i < MESHES; i++) {
        tr_mesh *mesh = meshes->places[i].mesh;
        if (mesh != NULL) {
            may_sleep = !tr_mesh_look(mesh) && may_sleep;
            may_sleep = tr_mesh_prepare_sleep(mesh) && may_sleep;
            due_ns = tr_mesh_next_due_ns(mesh) < due_ns ? tr_mesh_next_due_ns(mesh) : due_ns;
            fds[count++] = (struct pollfd) {.fd = tr_mesh_fd(mesh), .events = POLLIN};
        }
    }
    if (may_sleep) {
        const tr_clock clock = tr_clock_real();
        const uint64_t time_ns = clock.now_ns(clock.context);
        const uint64_t left_ns = due_ns <= time_ns ? 0 : due_ns - time_ns;
        (void) poll(fds, count, left_ns < 1000000000 ? (int) (left_ns / 1000000) + 1 : 1000);
    }
}

#define turn_until(meshes, condition)                                                              \
    do {                                                                                           \
        const tr_clock clock_ = tr_clock_real();                                                   \
        const uint64_t limit_ns_ = clock_.now_ns(clock_.context) + LIMIT_NS;                       \
        while (!(condition)) {                                                                     \
            assert_true(clock_.now_ns(clock_.context) < limit_ns_);                                \
            turn(meshes);                                                                          \
        }                                                                                          \
    } while (0)

static inline void open_two(struct meshes *meshes)
{
    for (uint32_t i = 0; i < 2; i++) {
        const tr_mesh_options options = mesh_options(meshes, i);
        open_mesh(meshes, i, &options);
    }
}

static inline tr_mesh_link *dial(struct meshes *meshes, uint32_t from, uint32_t to)
{
    tr_mesh_link *link = NULL;
    assert_ok(tr_mesh_dial(meshes->places[from].mesh, tr_mesh_endpoint(meshes->places[to].mesh),
                           NULL, NULL, &link));
    turn_until(meshes, meshes->places[from].ups > 0 && meshes->places[to].ups > 0);
    return link;
}

static inline void post(struct meshes *meshes, tr_mesh_link *link, tr_channel channel,
                        const void *data, size_t size)
{
    troupe_error error = tr_mesh_send(link, channel, data, size);
    while (error == TROUPE_ERROR_MAILBOX_FULL) {
        turn(meshes);
        error = tr_mesh_send(link, channel, data, size);
    }
    assert_ok(error);
}

#endif
