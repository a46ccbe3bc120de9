/* SPDX-License-Identifier: MIT */
/* hub: this node's ways to others: it listens, dials, greets, and hands links to sessions.
 *
 * A way is a link of the mesh. When both sides have greeted, the incarnation at its other end is
 * known and the link is its session's; of two ways to one incarnation that stays which the lower of
 * the two has dialled.
 * Owns:       the border, the sessions, the mesh; the ways; the addresses that it dials.
 * Invariants: an incarnation has one way at most. An address has a way, or a time to dial at, or
 *             its incarnation has a way that was dialled from there, or it is this node itself.
 *             With keys, who has dialled has one that is allowed.
 * Threads:    create and destroy while nothing runs the border's worker; the rest its thread.
 * Fails:      in create.
 * Uses:       mesh, border, sessions, greeting. */
#ifndef TR_NODE_HUB_H
#define TR_NODE_HUB_H

#include "cluster/border.h"
#include "node/doorman.h"
#include "node/guest.h"
#include "transport/mesh.h"

typedef struct tr_hub tr_hub;

typedef struct tr_hub_address {
    const char *endpoint;
    const char *server_key; /* NULL: plain */
} tr_hub_address;

typedef struct tr_hub_options {
    tr_system *system;
    const char *name;                /* of this node; borrowed, as all below */
    const tr_hub_address *addresses; /* what is dialled */
    uint32_t address_count;
    const char *listen; /* NULL: nobody can dial */
    const char *local;  /* as the mesh's; or NULL */
    const char *public_key;
    const char *secret_key;    /* NULL: plain */
    const tr_allowed *allowed; /* who may dial with keys; NULL: plain */
    void *zmq;
    /* Of sessions; 0: as usual. */
    uint64_t beat_ns;
    uint64_t suspect_ns;
    uint64_t dead_ns;
    bool squeezes;           /* what is large, for who can read it */
    bool stops_when_refused; /* the node, when a key of its own is */
} tr_hub_options;

/* Errors: as tr_mesh_open. */
TROUPE_MUST_CHECK troupe_error tr_hub_create(const tr_hub_options *options, tr_hub **out_hub);
/* Takes NULL. */
void tr_hub_destroy(tr_hub **hub);

tr_border *tr_hub_border(tr_hub *hub);
const char *tr_hub_endpoint(const tr_hub *hub);
/* The border has closed, and the other nodes have been told that this one leaves. Threads: any. */
bool tr_hub_has_left(const tr_hub *hub);

/* The list of who may dial has changed, on this thread, which runs the border's worker: who has
 * dialled and is not in it any more is cut off. */
void tr_hub_recheck(tr_hub *hub);

/* Looks after all of it. */
tr_guest tr_hub_guest(tr_hub *hub);

#endif
