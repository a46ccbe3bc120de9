/* SPDX-License-Identifier: MIT */
/* guest: what else the thread of an engine looks after, between the passes of its worker.
 *
 * Threads: the one that has the worker. */
#ifndef TR_NODE_GUEST_H
#define TR_NODE_GUEST_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tr_guest {
    void *context;
    /* Takes in what has come, or is due. False: nothing. */
    bool (*look)(void *context);
    /* When to look at the latest; TR_NEVER. */
    uint64_t (*next_due_ns)(void *context);
    /* The last thing before sleeping on fd. False: look first. */
    bool (*prepare_sleep)(void *context);
    int fd; /* readable when there is something */
} tr_guest;

#endif
