/* SPDX-License-Identifier: MIT */
/* deaf: tells that an attached thread has stopped receiving.
 *
 * It is looked at again and again. An episode lasts while something waits for the thread, and it
 * neither receives nor waits for a message; it begins when that is first seen, and what the thread
 * did or did not do before does not count.
 * Invariants: an episode is told once.
 * Threads:    its owner's.
 * Fails:      never. */
#ifndef TR_NODE_DEAF_H
#define TR_NODE_DEAF_H

#include <stdbool.h>
#include <stdint.h>

/* What is seen of a thread. */
typedef struct tr_deaf_view {
    uint64_t received; /* messages, ever */
    uint32_t messages; /* wait in its mailbox */
    uint32_t senders;  /* wait for room there */
    bool is_receiving; /* it waits for a message */
    bool is_waiting;   /* for something else, within a call */
} tr_deaf_view;

/* All zero: nothing was seen. */
typedef struct tr_deaf {
    tr_deaf_view view;
    uint64_t since_ns; /* of the episode */
    bool is_awaited;   /* it is in an episode */
    bool is_told;      /* and that has lasted long */
} tr_deaf;

/* Notes what is seen now. Returns whether an episode has reached `limit_ns` and is to be told. */
bool tr_deaf_look(tr_deaf *deaf, const tr_deaf_view *view, uint64_t now_ns, uint64_t limit_ns);

#endif
