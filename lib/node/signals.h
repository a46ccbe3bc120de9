/* SPDX-License-Identifier: MIT */
/* signals: SIGINT and SIGTERM as something to be read, for nodes that asked for it.
 *
 * They are blocked in the thread that calls open and thereby in those it starts later; the thread's
 * mask is put back by close on the same thread.
 * Owns:    the descriptor.
 * Threads: open and close one; read any. */
#ifndef TR_NODE_SIGNALS_H
#define TR_NODE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <troupe/error.h>

typedef struct tr_signals {
    sigset_t before;    /* the thread's mask */
    uint64_t thread_id; /* 0: not open */
    int fd;
} tr_signals;

/* Errors: SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_signals_open(tr_signals *signals);

/* Takes one that was never opened, all zero. Signals that nobody has read are dropped. */
void tr_signals_close(tr_signals *signals);

static inline bool tr_signals_are_open(const tr_signals *signals)
{
    return signals->thread_id != 0;
}

/* Blocks all signals in the calling thread until released, for threads of other libraries that are
 * started meanwhile: a new thread takes its maker's mask. */
void tr_signals_hold(sigset_t *out_before);
void tr_signals_release(const sigset_t *before);

/* How many signals have come since the last call. Does not wait. */
uint32_t tr_signals_read(const tr_signals *signals);

#endif
