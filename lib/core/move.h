/* SPDX-License-Identifier: MIT */
/* move: the record of one batch of actors that moves, and packing them up.
 *
 * Owns:       the messages of its steps, all made before it leaves; what its actors have sent and
 *             what has to wait. In transit the actors too.
 * Invariants: from ship to arrival no worker lists the actors, no run queue and no wheel has them.
 *             `left` falls to 0 when each end has heard and settled, not before.
 * Threads:    the new worker's, from ship until it is over, but for the messages on their way. */
#ifndef TR_CORE_MOVE_H
#define TR_CORE_MOVE_H

#include "core/actor.h"

/* Receivers are told apart by hash: too much may wait, never too little. */
#define TR_MOVE_HASHES 64

typedef enum tr_move_step {
    TR_MOVE_SHIP,     /* old -> new: the actors */
    TR_MOVE_ANNOUNCE, /* old -> each end but the two */
    TR_MOVE_HEARD,    /* that end -> new; deadline_ns says how many RELAYs follow */
    TR_MOVE_RELAY,    /* that end -> the new worker of its own batch -> new */
    TR_MOVE_MARK,     /* each end -> old -> new */
    TR_MOVE_ANSWER,   /* new -> that end: the mark has come through */
    TR_MOVE_SETTLED,  /* that end -> new: it holds nothing more and uses the new way */
    TR_MOVE_OVER      /* new -> old */
} tr_move_step;

/* Of one end. */
typedef struct tr_move_round {
    troupe_message mark; /* ANNOUNCE, MARK, ANSWER, SETTLED */
    troupe_message heard;
    troupe_message relay;
    bool has_heard;
    bool has_relayed; /* or need not */
} tr_move_round;

struct tr_move {
    troupe_message message; /* SHIP, then OVER */
    tr_move *next;          /* in the new worker's list of those not over */
    uint64_t way;           /* of its actors */
    size_t size;
    uint32_t count;
    uint32_t left;
    tr_queue out; /* what its actors have sent since and what waits */
    uint32_t waiting[TR_MOVE_HASHES];
    tr_list timers; /* those that ran, in transit */
    tr_actor **actors;
    tr_move_round rounds[]; /* by end; behind them the actors */
};

/* Errors: NO_MEMORY (NULL). */
tr_move *tr_move_create(const tr_worker *worker, uint64_t way, uint32_t count);
void tr_move_free(const tr_worker *worker, tr_move *move);

/* Takes the actors from their worker. */
void tr_move_pack(tr_worker *worker, tr_move *move);

/* They are on this worker now, and run. */
void tr_move_unpack(tr_worker *worker, tr_move *move);

/* At the node's end: they are this worker's to free. */
void tr_move_drop(tr_worker *worker, tr_move *move);

static inline tr_move_step tr_move_step_of(const troupe_message *message)
{
    return (tr_move_step) message->correlation;
}

#endif
