/* SPDX-License-Identifier: MIT */
/* worker: one thread's share of the node, as an object that a thread runs.
 *
 * Actors belong to one worker at a time. Within it messages move by pointer; to others they are
 * collected in outboxes and carried in batches. What workers tell each other about actors on the
 * same worker goes through the inner queue, so that nothing is changed in the middle of a turn.
 * Owns:       run queue, outboxes, timers, pool, ledger; the actors that are on it.
 * Invariants: an actor is in the run queue once at most. A message is in one outbox, batch or
 *             queue.
 * Threads:    only the thread that runs the worker, but for what is atomic. Nothing keeps a pointer
 *             to a worker across user code: it is found anew through `self`.
 * Uses:       system, slot, pool, ledger, timers. */
#ifndef TR_CORE_WORKER_H
#define TR_CORE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "core/balance.h"
#include "core/far_window.h"
#include "core/fds.h"
#include "core/guard.h"
#include "core/ledger.h"
#include "core/moves.h"
#include "core/pool.h"
#include "core/queue.h"
#include "core/seat.h"
#include "core/stacks.h"
#include "core/system.h"
#include "core/timers.h"

/* What goes to one other worker. */
typedef struct tr_outbox {
    tr_batch batch;
    uint32_t to;
    bool is_listed;
    struct tr_outbox *next; /* in the list of those not empty */
} tr_outbox;

/* The first member of the body of a CALL message: work to be done on a worker's thread. `run` takes
 * the message over. */
typedef struct tr_call {
    void (*run)(struct tr_worker *worker, troupe_message *message);
} tr_call;

struct tr_worker {
    tr_system *system;
    uint64_t now_ns; /* read once per pass */
    tr_actor *run_head;
    tr_actor *run_tail;
    uint32_t run_count;
    uint32_t index;
    uint32_t turns_per_look; /* between two readings of the clock */
    tr_queue inner;          /* to this same worker, not from user to user */
    tr_outbox *outboxes;     /* one for each end of the node */
    tr_outbox *outboxes_used;
    tr_timers timers;
    tr_pool pool;
    tr_ledger ledger;
    tr_random random;
    tr_stack_cache stacks;
    uint64_t budget; /* bytes of the node's budget that are in hand */
    tr_list hungry;  /* actors whose line waits for the node's bytes */
    tr_timer hungry_timer;
    tr_timer dead_letter_timer;   /* runs while there are dead letters to be summed up */
    troupe_message *spare;        /* kept for telling an owner of a place returned; see send.c */
    tr_list actors;               /* all on this worker, ended ones too */
    _Atomic uint32_t actor_count; /* of those on this worker; it alone writes it */
    _Atomic uint32_t arriving;    /* actors that others have spawned for it, on their way */
    _Atomic(tr_seat *) seat;      /* of the thread that runs it */
    tr_seat home_seat;            /* of its first thread */
    tr_moves moves;
    tr_fds fds;
    tr_balance balance;
    tr_far_ways far_ways;
    bool is_own_thread;
    tr_guard *guard; /* NULL: one thread runs it, and no other touches it */
};

static inline tr_seat *tr_worker_seat(const tr_worker *worker)
{
    return atomic_load_explicit(&worker->seat, memory_order_relaxed);
}

/* Ends a message; see tr_message_end_with_care. */
static inline void tr_message_end(tr_worker *worker, troupe_message *message,
                                  troupe_outcome outcome, troupe_error answer)
{
    const unsigned special = TR_MESSAGE_HELD | TR_MESSAGE_PLACED | TR_MESSAGE_STASHED |
                             TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EMBEDDED | TR_MESSAGE_SHARED |
                             TR_MESSAGE_FINI;
    if (TR_LIKELY((message->flags & (special | TR_MESSAGE_ACCEPTED)) == TR_MESSAGE_ACCEPTED)) {
        TR_TELL(ENDED, .worker = worker, .message = message, .number = outcome);
        tr_ledger_end(&worker->ledger, message, outcome);
        tr_pool_give(&worker->pool, message);
    } else {
        tr_message_end_with_care(worker, message, outcome, answer);
    }
}

/* One more message to an actor on another worker. */
static inline void tr_balance_sent(tr_worker *worker, const troupe_message *message, uint64_t way)
{
    if (TR_UNLIKELY(++worker->balance.talk.remote % TR_TALK_ONE_IN == 0)) {
        tr_balance_sample(worker, message, way);
    }
}

static inline void tr_worker_count_actors(tr_worker *worker, int32_t more)
{
    const uint32_t before = atomic_load_explicit(&worker->actor_count, memory_order_relaxed);
    atomic_store_explicit(&worker->actor_count, before + (uint32_t) more, memory_order_relaxed);
}

/* Slots of the node's that are not free. Never less than there are. */
uint64_t tr_worker_slots_in_use(tr_system *system);

/* Errors: NO_MEMORY, and nothing is left. */
TROUPE_MUST_CHECK troupe_error tr_worker_init(tr_worker *worker, tr_system *system, uint32_t index);
/* Frees messages that nobody is going to take, uncounted, at the end of the node. What an ended
 * actor and its parent tell each other lies in the actor: batches and queues of all workers are
 * dropped before the fini of any. */
void tr_worker_drop(tr_worker *worker, const tr_batch *batch);
void tr_worker_drop_queues(tr_worker *worker);
/* Frees what is left, actors and messages too, uncounted. Pools come last: see
 * tr_worker_fini_pool. */
void tr_worker_fini(tr_worker *worker);
/* After the fini of every worker of the node. */
void tr_worker_fini_pool(tr_worker *worker);

/* Takes a batch in. */
void tr_worker_accept(tr_worker *worker, const tr_batch *batch);

/* One pass: reads the clock, fires timers, runs each actor that is runnable for a turn, hands over
 * what goes to others. Returns whether there is more to do at once. */
bool tr_worker_pass(tr_worker *worker);

/* When the worker has to run again though nothing comes in; TR_NEVER if not. */
uint64_t tr_worker_next_due_ns(const tr_worker *worker);

/* Whether an outbox could not be handed over in the last pass. */
bool tr_worker_has_outgoing(const tr_worker *worker);

/* Hands over the outboxes. */
void tr_worker_flush(tr_worker *worker);
/* The same of what goes to this one, now. */
void tr_worker_flush_to(tr_worker *worker, uint32_t to);

/* Sends `message` to the worker with this index: by outbox, or the inner queue if it is this
 * one. */
void tr_worker_tell(tr_worker *worker, uint32_t to, troupe_message *message);

/* Sends what workers tell each other about actors to the worker of the receiver. */
void tr_worker_route(tr_worker *worker, troupe_message *message);

/* Takes in one message that has come, or that a queue of this worker's own has let go. */
void tr_worker_receive(tr_worker *worker, troupe_message *message);

/* Takes in what the worker has told itself. A pass does; between two of them who needs it now. */
void tr_worker_drain_inner(tr_worker *worker);

/* An admitted message has come for an actor on this worker; see tr_worker_post (post.h). */
void tr_worker_put(tr_worker *worker, troupe_message *message);

/* Takes an actor out of the run queue, if it is there. Not for the hot path. */
void tr_worker_make_unrunnable(tr_worker *worker, tr_actor *actor);

#endif
