/* SPDX-License-Identifier: MIT */
/* balance: who gives actors to whom, so that workers have equally much to do and those who talk
 * much are together.
 *
 * docs/balance.md has the protocol. In short: each worker publishes how many actors have been
 * runnable there all through the last millisecond. Who has less asks the one that has most, which
 * gives some away that compute more than they talk; who has more wakes one that has nothing, so
 * that it asks. An actor that sends most of what it sends to one other worker is given to that.
 * Owns:       the one message by which this worker asks; those of others that it has not answered.
 * Invariants: the message is at home, under way to the one that is asked, among its askers, or on
 *             its way back: no second ask before the first is answered. Nothing here is waited for:
 *             no timer, and no worker is woken but to be given something.
 * Threads:    the worker's; what is atomic is read by the others' looks, and `standing` raised from
 *             0 by who wakes it.
 * Fails:      nothing; without memory it does nothing. */
#ifndef TR_CORE_BALANCE_H
#define TR_CORE_BALANCE_H

#include "core/effort.h"
#include "core/message.h"
#include "core/queue.h"
#include "core/talk.h"

typedef struct tr_worker tr_worker;
typedef struct tr_actor tr_actor;

/* Actors in a batch. */
#define TR_BALANCE_BATCH_MAX 64

/* The actor whose turns are measured because it talks much to another worker. */
typedef struct tr_watch {
    tr_address actor; /* generation 0: none */
    uint32_t to;
    uint32_t percent; /* of what it sends to other workers goes there */
    uint64_t since_ns;
    tr_effort effort;
} tr_watch;

typedef struct tr_balance {
    uint64_t look_ns;   /* when to look at the others next; never, where balance is off */
    uint32_t low;       /* fewest runnable at the end of a pass since the last look */
    uint32_t high;      /* most */
    bool needs_care;    /* after each pass: someone has asked, or an actor is watched */
    bool is_measuring;  /* the turns of the next pass */
    bool has_asked;     /* and is not answered */
    bool is_collecting; /* in that pass, for those who have asked; each once */
    bool has_collected;
    uint32_t candidates_count;
    uint64_t quiet_until_ns; /* nothing is offered till then: what is here is not to be given */
    uint64_t quiet_ns;
    tr_queue askers;
    troupe_message ask;
    tr_talk talk;
    tr_watch watch;
    tr_address candidates[TR_BALANCE_BATCH_MAX];
    /* How many have been runnable since the look before the last; 0: it has nothing to do. */
    _Atomic uint32_t standing;
    _Atomic uint32_t offer; /* of these to be had, as far as it knows */
} tr_balance;

/* After the rest of the worker. */
void tr_balance_init(tr_worker *worker);

/* At the end of a pass, if look_ns has come or needs_care says so: nobody is in its turn. */
void tr_balance_look(tr_worker *worker);

/* Around a turn while is_measuring. End returns whether there are enough to be given. */
void tr_balance_begin_turn(const tr_worker *worker, const tr_actor *actor, tr_turn *turn);
bool tr_balance_end_turn(tr_worker *worker, const tr_turn *turn);

/* A BALANCE message came. */
void tr_balance_came(tr_worker *worker, troupe_message *message);

/* Of tr_balance_sent: this one is looked at. */
void tr_balance_sample(tr_worker *worker, const troupe_message *message, uint64_t way);

/* What a worker knows of another. */
typedef struct tr_load {
    uint32_t standing;
    uint32_t offer;
} tr_load;

typedef enum tr_balance_deed {
    TR_BALANCE_NOTHING,
    TR_BALANCE_ASKS, /* that worker for actors */
    TR_BALANCE_WAKES /* that worker, so that it asks */
} tr_balance_deed;

/* What the worker `self`, which has `own` runnable actors, does where the others have this. */
tr_balance_deed tr_balance_decide(const tr_load *loads, uint32_t count, uint32_t self, uint32_t own,
                                  uint32_t *out_who);

/* How many of `mine` go to one that has `theirs`. */
static inline uint32_t tr_balance_share(uint32_t mine, uint32_t theirs)
{
    return mine > theirs ? (mine - theirs) / 2 : 0;
}

/* Whether an actor that talks much may be drawn from a worker to another, as far as their loads
 * go. */
static inline bool tr_balance_has_room(tr_load from, tr_load to)
{
    return to.standing <= 1 || to.standing < from.standing;
}

#endif
