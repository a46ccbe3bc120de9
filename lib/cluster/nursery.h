/* SPDX-License-Identifier: MIT */
/* nursery: the actors that other nodes have this one spawn.
 *
 * They are children of an actor of its own, which is made for the first and is a child of the
 * border's. A spawn is under way until the actor has said that it is
 * ready, or has ended; whoever asks for it with the same key meanwhile, or for a while after that,
 * gets the same answer. The entries of monitors and links that come with a spawn stand at the actor
 * before it runs; of those that come with a key again, as they would without.
 * Owns:       the nurslings: what is known of each spawn.
 * Invariants: one nursling for each key and name; one without a key, and one whose result is not
 *             known, is there only while it is under way.
 * Threads:    the border's worker's.
 * Uses:       peer, body, numbers, outgoing, offers, spawn. */
#ifndef TR_CLUSTER_NURSERY_H
#define TR_CLUSTER_NURSERY_H

#include <troupe/behavior.h>

#include "base/list.h"
#include "cluster/frame.h"
#include "cluster/numbers.h"

typedef struct tr_border tr_border;
typedef struct tr_peer tr_peer;

typedef struct tr_nursery {
    tr_border *border; /* borrowed */
    tr_map by_key;
    tr_list keyed;     /* oldest first */
    tr_list under_way; /* all whose start has not ended */
    uint32_t under_way_count;
    uint32_t under_way_max;
    uint32_t keys_max;
} tr_nursery;

/* Nothing can fail. */
void tr_nursery_init(tr_nursery *nursery, tr_border *border);
/* After the peers are gone. */
void tr_nursery_fini(tr_nursery *nursery);

/* Of the actor that they are children of. */
extern const troupe_behavior tr_nursery_behavior;

/* SPAWN came. */
void tr_nursery_take_spawn(tr_peer *peer, const tr_envelope *envelope);

/* Who asked waits no longer. It is answered, and if nobody else waits the spawn is ended. */
void tr_nursery_cancel(tr_peer *peer, tr_their *their);
/* Who asked cannot be told any more. A spawn with a key goes on, as it may be asked for again. */
void tr_nursery_forget(tr_peer *peer, tr_their *their);

/* What an answer says, which is a reply with this as its body. */
typedef struct tr_nursery_answer {
    tr_address actor; /* nobody: the error says why */
    uint64_t key;
    troupe_error error;
} tr_nursery_answer;
extern const troupe_type tr_nursery_answer_type;

/* Such an answer does not go: what nobody else can know of is stopped. */
void tr_nursery_undelivered(tr_border *border, const troupe_message *answer);

#endif
