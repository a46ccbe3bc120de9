/* SPDX-License-Identifier: MIT */
/* quarantine: the node's messages that have failed too often.
 *
 * Owns:       the messages, which have ended: the ledger does not hold them.
 * Invariants: `entries` by their ids; `count` and `bytes` are at most their limits and include what
 *             is just being put in or replayed.
 * Threads:    any worker's; the list is under the ports' lock.
 * Uses:       system, failure, send. */
#ifndef TR_CORE_QUARANTINE_H
#define TR_CORE_QUARANTINE_H

#include <stdbool.h>

#include "core/actor.h"

/* Puts in a request or message in nobody's hands that this actor has failed with `failures` times,
 * the last time with this error, and answers who waits. False: there is no room or memory for it,
 * or it is going back to its asker; then nothing has happened. */
bool tr_quarantine_put(tr_worker *worker, tr_actor *actor, troupe_message *message,
                       troupe_error reason, uint32_t failures);

/* Frees all, at the node's end. */
void tr_quarantine_fini(tr_worker *worker);

/* How many there are. */
uint32_t tr_quarantine_count(tr_system *system);

#endif
