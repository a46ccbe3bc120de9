/* SPDX-License-Identifier: MIT */
/* actor: mailbox, place in the tree and life of one actor.
 *
 * Owns:       its queues, its task and stack, its state (in the same block), its extra.
 * Invariants: runs only from its worker's run queue. `queued` is the number of messages with a
 *             place in its lanes. Places of messages taken off since the last release are in
 *             to_release. While it is closing its mailbox is closed; it ends after its last child.
 * Threads:    only the worker that the actor is on; before START its spawner.
 * Uses:       worker, slot, task. */
#ifndef TR_CORE_ACTOR_H
#define TR_CORE_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/admission.h>
#include <troupe/behavior.h>
#include <troupe/spawn.h>
#include <troupe/statistics.h>

#include "base/list.h"
#include "base/table.h"
#include "core/handle.h"
#include "core/names.h"
#include "core/settings.h"
#include "core/worker.h"

typedef struct tr_task tr_task;
typedef struct tr_park tr_park;
typedef struct tr_tap tr_tap;
typedef struct tr_failure tr_failure;
typedef struct tr_branch tr_branch;
typedef struct tr_tasks tr_tasks;
typedef struct tr_supervised tr_supervised;

/* What users hold. A coroutine's has its task. */
struct troupe_self {
    tr_actor *actor;
    tr_task *task; /* NULL in a behavior */
    TR_MARK_FIELD(mark)
};

typedef enum tr_actor_state {
    TR_ACTOR_NEW, /* what comes is queued; START is on the way */
    TR_ACTOR_LIVE,
    TR_ACTOR_FALLING, /* waits for its children to end, then rests */
    TR_ACTOR_RESTING, /* waits for its supervisor to have it begin again, or end; see restart */
    TR_ACTOR_CLOSING, /* waits for its children to end */
    TR_ACTOR_ENDED    /* waits for its last places to come back and its parent to forget it */
} tr_actor_state;

/* Lanes beyond the first, for actors whose rules name priorities; and what refuses by delay. */
typedef struct tr_lanes {
    tr_queue lanes[TR_PRIORITIES - 1];
    uint32_t entered[TR_PRIORITIES]; /* messages that ever entered each lane, wrapping */
    uint32_t left[TR_PRIORITIES];
    uint32_t credit[TR_PRIORITIES];
    tr_queue downs;             /* behind what was queued when they came: see mailbox.c */
    troupe_admission admission; /* target_ns is 0: nothing is refused for having waited */
} tr_lanes;

/* What only some actors have; made at first use. */
typedef struct tr_extra {
    tr_table asks;     /* id -> tr_ask */
    tr_table timers;   /* id -> tr_actor_timer */
    tr_table watches;  /* id -> tr_fd_watch */
    tr_table monitors; /* id -> tr_monitor */
    tr_list futures;   /* see future */
    uint32_t futures_count;
    tr_queue kept; /* held for longer, oldest first: see held.c */
    tr_queue stash;
    uint32_t stashed;
    uint32_t pressure_is_high;
    uint32_t fd_waits;         /* in the worker's fds */
    tr_queue pressure;         /* entries of those who watch the marks */
    tr_tap *tap;               /* NULL: nobody wants copies of what it is sent */
    tr_park *park;             /* NULL: nothing was ever parked */
    tr_name *name;             /* NULL: none */
    tr_failure *failure;       /* of troupe_fail, or NULL */
    tr_failure *last_failure;  /* of the last callee that failed; see failure */
    tr_supervised *supervised; /* NULL: its parent is no supervisor */
    tr_tasks *tasks;           /* NULL: has used neither scopes nor tasks */
} tr_extra;

/* Ordered by use: what each message touches comes first. */
struct tr_actor {
    troupe_self self;
    tr_worker *worker;
    tr_seat *seat; /* of the thread in whose turn it is, or was last */
    tr_slot *slot;
    tr_address address;
    tr_task *task; /* NULL: a behavior */
    tr_extra *extra;
    union {
        struct {                          /* until it has ended */
            tr_queue lane;                /* the first of the mailbox */
            tr_queue replies;             /* to a behavior's asks */
            troupe_message *held;         /* received and not ended, newest first; see held.c */
            troupe_message *scope;        /* the message being handled; see scope */
            uint64_t message_deadline_ns; /* of handling it */
            uint64_t trace_id;            /* likewise */
        };
        troupe_message system_message; /* then: ENDED to the parent, and REAPED back */
    };
    tr_actor *run_next;
    const troupe_behavior *behavior; /* NULL: coroutine */
    union {
        void *state_block; /* of a behavior */
        troupe_body *body; /* of a coroutine */
    };
    union {
        void *argument;   /* until start or the body is called with it */
        uint64_t handled; /* then: 0 and up */
    };
    tr_lanes *lanes;
    uint32_t queued;
    uint32_t to_release;
    uint32_t turn_left;
    uint32_t ticks; /* in the first lane */
    union {
        struct {
            bool is_stopping;
            bool is_cancelled;
            bool is_scope_cancelled; /* the handling of one message; see scope */
            bool in_scopes; /* the task that runs is in scopes, or is not the body: see scopes */
        };
        uint32_t may_interrupt; /* 0: none of them */
    };
    uint8_t state;    /* tr_actor_state */
    bool is_runnable; /* in the run queue */
    bool is_taken;    /* its handler runs apart from the worker; then is_runnable is set too */
    bool is_overloaded;
    bool is_ready;          /* READY was sent */
    bool says_ready;        /* only troupe_ready makes it so */
    bool evicts;            /* a policy or rule drops the oldest or conflates; or is_carrier */
    bool is_watched;        /* for pressure, or by a tap */
    bool is_started;        /* `start` has returned OK, or the body has begun */
    bool has_continued : 1; /* troupe_continue was used for the current message */
    bool is_reaped : 1;     /* the parent has forgotten it */
    bool is_guardian : 1;
    bool is_pinned : 1;   /* stays on its worker */
    bool is_attached : 1; /* a thread from outside is its code, and has not detached */
    bool has_thread : 1;  /* that thread knows of it: else nobody is going to detach */
    bool is_in_call : 1;  /* and is in a call that has waited, and not returned */
    bool is_supervised : 1;
    bool is_supervisor : 1; /* when told to stop it goes on until its children have ended */
    bool is_ending : 1;     /* told to end for good, not to rest */
    bool is_struck : 1;     /* cancelled by a link */
    bool is_killed : 1;     /* cancelled, and no shield holds it off */
    bool traps_exits : 1;
    bool keeps : 1;       /* extra->kept is not empty */
    bool has_park : 1;    /* extra->park is there: known without a look at extra, which is cold */
    bool is_carrier : 1;  /* stands for the actors of another node; see far */
    bool is_entrance : 1; /* in its name comes what is from another node; see far */
    bool is_home : 1;     /* is the carriers' parent, which has them end last: see far */
    bool is_own : 1;      /* of those that the node itself is made of, for people; see spawn */
    uint64_t bytes_to_release;
    uint64_t tickets_made;
    uint32_t tickets;              /* places in lines asked for and not answered */
    troupe_error reason;           /* how it ended; of a failure also the extra's `failure` */
    tr_list link;                  /* in the worker's list of actors */
    tr_list hungry;                /* in the worker's list of the hungry */
    tr_queue line;                 /* LINE_ENTER messages of those who wait for room */
    troupe_message *watchers;      /* MONITOR messages: the entries of monitors */
    const tr_settings *settings;   /* shared defaults, or in the same block */
    troupe_message *ready_message; /* to the spawner, when it waits for it */
    uint32_t state_size;
    uint32_t block_size;
};

/* With a slot and a state of 16 bytes 448. */
_Static_assert(offsetof(tr_actor, trace_id) - offsetof(tr_actor, system_message) ==
                   offsetof(troupe_message, size),
               "of one that has ended it is not 0: see send_api.c");
_Static_assert(TR_CHECKS_HANDLES || sizeof(tr_actor) <= 304, "an idle actor is small");

/* The node's, whose messages are the actor's to use. */
static inline const tr_system *tr_self_system(const troupe_self *self)
{
    return self->actor->worker->system;
}

/* The actor with this address if it is on this worker and its slot is still its own; it may be
 * closing or ended. NULL otherwise. */
tr_actor *tr_actor_at(tr_worker *worker, tr_address address);

/* Whether its mailbox is open. */
static inline bool tr_actor_is_live(const tr_actor *actor)
{
    return actor->state <= TR_ACTOR_RESTING;
}

/* Whether it waits for its children to end. */
static inline bool tr_actor_waits_for_children(const tr_actor *actor)
{
    return actor->state == TR_ACTOR_FALLING || actor->state == TR_ACTOR_CLOSING;
}

static inline tr_address tr_actor_parent(const tr_actor *actor)
{
    return actor->slot->parent; /* for the actor's life */
}

/* The name it is registered by, or NULL. */
static inline const char *tr_actor_name(const tr_actor *actor)
{
    const tr_name *name = actor->extra != NULL ? actor->extra->name : NULL;
    return name != NULL ? name->text : NULL;
}

/* Whether anything was ever parked: see park. */
static inline bool tr_park_is_used(const tr_actor *actor)
{
    return actor->has_park;
}

/* What it is called in the log; never NULL. */
const char *tr_actor_title(const tr_actor *actor);

/* Puts an actor at the end of the run queue, unless it is there. */
static inline void tr_worker_make_runnable(tr_worker *worker, tr_actor *actor)
{
    if (actor->is_runnable) {
        return;
    }
    actor->is_runnable = true;
    actor->run_next = NULL;
    if (worker->run_head == NULL) {
        worker->run_head = actor;
    } else {
        worker->run_tail->run_next = actor;
    }
    worker->run_tail = actor;
    worker->run_count++;
}

/* Runs one turn. */
void tr_actor_run(tr_worker *worker, tr_actor *actor);

/* Begins the end: closes the mailbox, stops the children, and goes on when the last has ended. */
void tr_actor_close(tr_worker *worker, tr_actor *actor, troupe_error reason);
/* The same for one that rests. */
void tr_actor_end_resting(tr_worker *worker, tr_actor *actor);
/* The last child has ended, or there was none. */
void tr_actor_finish(tr_worker *worker, tr_actor *actor);
/* After a place or the parent's word came back: frees the slot if that was the last. */
void tr_actor_try_reap(tr_worker *worker, tr_actor *actor);

/* Looks at the slot's signals, and at those that it was told by message. */
void tr_actor_signalled(tr_worker *worker, tr_actor *actor, uint32_t told);

/* Tells the spawner what the start returned, once. */
void tr_actor_report_ready(tr_worker *worker, tr_actor *actor, troupe_error error);

/* The extra, made if need be; NULL when memory is out. */
tr_extra *tr_actor_extra(tr_worker *worker, tr_actor *actor);

/* Stops or cancels a live actor: sets the bits and tells its worker. */
TROUPE_MUST_CHECK troupe_error tr_actor_signal(tr_worker *worker, tr_address to, uint32_t bits);
/* The same, not kept in the slot, where it might be found too early or too late: it reaches the
 * start that `from` means, in order with what that sends; one that is not live it does not. */
TROUPE_MUST_CHECK troupe_error tr_actor_signal_start(tr_worker *worker, tr_address from,
                                                     tr_address to, uint32_t bits);

/* Puts the oldest stashed messages back before what is queued; how many. */
size_t tr_stash_put_back(tr_actor *actor, size_t count);

/* The zeroed block of an actor, with all that lies in it: of the pool unless it is large; NULL when
 * memory is out. */
void *tr_actor_take_block(tr_worker *worker, size_t size);
void tr_actor_give_block(tr_worker *worker, void *block, size_t size);

/* Frees the memory of the actor, uncounted; for reaping and for the end of the worker. */
void tr_actor_free(tr_worker *worker, tr_actor *actor);

#endif
