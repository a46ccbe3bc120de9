/* SPDX-License-Identifier: MIT */
/* mix: a few nodes on which acts are played while nodes crash, stall and are cut off.
 *
 *     struct mix mix = {0};
 *     assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = 100), play_mix, &mix));
 *
 * Threads: the world's. */
#ifndef TR_TESTS_SUPPORT_MIX_H
#define TR_TESTS_SUPPORT_MIX_H

#include <troupe/simulate.h>

#include "support/acts.h"

enum {
    MIX_NODES_MAX = 3
};

struct host {
    struct act acts[PLAYS];
    uint32_t count;
    uint64_t *id; /* its own among the nodes' */
};

struct mix {
    bool has_all; /* set by who plays it: each node plays all acts, otherwise up to three */
    struct host hosts[MIX_NODES_MAX];
    uint64_t nodes[MIX_NODES_MAX];
    uint32_t count;
    uint64_t runs;
};

/* The scenario; its context is a mix. */
troupe_scenario play_mix;

#endif
