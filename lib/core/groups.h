/* SPDX-License-Identifier: MIT */
/* groups: who is in which group, as this node knows it.
 *
 * Own members are also in a list by number, from which other nodes are told, and those that have
 * joined or left in a list of changes, until the actor "troupe.groups" (groups_actor) has taken
 * them. Members of other nodes come and go by that actor's word.
 * Owns:       the groups, their members, who watches, the other nodes' groups actors.
 * Invariants: a member is in its group once. A group has members, watchers, or some that leave.
 * Threads:    any; guarded by the ports' lock, but for `peers`, which are the actor's. */
#ifndef TR_CORE_GROUPS_H
#define TR_CORE_GROUPS_H

#include <troupe/groups.h>
#include <troupe/monitor.h>

#include "base/list.h"
#include "base/map.h"
#include "core/slot.h"

typedef struct tr_system tr_system;

typedef struct tr_group {
    tr_map_node by_name;
    tr_list members[2]; /* own ones, and others; who is next in turn first */
    tr_list watchers;
    uint32_t counts[2];
    uint32_t leaving; /* that are still to be told of */
    uint32_t turn;
    uint64_t change;
    char name[64];
} tr_group;

typedef struct tr_member {
    tr_map_node by_ref; /* and group */
    tr_list in_group;
    tr_list own;     /* in no list: of another node, or it has left */
    tr_list changed; /* in no list: there is nothing to tell of it */
    tr_group *group;
    troupe_ref ref;
    uint64_t number;
    troupe_monitor_id monitor;
    bool is_stale; /* its node has not named it again yet */
    bool has_left; /* it is in no group, and only still to be told of */
} tr_member;

/* A change of own members. */
typedef struct tr_group_change {
    troupe_ref ref;
    char group[64];
    troupe_monitor_id monitor; /* of one that has left */
    uint64_t number;
    bool has_joined;
} tr_group_change;

/* The groups actor of another node, to the one of this. */
typedef struct tr_group_peer {
    tr_list link;
    uint64_t node;
    troupe_ref actor;
    troupe_monitor_id monitor;
    bool needs_all;
    bool is_asked; /* who its actor is */
} tr_group_peer;

typedef struct tr_groups {
    tr_map by_name;
    tr_map by_ref; /* the members, with their groups */
    tr_list own;
    tr_list peers;
    tr_list changed;  /* only while there is an actor */
    bool is_called;   /* the actor has been told to look */
    troupe_ref actor; /* none: there is none */
    uint64_t numbers;
    uint64_t changes;
    uint32_t member_count; /* with those that have left */
    uint32_t watcher_count;
} tr_groups;

void tr_groups_init(tr_groups *groups, const troupe_allocator *allocator);
void tr_groups_fini(tr_groups *groups);

/* One of this node, or of another. Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_groups_join(tr_system *system, const char *group, troupe_ref ref);
/* False: it was not in it. */
bool tr_groups_leave(tr_system *system, const char *group, troupe_ref ref);
/* From all groups. */
void tr_groups_leave_all(tr_system *system, troupe_ref ref);

/* Members of that node are stale from now on; those that still are, are gone. */
void tr_groups_doubt(tr_system *system, uint64_t node);
void tr_groups_drop_stale(tr_system *system, uint64_t node);

size_t tr_groups_list(tr_system *system, const char *group, troupe_ref *members, size_t room);
/* None: there is none. */
troupe_ref tr_groups_pick(tr_system *system, const char *group, troupe_group_rule rule,
                          uint64_t key);

/* For the actor. */

/* The actor of this node, or none: then changes are not kept. */
void tr_groups_set_actor(tr_system *system, troupe_ref actor);
/* Whom to tell to look, once until it has; none: nobody. */
troupe_ref tr_groups_call(tr_system *system);
/* It could not be told. */
void tr_groups_call_failed(tr_system *system);
/* What it is told. */
extern const troupe_type tr_groups_look_type;

/* The first `room` changes, which are forgotten. */
size_t tr_groups_take_changes(tr_system *system, tr_group_change *changes, size_t room);
/* Own members with a higher number than this. */
size_t tr_groups_own(const tr_system *system, uint64_t after, tr_group_change *members,
                     size_t room);
void tr_groups_note_monitor(tr_system *system, const tr_group_change *member,
                            troupe_monitor_id monitor);

/* Among the parts of this module; locked. */
tr_group *tr_groups_find_locked(const tr_groups *groups, const char *name);
TROUPE_MUST_CHECK troupe_error tr_groups_get_locked(tr_groups *groups, const char *name,
                                                    tr_group **out_group);
/* If nothing is left of it. */
void tr_groups_forget_locked(tr_groups *groups, tr_group *group);
void tr_groups_fini_watchers(tr_groups *groups, tr_group *group);

/* Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_groups_watch(tr_system *system, const char *group,
                                               tr_address watcher);
/* A watcher that has not been told of the last change of its group, with a higher number than this;
 * false: there is none. */
typedef struct tr_group_news {
    uint64_t watcher;
    tr_address to;
    uint64_t change;
    troupe_group_event event;
} tr_group_news;
bool tr_groups_next_news(const tr_system *system, uint64_t after, tr_group_news *out_news);
void tr_groups_told(tr_system *system, const tr_group_news *news);
void tr_groups_forget_watcher(tr_system *system, const tr_group_news *news);

#endif
