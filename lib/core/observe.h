/* SPDX-License-Identifier: MIT */
/* observe: what the core tells whoever looks on, as the simulator does, of what it does.
 *
 * Where something happens that a user could speak of, TR_TELL says so, in one line; nothing in the
 * core may depend on whether anybody hears it. Without TR_CHANCES, as in builds for production,
 * nothing is left of it.
 * Owns:    who looks on in the thread; the simulator sets it.
 * Threads: any; each has its own, or none. */
#ifndef TR_CORE_OBSERVE_H
#define TR_CORE_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"

struct tr_actor;
struct tr_ledger;
struct tr_timer;
struct tr_timers;
struct tr_worker;

/* What is told, and with what besides the worker. */
typedef enum tr_tale {
    TR_TALE_ACCEPTED, /* message: it is going to have one outcome; ledger, no worker */
    TR_TALE_SENT, /* message, accepted, by the actor; number: 0: straight; 1: on a way that promises
                   * no order */
    TR_TALE_GIVEN_BACK,    /* message, which was parked, to its sender; number: the reason */
    TR_TALE_ENTERED,       /* message, the actor's mailbox; number: its lane */
    TR_TALE_SLIPPED_IN,    /* message, into the actor's mailbox, before others of its lane */
    TR_TALE_TAKEN,         /* message, by the actor, as the next of its lane */
    TR_TALE_ENDED,         /* message; number: its troupe_outcome */
    TR_TALE_BURIED,        /* message; number: the troupe_dead_reason. It ends right after */
    TR_TALE_GAVE_UP,       /* message, which tells the receiver: its sender waits no longer */
    TR_TALE_ASKED_IN_VAIN, /* by the actor; its time is up. address: who was asked */
    TR_TALE_SPAWNED,       /* actor; number: the index of its worker */
    TR_TALE_ACTOR_ENDED,   /* actor; number: the reason */
    TR_TALE_ACTOR_FELL,    /* actor, which may begin again; number: the reason */
    TR_TALE_ACTOR_GONE,    /* actor: its slot is free */
    TR_TALE_LEFT_WORKER,   /* actor */
    TR_TALE_CAME_TO_WORKER,
    TR_TALE_TURN_BEGINS,  /* actor */
    TR_TALE_TURN_ENDS,    /* of whoever's turn it was on this worker */
    TR_TALE_MONITOR_MADE, /* message: the entry. Of one that is being spawned: actor */
    TR_TALE_MONITOR_OVER, /* of the actor; number: its id. Undone, or its DOWN was taken */
    TR_TALE_DOWN,         /* message: the DOWN */
    TR_TALE_TIMER_ARMED,  /* timer, timers, no worker; number: when it is due */
    TR_TALE_TIMER_CANCELLED,
    TR_TALE_TIMER_PACKED,       /* to be armed elsewhere */
    TR_TALE_TIMER_FIRES,        /* number: now */
    TR_TALE_TIMERS_ARE_ON_TIME, /* no timer; number: all that was due by then has been fired */
    TR_TALE_SCOPE_LEFT,         /* of the actor; number: tasks and children left in it */
    TR_TALE_COUNT
} tr_tale;

typedef struct tr_told {
    tr_tale tale;
    const struct tr_worker *worker;
    const struct tr_ledger *ledger; /* of the worker */
    const struct tr_timers *timers; /* of the worker */
    troupe_message *message;
    const struct tr_actor *actor;
    const struct tr_timer *timer;
    tr_address address;
    uint64_t number;
} tr_told;

typedef void tr_observer(const tr_told *told);

#if defined(TR_CHANCES)

/* Gives the calling thread one who looks on, or none. Returns the one before. */
tr_observer *tr_observer_set(tr_observer *observer);

void tr_observe(const tr_told *told);

#define TR_TELL(tale_, ...) tr_observe(&(const tr_told) {.tale = TR_TALE_##tale_, __VA_ARGS__})

#else

#define TR_TELL(tale_, ...) ((void) 0)

#endif

#endif
