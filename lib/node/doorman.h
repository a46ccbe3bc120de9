/* SPDX-License-Identifier: MIT */
/* doorman: who may connect with this node, and what each may do, by the keys that they have shown.
 *
 * Owns:       nothing; the list is borrowed.
 * Invariants: without keys of the node's own everyone may do all: who asked for that has said so
 *             (.plain).
 * Threads:    the hub's.
 * Fails:      never.
 * Uses:       allowed. */
#ifndef TR_NODE_DOORMAN_H
#define TR_NODE_DOORMAN_H

#include "node/allowed.h"

/* Of strangers that the log tells of. */
#define TR_STRANGERS_TOLD 10

typedef struct tr_doorman {
    const tr_allowed *allowed; /* NULL: the node has no keys */
    const troupe_log *log;
    const char *node_name;
    uint64_t strangers;
} tr_doorman;

/* Who is at the other end of a link. */
typedef struct tr_guest_key {
    const char *key; /* NULL: it was dialled without */
    bool is_dialled; /* by this node, which wanted to have to do with it */
    bool is_local;   /* it has dialled from this machine, with the rights of this node's user */
} tr_guest_key;

/* Whether one that dials, with a key, may enter; the log tells of those that may not. */
bool tr_doorman_admits(tr_doorman *doorman, const char *key, const char *address);

/* Whether a link may be, or go on. */
bool tr_doorman_lets_stay(const tr_doorman *doorman, tr_guest_key guest);

/* A number for the key, which nobody else has; the same for all without one. */
uint64_t tr_doorman_owner(tr_guest_key guest);

/* The name is the list's. */
tr_rights tr_doorman_rights(const tr_doorman *doorman, tr_guest_key guest);

#endif
