/* SPDX-License-Identifier: MIT */
#include "core/nodes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/system.h"

/* One who is told. They are in the order of their numbers. */
struct watcher {
    tr_list in_order;
    uint64_t number;
    tr_address address;
    uint64_t since; /* those that were over by then it is not told of */
    uint64_t told;
};

static void lock(const tr_system *system)
{
    system->ports.lock(system->ports.context);
}

static void unlock(const tr_system *system)
{
    system->ports.unlock(system->ports.context);
}

static void copy_text(char *to, size_t size, const char *from)
{
    (void) snprintf(to, size, "%s", from != NULL ? from : ""); /* cut if long */
}

/* Labels. */

static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._-:/", c) != NULL);
}

bool tr_nodes_are_labels(const char *labels)
{
    size_t at = 0;
    size_t key = 0;
    bool has_value = false;
    if (labels[0] == '\0') {
        return true;
    }
    for (; labels[at] != '\0' && at < TROUPE_NODE_LABELS_SIZE; at++) {
        if (labels[at] == ',') {
            if (key == 0) {
                return false;
            }
            key = 0;
            has_value = false;
        } else if (labels[at] == '=' && key > 0 && !has_value) {
            has_value = true;
        } else if (is_label_character(labels[at])) {
            key++;
        } else {
            return false;
        }
    }
    return key > 0 && at < TROUPE_NODE_LABELS_SIZE;
}

bool troupe_node_has_label(const troupe_node_info *info, const char *label)
{
    const size_t length = label != NULL ? strlen(label) : 0;
    for (const char *at = info != NULL && length > 0 ? info->labels : ""; *at != '\0';) {
        const size_t one = strcspn(at, ",");
        if (one == length && memcmp(at, label, length) == 0) {
            return true;
        }
        at += one + (at[one] == ',' ? 1 : 0);
    }
    return false;
}

const char *troupe_node_state_name(troupe_node_state state)
{
    static const char *const names[] = {"unknown", "connected", "suspected", "cut", "lost", "left"};
    return (size_t) state < sizeof names / sizeof names[0] ? names[state] : names[0];
}

/* Entries. */

static bool is_node(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_known_node, by_id)->info.node == *(const uint64_t *) key;
}

static tr_known_node *find(const tr_nodes *nodes, uint64_t id)
{
    tr_map_node *node = tr_map_find(&nodes->by_id, tr_hash_u64(id), is_node, &id);
    return node != NULL ? TR_CONTAINER_OF(node, tr_known_node, by_id) : NULL;
}

void tr_nodes_init(tr_nodes *nodes, const troupe_allocator *allocator)
{
    *nodes = (tr_nodes) {0};
    tr_map_init(&nodes->by_id, allocator);
    tr_list_init(&nodes->by_change);
    tr_list_init(&nodes->watchers);
}

static void remove_entry(tr_nodes *nodes, tr_known_node *known)
{
    tr_list_remove(&known->by_change);
    tr_map_remove(&nodes->by_id, &known->by_id);
    tr_free(nodes->by_id.allocator, known, sizeof *known);
}

static void remove_watcher(tr_nodes *nodes, struct watcher *gone)
{
    tr_list_remove(&gone->in_order);
    nodes->watcher_count--;
    tr_free(nodes->by_id.allocator, gone, sizeof *gone);
}

void tr_nodes_fini(tr_nodes *nodes)
{
    for (tr_list *at = tr_list_first(&nodes->by_change); at != NULL;
         at = tr_list_first(&nodes->by_change)) {
        remove_entry(nodes, TR_CONTAINER_OF(at, tr_known_node, by_change));
    }
    for (tr_list *at = tr_list_first(&nodes->watchers); at != NULL;
         at = tr_list_first(&nodes->watchers)) {
        remove_watcher(nodes, TR_CONTAINER_OF(at, struct watcher, in_order));
    }
    tr_map_fini(&nodes->by_id);
}

static bool is_over(const tr_known_node *known)
{
    return known->info.state == 0 || known->info.state >= TROUPE_NODE_LOST;
}

/* True if there is room for one more entry. */
static bool make_room(tr_nodes *nodes)
{
    tr_list *at = nodes->by_id.count < TR_KNOWN_NODES_MAX ? NULL : tr_list_first(&nodes->by_change);
    for (; at != NULL; at = tr_list_next(&nodes->by_change, at)) {
        tr_known_node *known = TR_CONTAINER_OF(at, tr_known_node, by_change);
        if (known->holds == 0 && is_over(known)) {
            remove_entry(nodes, known);
            break;
        }
    }
    return nodes->by_id.count < TR_KNOWN_NODES_MAX &&
           tr_map_reserve_one(&nodes->by_id) == TROUPE_OK;
}

static tr_known_node *get(tr_nodes *nodes, uint64_t id)
{
    tr_known_node *known = find(nodes, id);
    if (known != NULL || !make_room(nodes)) {
        return known;
    }
    known = tr_allocate(nodes->by_id.allocator, sizeof *known);
    if (known != NULL) {
        known->info.node = id;
        known->change = nodes->changes;
        known->made = ++nodes->nodes_made;
        tr_list_push_back(&nodes->by_change, &known->by_change);
        tr_map_add(&nodes->by_id, &known->by_id, tr_hash_u64(id));
    }
    return known;
}

void tr_nodes_set_own(tr_system *system, const char *name, const char *labels)
{
    troupe_node_info *own = &system->nodes.own;
    lock(system);
    own->node = system->options.node_id;
    own->state = TROUPE_NODE_CONNECTED;
    copy_text(own->name, sizeof own->name, name);
    copy_text(own->labels, sizeof own->labels, labels);
    unlock(system);
}

void tr_nodes_name(tr_system *system, uint64_t node, const char *name, const char *labels)
{
    lock(system);
    tr_known_node *known = get(&system->nodes, node);
    if (known != NULL) {
        copy_text(known->info.name, sizeof known->info.name, name);
        copy_text(known->info.labels, sizeof known->info.labels, labels);
    }
    unlock(system);
}

tr_known_node *tr_nodes_hold(tr_system *system, uint64_t node)
{
    lock(system);
    tr_known_node *known = get(&system->nodes, node);
    if (known != NULL) {
        known->holds++;
    }
    unlock(system);
    return known;
}

void tr_nodes_release(tr_system *system, tr_known_node *known)
{
    lock(system);
    TR_ASSERT(known->holds > 0);
    known->holds--;
    unlock(system);
}

static void count_change(troupe_node_info *info, troupe_node_state before)
{
    info->connections += before == 0 || before == TROUPE_NODE_LOST ? 1 : 0;
    info->losses += info->state == TROUPE_NODE_LOST ? 1 : 0;
    info->cuts += info->state == TROUPE_NODE_CUT ? 1 : 0;
    info->suspicions += info->state == TROUPE_NODE_SUSPECTED ? 1 : 0;
}

bool tr_nodes_note(tr_system *system, uint64_t node, troupe_node_state state)
{
    tr_nodes *nodes = &system->nodes;
    lock(system);
    tr_known_node *known = find(nodes, node);
    const troupe_node_state before = known != NULL ? known->info.state : state;
    if (before != state && before != TROUPE_NODE_LEFT) {
        known->info.state = state;
        count_change(&known->info, before);
        known->change = ++nodes->changes;
        tr_list_remove(&known->by_change);
        tr_list_push_back(&nodes->by_change, &known->by_change);
    }
    unlock(system);
    return before != state && before != TROUPE_NODE_LEFT;
}

void tr_nodes_note_lost_frames(tr_system *system, uint64_t node, uint64_t frames)
{
    lock(system);
    tr_known_node *known = find(&system->nodes, node);
    if (known != NULL) {
        known->info.frames_lost = frames;
    }
    unlock(system);
}

void tr_nodes_write_title(const tr_system *system, uint64_t node, char *out_text)
{
    lock(system);
    const tr_known_node *known = find(&system->nodes, node);
    if (known != NULL && known->info.name[0] != '\0') {
        (void) snprintf(out_text, TR_NODE_TITLE_SIZE, "%s (%" PRIx64 ")", known->info.name, node);
    } else {
        (void) snprintf(out_text, TR_NODE_TITLE_SIZE, "%" PRIx64, node);
    }
    unlock(system);
}

/* Looking. */

static void describe(const tr_known_node *known, troupe_node_info *out_info)
{
    *out_info = known->info;
    out_info->sent = atomic_load_explicit(&known->sent, memory_order_relaxed);
    out_info->received = atomic_load_explicit(&known->received, memory_order_relaxed);
}

size_t tr_nodes_list(const tr_system *system, troupe_node_info *infos, size_t room)
{
    const tr_nodes *nodes = &system->nodes;
    size_t count = 0;
    lock(system);
    for (tr_list *at = tr_list_first(&nodes->by_change); at != NULL;
         at = tr_list_next(&nodes->by_change, at)) {
        const tr_known_node *known = TR_CONTAINER_OF(at, tr_known_node, by_change);
        if (known->info.state != 0) {
            if (count < room) {
                describe(known, &infos[count]);
            }
            count++;
        }
    }
    unlock(system);
    return count;
}

bool tr_nodes_look(const tr_system *system, uint64_t node, troupe_node_info *out_info)
{
    lock(system);
    const tr_known_node *known = find(&system->nodes, node);
    const bool is_known = known != NULL && known->info.state != 0;
    if (is_known) {
        describe(known, out_info);
    }
    unlock(system);
    return is_known;
}

uint64_t tr_nodes_find(const tr_system *system, const char *name)
{
    const tr_nodes *nodes = &system->nodes;
    const tr_known_node *newest = NULL;
    lock(system);
    for (tr_list *at = tr_list_first(&nodes->by_change); at != NULL;
         at = tr_list_next(&nodes->by_change, at)) {
        const tr_known_node *known = TR_CONTAINER_OF(at, tr_known_node, by_change);
        if ((known->info.state == TROUPE_NODE_CONNECTED ||
             known->info.state == TROUPE_NODE_SUSPECTED) &&
            strcmp(known->info.name, name) == 0 && (newest == NULL || newest->made < known->made)) {
            newest = known;
        }
    }
    const uint64_t node = newest != NULL ? newest->info.node : 0;
    unlock(system);
    return node;
}

/* Watchers. */

static struct watcher *find_watcher(const tr_nodes *nodes, tr_address address)
{
    for (tr_list *at = tr_list_first(&nodes->watchers); at != NULL;
         at = tr_list_next(&nodes->watchers, at)) {
        struct watcher *one = TR_CONTAINER_OF(at, struct watcher, in_order);
        if (tr_address_is_same(one->address, address)) {
            return one;
        }
    }
    return NULL;
}

static bool has_ended(tr_system *system, tr_address address)
{
    const tr_slot *slot = tr_system_slot(system, address);
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    return (uint32_t) (word >> 32) != address.generation || (word & TR_SLOT_CLOSED) != 0;
}

static void remove_the_ended(tr_system *system)
{
    tr_nodes *nodes = &system->nodes;
    tr_list *next = tr_list_first(&nodes->watchers);
    while (next != NULL) {
        struct watcher *one = TR_CONTAINER_OF(next, struct watcher, in_order);
        next = tr_list_next(&nodes->watchers, next);
        if (has_ended(system, one->address)) {
            remove_watcher(nodes, one);
        }
    }
}

static troupe_error watch_locked(tr_system *system, tr_address address)
{
    tr_nodes *nodes = &system->nodes;
    remove_the_ended(system);
    struct watcher *watcher = find_watcher(nodes, address);
    if (watcher == NULL) {
        TR_REQUIRE(nodes->watcher_count < TR_NODE_WATCHERS_MAX, LIMIT_REACHED);
        watcher = tr_allocate(nodes->by_id.allocator, sizeof *watcher);
        TR_REQUIRE(watcher != NULL, NO_MEMORY);
        watcher->number = ++nodes->watchers_made;
        watcher->address = address;
        tr_list_push_back(&nodes->watchers, &watcher->in_order);
        nodes->watcher_count++;
    }
    watcher->told = 0;
    watcher->since = nodes->changes;
    return TROUPE_OK;
}

troupe_error tr_nodes_watch(tr_system *system, tr_address address)
{
    lock(system);
    const troupe_error error = watch_locked(system, address);
    unlock(system);
    return error;
}

bool tr_nodes_unwatch(tr_system *system, tr_address address)
{
    lock(system);
    struct watcher *watcher = find_watcher(&system->nodes, address);
    if (watcher != NULL) {
        remove_watcher(&system->nodes, watcher);
    }
    unlock(system);
    return watcher != NULL;
}

/* The first change that it has not been told and is to be told. */
static const tr_known_node *untold(const tr_nodes *nodes, const struct watcher *watcher)
{
    const tr_known_node *first = NULL;
    for (tr_list *at = nodes->by_change.previous; at != &nodes->by_change; at = at->previous) {
        const tr_known_node *known = TR_CONTAINER_OF(at, tr_known_node, by_change);
        if (known->change <= watcher->told) {
            break;
        }
        const bool was_over = known->change <= watcher->since && is_over(known);
        first = was_over ? first : known;
    }
    return first;
}

bool tr_nodes_next_news(const tr_system *system, uint64_t from, tr_node_news *out_news)
{
    const tr_nodes *nodes = &system->nodes;
    const tr_known_node *known = NULL;
    lock(system);
    for (tr_list *at = tr_list_first(&nodes->watchers); at != NULL && known == NULL;
         at = tr_list_next(&nodes->watchers, at)) {
        const struct watcher *watcher = TR_CONTAINER_OF(at, struct watcher, in_order);
        known = watcher->number >= from ? untold(nodes, watcher) : NULL;
        if (known != NULL) {
            out_news->watcher = watcher->number;
            out_news->to = watcher->address;
            out_news->change = known->change;
            describe(known, &out_news->event.node);
        }
    }
    unlock(system);
    return known != NULL;
}

static struct watcher *find_number(const tr_nodes *nodes, uint64_t number)
{
    for (tr_list *at = tr_list_first(&nodes->watchers); at != NULL;
         at = tr_list_next(&nodes->watchers, at)) {
        struct watcher *one = TR_CONTAINER_OF(at, struct watcher, in_order);
        if (one->number == number) {
            return one;
        }
    }
    return NULL;
}

void tr_nodes_told(tr_system *system, const tr_node_news *news)
{
    lock(system);
    struct watcher *watcher = find_number(&system->nodes, news->watcher);
    if (watcher != NULL && watcher->told < news->change) {
        watcher->told = news->change;
    }
    unlock(system);
}

void tr_nodes_forget_watcher(tr_system *system, uint64_t number)
{
    lock(system);
    struct watcher *watcher = find_number(&system->nodes, number);
    if (watcher != NULL) {
        remove_watcher(&system->nodes, watcher);
    }
    unlock(system);
}
