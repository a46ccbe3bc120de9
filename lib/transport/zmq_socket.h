/* SPDX-License-Identifier: MIT */
/* zmq_socket: ZeroMQ sockets over tcp as the loop of one thread uses them.
 *
 * ZeroMQ signals by an edge, which sending takes away too. So a socket that was touched is asked
 * for its events once more before the thread sleeps.
 * Owns:       the sockets of a set, their monitors, the poller.
 * Invariants: a socket with something to receive is among the ready or the touched, or the poller
 *             is going to report it.
 * Threads:    one at a time.
 * Fails:      in init, open, listen, dial and send, with nothing changed.
 * Uses:       poller, zmq_errors. */
#ifndef TR_TRANSPORT_ZMQ_SOCKET_H
#define TR_TRANSPORT_ZMQ_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "base/crate.h"
#include "base/list.h"
#include "base/map.h"
#include "transport/poller.h"
#include "transport/zmq_errors.h"
#include "transport/zmq_news.h"

typedef struct tr_zmq_socket tr_zmq_socket;

typedef struct tr_zmq_set {
    void *context; /* borrowed */
    const troupe_allocator *allocator;
    tr_zmq_report report;
    tr_poller *poller; /* NULL: not made */
    tr_map by_fd;
    tr_list ready;
    tr_list touched;
    tr_list closed; /* freed when nobody can be using them */
    uint64_t monitors;
    bool is_looking;
} tr_zmq_set;

typedef struct tr_zmq_owner {
    void *context;
    /* Something can be received; what is left after the call is offered again. Either may close
     * the socket. */
    void (*readable)(void *context, tr_zmq_socket *socket);
    void (*happened)(void *context, tr_zmq_socket *socket, tr_zmq_event event, int number);
} tr_zmq_owner;

/* CURVE. Each key is 40 characters of ZeroMQ's Z85. */
#define TR_ZMQ_KEY_BYTES 41 /* with the end of the text */

typedef struct tr_zmq_keys {
    const char *public_key;
    const char *secret_key;
    const char *server_key; /* of who is dialled; NULL: this listens */
} tr_zmq_keys;

typedef struct tr_zmq_options {
    int type;
    const void *id; /* how a ROUTER that this dials knows it; NULL: ZeroMQ chooses */
    size_t id_size;
    uint32_t queue_max; /* messages each way, beyond what the kernel takes */
    uint32_t message_bytes_max;
    uint32_t heartbeat_ms; /* a connection that is silent for three of them is over */
    uint32_t handshake_ms;
    uint32_t linger_ms;      /* what was sent before a close may take to go */
    const tr_zmq_keys *keys; /* NULL: plain */
} tr_zmq_options;

/* Errors: NO_MEMORY; LIMIT_REACHED when descriptors are out; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_set_init(tr_zmq_set *set, void *context,
                                               const troupe_allocator *allocator,
                                               const tr_zmq_report *report);
/* All sockets were closed. Takes one that is all zero. */
void tr_zmq_set_fini(tr_zmq_set *set);

/* Errors: NO_MEMORY; LIMIT_REACHED when descriptors or sockets are out; BAD_ARGUMENT for keys that
 *         are none; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_open(tr_zmq_set *set, const tr_zmq_options *options,
                                           const tr_zmq_owner *owner, tr_zmq_socket **out_socket);
/* What ZeroMQ has not sent yet has as long as it may linger. Sets *socket to NULL; takes NULL. */
void tr_zmq_close(tr_zmq_socket **socket);

/* An endpoint is "tcp://address:port". Errors: BAD_ARGUMENT for what is none; NAME_TAKEN: somebody
 * listens there; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_listen(tr_zmq_socket *socket, const char *endpoint);
/* The same with a descriptor that listens there already, which is ZeroMQ's from then on. */
TROUPE_MUST_CHECK troupe_error tr_zmq_listen_by(tr_zmq_socket *socket, const char *endpoint,
                                                int fd);
/* Where it listens, with the port that was chosen for "*". Errors: SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_endpoint(const tr_zmq_socket *socket, char *out_text,
                                               size_t size);
/* One attempt; how it ends is said by events. Nothing is said if the name is not known or there is
 * no descriptor: ZeroMQ looks the name up later, on the thread that serves all connections, which
 * wait as long as that takes. Errors: BAD_ARGUMENT; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_dial(tr_zmq_socket *socket, const char *endpoint);

typedef struct tr_zmq_part {
    const void *data;
    size_t size;
} tr_zmq_part;

/* Sends a message, copied; the first part of a ROUTER's names the receiver.
 * Errors: MAILBOX_FULL: not now; UNREACHABLE: it has no such peer; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_send(tr_zmq_socket *socket, const tr_zmq_part *parts,
                                           size_t count);

/* The same, and the last part lies in the crate: it is not copied if it is much, and has a share.
 * NULL: it lies in none. */
TROUPE_MUST_CHECK troupe_error tr_zmq_lend(tr_zmq_socket *socket, const tr_zmq_part *parts,
                                           size_t count, tr_crate *crate);

/* The next part, into one that was initialised. False: there is none just now. */
bool tr_zmq_receive(tr_zmq_socket *socket, zmq_msg_t *part);

/* An address as people write it: IPv4 at a socket for both has a prefix. */
const char *tr_zmq_plain_address(const char *address);

/* Tells the owners what has come, each as far as its callback takes it. False: nothing. */
bool tr_zmq_look(tr_zmq_set *set);

/* For who has received a message from this descriptor: events are numbered, and those below this
 * one, be they told later, are not of its connection. Whether one with it that has begun since is
 * over, though that was not told yet; and the number of the event that is told now. */
uint64_t tr_zmq_beginning(tr_zmq_socket *socket, int fd);
bool tr_zmq_is_over(tr_zmq_socket *socket, int fd, uint64_t begun);
uint64_t tr_zmq_told(const tr_zmq_socket *socket);

/* The last thing before sleeping on tr_zmq_fd. False: look first. */
TROUPE_MUST_CHECK bool tr_zmq_prepare_sleep(tr_zmq_set *set);
int tr_zmq_fd(const tr_zmq_set *set);

#endif
