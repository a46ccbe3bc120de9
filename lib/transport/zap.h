/* SPDX-License-Identifier: MIT */
/* zap: asks whether a key may connect to this node (ZeroMQ's RFC 27, CURVE only).
 *
 * ZeroMQ asks for each connection to a listener; while nobody answers it waits, so the answer must
 * come from memory.
 * Owns:    the socket by which ZeroMQ asks; there is one in a context.
 * Threads: the set's.
 * Fails:   in open.
 * Uses:    zmq_socket. */
#ifndef TR_TRANSPORT_ZAP_H
#define TR_TRANSPORT_ZAP_H

#include "transport/zmq_socket.h"

/* Who is asked. The key is text in Z85. */
typedef struct tr_zap_judge {
    void *context;
    bool (*admits)(void *context, const char *key, const char *address);
} tr_zap_judge;

typedef struct tr_zap {
    tr_zap_judge judge;
    tr_zmq_owner owner;
    tr_zmq_socket *socket; /* NULL: not open */
    uint64_t admitted;
    uint64_t refused;
} tr_zap;

/* Before anything listens. It is not moved in memory afterwards. A connection that is admitted has
 * its key as ZeroMQ's "User-Id".
 * Errors: as tr_zmq_open; NAME_TAKEN if somebody else answers in this context. */
TROUPE_MUST_CHECK troupe_error tr_zap_open(tr_zap *zap, tr_zmq_set *set, const tr_zap_judge *judge);
/* Takes one that is all zero. */
void tr_zap_close(tr_zap *zap);

#endif
