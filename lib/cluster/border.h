/* SPDX-License-Identifier: MIT */
/* border: where messages leave a node for others, and come in.
 *
 * It is a root actor with two children for each other node (see peer), all on one worker, which a
 * thread runs or the simulator steps. Frames go out by the wire port; what comes in by it, and what
 * becomes of connections, is said by the calls below.
 * Owns:       the peers.
 * Invariants: one peer for each incarnation of a node.
 * Threads:    all calls on the thread that runs the border's worker, between two of its passes;
 *             after each of them the worker has something to do. init before that worker runs, fini
 *             when it runs no more and before the node's workers are finished.
 * Uses:       far, for what the core does with refs of other nodes. */
#ifndef TR_CLUSTER_BORDER_H
#define TR_CLUSTER_BORDER_H

#include <troupe/spawn.h>

#include "cluster/body.h"
#include "cluster/herald.h"
#include "cluster/nursery.h"
#include "cluster/rights.h"
#include "cluster/wire.h"

typedef struct tr_peer tr_peer;

/* Since the border was made, over all nodes. */
typedef struct tr_border_counts {
    uint64_t frames_sent;
    uint64_t frames_received;
    uint64_t envelopes_sent;
    uint64_t envelopes_received;
    uint64_t frames_missing; /* by the gaps in their sequence, or for want of memory */
    uint64_t frames_late;    /* repeated, or overtaken: not taken in */
    uint64_t frames_old;     /* of a connection that was lost */
    uint64_t frames_strange; /* from a node that is not connected, or for another incarnation */
    uint64_t frames_malformed;
    uint64_t
        envelopes_refused;     /* of a type that is not known here, or that do not fit their kind */
    uint64_t envelopes_denied; /* that their node has no right to */
    uint64_t envelopes_lost;   /* messages for which there was no memory */
    uint64_t answers_late;     /* to what nobody waits for */
    uint64_t connections;      /* begun */
    uint64_t connections_lost;
    uint64_t bytes_saved; /* by squeezing pieces */
    uint64_t offences;    /* connections begun anew, as the other said what nobody may say */
} tr_border_counts;

struct tr_border {
    tr_system *system; /* borrowed */
    tr_wire_port wire;
    tr_rights_port rights;
    tr_worker *worker; /* NULL: its actor has not started */
    tr_address root;
    tr_map peers; /* by node */
    tr_nursery nursery;
    tr_herald herald;
    tr_arena frame_arena;
    tr_unpacker unpacker;
    tr_crates crates;
    tr_crate *frame; /* that is packed; NULL: none */
    tr_scratch body;
    tr_scratch squeezed; /* a piece */
    bool squeezes;       /* what is large, for who can read it */
    tr_border_counts counts;
    uint64_t gone[TR_GONE_MAX]; /* incarnations that are over, in a ring */
    uint32_t gone_count;
};

/* The border is not moved in memory afterwards. Nothing can fail. */
void tr_border_init(tr_border *border, tr_system *system, const tr_wire_port *wire);
/* What is large is squeezed for who can read it. Of the connections that begin from now on. */
void tr_border_set_squeezes(tr_border *border, bool squeezes);
/* Asked for each frame that comes. Before anything does. */
void tr_border_set_rights(tr_border *border, const tr_rights_port *rights);
void tr_border_fini(tr_border *border);

/* Of the frames that come from now on; NULL: they are copied. */
void tr_border_set_lender(tr_border *border, const tr_lender *lender);

/* What to spawn as a root actor of the node, once, before anything else is done with the border.
 * The place, and so the worker, may be chosen; it stays there. */
troupe_spawn_options tr_border_spawn_options(tr_border *border);

/* A connection to this incarnation of a node begins: from now on its actors can be reached. If
 * there was one it is lost first.
 * Errors: BAD_ARGUMENT for this node itself; STALE for an incarnation that is over; STOPPING
 *         without the border's actor; LIMIT_REACHED; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_border_connected(tr_border *border, uint64_t node);

/* The connection heals what links lose, and the other gives credit: so much it has room for, 0: it
 * knows none. Right after tr_border_connected. */
void tr_border_give_windows(tr_border *border, uint64_t node, uint64_t messages, uint64_t bytes);

/* The other reads pieces that are squeezed: if this node is to squeeze, it does. Likewise. */
void tr_border_give_squeezed(tr_border *border, uint64_t node);

/* The other reads an envelope that says only what differs from the one before it. Likewise. */
void tr_border_give_repeats(tr_border *border, uint64_t node);

/* It is lost. `reason` is STALE if the incarnation is over, else NODE_LOST. Does nothing if there
 * is none. */
void tr_border_lost(tr_border *border, uint64_t node, troupe_error reason);

/* Somebody here wants to reach that node: unless it is connected, or over, the wire is offered a
 * frame for it, by which it may begin a connection. So does who sends to it in vain. */
void tr_border_want(tr_border *border, uint64_t node);

/* A frame has come from that node, where it had waited so long since it was packed. Whatever it is,
 * nothing bad comes of it. */
void tr_border_accept(tr_border *border, uint64_t from_node, const void *frame, size_t size,
                      uint64_t age_ns);

/* The wire may take frames for that node again. */
void tr_border_ready(tr_border *border, uint64_t node);

bool tr_border_is_connected(const tr_border *border, uint64_t node);

/* The frame that is packed has room for so many bytes; what was in it is lost. False without
 * memory. */
bool tr_border_make_room(tr_border *border, size_t size);
/* Whether the wire takes more of something large; else it is told when. */
bool tr_border_may_add(const tr_border *border, uint64_t node);
/* Gives it to the wire. False: not now. */
bool tr_border_send(tr_border *border, uint64_t node, size_t size);

/* For peer. NULL: there is none. */
tr_peer *tr_border_peer(const tr_border *border, uint64_t node);

#endif
