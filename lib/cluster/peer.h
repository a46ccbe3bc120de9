/* SPDX-License-Identifier: MIT */
/* peer: another node, as a border sees it.
 *
 * Actors on the border's worker stand for it. By the carrier goes what is for the node itself, and
 * ends; by outlets what is for actors there. In the name of the entrance comes all that is from
 * there: for what an actor here has no room for it stands in line, and replies to it go back.
 * Owns:       what is on the way out, and the numbers.
 * Invariants: nothing is on the way out, and no number is open, while the peer is not connected.
 *             A carrier that is choked, as the wire did not take its frame, is not in the run queue
 *             and counts as runnable: its mailbox fills, and who sends waits.
 * Threads:    the border's worker's. */
#ifndef TR_CLUSTER_PEER_H
#define TR_CLUSTER_PEER_H

#include "cluster/border.h"
#include "cluster/credit.h"
#include "cluster/landing.h"
#include "cluster/large.h"
#include "cluster/numbers.h"
#include "cluster/outlet.h"
#include "cluster/pieces.h"
#include "core/actor.h"
#include "core/queue.h"

struct tr_peer {
    tr_border *border;
    tr_map_node by_node;
    uint64_t node;
    tr_known_node *known; /* held */
    tr_address carrier;
    tr_address entrance;
    tr_queue out; /* to be packed */
    tr_numbers numbers;
    tr_outlets outlets;
    tr_landings landings;
    tr_credit credit;
    tr_larges larges;
    tr_pieces pieces;
    tr_timer again; /* to offer a frame again */
    tr_timer sweep; /* to look for requests whose askers are gone */
    troupe_message flush;
    tr_call flush_call;
    uint64_t answer_bytes; /* of the replies on the way out */
    uint32_t at_once; /* of what is on the way out: answers that nothing here waits for; at most */
    bool is_connected;
    bool squeezes; /* as long as it is connected: what is large goes in pieces, smaller */
    bool repeats;  /* likewise: an envelope like the one before it is its body alone */
    bool is_over;  /* that incarnation */
    bool is_choked;
    bool is_flush_queued;
    bool is_broken;      /* the connection: there is an answer that cannot be given */
    const char *offence; /* or so, as the other has said what nobody may say: what */
    bool greets;         /* the next frame goes out even if it is empty */
    /* Of the connection that there is. */
    uint64_t connection;       /* ours, from 1 up */
    uint64_t sequence;         /* of the last frame sent */
    uint64_t their_connection; /* the last that was heard of; 0: none */
    uint64_t their_least;      /* what is older is of a connection that was lost */
    uint64_t their_sequence;   /* of the last frame that came */
    tr_rights rights;          /* when the last frame came; the name is valid only then */
    bool has_heard;            /* in this connection of ours */
    uint64_t rings_until_ns;   /* looking for rings has been paid for; see rings */
};

/* The actor if it is still there, or NULL. */
static inline tr_actor *tr_peer_actor(const tr_peer *peer, tr_address address)
{
    return address.generation != 0 ? tr_actor_at(peer->border->worker, address) : NULL;
}

/* Envelopes that the wire has taken. */
static inline void tr_peer_count_sent(tr_peer *peer, uint32_t count)
{
    peer->border->counts.envelopes_sent += count;
    tr_nodes_count(&peer->known->sent, count);
}

/* Keeps the carrier from its turns until the wire is offered a frame again; lets it have them. */
void tr_peer_choke(tr_peer *peer);
void tr_peer_unchoke(tr_peer *peer);

/* An actor that stands for it, on the border's worker. Errors: as tr_spawn; STOPPING when the
 * border's own actor ends, which would wait for it. */
TROUPE_MUST_CHECK troupe_error tr_peer_spawn(tr_peer *peer, const troupe_behavior *behavior,
                                             uint32_t capacity, tr_address *out_address);

/* The node that such an actor stands for; 0: it is none. */
uint64_t tr_peer_node_of(const tr_actor *actor);

/* Makes one, connected. Errors: NO_MEMORY; LIMIT_REACHED. */
TROUPE_MUST_CHECK troupe_error tr_peer_create(tr_border *border, uint64_t node, tr_peer **out_peer);
/* Frees it and all it has, uncounted; its actors are gone or go. */
void tr_peer_destroy(tr_peer *peer);

/* Turns the entry of a monitor of ours into its DOWN: behind all from there that still waits for
 * room in the watcher's mailbox. */
void tr_peer_send_down(tr_peer *peer, troupe_message *entry, troupe_error reason,
                       troupe_down_kind kind);

/* If that incarnation is over, and nothing that has come from it waits any more, the entrance
 * ends. */
void tr_peer_end_entrance(tr_peer *peer);

/* A connection begins. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_peer_connect(tr_peer *peer);
/* It is over: whoever waits for anything from there is told `reason`. `verdict` is for those who
 * come later. */
void tr_peer_lose(tr_peer *peer, troupe_error reason, troupe_error verdict);

#endif
