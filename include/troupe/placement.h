/* SPDX-License-Identifier: MIT */
/* placement: children of a supervisor that run on other nodes.
 *
 *     static const troupe_placement till = TROUPE_PLACEMENT(.name = "till.1", .label = "ssd");
 *     static const troupe_child_spec children[] = {
 *         TROUPE_CHILD(.id = "till 1", .placement = &till, .actor = TROUPE_SPAWN(.name = "till")),
 *     };
 *
 * What is to run is offered by name (remote.h) on the nodes where it may. The supervisor's child is
 * an actor of this node that stands for it: it has one spawned on a node that the rule names, is
 * ready when that one is, passes on to it, in order, what it is sent, ends as that one ends, and is
 * restarted like any child. Told to stop, it stops that one first.
 *
 * When the node is lost, or stops, a new one is placed on another; that is no failure, and does not
 * count as a restart. What had been passed on to the old one, and it had not handled, is lost with
 * it; what comes meanwhile waits. While no node fits it waits, looks again, and says so in the log.
 *
 * Chosen from are the nodes connected at that moment; a child is not moved when more come.
 *
 * A node that is lost may still be there, cut off: the old one then goes on beside the new one
 * until its own node takes this one for dead, or there is contact again, when it is cancelled as
 * one that was linked to an actor of a lost node. There is no lease here: what may be done by one
 * alone needs a guard of its own. */
#ifndef TROUPE_PLACEMENT_H
#define TROUPE_PLACEMENT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Of the nodes that fit. */
typedef enum troupe_node_rule {
    TROUPE_NODES_SPREAD = 0, /* the one with the fewest placed children of this supervisor */
    TROUPE_NODES_PACK,       /* the first by name that has fewer than .per_node_max of them */
    TROUPE_NODES_KEY /* the one that .key falls to: as long as it is there always the same, and
                        * where one is lost only its keys fall to others */
} troupe_node_rule;

/* What follows when its node is lost, or stops. */
typedef enum troupe_on_node_loss {
    TROUPE_NODE_LOSS_ELSEWHERE = 0, /* it is placed anew at once */
    TROUPE_NODE_LOSS_WAIT /* on a node of the same name, if one is there within .wait, else anew */
} troupe_on_node_loss;

/* Zero means the default of each field. What it points to lives as long as the supervisor. */
typedef struct troupe_placement {
    size_t size;                      /* set by TROUPE_PLACEMENT */
    const char *name;                 /* by which it is offered */
    const ProtobufCMessage *protobuf; /* the argument: this, or a type with its body, or neither */
    const troupe_type *type;
    const void *body;
    const char *label; /* only on nodes with this label, as "ssd" or "rack=a"; NULL: on any */
    uint64_t key;      /* with TROUPE_NODES_KEY */
    troupe_timeout start_timeout; /* of each start; not given: 5 s */
    troupe_timeout wait;          /* with TROUPE_NODE_LOSS_WAIT; not given: 30 s */
    troupe_node_rule rule;
    troupe_on_node_loss on_loss;
    uint32_t per_node_max; /* placed children of this supervisor on a node; 0: no limit */
    uint32_t not_here;     /* 1: not on the supervisor's own node */
} troupe_placement;

#define TROUPE_PLACEMENT(...)                                                                      \
    {                                                                                              \
        .size = sizeof(troupe_placement), __VA_ARGS__                                              \
    }

/* The one that `child` stands for just now; its node is in the ref.
 * Waits:  until it is placed, in a coroutine.
 * Errors: those of troupe_ask; PROTOCOL or NO_REPLY if `child` is no such child; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_placed(troupe_self *self, troupe_ref child,
                                                        troupe_timeout timeout,
                                                        troupe_ref *out_ref);

TROUPE_END

#endif
