/* SPDX-License-Identifier: MIT */
/* The hub's ways: what is dialled, who greets, what becomes of links. */
#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "node/hub_inside.h"
#include "node/node.h"

/* How long the greeting of one that is connected may take. */
#define GREETING_NS (TR_HUB_HANDSHAKE_MS * TR_HUB_NS_PER_MS)
/* Before an address is dialled again, at most. */
#define PAUSE_NS_MAX (5000 * TR_HUB_NS_PER_MS)

static bool has_node(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_way, by_node)->node == *(const uint64_t *) key;
}

static tr_way *find_way(const tr_hub *hub, uint64_t node)
{
    tr_map_node *found = tr_map_find(&hub->ways, tr_hash_u64(node), has_node, &node);
    return found != NULL ? TR_CONTAINER_OF(found, tr_way, by_node) : NULL;
}

/* Addresses. */

/* Later each time, and never all at once. */
static void dial_later(tr_hub *hub, tr_target *to)
{
    if (to->is_self || to->is_given_up) {
        to->dial_ns = TR_NEVER;
        return;
    }
    const uint64_t least = to->pause_ns / 2;
    to->dial_ns = tr_hub_now_ns(hub) + least + tr_random_below(&hub->random, least + 1);
    to->pause_ns = to->pause_ns * 2 < PAUSE_NS_MAX ? to->pause_ns * 2 : PAUSE_NS_MAX;
}

static void say_failed(tr_hub *hub, tr_target *to, const char *why)
{
    if (!to->has_failed || to->is_given_up) {
        tr_log_write(tr_hub_log(hub), TROUPE_LOG_WARNING,
                     "node '%s': no connection to %s: %s; it %s", hub->options.name,
                     to->given.endpoint, why, to->is_given_up ? "gives up" : "goes on trying");
        to->has_failed = true;
    }
}

/* Nobody may be there yet; who refuses this node's key may do so for ever. */
static void fail(tr_hub *hub, tr_target *to, troupe_error error, const char *why)
{
    to->is_given_up = error == TROUPE_ERROR_NOT_AUTHORISED && hub->options.stops_when_refused;
    say_failed(hub, to, why);
    if (to->is_given_up) {
        tr_node_give_up(hub->options.system->node, error);
    }
}

static void dial(tr_hub *hub, tr_target *to)
{
    const tr_way *other = to->node != 0 ? find_way(hub, to->node) : NULL;
    if (other != NULL) { /* from there; when it ends this is dialled */
        to->dial_ns = TR_NEVER;
        return;
    }
    tr_way *made = tr_allocate(hub->allocator, sizeof *made);
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    if (made != NULL) {
        *made = (tr_way) {.hub = hub, .from = to};
        tr_list_init(&made->waiting);
        error =
            tr_mesh_dial(hub->mesh, to->given.endpoint, to->given.server_key, made, &made->link);
    }
    if (error) {
        tr_free(hub->allocator, made, sizeof *made);
        fail(hub, to, error, troupe_error_text(error));
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
        tr_target *to = &hub->addresses[i];
        if (to->way == NULL && to->dial_ns == TR_NEVER && !to->is_self &&
            (to->node == node || node == 0)) {
            dial_later(hub, to);
        }
    }
}

/* Ways. */

static void free_way(tr_way *gone)
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

void tr_hub_end_way(tr_way *gone)
{
    if (gone->hub->mesh != NULL) { /* else it has gone with it */
        tr_mesh_hang_up(&gone->link);
    }
    free_way(gone);
}

static void say_broken(const tr_hub *hub, const tr_way *gone, const char *why)
{
    const tr_session *session = tr_sessions_find(&hub->sessions, gone->node);
    if (session != NULL && session->is_over) {
        tr_log_write(tr_hub_log(hub), TROUPE_LOG_NOTICE, "node '%s': node '%s' (%s) has left",
                     hub->options.name, gone->name, tr_mesh_peer(gone->link));
    } else {
        tr_log_write(tr_hub_log(hub), TROUPE_LOG_NOTICE,
                     "node '%s': the connection with node '%s' (%s) is interrupted: %s",
                     hub->options.name, gone->name, tr_mesh_peer(gone->link), why);
    }
}

static void link_down(void *context, tr_mesh_link *link, troupe_error reason, const char *why)
{
    tr_hub *hub = context;
    tr_way *gone = tr_mesh_context(link);
    if (gone == NULL) {
        return;
    }
    const uint64_t node = gone->node;
    if (node != 0) {
        say_broken(hub, gone, why);
    } else if (gone->from != NULL) {
        fail(hub, gone->from, reason, why);
    }
    free_way(gone);
    if (node != 0) {
        tr_sessions_link_down(&hub->sessions, node, TROUPE_ERROR_NODE_LOST);
    }
}

static bool greet(tr_hub *hub, tr_mesh_link *link)
{
    unsigned char data[TR_GREETING_BYTES_MAX];
    tr_greeting greeting = tr_greeting_of(tr_hub_own_node(hub), hub->options.name);
    (void) memcpy(greeting.labels, hub->options.system->nodes.own.labels, sizeof greeting.labels);
    const size_t size = tr_greeting_write(&greeting, data);
    return tr_mesh_send(link, TR_CHANNEL_CONTROL, data, size) == TROUPE_OK;
}

/* Keys. */

static bool admits(void *context, const char *key, const char *where)
{
    return tr_doorman_admits(&((tr_hub *) context)->doorman, key, where);
}

static tr_guest_key key_of(const tr_way *of)
{
    return (tr_guest_key) {.key = of->from != NULL ? of->from->given.server_key
                                                   : tr_mesh_user(of->link),
                           .is_dialled = of->from != NULL,
                           .is_local = of->from == NULL && tr_mesh_is_local(of->link)};
}

static bool may_stay(const tr_hub *hub, const tr_way *guest)
{
    return tr_doorman_lets_stay(&hub->doorman, key_of(guest));
}

static tr_rights rights_of(void *context, uint64_t node)
{
    const tr_hub *hub = context;
    const tr_way *by = find_way(hub, node); /* a frame has come by it */
    return tr_doorman_rights(&hub->doorman, by != NULL ? key_of(by) : (tr_guest_key) {.key = ""});
}

static tr_way *find_unwanted(const tr_hub *hub)
{
    for (tr_map_node *node = tr_map_first(&hub->ways); node != NULL;
         node = tr_map_next(&hub->ways, node)) {
        if (!may_stay(hub, TR_CONTAINER_OF(node, tr_way, by_node))) {
            return TR_CONTAINER_OF(node, tr_way, by_node);
        }
    }
    for (tr_list *node = tr_list_first(&hub->waiting); node != NULL;
         node = tr_list_next(&hub->waiting, node)) {
        if (!may_stay(hub, TR_CONTAINER_OF(node, tr_way, waiting))) {
            return TR_CONTAINER_OF(node, tr_way, waiting);
        }
    }
    return NULL;
}

void tr_hub_recheck(tr_hub *hub)
{
    for (tr_way *gone = find_unwanted(hub); gone != NULL; gone = find_unwanted(hub)) {
        const uint64_t node = gone->node;
        tr_log_write(tr_hub_log(hub), TROUPE_LOG_NOTICE,
                     "node '%s': cuts off node '%s' (%s): its key is not allowed any more",
                     hub->options.name, gone->name, tr_mesh_peer(gone->link));
        tr_hub_end_way(gone);
        if (node != 0) {
            tr_sessions_link_down(&hub->sessions, node, TROUPE_ERROR_NODE_LOST);
        }
    }
}

static void link_up(void *context, tr_mesh_link *link)
{
    tr_hub *hub = context;
    tr_way *made = tr_mesh_context(link);
    if (made == NULL) { /* others have dialled */
        made = tr_allocate(hub->allocator, sizeof *made);
        if (made == NULL) {
            tr_mesh_hang_up(&link);
            return;
        }
        *made = (tr_way) {.hub = hub, .link = link};
        tr_list_init(&made->waiting);
        tr_mesh_set_context(link, made);
    }
    made->deadline_ns = tr_hub_now_ns(hub) + GREETING_NS;
    tr_list_push_back(&hub->waiting, &made->waiting);
    if (!may_stay(hub, made) || !greet(hub, link)) { /* it was allowed when it dialled */
        tr_hub_end_way(made);
    }
}

/* Greetings. */

static void refuse(tr_way *refused, const char *why)
{
    tr_hub *hub = refused->hub;
    if (refused->from != NULL) {
        say_failed(hub, refused->from, why);
    } else {
        tr_log_write(tr_hub_log(hub), TROUPE_LOG_WARNING, "node '%s': hangs up on %s: %s",
                     hub->options.name, tr_mesh_peer(refused->link), why);
    }
    tr_hub_end_way(refused);
}

/* Of two ways to one incarnation. */
static bool is_better(const tr_hub *hub, const tr_way *made, const tr_way *other)
{
    const bool is_dialled_by_lower = (made->from != NULL) == (tr_hub_own_node(hub) < made->node);
    return (made->from != NULL) == (other->from != NULL) || is_dialled_by_lower;
}

static void say_replaced(const tr_hub *hub, const tr_target *at, uint64_t before)
{
    char title[TR_NODE_TITLE_SIZE];
    const tr_session *session = tr_sessions_find(&hub->sessions, before);
    if (session != NULL && !session->is_over) { /* else that it has left was said */
        tr_nodes_write_title(hub->options.system, before, title);
        tr_log_write(tr_hub_log(hub), TROUPE_LOG_NOTICE,
                     "node '%s': node %s (%s) is over: another listens there", hub->options.name,
                     title, at->given.endpoint);
    }
}

/* Somebody else than before listens there: the one before is over. */
static void note_who_is_there(tr_hub *hub, tr_target *at, uint64_t node)
{
    const uint64_t before = at->node;
    at->node = node;
    at->pause_ns = TR_HUB_PAUSE_NS_MIN;
    at->has_failed = false;
    if (before != 0 && before < node) {
        tr_way *old = find_way(hub, before);
        say_replaced(hub, at, before);
        if (old != NULL) {
            tr_hub_end_way(old);
        }
        tr_sessions_link_down(&hub->sessions, before, TROUPE_ERROR_STALE);
    }
}

static void take_greeting(tr_way *made, const void *data, size_t size)
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
    if (greeting.node == tr_hub_own_node(hub)) {
        if (made->from != NULL) {
            made->from->is_self = true;
        }
        tr_hub_end_way(made);
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
    tr_nodes_name(hub->options.system, greeting.node, greeting.name, greeting.labels);
    tr_list_remove(&made->waiting);
    if (made->from != NULL) {
        note_who_is_there(hub, made->from, greeting.node);
    }
    tr_way *other = find_way(hub, greeting.node);
    if (other != NULL && !is_better(hub, made, other)) {
        made->node = 0; /* it is in no map */
        tr_hub_end_way(made);
        return;
    }
    if (other != NULL) {
        tr_hub_end_way(other);
        tr_sessions_link_down(&hub->sessions, greeting.node, TROUPE_ERROR_NODE_LOST);
    }
    tr_map_add(&hub->ways, &made->by_node, tr_hash_u64(made->node));
    tr_log_write(tr_hub_log(hub), TROUPE_LOG_NOTICE, "node '%s': connected with node '%s' (%s)",
                 hub->options.name, made->name, tr_mesh_peer(made->link));
    tr_sessions_link_up(&hub->sessions, made->node);
}

static void came(void *context, tr_mesh_link *link, tr_channel channel, const void *data,
                 size_t size)
{
    tr_hub *hub = context;
    tr_way *by = tr_mesh_context(link);
    if (by->node != 0) {
        const tr_lender lender = {.context = hub->mesh,
                                  .keep = tr_mesh_keep,
                                  .release = tr_mesh_release,
                                  .data = data,
                                  .size = size};
        tr_border_set_lender(&hub->border, &lender);
        tr_sessions_came(&hub->sessions, by->node, data, size);
        tr_border_set_lender(&hub->border, NULL);
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
    tr_way *by = find_way(hub, node);
    const tr_channel channel = kind == TR_LINK_CONTROL ? TR_CHANNEL_CONTROL : TR_CHANNEL_DATA;
    return by != NULL && tr_mesh_send(by->link, channel, word, size) == TROUPE_OK;
}

static bool lend_word(void *context, uint64_t node, const void *word, size_t size, tr_crate *crate)
{
    const tr_hub *hub = context;
    tr_way *by = find_way(hub, node);
    return by != NULL && tr_mesh_lend(by->link, TR_CHANNEL_DATA, word, size, crate) == TROUPE_OK;
}

static void open_link(void *context, uint64_t node)
{
    tr_hub *hub = context;
    const uint64_t time_ns = tr_hub_now_ns(hub);
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        tr_target *to = &hub->addresses[i];
        if (to->node == node && to->way == NULL && !to->is_given_up && to->dial_ns > time_ns) {
            to->dial_ns = time_ns;
        }
    }
}

static void close_link(void *context, uint64_t node)
{
    tr_way *by = find_way(context, node);
    if (by != NULL) {
        tr_hub_end_way(by);
    }
}

/* What is due. */

tr_way *tr_hub_first_waiting(const tr_hub *hub)
{
    tr_list *node = tr_list_first(&hub->waiting);
    return node != NULL ? TR_CONTAINER_OF(node, tr_way, waiting) : NULL;
}

uint64_t tr_hub_next_due_ns(const tr_hub *hub)
{
    const tr_way *first = tr_hub_first_waiting(hub);
    uint64_t due_ns = first != NULL ? first->deadline_ns : TR_NEVER;
    for (uint32_t i = 0; i < hub->options.address_count; i++) {
        due_ns = hub->addresses[i].dial_ns < due_ns ? hub->addresses[i].dial_ns : due_ns;
    }
    return due_ns;
}

bool tr_hub_do_the_due(tr_hub *hub)
{
    if (tr_hub_next_due_ns(hub) == TR_NEVER) {
        return false;
    }
    bool was_due = false;
    const uint64_t time_ns = tr_hub_now_ns(hub);
    for (tr_way *first = tr_hub_first_waiting(hub); first != NULL && first->deadline_ns <= time_ns;
         first = tr_hub_first_waiting(hub)) {
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

/* For who calls. */

tr_mesh_ears tr_hub_ears(tr_hub *hub)
{
    return (tr_mesh_ears) {.context = hub, .up = link_up, .down = link_down, .came = came};
}

tr_link_port tr_hub_links(tr_hub *hub)
{
    return (tr_link_port) {.context = hub,
                           .send = send_word,
                           .lend = lend_word,
                           .open = open_link,
                           .close = close_link};
}

tr_mesh_judge tr_hub_judge(tr_hub *hub)
{
    return (tr_mesh_judge) {.context = hub, .admits = admits};
}

tr_rights_port tr_hub_rights(tr_hub *hub)
{
    return (tr_rights_port) {.context = hub, .of = rights_of};
}
