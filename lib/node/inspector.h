/* SPDX-License-Identifier: MIT */
/* inspector: the actor "troupe.inspect", by which others look at this node.
 *
 * It speaks proto/troupe/inspect.proto, and has a thread of its own, so that no worker that is held
 * up holds it up. Of each worker it asks in one piece no more than TR_INSPECTOR_ROWS actors.
 * Owns:       nothing but its actor, and what it is answering.
 * Invariants: an answer is bounded, whatever the node is at.
 * Threads:    start any but the node's own, before its border; the rest the actor's.
 * Fails:      in start.
 * Uses:       inspect, snapshot, hub_list, json. */
#ifndef TR_NODE_INSPECTOR_H
#define TR_NODE_INSPECTOR_H

#include "inspect.pb-c.h"
#include "node/json.h"
#include "node/node.h"

#define TR_INSPECTOR_NAME "troupe.inspect"
/* Actors in a piece. */
#define TR_INSPECTOR_ROWS 512

/* Of the body of a message, as text. */
#define TR_INSPECTOR_SHOWN_MAX (256 << 10)

/* At once. */
#define TR_INSPECTOR_TAPS 16

typedef struct tr_inspector_tap {
    uint64_t number; /* 0: there is none */
    troupe_ref ear;  /* its actor */
} tr_inspector_tap;

/* What is said at once; and for one node, which is not to keep the others waiting. */
#define TR_INSPECTOR_SAYS 64
#define TR_INSPECTOR_SAYS_OF_ONE 16

typedef struct tr_inspector tr_inspector;

/* Of what is being said, in a task. */
typedef struct tr_inspector_saying {
    tr_inspector *inspector;
    uint64_t asker; /* a node; 0: it is free */
} tr_inspector_saying;

/* What it remembers. */
struct tr_inspector {
    troupe_node *node;
    troupe_scope *scope; /* of the tasks */
    tr_inspector_saying sayings[TR_INSPECTOR_SAYS];
    uint64_t taps_begun;
    tr_inspector_tap taps[TR_INSPECTOR_TAPS];
    uint64_t asleep_ns[TR_ENDS_MAX]; /* until when a worker that was silent is not asked again */
};

/* Spawns it as a root actor. Errors: as troupe_node_spawn. */
TROUPE_MUST_CHECK troupe_error tr_inspector_start(troupe_node *node);

/* What answers one request, or keeps it. An error: it is answered by that. */
typedef troupe_error tr_inspector_answer(tr_inspector *inspector, troupe_self *self,
                                         troupe_message **request);

/* inspector_lists.c */
tr_inspector_answer tr_inspector_list_actors;
tr_inspector_answer tr_inspector_list_peers;
tr_inspector_answer tr_inspector_get_statistics;
tr_inspector_answer tr_inspector_list_dead_letters;

/* inspector_says.c */
tr_inspector_answer tr_inspector_say;
tr_inspector_answer tr_inspector_stop;

/* inspector_taps.c */
tr_inspector_answer tr_inspector_tap_actor;
void tr_inspector_tap_ended(tr_inspector *inspector, troupe_ref ear);

/* An actor of the program's. Errors: NO_SUCH_ACTOR, STALE; LOCAL_ONLY; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_inspector_find(const tr_inspector *inspector, troupe_self *self,
                                                 const Troupe__Inspect__Target *target,
                                                 troupe_ref *out_ref);
/* The body as text with an end, in the buffer. False: it is no protobuf message, or too large. */
bool tr_inspector_show(const troupe_message *message, tr_json_buffer *json);

/* Makes a text one that a message may have: bytes that are no UTF-8, as of a character that was
 * cut, become '?'. Others unpack nothing of a message in which one is not. */
char *tr_inspector_text(char *text);
/* A ref as messages have it, made of one and the other way round. */
Troupe__Ref *tr_inspector_ref(Troupe__Ref *out_ref, troupe_ref ref);

#endif
