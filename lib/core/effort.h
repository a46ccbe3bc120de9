/* SPDX-License-Identifier: MIT */
/* effort: what the turns of an actor took and how much it talked in them.
 *
 * What an actor does between two messages says whether it is better off alone on a worker or near
 * those it talks to: a message to another worker costs some 100 ns more, and 10 to 20 us if that
 * sleeps.
 * Threads: any; these are functions of values. */
#ifndef TR_CORE_EFFORT_H
#define TR_CORE_EFFORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"

/* From so much work for each message on an actor gains by a processor of its own ... */
#define TR_EFFORT_HEAVY_NS 2000
/* ... and below this much by being near; between them it stays where it is. */
#define TR_EFFORT_LIGHT_NS 1000
/* Messages that are to be seen, and for how long, before an actor is known to talk much: it may
 * take many messages in a row and answer them later. */
#define TR_EFFORT_MESSAGES 16
#define TR_EFFORT_SEEN_NS 1000000

typedef struct tr_effort {
    uint64_t ns;
    uint64_t sent;    /* messages accepted */
    uint64_t handled; /* messages */
    uint64_t remote;  /* of those sent, and replies, to other workers */
} tr_effort;

/* The counts at its beginning. */
typedef struct tr_turn {
    tr_address actor;
    tr_effort before;
} tr_turn;

static inline uint64_t tr_effort_messages(const tr_effort *effort)
{
    const uint64_t sent = effort->sent > effort->remote ? effort->sent : effort->remote;
    return sent > effort->handled ? sent : effort->handled;
}

/* Of what was seen in this time. */
static inline bool tr_effort_is_known(const tr_effort *effort, uint64_t seen_ns)
{
    return seen_ns >= TR_EFFORT_SEEN_NS && tr_effort_messages(effort) >= TR_EFFORT_MESSAGES;
}

/* Of one turn: it computes more than it talks. */
static inline bool tr_effort_is_heavy(const tr_effort *effort)
{
    return effort->ns >= TR_EFFORT_HEAVY_NS * (tr_effort_messages(effort) + 1);
}

/* Whether what goes to one worker, this much of all that goes to others, outweighs twice what stays
 * here, and it talks more than it computes. */
static inline bool tr_effort_is_drawn(const tr_effort *effort, uint32_t percent)
{
    const uint64_t messages = tr_effort_messages(effort);
    const uint64_t here = messages - effort->remote;
    return effort->ns < TR_EFFORT_LIGHT_NS * messages && effort->remote * percent > 200 * here;
}

static inline void tr_effort_add(tr_effort *sum, const tr_effort *more)
{
    sum->ns += more->ns;
    sum->sent += more->sent;
    sum->handled += more->handled;
    sum->remote += more->remote;
}

#endif
