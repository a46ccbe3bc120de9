/* SPDX-License-Identifier: MIT */
/* link: what joins two actors so that the failure of one is that of the other.
 *
 * A link is two entries of monitors (see there) with one number, which is its maker's: one at the
 * other, of the maker as its watcher; one at the maker, of the other as its watcher, which needs no
 * table for that. What either end sends, when it ends, is the entry that it has; what the entry
 * finds at its goal says whether the link still stands there.
 * With an actor of another node the carrier (far) stands where that actor would: at either end the
 * entry is of the carrier as the watcher, and the partner's ref is in its extension. A link that
 * was made there has the carrier as its maker here, and TR_LINK_FAR in its number.
 * Owns:       nothing of its own.
 * Invariants: the maker has the number in its table as long as it has its entry.
 * Threads:    the worker's of the actor concerned.
 * Uses:       monitor. */
#ifndef TR_CORE_LINK_H
#define TR_CORE_LINK_H

#include <troupe/link.h>

#include "core/actor.h"

/* Links an actor and another that is still its spawner's, which is the maker.
 * Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_link_attach(tr_worker *worker, tr_actor *maker, tr_actor *other);

/* In the number of a link that was made at another node: no number of a table has it. */
#define TR_LINK_FAR (UINT64_C(1) << 31)

/* The two ends of a link, still with nobody. */
typedef struct tr_link_ends {
    troupe_message *there; /* for the other; it tells the maker */
    troupe_message *here;  /* for the maker; it tells the other */
} tr_link_ends;

/* Makes a link of `maker`, whom the other knows as `as`, with the actor that this address stands
 * for; either of them may be of another node.
 * Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_link_make(tr_worker *worker, tr_actor *maker, troupe_ref as,
                                            troupe_ref other, tr_address address,
                                            tr_link_ends *out_ends);

/* As troupe_unlink. */
bool tr_link_end(tr_worker *worker, tr_actor *actor, troupe_ref other);

/* The same of one link that this actor made: with that address, under that number. */
void tr_link_end_one(tr_worker *worker, tr_actor *actor, tr_address other, uint64_t id);

/* Of such a link, if it still stands, the ref of the other end becomes known. */
void tr_link_name(tr_actor *actor, tr_address other, uint64_t id, troupe_ref partner);

/* An exit came: the link is gone. Whether it is to be put into the mailbox; else it strikes the
 * actor here, or concerns it no more. */
bool tr_link_exit_came(tr_worker *worker, tr_actor *actor, const troupe_message *message);

/* The other end of the entry's link, if it is of one, has unlinked. */
void tr_link_left(tr_actor *actor, const troupe_message *entry);

#endif
