/* SPDX-License-Identifier: MIT */
/* link: what joins two actors so that the failure of one is that of the other.
 *
 * A link is two entries of monitors (see there) with one number, which is its maker's: one at the
 * other, of the maker as its watcher; one at the maker, of the other as its watcher, which needs no
 * table for that. What either end sends, when it ends, is the entry that it has; what the entry
 * finds at its goal says whether the link still stands there.
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

/* As troupe_unlink. */
bool tr_link_end(tr_worker *worker, tr_actor *actor, tr_address other);

/* An exit came: the link is gone. Whether it is to be put into the mailbox; else it strikes the
 * actor here, or concerns it no more. */
bool tr_link_exit_came(tr_worker *worker, tr_actor *actor, const troupe_message *message);

/* The other end of the entry's link, if it is of one, has unlinked. */
void tr_link_left(tr_actor *actor, const troupe_message *entry);

#endif
