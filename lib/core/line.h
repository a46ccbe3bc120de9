/* SPDX-License-Identifier: MIT */
/* line: those who wait for room in a mailbox.
 *
 * Who finds a mailbox full sends its owner a LINE_ENTER with a ticket; the message itself stands in
 * line. It comes back as LINE_GRANT, with a place reserved or with the reason why not. Who has
 * given up meanwhile returns the place (LINE_RETURN). Who gives up earlier says so (LINE_LEAVE) and
 * gets the ticket back all the same.
 * Owns:       the messages in line.
 * Invariants: while someone stands in line WAITING is set, and only the owner admits. A place
 *             granted has one owner at each step: the grant, then the waiter's message, or the
 *             return.
 * Threads:    the worker's of the mailbox's owner.
 * Fails:      never; allocates nothing. */
#ifndef TR_CORE_LINE_H
#define TR_CORE_LINE_H

#include "core/actor.h"

/* LINE_ENTER came: stand in line, or be served at once. */
void tr_line_enter(tr_worker *worker, troupe_message *request);

/* LINE_LEAVE came. */
void tr_line_leave(tr_worker *worker, troupe_message *leave);

/* LINE_RETURN came. */
void tr_line_returned(tr_worker *worker, troupe_message *message);

/* LINE_GRANT came that its asker does not want any more: gives the place back. */
void tr_line_return(tr_worker *worker, troupe_message *grant);

/* Gives places and bytes back and serves the line. */
void tr_line_give_back(tr_worker *worker, tr_actor *actor, uint32_t count, uint64_t bytes);

/* Grants places while there are any. */
void tr_line_serve(tr_worker *worker, tr_actor *actor);

/* Closes the mailbox and gives back what was taken from it. */
void tr_line_close(tr_worker *worker, tr_actor *actor);

/* The mailbox is closed: all in line are told. */
void tr_line_refuse_all(tr_worker *worker, tr_actor *actor, troupe_error error);

/* All in line stand in that of another actor of this worker from now on, which grants them their
 * places: of its own mailbox. */
void tr_line_pass_on(tr_worker *worker, tr_actor *actor, tr_actor *to);

/* Serves the lines that waited for the node's bytes. */
void tr_line_feed_hungry(tr_worker *worker);

/* Whether this ticket stands in line. */
bool tr_line_has(const tr_actor *actor, tr_address waiter, uint64_t ticket);

#endif
