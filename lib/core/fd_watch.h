/* SPDX-License-Identifier: MIT */
/* fd_watch: the descriptors of which actors are told by message.
 *
 * As with actor_timer the message lies in the watch. While it is queued or handled nothing is
 * waited for; when it ends the wait begins again.
 * Owns:       the watches in an actor's table.
 * Invariants: a watch waits, or its message is under way, never both. It is freed when neither.
 * Threads:    the worker's of the actor.
 * Uses:       fds, mailbox. */
#ifndef TR_CORE_FD_WATCH_H
#define TR_CORE_FD_WATCH_H

#include <troupe/io.h>

#include "core/actor.h"

/* What tells its message from that of a timer, which is a TICK too. */
#define TR_FD_WATCH_CORRELATION 1U

/* A message has ended. */
void tr_fd_watch_ticked(tr_worker *worker, troupe_message *message);

/* The actor ends. Messages that are queued are ended by whoever drains the mailbox. */
void tr_fd_watch_cancel_all(tr_worker *worker, tr_actor *actor);

#endif
