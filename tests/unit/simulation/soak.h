/* SPDX-License-Identifier: MIT */
/* soak: what the actors of soak_test share, and what any of them may do.
 *
 * Threads: the one that runs the world. */
#ifndef TR_TESTS_UNIT_SIMULATION_SOAK_H
#define TR_TESTS_UNIT_SIMULATION_SOAK_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/troupe.h>

#include "shop.pb-c.h"
#include "support/probe.h"
#include "support/world_fixture.h"

#define CROWD 10

/* What the actors of one world share; one thread runs them. */
struct soak {
    troupe_ref refs[CROWD];
    uint64_t asked;
    uint64_t answered;
    uint64_t abandoned; /* by askers that ended */
    uint64_t told;      /* the warden, of ends */
    uint64_t children;
    uint64_t refused; /* allocations */
    uint64_t jobs;    /* each is taken or discarded */
    uint64_t jobs_taken;
    uint64_t jobs_discarded;
    uint64_t moves;
    bool is_under_way;
    bool memory_fails;
    struct probe *wrong;
};

/* Bodies that count how often they were made and ended. */
struct soak_bodies {
    int64_t made;
    int64_t ended;
};
extern struct soak_bodies soak_bodies;

#define MAY(name) (UINT64_C(1) << TROUPE_ERROR_##name)
#define MAY_WAIT (MAY(CANCELLED) | MAY(STOPPING) | MAY(TIMED_OUT))
#define MAY_MISS (MAY(STALE) | MAY(NO_MEMORY))
#define MAY_SEND                                                                                   \
    (MAY_MISS | MAY(MAILBOX_FULL) | MAY(TIMED_OUT) | MAY(CANCELLED) | MAY(WOULD_DEADLOCK) |        \
     MAY(TOO_LARGE) | MAY(LIMIT_REACHED))
#define MAY_ASK                                                                                    \
    (MAY_SEND | MAY(STOPPING) | MAY(EXPIRED) | MAY(HANDLER_FAILED) | MAY(NO_REPLY) | MAY(END) |    \
     MAY(FAILED) | MAY(PROTOCOL))

#define MAY_OFFLOAD                                                                                \
    (MAY(TIMED_OUT) | MAY(CANCELLED) | MAY(STOPPING) | MAY(NO_MEMORY) | MAY(SYSTEM) |              \
     MAY(LIMIT_REACHED))

/* Whether the call may give this error; a wrong one is noted. Gives it back. */
troupe_error soak_look(const struct soak *soak, const char *call, troupe_error error,
                       uint64_t allowed);
#define LOOK(call, allowed) soak_look(soak, #call, (call), (allowed))

uint64_t draw(troupe_self *self, uint64_t below);
troupe_ref somebody(troupe_self *self, const struct soak *soak);
troupe_timeout a_moment(troupe_self *self);

extern const troupe_type plain_type; /* a uint64_t */

/* A message of any form. */
troupe_error make_any(troupe_self *self, struct soak *soak, troupe_message **out_message);

/* One thing of those that need no waiting. */
void does_anything(troupe_self *self, struct soak *soak);

/* Gives a message that was received an end, or passes it on. */
void deals_with(troupe_self *self, struct soak *soak, troupe_message **message);

/* A job whose result is the soak, which counts what is discarded. */
void *soak_work(void *soak);
void soak_discard(void *soak, void *result);
#define SOAK_JOB(soak)                                                                             \
    TROUPE_JOB(.name = "soak", .work = soak_work, .argument = (soak), .discard = soak_discard)

/* The body of a till, which serves the calls of its service. */
troupe_error serves(troupe_self *self, void *argument);
/* Counts the answer to one, in the soak. */
void count_answer(const Shop__Receipt *receipt, void *soak);

#endif
