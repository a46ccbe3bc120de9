/* SPDX-License-Identifier: MIT */
#include "node/hub.h"

#include "base/assert.h"
#include "base/memory.h"
#include "node/hub_inside.h"

/* Messages of a channel in ZeroMQ's own queues. A session has no more under way. */
#define QUEUE_MAX 2048
#define HEARTBEAT_MS 2000
#define LINGER_MS 1000

/* The guest. */

static uint64_t next_due_ns(void *context)
{
    const tr_hub *hub = context;
    const uint64_t mesh_ns = tr_mesh_next_due_ns(hub->mesh);
    const uint64_t own_ns = tr_hub_next_due_ns(hub);
    const uint64_t farewell_ns = tr_farewell_due_ns(&hub->farewell);
    const uint64_t due_ns = mesh_ns < own_ns ? mesh_ns : own_ns;
    return due_ns < farewell_ns ? due_ns : farewell_ns;
}

static bool look(void *context)
{
    tr_hub *hub = context;
    const bool was_due = tr_hub_do_the_due(hub);
    const bool is_ready = hub->border.worker != NULL; /* else who dials waits for it */
    const bool has_come = is_ready && tr_mesh_look(hub->mesh);
    return tr_farewell_look(&hub->farewell) || has_come || was_due;
}

static bool prepare_sleep(void *context)
{
    const tr_hub *hub = context;
    return tr_mesh_prepare_sleep(hub->mesh);
}

tr_guest tr_hub_guest(tr_hub *hub)
{
    return (tr_guest) {.context = hub,
                       .look = look,
                       .next_due_ns = next_due_ns,
                       .prepare_sleep = prepare_sleep,
                       .fd = tr_mesh_fd(hub->mesh)};
}

/* Making. */

tr_border *tr_hub_border(tr_hub *hub)
{
    return &hub->border;
}

bool tr_hub_has_left(const tr_hub *hub)
{
    return tr_farewell_is_said(&hub->farewell);
}

const char *tr_hub_endpoint(const tr_hub *hub)
{
    return tr_mesh_endpoint(hub->mesh);
}

static troupe_error open_mesh(tr_hub *hub)
{
    const tr_hub_options *options = &hub->options;
    const tr_mesh_options mesh = {
        .zmq = options->zmq,
        .allocator = hub->allocator,
        .clock = options->system->ports.clock,
        .report = {.log = tr_hub_log(hub), .node_name = options->name},
        .ears = tr_hub_ears(hub),
        .node_id = tr_hub_own_node(hub),
        .listen = options->listen,
        .local = options->local,
        .public_key = options->public_key,
        .secret_key = options->secret_key,
        .judge = tr_hub_judge(hub),
        .message_bytes_max = TR_WORD_BYTES_MAX,
        .queue_max = QUEUE_MAX,
        .links_max = 2 * TR_PEERS_MAX,
        .heartbeat_ms = HEARTBEAT_MS,
        .handshake_ms = TR_HUB_HANDSHAKE_MS,
        .linger_ms = LINGER_MS,
    };
    return tr_mesh_open(&mesh, &hub->mesh);
}

static troupe_error keep_addresses(tr_hub *hub)
{
    const tr_hub_options *options = &hub->options;
    hub->addresses_bytes = options->address_count * sizeof *hub->addresses;
    if (options->address_count == 0) {
        return TROUPE_OK;
    }
    hub->addresses = tr_allocate(hub->allocator, hub->addresses_bytes);
    TR_REQUIRE(hub->addresses != NULL, NO_MEMORY);
    for (uint32_t i = 0; i < options->address_count; i++) {
        hub->addresses[i] =
            (tr_target) {.given = options->addresses[i], .pause_ns = TR_HUB_PAUSE_NS_MIN};
    }
    return TROUPE_OK;
}

troupe_error tr_hub_create(const tr_hub_options *options, tr_hub **out_hub)
{
    const troupe_allocator *allocator = options->system->ports.allocator;
    tr_hub *hub = tr_allocate(allocator, sizeof *hub);
    TR_REQUIRE(hub != NULL, NO_MEMORY);
    hub->options = *options;
    hub->allocator = allocator;
    hub->doorman = (tr_doorman) {
        .allowed = options->allowed, .log = tr_hub_log(hub), .node_name = options->name};
    tr_map_init(&hub->ways, allocator);
    tr_list_init(&hub->waiting);
    tr_random_seed(&hub->random, options->system->options.seed);
    const tr_link_port links = tr_hub_links(hub);
    const tr_session_options sessions = {.beat_ns = options->beat_ns,
                                         .suspect_ns = options->suspect_ns,
                                         .dead_ns = options->dead_ns};
    tr_sessions_init(&hub->sessions, &hub->border, options->system, &links, &sessions);
    tr_farewell_init(&hub->farewell, &hub->sessions);
    const tr_wire_port wire = tr_farewell_wire(&hub->farewell);
    tr_border_init(&hub->border, options->system, &wire);
    const tr_rights_port rights = tr_hub_rights(hub);
    tr_border_set_rights(&hub->border, &rights);
    tr_border_set_squeezes(&hub->border, options->squeezes);
    troupe_error error = keep_addresses(hub);
    error = error ? error : open_mesh(hub);
    if (error) {
        tr_hub_destroy(&hub);
        return error;
    }
    *out_hub = hub;
    return TROUPE_OK;
}

void tr_hub_destroy(tr_hub **in_hub)
{
    tr_hub *hub = *in_hub;
    *in_hub = NULL;
    if (hub == NULL) {
        return;
    }
    tr_mesh_close(&hub->mesh); /* what was said last has its time to go */
    tr_sessions_fini(&hub->sessions);
    tr_border_fini(&hub->border);
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_first(&hub->ways)) {
        tr_hub_end_way(TR_CONTAINER_OF(node, tr_way, by_node));
    }
    for (tr_way *first = tr_hub_first_waiting(hub); first != NULL;
         first = tr_hub_first_waiting(hub)) {
        tr_hub_end_way(first);
    }
    for (uint32_t i = 0; i < hub->options.address_count && hub->addresses != NULL; i++) {
        if (hub->addresses[i].way != NULL) {
            tr_hub_end_way(hub->addresses[i].way); /* it is being dialled */
        }
    }
    tr_map_fini(&hub->ways);
    tr_free(hub->allocator, hub->addresses, hub->addresses_bytes);
    tr_free(hub->allocator, hub, sizeof *hub);
}
