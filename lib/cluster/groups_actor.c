/* SPDX-License-Identifier: MIT */
/* The actor "troupe.groups": sees to it that nodes know of each other's members (core/groups).
 *
 * The one of each connected node it tells all own members first and then what changes. Where a word
 * cannot go, as too much is under way, that node is told all again a little later: so nothing has
 * to be kept for it. A node's members go when the end of its actor is told, be it by the loss of
 * the node. */
#include <troupe/ask.h>
#include <troupe/nodes.h>
#include <troupe/timer.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/groups_word.h"
#include "core/actor.h"
#include "core/far.h"

#define NAME "troupe.groups"
/* When it tries again what could not be done. */
#define AGAIN_NS UINT64_C(50000000)
#define LOOKUP_NS UINT64_C(2000000000)

struct groups {
    tr_system *system;
    bool is_timed; /* it is going to try again */
    bool has_said;
};

static const troupe_type again_type = TROUPE_TYPE(troupe_tick);

static tr_groups *table_of(const struct groups *state)
{
    return &state->system->groups;
}

/* Without memory for the timer something else wakes it. */
static void try_again_later(troupe_self *self, struct groups *state)
{
    troupe_timer timer;
    if (!state->is_timed) {
        state->is_timed =
            troupe_timer_start(
                self, TROUPE_TIMER(.after = troupe_timeout_of_ns(AGAIN_NS), .type = &again_type),
                &timer) == TROUPE_OK;
    }
}

/* Other nodes. */

static tr_group_peer *peer_at(tr_list *at)
{
    return TR_CONTAINER_OF(at, tr_group_peer, link);
}

static tr_group_peer *find_peer(const struct groups *state, uint64_t node)
{
    const tr_list *peers = &table_of(state)->peers;
    for (tr_list *at = tr_list_first(peers); at != NULL; at = tr_list_next(peers, at)) {
        if (peer_at(at)->node == node) {
            return peer_at(at);
        }
    }
    return NULL;
}

static tr_group_peer *get_peer(const struct groups *state, uint64_t node)
{
    tr_group_peer *peer = find_peer(state, node);
    if (peer == NULL) {
        peer = tr_allocate(state->system->ports.allocator, sizeof *peer);
        if (peer != NULL) {
            peer->node = node;
            tr_list_push_back(&table_of(state)->peers, &peer->link);
        }
    }
    return peer;
}

static void drop_members(const struct groups *state, uint64_t node)
{
    tr_groups_doubt(state->system, node);
    tr_groups_drop_stale(state->system, node);
}

static void forget_peer(troupe_self *self, const struct groups *state, tr_group_peer *peer)
{
    (void) troupe_demonitor(self, peer->monitor);
    drop_members(state, peer->node);
    tr_list_remove(&peer->link);
    tr_free(state->system->ports.allocator, peer, sizeof *peer);
}

/* Its actor is known: it is to be told all. */
static void meet(troupe_self *self, struct groups *state, tr_group_peer *peer, troupe_ref actor)
{
    if (troupe_ref_is_same(peer->actor, actor)) {
        return;
    }
    (void) troupe_demonitor(self, peer->monitor);
    peer->actor = actor;
    peer->needs_all = true;
    if (troupe_monitor(self, actor, &peer->monitor) != TROUPE_OK) {
        peer->actor = troupe_ref_none(); /* it is looked up again */
        try_again_later(self, state);
    }
}

static troupe_error found(troupe_self *self, void *given, troupe_error error,
                          troupe_message **reply, void *context)
{
    struct groups *state = given;
    tr_group_peer *peer = find_peer(state, (uint64_t) (uintptr_t) context);
    const tr_far_found *answer =
        error == TROUPE_OK ? troupe_message_struct(*reply, &tr_far_found_type) : NULL;
    if (peer == NULL || !peer->is_asked) {
        return TROUPE_OK; /* it has gone meanwhile */
    }
    peer->is_asked = false;
    if (answer != NULL) {
        meet(self, state, peer, answer->actor);
    }
    try_again_later(self, state);
    return TROUPE_OK;
}

_Static_assert(sizeof(void *) == sizeof(uint64_t), "a node's id is a context");

static void look_up(troupe_self *self, struct groups *state, tr_group_peer *peer)
{
    const tr_far_lookup lookup = {.name = NAME};
    troupe_message *message = NULL;
    troupe_error error = troupe_message_create(self, &tr_far_lookup_type, &lookup, &message);
    error = error ? error
                  : troupe_ask_message_then(self, (troupe_ref) {.node = peer->node}, &message,
                                            troupe_timeout_of_ns(LOOKUP_NS), found,
                                            (void *) (uintptr_t) peer->node);
    troupe_message_destroy(&message);
    peer->is_asked = error == TROUPE_OK;
    if (error != TROUPE_OK) {
        try_again_later(self, state);
    }
}

/* What own members there are, and what becomes of them. */

static bool send(troupe_self *self, const tr_group_peer *peer, const tr_group_change *changes,
                 size_t count, bool is_first, bool is_last)
{
    troupe_message *message = NULL;
    troupe_error error = tr_groups_word_make(self, changes, count, is_first, is_last, &message);
    error = error ? error
                  : troupe_send_message_with(self, peer->actor, &message,
                                             TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
    troupe_message_destroy(&message);
    return error == TROUPE_OK;
}

static void tell_all(troupe_self *self, struct groups *state, tr_group_peer *peer)
{
    tr_group_change changes[TR_GROUPS_WORD_MAX];
    uint64_t after = 0;
    size_t count = TR_GROUPS_WORD_MAX;
    bool is_told = true;
    while (is_told && count == TR_GROUPS_WORD_MAX) {
        count = tr_groups_own(state->system, after, changes, TR_GROUPS_WORD_MAX);
        is_told = send(self, peer, changes, count, after == 0, count < TR_GROUPS_WORD_MAX);
        after = count > 0 ? changes[count - 1].number : after;
    }
    peer->needs_all = !is_told;
}

static void watch_own(troupe_self *self, struct groups *state, const tr_group_change *change)
{
    troupe_monitor_id monitor;
    if (!change->has_joined) {
        (void) troupe_demonitor(self, change->monitor);
    } else if (troupe_monitor(self, change->ref, &monitor) == TROUPE_OK) {
        tr_groups_note_monitor(state->system, change, monitor);
    } else if (!state->has_said) {
        state->has_said = true;
        tr_log_write(state->system->ports.log, TROUPE_LOG_WARNING,
                     "groups: a member of '%s' cannot be watched: other nodes may not be told when "
                     "it ends",
                     change->group);
    }
}

static void tell_changes(troupe_self *self, struct groups *state)
{
    tr_group_change changes[TR_GROUPS_WORD_MAX];
    const tr_list *peers = &table_of(state)->peers;
    for (size_t count = TR_GROUPS_WORD_MAX; count > 0;) {
        count = tr_groups_take_changes(state->system, changes, TR_GROUPS_WORD_MAX);
        for (size_t i = 0; i < count; i++) {
            watch_own(self, state, &changes[i]);
        }
        for (tr_list *at = tr_list_first(peers); at != NULL && count > 0;
             at = tr_list_next(peers, at)) {
            tr_group_peer *peer = peer_at(at);
            if (!troupe_ref_is_none(peer->actor) && !peer->needs_all) {
                peer->needs_all = !send(self, peer, changes, count, false, false);
            }
        }
    }
}

static void tell_watchers(troupe_self *self, struct groups *state)
{
    tr_group_news news = {0};
    while (tr_groups_next_news(state->system, news.watcher, &news)) {
        troupe_message *message = NULL;
        troupe_error error =
            troupe_message_create(self, &troupe_group_event_type, &news.event, &message);
        error =
            error ? error
                  : troupe_send_message_with(self, tr_system_ref(state->system, news.to), &message,
                                             TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
        troupe_message_destroy(&message);
        if (error == TROUPE_OK) {
            tr_groups_told(state->system, &news);
        } else if (error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR) {
            tr_groups_forget_watcher(state->system, &news);
        } else {
            try_again_later(self, state);
        }
    }
}

/* After whatever has come. */
static troupe_error go_on(troupe_self *self, struct groups *state)
{
    const tr_list *peers = &table_of(state)->peers;
    tell_changes(self, state);
    for (tr_list *at = tr_list_first(peers); at != NULL; at = tr_list_next(peers, at)) {
        tr_group_peer *peer = peer_at(at);
        if (!troupe_ref_is_none(peer->actor) && peer->needs_all) {
            tell_all(self, state, peer);
            if (peer->needs_all) {
                try_again_later(self, state);
            }
        }
    }
    tell_watchers(self, state);
    return TROUPE_OK;
}

/* Handlers. */

static troupe_error on_node(troupe_self *self, void *given, troupe_message **message)
{
    struct groups *state = given;
    const troupe_node_event *event = troupe_message_struct(*message, &troupe_node_event_type);
    const troupe_node_info *node = &event->node;
    if (node->state == TROUPE_NODE_LOST || node->state == TROUPE_NODE_LEFT) {
        tr_group_peer *gone = find_peer(state, node->node);
        if (gone != NULL) {
            forget_peer(self, state, gone);
        }
    } else if (node->state == TROUPE_NODE_CONNECTED) {
        tr_group_peer *peer = get_peer(state, node->node);
        if (peer != NULL && troupe_ref_is_none(peer->actor) && !peer->is_asked) {
            look_up(self, state, peer);
        }
    }
    return go_on(self, state);
}

static troupe_error on_down(troupe_self *self, void *given, troupe_message **message)
{
    struct groups *state = given;
    const troupe_down *down = troupe_message_struct(*message, &troupe_down_type);
    if (down->actor.node == state->system->options.node_id) {
        tr_groups_leave_all(state->system, down->actor);
        return go_on(self, state);
    }
    tr_group_peer *peer = find_peer(state, down->actor.node);
    if (peer != NULL && peer->monitor.id == down->monitor.id) {
        peer->actor = troupe_ref_none();
        peer->monitor.id = 0;
        peer->needs_all = true;
        drop_members(state, peer->node);
        try_again_later(self, state); /* it may be there again, be it the node or the actor */
    }
    return go_on(self, state);
}

static void take_word(struct groups *state, const tr_groups_word *word, uint64_t node)
{
    if (word->is_first) {
        tr_groups_doubt(state->system, node);
    }
    for (size_t i = 0; i < word->count; i++) {
        const tr_group_change *change = &word->changes[i];
        if (!change->has_joined) {
            (void) tr_groups_leave(state->system, change->group, change->ref);
        } else if (tr_groups_join(state->system, change->group, change->ref) != TROUPE_OK &&
                   !state->has_said) {
            state->has_said = true;
            tr_log_write(state->system->ports.log, TROUPE_LOG_WARNING,
                         "groups: there is no room for all members of node %llx",
                         (unsigned long long) node);
        }
    }
    if (word->is_last) {
        tr_groups_drop_stale(state->system, node);
    }
}

/* A sender's node is what the node says that sent it on: of what is none nothing is kept. */
static bool is_there(const struct groups *state, uint64_t node)
{
    troupe_node_info info;
    return tr_nodes_look(state->system, node, &info) && info.state < TROUPE_NODE_LOST;
}

static troupe_error on_word(troupe_self *self, void *given, troupe_message **message)
{
    struct groups *state = given;
    const troupe_ref sender = troupe_message_sender(*message);
    tr_groups_word word;
    if (is_there(state, sender.node) && tr_groups_word_read(*message, &word)) {
        tr_group_peer *peer = get_peer(state, sender.node);
        if (peer != NULL) {
            meet(self, state, peer, sender);
            take_word(state, &word, sender.node);
        }
    }
    return go_on(self, state);
}

static troupe_error on_look(troupe_self *self, void *given, troupe_message **message)
{
    (void) message;
    return go_on(self, given);
}

static bool is_connected(const struct groups *state, uint64_t node)
{
    troupe_node_info info;
    return tr_nodes_look(state->system, node, &info) && info.state == TROUPE_NODE_CONNECTED;
}

static troupe_error on_again(troupe_self *self, void *given, troupe_message **message)
{
    struct groups *state = given;
    const tr_list *peers = &table_of(state)->peers;
    (void) message;
    state->is_timed = false;
    for (tr_list *at = tr_list_first(peers); at != NULL; at = tr_list_next(peers, at)) {
        tr_group_peer *peer = peer_at(at);
        if (troupe_ref_is_none(peer->actor) && !peer->is_asked &&
            is_connected(state, peer->node)) { /* else it is when that is told */
            look_up(self, state, peer);
        }
    }
    return go_on(self, state);
}

static const troupe_handles handlers[] = {
    {.type = &troupe_node_event_type, .handler = on_node},
    {.type = &troupe_down_type, .handler = on_down},
    {.type = &again_type, .handler = on_again},
    {.type = &tr_groups_look_type, .handler = on_look},
    {0},
};

/* Life. */

static troupe_error start(troupe_self *self, void *given, void *argument)
{
    struct groups *state = given;
    (void) argument;
    tr_group_change changes[TR_GROUPS_WORD_MAX];
    state->system = self->actor->worker->system;
    troupe_error error = tr_groups_word_learn(self);
    error = error ? error : troupe_watch_nodes(self);
    if (error) {
        return error;
    }
    tr_groups_set_actor(state->system, troupe_self_ref(self));
    size_t count = TR_GROUPS_WORD_MAX;
    for (uint64_t after = 0; count == TR_GROUPS_WORD_MAX;) { /* who has joined before */
        count = tr_groups_own(state->system, after, changes, TR_GROUPS_WORD_MAX);
        for (size_t i = 0; i < count; i++) {
            watch_own(self, state, &changes[i]);
            after = changes[i].number;
        }
    }
    return go_on(self, state);
}

static void stop(troupe_self *self, void *given, troupe_error reason)
{
    struct groups *state = given;
    (void) reason;
    tr_groups_set_actor(state->system, troupe_ref_none());
    const tr_list *peers = &table_of(state)->peers;
    for (tr_list *at = tr_list_first(peers); at != NULL; at = tr_list_first(peers)) {
        forget_peer(self, state, peer_at(at));
    }
}

const troupe_behavior troupe_groups_behavior =
    TROUPE_BEHAVIOR(.name = "groups", .state_size = sizeof(struct groups), .start = start,
                    .handlers = handlers, .other = on_word, .stop = stop);
