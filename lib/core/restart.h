/* SPDX-License-Identifier: MIT */
/* restart: an actor of a supervisor ends, rests in its slot, and begins again there.
 *
 * What such an actor had of its own ends with its start: children, asks, timers, monitors, state
 * and stack. What others have of it stays: its ref, its name, its mailbox with all that is queued,
 * those in line and those who watch it. While it rests its mailbox stays open.
 *
 * Between it and its supervisor goes one message, the word, which was made before it began: the
 * child sends it when it rests or ends for good, and gets it back with the order what to do. So a
 * restart fails for want of memory only where the start itself needs some; then the child rests
 * again, with that reason.
 * Owns:       `supervised` of an actor's extra, and the word while it is with the child.
 * Invariants: a child that rests has given its word away; one that is live has it. A word that
 *             finds its child gone goes back and says so, thus each ENDED is told once.
 * Threads:    the worker's of the actor concerned.
 * Uses:       actor, spawn, task. */
#ifndef TR_CORE_RESTART_H
#define TR_CORE_RESTART_H

#include <troupe/supervisor.h>

#include "core/actor.h"

typedef enum tr_word_about {
    TR_WORD_RESTS, /* to the supervisor: the child has ended and may begin again */
    TR_WORD_ENDED, /* to the supervisor: it has ended for good */
    TR_WORD_BEGIN, /* to the child: begin again */
    TR_WORD_END    /* to the child: end for good */
} tr_word_about;

/* The body of the word. */
typedef struct tr_word {
    uint64_t child; /* the supervisor's number for it */
    uint64_t restarts;
    troupe_error reason;
    tr_word_about about;
    bool is_known; /* it has failed with a message with which it had failed before */
    char text[TR_FAILURE_TEXT_SIZE]; /* what it said of the reason */
} tr_word;
extern const troupe_type tr_word_type;

/* That a start has succeeded, to a supervisor: the child's number is the correlation. */
extern const troupe_type tr_ready_word_type;

/* What a supervised actor has from its spec. */
typedef struct tr_terms {
    troupe_mailbox_fate mailbox;
    troupe_ref heir;
    const char *heir_name;
    uint32_t retries;
} tr_terms;

/* What only a supervised actor has. */
typedef struct tr_supervised {
    tr_terms terms;
    void *argument; /* for each start */
    const troupe_behavior *behavior;
    troupe_message *word; /* NULL while it is with the supervisor */
    uint64_t child;
    uint64_t restarts;
    uint64_t wait_number; /* of the last task: the next goes on counting */
    tr_timer patience;    /* with its children, while it waits for them */
    bool is_known;        /* see tr_word; of this start */
} tr_supervised;

/* A new actor is the child of its supervisor that this READY is about, see tr_restart_spawn.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_restart_enrol(tr_worker *worker, tr_actor *actor,
                                                const troupe_message *ready);
void tr_restart_free(tr_worker *worker, tr_actor *actor);

/* Whether an actor that ends now is going to rest. */
static inline bool tr_restart_is_due(const tr_actor *actor)
{
    return actor->is_supervised && !actor->is_ending;
}

/* Its task is about to be destroyed. */
void tr_restart_note_task(tr_actor *actor);

/* It has ended and waits for its children, which have been told to stop: after a while they are
 * cancelled, as its supervisor does not know yet. */
void tr_restart_await_children(tr_worker *worker, tr_actor *actor);

/* Its children have ended and its `stop` has run: it rests from now on. */
void tr_restart_rest(tr_worker *worker, tr_actor *actor);

/* Signals came for one that rests. */
void tr_restart_signalled(tr_worker *worker, tr_actor *actor);

/* It has ended for good. */
void tr_restart_tell_end(tr_worker *worker, tr_actor *actor);

/* WORD came. */
void tr_restart_word_came(tr_worker *worker, troupe_message *word);

/* READY came for a supervisor. */
void tr_restart_ready_came(tr_worker *worker, tr_actor *supervisor, troupe_message *ready);

/* For supervisors, outside the bracket: */

/* Spawns a supervised child without waiting. Errors: as troupe_spawn_nowait. */
TROUPE_MUST_CHECK troupe_error tr_restart_spawn(troupe_self *self,
                                                const troupe_spawn_options *options, uint64_t child,
                                                const tr_terms *terms, troupe_ref *out_ref);

/* Takes a word that is being handled out of the handler's hand, to answer it later. */
void tr_restart_keep(troupe_self *self, troupe_message *word);

/* Sends a kept word back with an order; sets *word to NULL. */
void tr_restart_answer(troupe_self *self, troupe_message **word, tr_word_about about);

/* Ends a kept word that is not going to be answered. */
void tr_restart_drop(troupe_self *self, troupe_message **word);

/* Signals a child, by bits of slot.h; without END only the start that it is in as far as the
 * supervisor knows. Errors: as troupe_stop. */
TROUPE_MUST_CHECK troupe_error tr_restart_signal(troupe_self *self, troupe_ref child,
                                                 uint32_t bits);

#endif
