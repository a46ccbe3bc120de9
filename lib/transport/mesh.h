/* SPDX-License-Identifier: MIT */
/* mesh: a node's connections to other nodes over ZeroMQ tcp: links of two channels each.
 *
 * A link is two connections from who dialled to who listens, so that what flows on the one never
 * holds up the other. Each begins with an empty message, the knock; when both have come the
 * listener answers with one on the control channel. The ids by which its ROUTER tells connections
 * apart name the link. What is sent on a channel arrives whole, once and in
 * order, until the link is over; then anything that was under way may be lost. Nobody is trusted to
 * be who they say: that is for who hears.
 * Owns:       the sockets, the links.
 * Invariants: a link that `up` was called for has `down` called once, unless the mesh is closed
 *             first or it was hung up. One dialled has down called without up if it cannot be made.
 *             Knocks of links that are not up are bounded in number and time.
 * Threads:    one at a time.
 * Fails:      in open and dial, with nothing changed; in send as said there.
 * Uses:       zmq_socket. */
#ifndef TR_TRANSPORT_MESH_H
#define TR_TRANSPORT_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>

#include "base/clock.h"
#include "base/crate.h"
#include "transport/zmq_errors.h"

typedef struct tr_mesh tr_mesh;
typedef struct tr_mesh_link tr_mesh_link;

typedef enum tr_channel {
    TR_CHANNEL_CONTROL,
    TR_CHANNEL_DATA,
    TR_CHANNEL_COUNT
} tr_channel;

/* Called from within tr_mesh_look; may do anything with the mesh but close it. */
typedef struct tr_mesh_ears {
    void *context;
    /* The link can be used. */
    void (*up)(void *context, tr_mesh_link *link);
    /* It is over, and freed after the call; `why` is for people. */
    void (*down)(void *context, tr_mesh_link *link, troupe_error reason, const char *why);
    void (*came)(void *context, tr_mesh_link *link, tr_channel channel, const void *data,
                 size_t size); /* see also tr_mesh_keep */
} tr_mesh_ears;

/* Whether a key, in Z85, may connect; from memory. It is the link's user. */
typedef struct tr_mesh_judge {
    void *context;
    bool (*admits)(void *context, const char *key, const char *address);
} tr_mesh_judge;

typedef struct tr_mesh_options {
    void *zmq; /* the context, with a thread for tcp; borrowed */
    const troupe_allocator *allocator;
    tr_clock clock;
    tr_zmq_report report;
    tr_mesh_ears ears;
    uint64_t node_id;
    const char *listen; /* "tcp://address:port", the port may be "*"; NULL: nobody can dial */
    const char *local; /* "ipc:///path", besides: who has this user's rights, and no key; or NULL */
    /* CURVE, in ZeroMQ's Z85; NULL: plain. Copied. */
    const char *public_key;
    const char *secret_key;
    /* Who may dial; needed to listen with keys. */
    tr_mesh_judge judge;
    uint32_t message_bytes_max;
    uint32_t queue_max;    /* messages each way of a channel, beyond what the kernel takes */
    uint32_t links_max;    /* that others have dialled */
    uint32_t heartbeat_ms; /* a connection that is silent for about three of them is over */
    uint32_t handshake_ms; /* what a link may take to be up */
    uint32_t linger_ms;    /* what was sent before a close may take to go */
} tr_mesh_options;

/* Errors: BAD_ARGUMENT for an endpoint or keys that are none; NAME_TAKEN: somebody listens there;
 *         LIMIT_REACHED when descriptors or sockets are out; NO_MEMORY; SYSTEM. The log says it. */
TROUPE_MUST_CHECK troupe_error tr_mesh_open(const tr_mesh_options *options, tr_mesh **out_mesh);
/* Nobody is told; what was sent and is not under way yet has as long as it may linger. Takes
 * NULL. */
void tr_mesh_close(tr_mesh **mesh);

/* Where it listens, with the port that was chosen, or else its local endpoint; NULL: it does
 * not. */
const char *tr_mesh_endpoint(const tr_mesh *mesh);

/* Begins a link; `up` or `down` follows. server_key is of who listens there; NULL: plain. `context`
 * is the link's.
 * Errors: BAD_ARGUMENT for an endpoint or a key that is none; NOT_AUTHORISED for a local one of
 *         another user's; LIMIT_REACHED; NO_MEMORY; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_mesh_dial(tr_mesh *mesh, const char *endpoint,
                                            const char *server_key, void *context,
                                            tr_mesh_link **out_link);
/* Ends a link, and frees it; `down` is not called. Sets *link to NULL. */
void tr_mesh_hang_up(tr_mesh_link **link);

/* Copies. Errors: MAILBOX_FULL: not now; UNREACHABLE: the link is over, and `down` follows. */
TROUPE_MUST_CHECK troupe_error tr_mesh_send(tr_mesh_link *link, tr_channel channel,
                                            const void *data, size_t size);

/* The same, of data that lies in the crate: it is not copied if it is much, and has a share. */
TROUPE_MUST_CHECK troupe_error tr_mesh_lend(tr_mesh_link *link, tr_channel channel,
                                            const void *data, size_t size, tr_crate *crate);

/* From within `came`: the data stays until what this returns is released, on any thread, with any
 * data and size. NULL: it cannot, or memory is out. */
void *tr_mesh_keep(void *mesh);
void tr_mesh_release(void *kept, const void *data, size_t size);

/* Whatever its owner keeps with it; NULL at first if it was not dialled. */
void *tr_mesh_context(const tr_mesh_link *link);
void tr_mesh_set_context(tr_mesh_link *link, void *context);
bool tr_mesh_is_dialled(const tr_mesh_link *link);
/* Whether it was dialled by way of `local`. */
bool tr_mesh_is_local(const tr_mesh_link *link);
/* The key of who has dialled; "" without keys. */
const char *tr_mesh_user(const tr_mesh_link *link);
/* The endpoint that was dialled, or the address of who did; for people. */
const char *tr_mesh_peer(const tr_mesh_link *link);

/* Takes in what has come and what time has ended. False: nothing. */
bool tr_mesh_look(tr_mesh *mesh);
/* When to look at the latest; TR_NEVER. */
uint64_t tr_mesh_next_due_ns(const tr_mesh *mesh);
/* The last thing before sleeping on tr_mesh_fd. False: look first. */
TROUPE_MUST_CHECK bool tr_mesh_prepare_sleep(tr_mesh *mesh);
int tr_mesh_fd(const tr_mesh *mesh);

#endif
