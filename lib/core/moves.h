/* SPDX-License-Identifier: MIT */
/* moves: what a worker knows of actors that move, and the ways that messages take meanwhile.
 *
 * docs/moving.md has the protocol and why it keeps the order. In short: the old worker ships a
 * batch of actors, tells every other worker at once, and from then on forwards what comes for them.
 * Who hears of it sends a mark down the old way and holds its own messages for these actors until
 * the new worker has answered the mark. What the actors themselves send to a worker is held on the
 * new one until that worker has heard, for then all they sent it before has come.
 * Owns:       the messages it holds; as the old worker the record of the batch, until all is over.
 * Invariants: a worker has given away one batch at most that is not over. A row is SETTLED, or
 *             HOLDING, for the last batch of one old worker that was heard of. The ways of a
 *             batch's actors change only in ship and when it is over; no slot of theirs is given
 *             back before.
 * Threads:    the worker's; a record passes from worker to worker with its messages.
 * Fails:      in give, with nothing changed; never else, and allocates nothing else. */
#ifndef TR_CORE_MOVES_H
#define TR_CORE_MOVES_H

#include "core/message.h"
#include "core/queue.h"
#include "core/way.h"

typedef struct tr_worker tr_worker;
typedef struct tr_actor tr_actor;
typedef struct tr_slot tr_slot;
typedef struct tr_move tr_move;

/* What this worker knows of the last batch that one other gave away. */
typedef struct tr_move_row {
    uint64_t way;   /* of the batch's actors; 0: never heard of any */
    tr_move *move;  /* on the new worker, from arrival until it is over */
    tr_queue held;  /* this worker's own messages, until the mark is answered */
    tr_queue early; /* on the new worker: what came before the actors did */
    bool is_holding;
} tr_move_row;

typedef struct tr_moves {
    tr_move_row *rows; /* by the old worker */
    tr_move *given;    /* away by this worker, not over */
    tr_move *arrived;  /* here, not over */
    uint32_t held;     /* messages in all rows' held: while there are any nothing is given away */
    uint16_t batches;  /* given away so far */
} tr_moves;

/* Errors: NO_MEMORY (false). */
bool tr_moves_init(tr_worker *worker);
/* Messages are freed uncounted at the node's end: see tr_worker_drop_queues and tr_worker_fini. */
void tr_moves_drop(tr_worker *worker);
void tr_moves_fini(tr_worker *worker);

/* Whether this actor may be moved now: it lives, waits or is runnable, is not pinned, and has not
 * moved so lately that the last move is not over. Not for the actor whose turn it is. */
bool tr_move_may(const tr_worker *worker, const tr_actor *actor);

/* Gives the actors, all of which may be moved, to another regular worker. Between turns only.
 * Errors: STOPPING; LIMIT_REACHED: a batch of this worker's is not over yet, or it holds messages;
 *         NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_moves_give(tr_worker *worker, tr_actor *const *actors,
                                             uint32_t count, uint32_t to);

/* A MOVE message came: one step of a batch. */
void tr_moves_came(tr_worker *worker, troupe_message *message);

/* Frees a MOVE message that nobody is going to take; actors under way go to this worker's list. */
void tr_moves_drop_message(tr_worker *worker, troupe_message *message);

/* The rare part of post and route: the receiver moves, or actors have just come here. A USER
 * message is admitted. */
void tr_moves_send(tr_worker *worker, troupe_message *message);

/* Whether the actors of this batch have come to this worker. */
bool tr_moves_have_arrived(const tr_worker *worker, uint64_t way);

/* A message came for an actor that is given away, or not here yet: takes it and returns true. */
bool tr_moves_take_stray(tr_worker *worker, troupe_message *message);

/* How many of the messages held here the ledger counts. */
uint64_t tr_moves_held(const tr_worker *worker);

#endif
