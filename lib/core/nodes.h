/* SPDX-License-Identifier: MIT */
/* nodes: the other nodes that this one knows, and who wants to hear what becomes of them.
 *
 * Each change has a number. A watcher is told how the nodes are that have changed since the last
 * number that it was told, in the order of their last changes: nothing is kept for it but that
 * number, however slow it is. The telling is cluster/herald's.
 * Owns:       the entries.
 * Invariants: by_change is in the order of `change`. What has no state yet, or is over, and is held
 *             by nobody, is forgotten when there are too many.
 * Threads:    any; guarded by the ports' lock. `sent` and `received` have one writer, the border's
 *             worker. */
#ifndef TR_CORE_NODES_H
#define TR_CORE_NODES_H

#include <stdatomic.h>
#include <troupe/nodes.h>

#include "base/list.h"
#include "base/map.h"
#include "core/slot.h"

typedef struct tr_system tr_system;

typedef struct tr_known_node {
    tr_map_node by_id;
    tr_list by_change;
    troupe_node_info info; /* its counts of messages are these: */
    _Atomic uint64_t sent;
    _Atomic uint64_t received;
    uint64_t change;
    uint64_t made; /* the number of the entry: of two incarnations the newer has the higher */
    uint32_t holds;
} tr_known_node;

typedef struct tr_nodes {
    tr_map by_id;
    tr_list by_change;
    tr_list watchers;
    troupe_node_info own;
    uint64_t changes;
    uint64_t nodes_made;
    uint64_t watchers_made;
    uint32_t watcher_count;
} tr_nodes;

void tr_nodes_init(tr_nodes *nodes, const troupe_allocator *allocator);
void tr_nodes_fini(tr_nodes *nodes);

/* "rack=a,ssd": words of letters, digits and ._-:/=, each with something before its "=", parted by
 * commas, below TROUPE_NODE_LABELS_SIZE in all; or "". */
bool tr_nodes_are_labels(const char *labels);

/* Of this node. `labels` are some, or NULL. What is longer is cut. */
void tr_nodes_set_own(tr_system *system, const char *name, const char *labels);

/* Who that node says it is. Without memory, or room, it stays without a name. */
void tr_nodes_name(tr_system *system, uint64_t node, const char *name, const char *labels);

/* The entry, made if need be, which stays until it is released as often. NULL: no memory. */
tr_known_node *tr_nodes_hold(tr_system *system, uint64_t node);
void tr_nodes_release(tr_system *system, tr_known_node *known);

static inline void tr_nodes_count(_Atomic uint64_t *count, uint64_t more)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* It is in this state now. Returns whether that is another than before. */
bool tr_nodes_note(tr_system *system, uint64_t node, troupe_node_state state);
void tr_nodes_note_lost_frames(tr_system *system, uint64_t node, uint64_t frames);

/* "name (id)" or the id alone, for people. */
#define TR_NODE_TITLE_SIZE (TROUPE_NODE_NAME_SIZE + 24)
void tr_nodes_write_title(const tr_system *system, uint64_t node, char *out_text);

/* As troupe_nodes; `infos` may be NULL without room. */
size_t tr_nodes_list(const tr_system *system, troupe_node_info *infos, size_t room);

/* False: it is not known, or was never connected. */
bool tr_nodes_look(const tr_system *system, uint64_t node, troupe_node_info *out_info);

/* The newest of this name that is connected, or 0. */
uint64_t tr_nodes_find(const tr_system *system, const char *name);

/* As troupe_watch_nodes and troupe_unwatch_nodes; the herald is to look then. */
TROUPE_MUST_CHECK troupe_error tr_nodes_watch(tr_system *system, tr_address address);
bool tr_nodes_unwatch(tr_system *system, tr_address address);

/* What a watcher has not been told yet. */
typedef struct tr_node_news {
    uint64_t watcher;
    tr_address to;
    uint64_t change;
    troupe_node_event event;
} tr_node_news;

/* News of the first watcher from number `from` up that there is any for. */
bool tr_nodes_next_news(const tr_system *system, uint64_t from, tr_node_news *out_news);
/* The watcher has been told; it is not there any more. */
void tr_nodes_told(tr_system *system, const tr_node_news *news);
void tr_nodes_forget_watcher(tr_system *system, uint64_t watcher);

#endif
