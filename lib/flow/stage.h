/* SPDX-License-Identifier: MIT */
/* stage: the actor that reads one stream and writes others.
 *
 * It has one message in hand at a time: gets it, changes it, puts it. What it is to do comes as its
 * first message, the plan, which it keeps.
 * Owns:       the plan and what is in hand.
 * Invariants: one ask is open, or the pause of one that met a full mailbox runs, or it is ending.
 * Threads:    the actor's.
 * Uses:       queue_actor, the public API. */
#ifndef TR_FLOW_STAGE_H
#define TR_FLOW_STAGE_H

#include <troupe/stream.h>

typedef struct tr_stage_plan {
    troupe_ref in;
    troupe_stream_function *function; /* NULL: nothing is changed */
    troupe_stream_key *key;           /* NULL: all goes to the first */
    void *context;
    size_t count;
    const troupe_ref *outs; /* copied */
} tr_stage_plan;

/* Spawns a stage. Errors: as troupe_spawn_nowait. */
TROUPE_MUST_CHECK troupe_error tr_stage_create(troupe_self *self, const tr_stage_plan *plan,
                                               troupe_ref *out_stage);

#endif
