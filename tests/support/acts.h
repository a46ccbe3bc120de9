/* SPDX-License-Identifier: MIT */
/* acts: what the actors of simulated nodes do again and again, looking at what they were promised.
 *
 * What is not as promised fails the simulation, in words that differ in numbers only; an act that
 * does not get on shows by its rounds. A round leaves nothing behind and needs nothing that was
 * before, so a node may crash in it. Its actors have to know figure_type.
 * Threads: the world's. */
#ifndef TR_TESTS_SUPPORT_ACTS_H
#define TR_TESTS_SUPPORT_ACTS_H

#include <inttypes.h>
#include <troupe/simulation.h>
#include <troupe/troupe.h>

struct act;

/* One round. */
typedef troupe_error play(troupe_self *self, struct act *act);

/* What one root actor plays. */
struct act {
    troupe_simulation *simulation;
    play *play;
    const uint64_t *nodes; /* the ids of all nodes, now; each has a "doubler" (cast) */
    uint32_t nodes_count;
    uint64_t rounds;
    uint64_t target;
};

play play_pipeline; /* words stay in order on their way through narrow places */
play play_crowd;    /* so do those of many impatient ones; no place is taken twice, or lost */
play play_pool;     /* each of many who ask gets its own answer */
play play_haste;    /* who gives up and asks again too */
play play_relay;    /* what is asked for a request takes no longer than that */
play play_caller;   /* what comes from another node, if anything comes, is right */
play play_tree;     /* each but a leaf has two children; all leaves are counted */
play play_scope;    /* when one is left nothing of it runs any more */
play play_parts;    /* children are restarted one after the other */

/* All of these. */
enum {
    PLAYS = 9
};
extern play *const all_plays[PLAYS];

#define BREAK(act, ...) troupe_simulation_fail((act)->simulation, __VA_ARGS__)

/* Up to 2 ms. */
troupe_timeout a_pause(troupe_self *self);
/* Narrow or wide. */
uint32_t a_capacity(troupe_self *self);
/* Whether that is how an actor ends that is told to. */
bool is_end(troupe_error error);

/* A child in a scope, anywhere. */
troupe_error spawn_in(troupe_self *self, troupe_scope *scope, troupe_body *body, void *argument,
                      uint32_t capacity, troupe_ref *out_ref);
/* Ends what is in the scope, and leaves it. OK if that ended as it was told to. */
troupe_error end_scope(troupe_self *self, troupe_scope **scope);

#endif
