/* SPDX-License-Identifier: MIT */
/* misuse: what users of a node in debug mode do wrong, told in the log.
 *
 * Owns:    nothing.
 * Threads: as said at each function. */
#ifndef TR_CORE_MISUSE_H
#define TR_CORE_MISUSE_H

#include "core/ends.h"

/* Logs a call by a thread that `self` is not for, or in another actor's turn; of a node the first
 * ten. On the calling thread, in a bracket. */
void tr_misuse_check_thread(const troupe_self *self);

/* Logs that the actor has kept something to wait for and never did: "task" or "future", and its
 * name or "". In debug mode; of a node the first ten of all that is logged here. On the actor's
 * worker. */
void tr_misuse_note_unawaited(const tr_actor *actor, const char *what, const char *name);

/* Logs, by type, the messages that are still the program's. All workers are finished, but for their
 * pools. Returns how many there are. */
uint64_t tr_misuse_report_leaks(tr_ends *ends);

#endif
