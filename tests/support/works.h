/* SPDX-License-Identifier: MIT */
/* works: work to be offloaded in tests, which knows what became of it.
 *
 * Each piece of work has to end in exactly one way: its result is taken with TROUPE_OK, or it is
 * discarded.
 * Threads: any. */
#ifndef TR_TESTS_SUPPORT_WORKS_H
#define TR_TESTS_SUPPORT_WORKS_H

#include <stdatomic.h>
#include <troupe/offload.h>

#include "support/probe.h"

struct latch;

struct piece {
    struct probe *seen;  /* NULL: says nothing */
    struct latch *latch; /* NULL: does not block */
    _Atomic unsigned begun;
    _Atomic unsigned taken;
    _Atomic unsigned discarded; /* undone ones too */
    _Atomic unsigned undone;    /* discarded without a result */
};

/* Says "works", passes the latch; the result is the piece itself. */
void *work_on_piece(void *argument);
/* Says "discarded" or "undone". */
void discard_piece(void *argument, void *result);

#define PIECE_JOB(piece)                                                                           \
    TROUPE_JOB(.name = "piece", .work = work_on_piece, .argument = (piece),                        \
               .discard = discard_piece)

/* Offloads it and says "offload NAME". */
troupe_error offload_piece(troupe_self *self, struct piece *piece, troupe_timeout timeout);

/* The continuation that does the same, with the piece as context: says "then NAME". */
troupe_error piece_is_over(troupe_self *self, void *state, troupe_error error, void *result,
                           void *context);

#endif
