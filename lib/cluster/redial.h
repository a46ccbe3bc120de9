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
    uint64_t pause_ns; /* the next, at most; to be set back when a link was of use */
    uint64_t from_ns;  /* not before */
} tr_redial;

void tr_redial_init(tr_redial *redial, uint64_t seed);

/* A pause begins. */
void tr_redial_pause(tr_redial *redial, uint64_t now_ns);

#endif
