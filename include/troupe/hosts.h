/* SPDX-License-Identifier: MIT */
/* hosts: nodes that have to do with each other, over tcp.
 *
 * A node with .listen or .peers among its options has one thread more, by which messages, asks,
 * monitors and look-ups of names (remote.h) go to and from actors of the nodes it is connected
 * with: those that it has dialled and those that have dialled it. A connection that breaks is made
 * again, and nothing is lost, repeated or out of order, unless one side hears nothing for
 * .dead_after: then each monitor, ask and wait is told, once, and what was under way is lost. With
 * keys everything is encrypted, and only those connect whose key is allowed.
 *
 * With .compress what is above 64 KiB goes as LZ4, where that saves an eighth and both nodes were
 * built with it. It is worth it where a processor is faster than the network (docs/cluster.md).
 *
 * Threads: any between create and destroy of the node, unless said otherwise. */
#ifndef TROUPE_HOSTS_H
#define TROUPE_HOSTS_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>

TROUPE_BEGIN

/* A node listens at .listen, or for programs of its user on its machine at .listen_local, or both.
 * The latter is a socket in the file system that is made with mode 0600: who can open it needs no
 * key and may do all. */

/* Whether connections with other nodes may be without keys: then anyone who can reach them may
 * read what is said, and say what he likes. */
typedef enum troupe_plain {
    TROUPE_PLAIN_NEVER,
    TROUPE_PLAIN_ON_LOOPBACK, /* on this machine */
    TROUPE_PLAIN_ANYWHERE
} troupe_plain;

/* Whether the node has an actor "troupe.inspect", by which the command `troupe` and others with the
 * role look at it (proto/troupe/inspect.proto). It has a thread of its own. */
typedef enum troupe_inspect {
    TROUPE_INSPECT_IF_LISTENING, /* with .listen */
    TROUPE_INSPECT_ON,
    TROUPE_INSPECT_OFF
} troupe_inspect;

/* Which thread looks after other nodes. One of its own does so whatever actors do. Shared with the
 * actors of worker 0 it saves each message two changes of thread: for small nodes whose handlers
 * are short. There a handler that goes on for .dead_after makes others take the node for dead. */
typedef enum troupe_border {
    TROUPE_BORDER_OWN_THREAD,
    TROUPE_BORDER_SHARED
} troupe_border;

/* Another node, by where it listens. */
typedef struct troupe_peer {
    const char *endpoint; /* as "tcp://192.0.2.2:7400", or "ipc:///run/node" of .listen_local */
    const char *key;      /* its public key; NULL: plain */
} troupe_peer;

/* What becomes of a node when one that it dials refuses its key. */
typedef enum troupe_on_refusal {
    TROUPE_REFUSAL_GO_ON, /* it dials again and again: the list there may change */
    TROUPE_REFUSAL_STOP   /* it stops, as by troupe_node_stop; troupe_node_join: NOT_AUTHORISED */
} troupe_on_refusal;

/* The incarnation of the node, as in its actors' refs. */
TROUPE_API uint64_t troupe_node_id(const troupe_node *node);

/* Where others can dial the node, with the port that was chosen for "*".
 * Errors: END if it does not listen, or has not been started; TOO_LARGE: cut to `size`;
 *         BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_endpoint(const troupe_node *node,
                                                               char *out_text, size_t size);

TROUPE_END

#endif
