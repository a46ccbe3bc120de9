/* SPDX-License-Identifier: MIT */
/* nodes: which other nodes there are, what becomes of them, and names on them.
 *
 * A node knows of another from when it has first been connected with it. Each incarnation counts
 * as a node of its own: one that is started again has its old name and a new id.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_NODES_H
#define TROUPE_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef enum troupe_node_state {
    TROUPE_NODE_CONNECTED = 1,
    TROUPE_NODE_SUSPECTED, /* connected, and for some time nothing was heard */
    TROUPE_NODE_CUT,       /* the connection broke; what was sent is kept, and it is made again */
    TROUPE_NODE_LOST, /* taken for dead: who waited for it was told NODE_LOST. It may come back */
    TROUPE_NODE_LEFT  /* that incarnation is over, for good: it left, or another has its place */
} troupe_node_state;

#define TROUPE_NODE_NAME_SIZE 64
#define TROUPE_NODE_LABELS_SIZE 128

/* A node as another sees it. */
typedef struct troupe_node_info {
    uint64_t node;                        /* the id, as in the refs of its actors */
    char name[TROUPE_NODE_NAME_SIZE];     /* as its options say; "" if that is not known */
    char labels[TROUPE_NODE_LABELS_SIZE]; /* likewise: "rack=a,ssd" */
    troupe_node_state state;
    uint32_t connections; /* begun */
    uint32_t losses;      /* times that it was taken for dead */
    uint32_t cuts;
    uint32_t suspicions;
    uint64_t sent;        /* messages, answers and the like that were given to its connections */
    uint64_t received;    /* that came */
    uint64_t frames_lost; /* of those sent, a batch each: not acknowledged when it was lost */
} troupe_node_info;

/* "connected" and so on. */
TROUPE_API const char *troupe_node_state_name(troupe_node_state state);

/* Whether the node has this label: "ssd", or with its value, "rack=a". */
TROUPE_API bool troupe_node_has_label(const troupe_node_info *info, const char *label);

/* What this node tells the others of itself; the counts are 0. Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_self_node_info(const troupe_self *self,
                                                                troupe_node_info *out_info);

/* Describes the first `room` other nodes, those that changed last at the end. *out_count becomes
 * how many there are in all. Those lost or left are forgotten when there are thousands.
 * Errors: BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_nodes(troupe_self *self, troupe_node_info *infos,
                                                       size_t room, size_t *out_count);

/* Told to those who called troupe_watch_nodes: a node as it is now. */
typedef struct troupe_node_event {
    troupe_node_info node;
} troupe_node_event;
extern TROUPE_API const troupe_type troupe_node_event_type;

/* Asks for a troupe_node_event message for each node that there is, and whenever the state of one
 * changes, until this actor ends. An event says how the node is when it is sent, and one that finds
 * no room in the mailbox is sent when there is some: who is slow misses what was in between, never
 * how it is. Again: all are told anew.
 * Errors: LIMIT_REACHED (1024 watchers on this node); NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_watch_nodes(troupe_self *self);

/* No more of them; those that are queued stay. Returns whether it was watching. */
TROUPE_API bool troupe_unwatch_nodes(troupe_self *self);

/* The node of this name that is connected; of several incarnations the newest.
 * Waits:       until there is one, in a coroutine; a behavior watches.
 * Cancel-safe: nothing happens on an error.
 * Errors:      TIMED_OUT, CANCELLED, STOPPING, CANNOT_WAIT; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_await_node(troupe_self *self, const char *name,
                                                            troupe_timeout timeout,
                                                            uint64_t *out_node);

/* As troupe_lookup_on, and waits until there is an actor of this name, and a connection.
 * Cancel-safe: nothing happens on an error.
 * Errors:      STALE if that node is over; TIMED_OUT, CANCELLED, STOPPING, CANNOT_WAIT;
 *              BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_await_on(troupe_self *self, uint64_t node,
                                                          const char *name, troupe_timeout timeout,
                                                          troupe_ref *out_ref);

TROUPE_END

#endif
