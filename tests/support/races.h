/* SPDX-License-Identifier: MIT */
/* races: a call that waits, over and over, in a race of its completion and its cancel.
 *
 * An actor makes one call a round, in a scope that is cancelled, or whose deadline comes, or while
 * it handles a request whose asker gives up, within the few nanoseconds of virtual time in which
 * another actor, the helper, makes it complete; batches between workers take as long. So both come
 * in one instant often, in either order. What is at stake is counted by the race: nothing is lost
 * and nothing doubled.
 * Threads: the test's; what is called with `self`, its actor's. */
#ifndef TR_TESTS_SUPPORT_RACES_H
#define TR_TESTS_SUPPORT_RACES_H

#include <stdbool.h>
#include <troupe/troupe.h>

#include "simulation/world.h"
#include "support/cast.h"

#define RACE_ROUNDS 12

struct race;

/* What is raced; those that are NULL do nothing. */
struct race_kind {
    void (*begin)(troupe_self *self, struct race *race);   /* once */
    void (*prepare)(troupe_self *self, struct race *race); /* each round; outside of the scope */
    /* The one call. It sees to it that what the error says is so. */
    troupe_error (*attempt)(troupe_self *self, struct race *race);
    void (*settle)(troupe_self *self, struct race *race); /* each round; outside of the scope */
    void (*end)(troupe_self *self, struct race *race);    /* once */
    /* In the helper, a moment after the figure was sent or asked. */
    void (*help)(troupe_self *self, struct race *race, troupe_message **message);
    /* After all has been told to stop. */
    void (*check)(struct race *race, const troupe_counts *counts);
    uint32_t helper_capacity; /* of its mailbox; 0: as usual */
    uint32_t tasks_max;       /* of the outer scope */
    bool is_receive;  /* ends the handling of the message before: only scopes are cancelled */
    bool never_meets; /* it looks for the cancel last; else both come in some rounds */
    bool may_fail;    /* other errors than the cancel's and the deadline's are fine */
};

struct race {
    const struct race_kind *kind;
    troupe_ref player;
    troupe_ref helper;
    troupe_ref things[4];
    uint64_t round; /* from 1 */
    /* Around the scope that is cancelled; a failure in it cancels nothing. */
    troupe_scope *outer;
    troupe_scope *inner;
    troupe_task task;
    troupe_future *future;
    troupe_promise *promise;
    troupe_message *message;
    bool is_done; /* the kinds' own, as what follows; false at the beginning of a round */
    uint64_t made;
    uint64_t got;
    uint64_t lost;
    uint64_t live;
    uint64_t marks[RACE_ROUNDS + 1];
    /* Of the rounds. */
    uint64_t completed;
    uint64_t ended;
    uint64_t met;      /* completed, with the cancel there already when the call returned */
    const char *fault; /* the first thing that is wrong; NULL: all is well */
};

/* A few nanoseconds. */
troupe_timeout a_moment(troupe_self *self);
/* Has the helper help in a moment. */
void race_order(troupe_self *self, struct race *race);
/* What is not so is the race's fault. */
void race_expect(struct race *race, bool is_so, const char *what);

/* Plays the kind in `seeds` worlds and asserts that it goes well; and that in some rounds the call
 * completed and in some it did not. */
void run_races(const struct race_kind *kind, uint64_t seeds);

#endif
