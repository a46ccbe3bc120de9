/* SPDX-License-Identifier: MIT */
/* redial: when a link may be asked for again.
 *
 * Pauses double from time to time, up to a limit; half of each is drawn by chance, so that many who
 * have lost the same node do not come back at once.
 * Owns:    nothing.
 * Threads: its owner's.
 * Fails:   never. */
#ifndef TR_CLUSTER_REDIAL_H
#define TR_CLUSTER_REDIAL_H

#include "base/random.h"

typedef struct tr_redial {
    tr_random random;
    uint64_t pause_max_ns;
    uint64_t pause_ns; /* the next, at most */
    uint64_t from_ns;  /* not before */
} tr_redial;

/* No pause is longer than a part of the time after which a node is dead: when a link can be had
 * again it has to be there in time. */
void tr_redial_init(tr_redial *redial, uint64_t seed, uint64_t dead_ns);

/* A link was of use: the next pause is short again. */
void tr_redial_succeed(tr_redial *redial);
/* It was of no use, and will not soon be. */
void tr_redial_despair(tr_redial *redial);

/* A pause begins. */
void tr_redial_pause(tr_redial *redial, uint64_t now_ns);

#endif
