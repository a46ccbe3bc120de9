/* SPDX-License-Identifier: MIT */
/* probe: finding rings of actors that wait for each other's room or replies.
 *
 * Who has waited for a while sends a probe along its edge to whom it waits for. There the edge is
 * checked (it stands in line in a mailbox full of what is queued; or its request is held), and the
 * probe goes on along that actor's own edge. Each check is made by the worker that owns what it
 * looks at. Back at its origin it goes round a second time; if it has met the same waits, by their
 * numbers, the ring is real. (Edge chasing after Chandy, Misra and Haas.)
 * Where an actor has several tasks, a request that one of them was given to handle leads to that
 * task's edge; anything else any of them might serve, so the probe follows the edges of all, one
 * after the other, and the knot is real only if none leads to somebody who may go on.
 * It dies where something could still move, and at one who began to wait later than its origin:
 * that one's own probe will see the ring, so exactly one is told. Of two nodes' waits that is
 * later whose node has the larger number. At an actor that stands for one of another node it goes
 * on there (docs/rings.md).
 * Owns:    nothing beyond the message.
 * Threads: the worker's. */
#ifndef TR_CORE_PROBE_H
#define TR_CORE_PROBE_H

#include "core/task.h"

#define TR_PROBE_RING_SIZE 240

/* Whom somebody waits for, and by what. */
typedef struct tr_probe_edge {
    tr_address to;
    uint64_t id; /* the ticket or the ask */
    uint64_t since_ns;
    bool is_reply;
} tr_probe_edge;

/* How another node is told which edge leads there: by a request's number, or, with how many of its
 * messages are there, by a window for this actor. */
typedef struct tr_probe_border {
    uint64_t number; /* 0: by the window */
    uint32_t window;
    uint32_t count;
    tr_address to;
} tr_probe_border;

/* What goes along with a probe, also to other nodes. */
typedef struct tr_probe_way {
    uint64_t origin_node;
    tr_address origin;
    tr_probe_edge origin_edge; /* here `to` has no meaning at other nodes */
    tr_probe_edge edge;        /* the one just followed: of the message's sender */
    uint64_t choice;           /* of the edge, where a behavior has several */
    uint64_t first_hash;
    uint64_t hash;
    uint32_t hops;
    bool is_second;
    bool is_far; /* it has come from another node */
    tr_probe_border border;
    char ring[TR_PROBE_RING_SIZE];
} tr_probe_way;

/* Sends a probe for a task that waits for room or a reply. Without memory for it: later. */
void tr_probe_start(tr_worker *worker, tr_task *task);

/* The same for a behavior with messages parked. */
void tr_probe_start_parked(tr_worker *worker, tr_actor *actor);

/* PROBE came. */
void tr_probe_came(tr_worker *worker, troupe_message *message);

/* Of a PROBE. */
tr_probe_way *tr_probe_way_of(const troupe_message *message);

/* One has come from another node by `way->edge`, that of this entrance. */
void tr_probe_go_on(tr_worker *worker, const tr_probe_way *way, tr_address entrance);

/* Adds to the names of the ring; what is too long is cut. */
void tr_probe_name(tr_probe_way *way, const char *text);

#endif
