/* SPDX-License-Identifier: MIT */
/* future: a result that an actor waits for, and the gate by which it comes in from any thread.
 *
 * Future and promise lie in one block, which the one that is last to let go frees. A promise that
 * is kept sends the message in the block to the future's actor, wherever that is; until it has
 * come, the block stays. The gate outlives its node as long as promises do.
 * Owns:       the blocks; results until they are taken.
 * Invariants: a block has a promise, a future, or its message under way, else it is freed. It is in
 *             its actor's list while it has a future. `result` is set once; who finds that there is
 *             no future, or ends it untaken, discards it at once.
 * Threads:    promises and gates: any, under the gate's lock; futures: the worker's of the actor.
 * Uses:       actor, ask, task, ports. */
#ifndef TR_CORE_FUTURE_H
#define TR_CORE_FUTURE_H

#include <troupe/future.h>

#include "core/actor.h"

struct tr_gate {
    /* Set by who makes it, before tr_gate_init. */
    void (*lock)(tr_gate *gate);
    void (*unlock)(tr_gate *gate);
    /* Under the lock, while it is not shut: has the message routed to its receiver by some worker.
     * `room` has room_size bytes and is the gate's until the message has come. */
    void (*deliver)(tr_gate *gate, troupe_message *message, void *room);
    /* Nobody has it any more. */
    void (*free)(tr_gate *gate);
    const troupe_allocator *allocator; /* of the blocks; lives as long */
    size_t room_size;
    /* Under the lock. */
    tr_list under_way;
    uint64_t shares; /* the node's, and one for each block */
    bool is_shut;
};

void tr_gate_init(tr_gate *gate);
/* From here on nothing is delivered: no worker runs any more. Takes NULL. */
void tr_gate_shut(tr_gate *gate);
/* The node's share ends, after its workers. Frees what never came. Takes NULL in it. */
void tr_gate_release(tr_gate **gate);

typedef struct tr_promised {
    void *value;
    void (*discard)(void *value); /* NULL: there is nothing to free */
} tr_promised;

struct troupe_promise {
    TR_MARK_FIELD(mark)
    tr_gate *gate;
    /* Under the lock. */
    tr_list link; /* while the message is under way */
    bool is_held; /* somebody has the promise */
    bool has_future;
    bool is_under_way;
    bool has_result; /* or an error: it was kept */
    troupe_error error;
    tr_promised result;
};

struct troupe_future {
    TR_MARK_FIELD(mark)
    tr_list link; /* of the actor's */
    tr_actor *actor;
    tr_address address;
    tr_task *task; /* that waits for it, or NULL */
    uint64_t ask;  /* that continues with it, or 0 */
    bool was_awaited;
    troupe_promise promise;
    troupe_message message;
};

/* Whether the promise has been kept. */
bool tr_future_is_kept(const troupe_future *future);

/* Ends a future whose promise has been kept. The result is the caller's; NULL with an error. */
troupe_error tr_future_take(troupe_future *future, void **out_result);

/* Ends it: what was promised is discarded, now or when it comes. */
void tr_future_drop(troupe_future *future);

/* Ends all of the actor's. */
void tr_future_drop_all(tr_actor *actor);

/* PROMISE came. */
void tr_future_came(tr_worker *worker, troupe_message *message);

#endif
