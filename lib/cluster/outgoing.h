/* SPDX-License-Identifier: MIT */
/* outgoing: what is on the way out, into frames.
 *
 * A message that the wire has taken ends as CARRIED; a request then waits, without its body, for
 * its answer. What cannot be packed, or no longer, ends in the way that who sent it hears of.
 * Owns:    nothing; what is on the way out is the peer's.
 * Threads: the border's worker's.
 * Uses:    peer, frame, body, numbers. */
#ifndef TR_CLUSTER_OUTGOING_H
#define TR_CLUSTER_OUTGOING_H

#include "cluster/peer.h"

/* Puts a message on the way out; taken. */
void tr_outgoing_push(tr_peer *peer, troupe_message *message);

/* The same for an answer for which nothing waits here any more, be it given at once, as to a
 * look-up: of those there may be so many, or who does not take them has his connection begun
 * anew. */
void tr_outgoing_push_at_once(tr_peer *peer, troupe_message *message);

/* The same for what an actor has answered: beyond so many bytes the answer is LIMIT_REACHED. */
void tr_outgoing_push_answer(tr_peer *peer, troupe_message *answer);

/* An error as the answer to this number of theirs; without memory as break. */
void tr_outgoing_push_error(tr_peer *peer, uint64_t number, troupe_error error);

/* Something cannot be answered, as there is no memory, or no end: soon the connection is begun
 * anew, which tells whoever waits, on either side, that it is lost. */
void tr_outgoing_break(tr_peer *peer);

/* The other has said what nobody may say: its connection is begun anew. `what`: what it does; lives
 * as long as the program. */
void tr_outgoing_complain(tr_peer *peer, const char *what);

/* The same with what the handler said of it; `failure` is one that is a reply to the entrance. */
void tr_outgoing_push_failure(tr_peer *peer, uint64_t number, const tr_failure *failure);

/* Stops an actor there in nobody's name. Without memory it lives on. */
void tr_outgoing_push_stop(tr_peer *peer, troupe_ref actor);

/* Packs what is on the way out and gives it to the wire. */
void tr_outgoing_flush(tr_peer *peer);

/* The same, soon: after what is going on now. */
void tr_outgoing_flush_soon(tr_peer *peer);

/* Ends all that is on the way out, and all of ours that waits for an answer. */
void tr_outgoing_fail_all(tr_peer *peer, troupe_error reason);

/* Answers one of ours with an error, and ends it. */
void tr_outgoing_fail_own(tr_peer *peer, tr_own *own, troupe_error reason);

#endif
