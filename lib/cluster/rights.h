/* SPDX-License-Identifier: MIT */
/* rights: what another node may do here.
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   never. */
#ifndef TR_CLUSTER_RIGHTS_H
#define TR_CLUSTER_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/frame.h"

enum {
    TR_RIGHT_SEND = 1,
    TR_RIGHT_MONITOR = 2,
    TR_RIGHT_SPAWN = 4,
    TR_RIGHT_INSPECT = 8,
    TR_RIGHTS_ALL = 15
};

typedef struct tr_rights {
    uint32_t granted; /* of the above */
    const char *who;  /* has them, for the log; NULL: it has no name */
} tr_rights;

/* Of a node that is connected. */
typedef struct tr_rights_port {
    void *context;
    tr_rights (*of)(void *context, uint64_t node); /* NULL: everyone may do all */
} tr_rights_port;

/* What an envelope takes; 0: nothing, as it answers, or ends what was allowed. */
uint32_t tr_rights_for(tr_envelope_kind kind);

/* The name of one of them, as in a list. */
const char *tr_right_name(uint32_t right);

/* Whether the type is one of those by which nodes are looked at. */
bool tr_rights_is_to_inspect(const char *type);
/* What a request to the inspector takes, by its type: docs/security.md has the list. One that is
 * not known takes all. */
uint32_t tr_rights_to_inspect(const char *type);

/* The names of all that are granted, as in a list; "" for none. Cut to `size`. */
void tr_rights_write(uint32_t rights, char *text, size_t size);

/* Reads "send,monitor", or "all". False: it is none. */
bool tr_rights_read(const char *text, uint32_t *out_rights);

#endif
