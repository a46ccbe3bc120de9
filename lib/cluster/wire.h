/* SPDX-License-Identifier: MIT */
/* wire: what a border needs of that which carries frames to other nodes.
 *
 * The real one is a transport's, the other the simulator's network. Frames may be lost, repeated,
 * delayed and overtake each other: the border sees to it that this shows.
 * Threads: called on the thread that runs the border's worker. */
#ifndef TR_CLUSTER_WIRE_H
#define TR_CLUSTER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crate.h"

typedef struct tr_wire_port {
    void *context;
    /* Takes a copy of a frame for that node. False: not now; the border keeps what is in it and
     * tries again in a millisecond, or at tr_border_ready. */
    bool (*send)(void *context, uint64_t to_node, const void *frame, size_t size);
    /* The same without a copy: if it is taken, the border's share is the wire's. NULL: send
     * does. */
    bool (*give)(void *context, uint64_t to_node, tr_crate *frame);
    /* Whether more of something large may go now; if not, tr_border_ready follows. NULL: always. */
    bool (*may_add)(void *context, uint64_t to_node);
    /* Something that came or was to go is lost for want of memory, and the border has lost the
     * connection: the wire sees to it that the other loses it too, and that another begins. NULL:
     * the border's own frames do. */
    void (*renew)(void *context, uint64_t node);
    /* Whether that node is to be believed that another incarnation is over. NULL: any is. */
    bool (*believes)(void *context, uint64_t node, uint64_t over);
    /* This node ends: nothing more is sent. May be NULL. */
    void (*closed)(void *context);
} tr_wire_port;

#endif
