/* SPDX-License-Identifier: MIT */
/* tap: copies of what an actor is sent, for who looks at it from outside.
 *
 * A tap is put on an actor, on its worker. From then on each message that comes into its mailbox,
 * or one in so many, is told to another actor by a note, which has a copy unless that would keep
 * much memory. A note that finds no room is dropped: nobody waits. In the mailbox they
 * leave room for others.
 * Owns:       its counts.
 * Invariants: an actor has one at most. Notes are not told of.
 * Threads:    create, end, counts and release any; the rest the worker's.
 * Fails:      in create and put. */
#ifndef TR_CORE_TAP_H
#define TR_CORE_TAP_H

#include <stdatomic.h>

#include "core/actor.h"

/* Of a message with a copy: in copies of less its body is copied, in others shared. */
#define TR_TAP_COPY_MAX (16 << 10)

/* Of the mailbox of who is told, one part in so many stays free of notes. */
#define TR_TAP_SPARED 8

typedef struct tr_tap {
    const troupe_allocator *allocator; /* borrowed */
    tr_address to;                     /* set before it is put on */
    uint32_t one_in;
    uint64_t begun_ns;
    _Atomic uint32_t shares;
    _Atomic bool is_over;
    _Atomic uint64_t seen;  /* messages */
    _Atomic uint64_t notes; /* that were sent, or should have been */
} tr_tap;

typedef struct tr_tap_note {
    uint64_t at_ns; /* since it was put on */
    troupe_ref sender;
    const char *type; /* its name */
    uint64_t size;
    troupe_message *copy; /* NULL: there is none */
} tr_tap_note;
extern const troupe_type tr_tap_note_type;

/* With one share, the caller's. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_tap_create(const troupe_allocator *allocator, uint32_t one_in,
                                             tr_tap **out_tap);
/* One share more, with which the tap is given on. */
tr_tap *tr_tap_share(tr_tap *tap);
/* Gives a share back. Takes NULL; sets *tap to NULL. */
void tr_tap_release(tr_tap **tap);
/* The actor is let alone from its next message on. */
void tr_tap_end(tr_tap *tap);

/* Takes a share. Errors: NAME_TAKEN: it has another, that is not over; STALE; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_tap_put(tr_worker *worker, tr_actor *actor, tr_tap *tap);
/* A message comes to an actor that is watched. */
void tr_tap_look(tr_worker *worker, tr_actor *actor, troupe_message *message);

#endif
