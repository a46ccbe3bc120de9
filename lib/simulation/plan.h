/* SPDX-License-Identifier: MIT */
/* plan: what is going to happen to a world, written down, one line for each:
 *
 *     at 3 s cut a from b for 10 s      neither hears the other; `cut a to b`: b does not hear a;
 *                                       `cut a`: from all others
 *     at 4 s heal a from b              `heal a to b`, `heal a`, `heal all`
 *     crash a                           now, for good; `crash a for 2 s`: it is started again then
 *     drop a for 2 s                    the same, and the others are not told
 *     start a
 *     stall a for 500 ms
 *     skew a by -200 ppm                `skew a ahead 3 s`
 *     fail allocation 30 of a           `fail one in 100 of a`, `limit a to 1000000 bytes`
 *     limit a to 10 descriptors         connections and open files
 *     lose 5 percent of a from b        `of a to b`, `of a`, `of all`; `2000 ppm`. So too: repeat,
 *                                       reorder (which then may overtake)
 *     delay a from b by 1 ms to 20 ms   `by 5 ms`
 *     pass 1000000 bytes of all         a second
 *     queue 64 frames of a to b         under way at once; `queue 65536 bytes`
 *
 * Times are whole numbers of ns, us, ms, s; `at` counts from when the line is read. Nodes are named
 * as they were added. A line may end with a comment after #; lines are parted by ; too.
 * Owns:    the acts that are to come, and the faults that have been.
 * Threads: the world's.
 * Fails:   in read and when an act finds no memory, as `failed` says. */
#ifndef TR_SIMULATION_PLAN_H
#define TR_SIMULATION_PLAN_H

#include "simulation/sieve.h"
#include "simulation/world.h"

typedef enum tr_deed {
    TR_DEED_CUT,
    TR_DEED_HEAL,
    TR_DEED_CRASH,
    TR_DEED_DROP,
    TR_DEED_START,
    TR_DEED_STALL,
    TR_DEED_SKEW,
    TR_DEED_FAIL_NTH,
    TR_DEED_FAIL_ONE_IN,
    TR_DEED_LIMIT, /* of memory */
    TR_DEED_LIMIT_DESCRIPTORS,
    TR_DEED_UNLIMIT, /* as many as are wanted */
    TR_DEED_SHAPE,   /* by `number`, to `most` */
    TR_DEED_UNSHAPE  /* as usual */
} tr_deed;

/* In place of a node. */
#define TR_PLAN_ALL UINT32_MAX

typedef struct tr_act {
    tr_date date;
    tr_deed deed;
    uint32_t node;
    uint32_t other;
    bool is_one_way; /* what `node` sends to `other` */
    uint64_t for_ns; /* 0: for good */
    int64_t number;
    uint64_t fault; /* its number, as in simulation/sieve; 0: none, as what ends or mends */
    int64_t most;
    tr_wire_trait trait;
} tr_act;

typedef struct tr_plan {
    tr_world *world; /* borrowed */
    /* The node of this name; TR_PLAN_ALL if there is none. */
    uint32_t (*find)(void *context, const char *name);
    /* Starts one that is down. */
    troupe_error (*start)(void *context, uint32_t node);
    void *context;
    tr_agenda agenda;
    uint64_t order;
    uint64_t faults;       /* how many have a number */
    const tr_sieve *sieve; /* borrowed; NULL: nothing is left out */
    tr_act *done;          /* the faults that have happened, in their order */
    size_t done_count;
    size_t done_room;
    bool has_done_last;  /* the first of those that are one to a sieve; the others are forgotten */
    troupe_error failed; /* the first error of an act */
    char fault[256];     /* what read has not understood, for people */
} tr_plan;

void tr_plan_init(tr_plan *plan, tr_world *world);
void tr_plan_fini(tr_plan *plan);

/* Adds what the text says. Errors: BAD_ARGUMENT, and `fault` says where and what would be right;
 * NO_MEMORY. What stands before the line that was wrong has been added. */
TROUPE_MUST_CHECK troupe_error tr_plan_read(tr_plan *plan, const char *text);

/* Gives the act its number, if it is a fault. */
void tr_plan_count(tr_plan *plan, tr_act *act);

/* Adds one; what `date` says in due_ns is its time. One that the sieve leaves out is not added.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_plan_add(tr_plan *plan, const tr_act *act);

/* Forgets all that is to come. */
void tr_plan_clear(tr_plan *plan);

uint64_t tr_plan_next_due_ns(const tr_plan *plan);
/* Does the first that is due. */
void tr_plan_happen(tr_plan *plan);

#endif
