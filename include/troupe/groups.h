/* SPDX-License-Identifier: MIT */
/* groups: actors known together by a name, over all nodes that are connected.
 *
 *     error = troupe_node_spawn(node, TROUPE_GROUPS, &groups);     once on each node
 *     error = troupe_group_join(self, "tills", troupe_self_ref(self));
 *     error = troupe_group_send(self, "tills", TROUPE_GROUP_LOCAL_FIRST, 0, &message);
 *
 * There is no server: the actor "troupe.groups" of each node tells those of the others which of its
 * actors are in which groups, and what changes; each node has a list of its own, which these calls
 * read without waiting. Lists are the same everywhere when nothing has changed for a moment and all
 * are connected; until then they may differ. A member is not there any more when it has left or has
 * ended, or its node is lost or has left.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_GROUPS_H
#define TROUPE_GROUPS_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/send.h>
#include <troupe/spawn.h>

TROUPE_BEGIN

/* The actor that sees to it all; as a root actor, or under a supervisor. Without it joins are known
 * on their own node only. */
extern TROUPE_API const troupe_behavior troupe_groups_behavior;
#define TROUPE_GROUPS                                                                              \
    TROUPE_SPAWN(.name = "troupe.groups", .behavior = &troupe_groups_behavior,                     \
                 .monitors_max = 70000, .mailbox_capacity = 8192,                                  \
                 .mailbox_bytes = UINT64_C(32) << 20)

/* An actor of this node is in the group of this name, of at most 63 bytes, from now on. Again:
 * nothing happens.
 * Errors: LOCAL_ONLY for one of another node; STALE, NO_SUCH_ACTOR; LIMIT_REACHED (65536 members in
 *         all groups); NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_group_join(troupe_self *self, const char *group,
                                                            troupe_ref actor);

/* It is in it no more. Errors: NO_SUCH_ACTOR if it was not; LOCAL_ONLY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_group_leave(troupe_self *self, const char *group,
                                                             troupe_ref actor);

/* The first `room` members, those of this node first. *out_count becomes how many there are.
 * Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_group_members(troupe_self *self, const char *group,
                                                               troupe_ref *members, size_t room,
                                                               size_t *out_count);

typedef enum troupe_group_rule {
    TROUPE_GROUP_LOCAL_FIRST = 0, /* in turn those of this node; if there are none, of others */
    TROUPE_GROUP_IN_TURN,         /* all */
    TROUPE_GROUP_BY_KEY /* the one that `key` falls to: on all nodes the same, and where a member
                         * goes only its keys fall to others */
} troupe_group_rule;

/* One of the members. Errors: NO_SUCH_ACTOR if there is none; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_group_pick(troupe_self *self, const char *group,
                                                            troupe_group_rule rule, uint64_t key,
                                                            troupe_ref *out_member);

/* Sends to one of the members, to another if that one has gone.
 * Owns, waits: as troupe_send_message.
 * Errors:      as troupe_send_message; NO_SUCH_ACTOR if there is none. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_group_send(troupe_self *self, const char *group,
                                                            troupe_group_rule rule, uint64_t key,
                                                            troupe_message **message);

/* What became of a message to all, for one of them. */
typedef struct troupe_group_outcome {
    troupe_ref member;
    troupe_error error; /* of the send */
    uint32_t reserved;
} troupe_group_outcome;

/* Where the first `room` outcomes go; `count` becomes to how many members it was to go. */
typedef struct troupe_group_report {
    troupe_group_outcome *outcomes; /* may be NULL without room */
    size_t room;
    size_t count;
} troupe_group_report;

/* Sends a copy to each member, by these options (NULL: the defaults), which may wait for room at
 * one after the other. The message stays the caller's.
 * Errors: NO_MEMORY, before anything is sent; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_group_broadcast(troupe_self *self,
                                                                 const char *group,
                                                                 troupe_message *message,
                                                                 const troupe_send_options *options,
                                                                 troupe_group_report *report);

/* Told to who watches a group: it is not as it was. */
typedef struct troupe_group_event {
    char group[64];
    uint32_t members;
    uint32_t reserved;
} troupe_group_event;
extern TROUPE_API const troupe_type troupe_group_event_type;

/* Asks for a troupe_group_event when the group changes, and one now, until this actor ends. Several
 * changes may be one event; after the last of them one comes, when there is room in the mailbox.
 * Needs "troupe.groups" on this node.
 * Errors: LIMIT_REACHED (1024 on this node); NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_watch_group(troupe_self *self, const char *group);

TROUPE_END

#endif
