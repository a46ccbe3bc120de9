/* SPDX-License-Identifier: MIT */
#include "node/hub.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "cluster/greeting.h"
#include "cluster/sessions.h"

#define NS_PER_MS UINT64_C(1000000)
/* Messages of a channel in ZeroMQ's own queues. A session has no more under way. */
#define QUEUE_MAX 2048
#define HEARTBEAT_MS 2000
#define HANDSHAKE_MS 5000
#define LINGER_MS 1000
/* How long the greeting of one that is connected may take. */
#define GREETING_NS (HANDSHAKE_MS * NS_PER_MS)
/* Before an address is dialled again: at first, and at most. */
#define PAUSE_NS_MIN (50 * NS_PER_MS)
#define PAUSE_NS_MAX (5000 * NS_PER_MS)

typedef struct address address;
typedef struct way way;

/* What is dialled. */
struct address {
    tr_hub_address given;
    way *way;         /* NULL: none was dialled from here */
    uint64_t node;    /* who was there last; 0: nobody yet */
    uint64_t dial_ns; /* TR_NEVER: not while it has a way */
    uint64_t pause_ns;
    bool has_failed; /* which was said */
    bool is_self;
};

/* A link, whoever dialled it. */
struct way {
    tr_hub *hub;
    tr_map_node by_node;
    tr_list waiting; /* for a greeting */
    tr_mesh_link *link;
    address *from;        /* NULL: others have dialled */
    uint64_t deadline_ns; /* for the greeting */
    uint64_t node;        /* 0: it has not greeted */
    char name[TR_NODE_NAME_MAX + 1];
};

struct tr_hub {
    tr_hub_options options;
    const troupe_allocator *allocator;
    tr_border border;
    tr_sessions sessions;
    tr_mesh *mesh;
    tr_map ways;     /* that have greeted, by node */
    tr_list waiting; /* by deadline */
    tr_random random;
    address *addresses;
    size_t addresses_bytes;
    tr_doorman doorman;
};

static uint64_t now_ns(const tr_hub *hub)
{
    const tr_clock *clock = &hub->options.system->ports.clock;
    return clock->now_ns(clock->context);
}

static const troupe_log *log_of(const tr_hub *hub)
{
    return hub->options.system->ports.log;
}

static uint64_t own_node(const tr_hub *hub)
{
    return hub->options.system->options.node_id;
}

static bool has_node(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, way, by_node)->node == *(const uint64_t *) key;
}

static way *find_way(const tr_hub *hub, uint64_t node)
{
    tr_map_node *found = tr_map_find(&hub->ways, tr_hash_u64(node), has_node, &node);
    return found != NULL ? TR_CONTAINER_OF(found, way, by_node) : NULL;
}

/* Addresses. */

/* Later each time, and never all at once. */
static void dial_later(tr_hub *hub, address *to)
{
    if (to->is_self) {
        return;
    }
    const uint64_t least = to->pause_ns / 2;
    to->dial_ns = now_ns(hub) + least + tr_random_below(&hub->random, least + 1);
    to->pause_ns = to->pause_ns * 2 < PAUSE_NS_MAX ? to->pause_ns * 2 : PAUSE_NS_MAX;
}

static void say_failed(tr_hub *hub, address *to, const char *why)
{
    if (!to->has_failed) {
        tr_log_write(log_of(hub), TROUPE_LOG_WARNING,
                     "node '%s': no connection to %s: %s; it goes on trying", hub->options.name,
                     to->given.endpoint, why);
        to->has_failed = true;
    }
}

static void dial(tr_hub *hub, address *to)
{
    const way *other = to->node != 0 ? find_way(hub, to->node) : NULL;
    if (other != NULL) { /* from there; when it ends this is dialled */
        to->dial_ns = TR_NEVER;
        return;
    }
    way *made = tr_allocate(hub->allocator, sizeof *made);
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    if (made != NULL) {
        *made = (way) {.hub = hub, .from = to};
        tr_list_init(&made->waiting);
        error =
            tr_mesh_dial(hub->mesh, to->given.endpoint, to->given.server_key, made, &made->link);
    }
    if (error) {
        tr_free(hub->allocator, made, sizeof *made);
        say_failed(hub, to, troupe_error_text(error));
        dial_later(hub, to);
        return;
    }
    to->way = made;
    to->dial_ns = TR_NEVER;
}

/* Whoever is dialled at one of the addresses and has no way is dialled again. */
static void dial_again(tr_hub *hub, uint64_t node)
{
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        address *to = &hub->addresses[i];
        if (to->way == NULL && to->dial_ns == TR_NEVER && !to->is_self &&
            (to->node == node || node == 0)) {
            dial_later(hub, to);
        }
    }
}

/* Ways. */

static void free_way(way *gone)
{
    tr_hub *hub = gone->hub;
    const uint64_t node = gone->node;
    tr_list_remove(&gone->waiting);
    if (gone->from != NULL) {
        gone->from->way = NULL;
        dial_later(hub, gone->from);
    }
    if (node != 0) {
        tr_map_remove(&hub->ways, &gone->by_node);
    }
    tr_free(hub->allocator, gone, sizeof *gone);
    if (node != 0) {
        dial_again(hub, node);
    }
}

static void end_way(way *gone)
{
    if (gone->hub->mesh != NULL) { /* else it has gone with it */
        tr_mesh_hang_up(&gone->link);
    }
    free_way(gone);
}

static void link_down(void *context, tr_mesh_link *link, troupe_error reason, const char *why)
{
    tr_hub *hub = context;
    way *gone = tr_mesh_context(link);
    (void) reason;
    if (gone == NULL) {
        return;
    }
    const uint64_t node = gone->node;
    if (node != 0) {
        tr_log_write(log_of(hub), TROUPE_LOG_NOTICE,
                     "node '%s': the connection with node '%s' (%s) is interrupted: %s",
                     hub->options.name, gone->name, tr_mesh_peer(link), why);
    } else if (gone->from != NULL) {
        say_failed(hub, gone->from, why);
    }
    free_way(gone);
    if (node != 0) {
        tr_sessions_link_down(&hub->sessions, node, TROUPE_ERROR_NODE_LOST);
    }
}

static bool greet(tr_hub *hub, tr_mesh_link *link)
{
    unsigned char data[TR_GREETING_BYTES_MAX];
    const tr_greeting greeting = tr_greeting_of(own_node(hub), hub->options.name);
    const size_t size = tr_greeting_write(&greeting, data);
    return tr_mesh_send(link, TR_CHANNEL_CONTROL, data, size) == TROUPE_OK;
}

/* Keys. */

static bool admits(void *context, const char *key, const char *where)
{
    return tr_doorman_admits(&((tr_hub *) context)->doorman, key, where);
}

static tr_guest_key key_of(const way *of)
{
    return (tr_guest_key) {.key = of->from != NULL ? of->from->given.server_key
                                                   : tr_mesh_user(of->link),
                           .is_dialled = of->from != NULL};
}

static bool may_stay(const tr_hub *hub, const way *guest)
{
    return tr_doorman_lets_stay(&hub->doorman, key_of(guest));
}

static tr_rights rights_of(void *context, uint64_t node)
{
    const tr_hub *hub = context;
    const way *by = find_way(hub, node); /* a frame has come by it */
    return tr_doorman_rights(&hub->doorman, by != NULL ? key_of(by) : (tr_guest_key) {.key = ""});
}

static way *find_unwanted(const tr_hub *hub)
{
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_next(&hub->ways, node)) {
        if (!may_stay(hub, TR_CONTAINER_OF(node, way, by_node))) {
            return TR_CONTAINER_OF(node, way, by_node);
        }
    }
    for (tr_list *node = tr_list_first(&hub->waiting); node != NULL;
         node = tr_list_next(&hub->waiting, node)) {
        if (!may_stay(hub, TR_CONTAINER_OF(node, way, waiting))) {
            return TR_CONTAINER_OF(node, way, waiting);
        }
    }
    return NULL;
}

void tr_hub_recheck(tr_hub *hub)
{
    for (way *gone = find_unwanted(hub); gone != NULL; gone = find_unwanted(hub)) {
        const uint64_t node = gone->node;
        tr_log_write(log_of(hub), TROUPE_LOG_NOTICE,
                     "node '%s': cuts off node '%s' (%s): its key is not allowed any more",
                     hub->options.name, gone->name, tr_mesh_peer(gone->link));
        end_way(gone);
        if (node != 0) {
            tr_sessions_link_down(&hub->sessions, node, TROUPE_ERROR_NODE_LOST);
        }
    }
}

static void link_up(void *context, tr_mesh_link *link)
{
    tr_hub *hub = context;
    way *made = tr_mesh_context(link);
    if (made == NULL) { /* others have dialled */
        made = tr_allocate(hub->allocator, sizeof *made);
        if (made == NULL) {
            tr_mesh_hang_up(&link);
            return;
        }
        *made = (way) {.hub = hub, .link = link};
        tr_list_init(&made->waiting);
        tr_mesh_set_context(link, made);
    }
    made->deadline_ns = now_ns(hub) + GREETING_NS;
    tr_list_push_back(&hub->waiting, &made->waiting);
    if (!may_stay(hub, made) || !greet(hub, link)) { /* it was allowed when it dialled */
        end_way(made);
    }
}

/* Greetings. */

static void refuse(way *refused, const char *why)
{
    tr_hub *hub = refused->hub;
    if (refused->from != NULL) {
        say_failed(hub, refused->from, why);
    } else {
        tr_log_write(log_of(hub), TROUPE_LOG_WARNING, "node '%s': hangs up on %s: %s",
                     hub->options.name, tr_mesh_peer(refused->link), why);
    }
    end_way(refused);
}

/* Of two ways to one incarnation. */
static bool is_better(const tr_hub *hub, const way *made, const way *other)
{
    const bool is_dialled_by_lower = (made->from != NULL) == (own_node(hub) < made->node);
    return (made->from != NULL) == (other->from != NULL) || is_dialled_by_lower;
}

/* Somebody else than before listens there: the one before is over. */
static void note_who_is_there(tr_hub *hub, address *at, uint64_t node)
{
    const uint64_t before = at->node;
    at->node = node;
    at->pause_ns = PAUSE_NS_MIN;
    at->has_failed = false;
    if (before != 0 && before < node) {
        way *old = find_way(hub, before);
        if (old != NULL) {
            end_way(old);
        }
        tr_sessions_link_down(&hub->sessions, before, TROUPE_ERROR_STALE);
    }
}

static void take_greeting(way *made, const void *data, size_t size)
{
    tr_hub *hub = made->hub;
    tr_greeting greeting;
    if (!tr_greeting_read(data, size, &greeting)) {
        refuse(made, "it does not say who it is");
        return;
    }
    if (!tr_greeting_is_understood(&greeting)) {
        refuse(made, "it speaks other versions of the protocol than 1");
        return;
    }
    if (greeting.node == own_node(hub)) {
        if (made->from != NULL) {
            made->from->is_self = true;
        }
        end_way(made);
        return;
    }
    if (!tr_sessions_claim(&hub->sessions, greeting.node, tr_doorman_owner(key_of(made)))) {
        refuse(made, "it says that it is a node whose key is another");
        return;
    }
    if (tr_map_reserve_one(&hub->ways) != TROUPE_OK) {
        refuse(made, "out of memory");
        return;
    }
    made->node = greeting.node;
    (void) memcpy(made->name, greeting.name, sizeof made->name);
    tr_list_remove(&made->waiting);
    if (made->from != NULL) {
        note_who_is_there(hub, made->from, greeting.node);
    }
    way *other = find_way(hub, greeting.node);
    if (other != NULL && !is_better(hub, made, other)) {
        made->node = 0; /* it is in no map */
        end_way(made);
        return;
    }
    if (other != NULL) {
        end_way(other);
        tr_sessions_link_down(&hub->sessions, greeting.node, TROUPE_ERROR_NODE_LOST);
    }
    tr_map_add(&hub->ways, &made->by_node, tr_hash_u64(made->node));
    tr_log_write(log_of(hub), TROUPE_LOG_NOTICE, "node '%s': connected with node '%s' (%s)",
                 hub->options.name, made->name, tr_mesh_peer(made->link));
    tr_sessions_link_up(&hub->sessions, made->node);
}

static void came(void *context, tr_mesh_link *link, tr_channel channel, const void *data,
                 size_t size)
{
    tr_hub *hub = context;
    way *by = tr_mesh_context(link);
    if (by->node != 0) {
        tr_sessions_came(&hub->sessions, by->node, data, size);
    } else if (channel == TR_CHANNEL_CONTROL) {
        take_greeting(by, data, size);
    } else {
        refuse(by, "it speaks before it has greeted");
    }
}

/* What sessions ask for. */

static bool send_word(void *context, uint64_t node, tr_link_kind kind, const void *word,
                      size_t size)
{
    const tr_hub *hub = context;
    way *by = find_way(hub, node);
    const tr_channel channel = kind == TR_LINK_CONTROL ? TR_CHANNEL_CONTROL : TR_CHANNEL_DATA;
    return by != NULL && tr_mesh_send(by->link, channel, word, size) == TROUPE_OK;
}

static void open_link(void *context, uint64_t node)
{
    tr_hub *hub = context;
    const uint64_t time_ns = now_ns(hub);
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        address *to = &hub->addresses[i];
        if (to->node == node && to->way == NULL && to->dial_ns > time_ns) {
            to->dial_ns = time_ns;
        }
    }
}

static void close_link(void *context, uint64_t node)
{
    way *by = find_way(context, node);
    if (by != NULL) {
        end_way(by);
    }
}

/* The guest. */

static way *first_waiting(const tr_hub *hub)
{
    tr_list *node = tr_list_first(&hub->waiting);
    return node != NULL ? TR_CONTAINER_OF(node, way, waiting) : NULL;
}

static uint64_t next_own_due_ns(const tr_hub *hub)
{
    const way *first = first_waiting(hub);
    uint64_t due_ns = first != NULL ? first->deadline_ns : TR_NEVER;
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        due_ns = hub->addresses[i].dial_ns < due_ns ? hub->addresses[i].dial_ns : due_ns;
    }
    return due_ns;
}

static uint64_t next_due_ns(void *context)
{
    const tr_hub *hub = context;
    const uint64_t mesh_ns = tr_mesh_next_due_ns(hub->mesh);
    const uint64_t own_ns = next_own_due_ns(hub);
    return mesh_ns < own_ns ? mesh_ns : own_ns;
}

static bool do_the_due(tr_hub *hub)
{
    if (next_own_due_ns(hub) == TR_NEVER) {
        return false;
    }
    bool was_due = false;
    const uint64_t time_ns = now_ns(hub);
    for (way *first = first_waiting(hub); first != NULL && first->deadline_ns <= time_ns;
         first = first_waiting(hub)) {
        refuse(first, "it does not say who it is in time");
        was_due = true;
    }
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        if (hub->addresses[i].dial_ns <= time_ns) {
            dial(hub, &hub->addresses[i]);
            was_due = true;
        }
    }
    return was_due;
}

static bool look(void *context)
{
    tr_hub *hub = context;
    const bool was_due = do_the_due(hub);
    const bool is_ready = hub->border.worker != NULL; /* else who dials waits for it */
    return (is_ready && tr_mesh_look(hub->mesh)) || was_due;
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
        .report = {.log = log_of(hub), .node_name = options->name},
        .ears = {.context = hub, .up = link_up, .down = link_down, .came = came},
        .node_id = own_node(hub),
        .listen = options->listen,
        .public_key = options->public_key,
        .secret_key = options->secret_key,
        .judge = {.context = hub, .admits = admits},
        .message_bytes_max = TR_WORD_BYTES_MAX,
        .queue_max = QUEUE_MAX,
        .links_max = 2 * TR_PEERS_MAX,
        .heartbeat_ms = HEARTBEAT_MS,
        .handshake_ms = HANDSHAKE_MS,
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
        hub->addresses[i] = (address) {.given = options->addresses[i], .pause_ns = PAUSE_NS_MIN};
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
    hub->doorman =
        (tr_doorman) {.allowed = options->allowed, .log = log_of(hub), .node_name = options->name};
    tr_map_init(&hub->ways, allocator);
    tr_list_init(&hub->waiting);
    tr_random_seed(&hub->random, options->system->options.seed);
    const tr_link_port links = {
        .context = hub, .send = send_word, .open = open_link, .close = close_link};
    const tr_session_options sessions = {.beat_ns = options->beat_ns,
                                         .suspect_ns = options->suspect_ns,
                                         .dead_ns = options->dead_ns};
    tr_sessions_init(&hub->sessions, &hub->border, options->system, &links, &sessions);
    const tr_wire_port wire = tr_sessions_wire(&hub->sessions);
    tr_border_init(&hub->border, options->system, &wire);
    const tr_rights_port rights = {.context = hub, .of = rights_of};
    tr_border_set_rights(&hub->border, &rights);
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
        end_way(TR_CONTAINER_OF(node, way, by_node));
    }
    for (way *first = first_waiting(hub); first != NULL; first = first_waiting(hub)) {
        end_way(first);
    }
    for (uint32_t i = 0; i < hub->options.address_count && hub->addresses != NULL; i++) {
        if (hub->addresses[i].way != NULL) {
            end_way(hub->addresses[i].way); /* it is being dialled */
        }
    }
    tr_map_fini(&hub->ways);
    tr_free(hub->allocator, hub->addresses, hub->addresses_bytes);
    tr_free(hub->allocator, hub, sizeof *hub);
}
