/* SPDX-License-Identifier: MIT */
/* parts: children for tests of supervisors, which say what becomes of them.
 *
 * A part says "NAME up" when it starts, "NAME N" for each figure that it gets and "NAME down CODE"
 * when it ends. Some figures are orders.
 * Threads: as probe.h. */
#ifndef TR_TESTS_SUPPORT_PARTS_H
#define TR_TESTS_SUPPORT_PARTS_H

#include <troupe/troupe.h>

#include "simulation/world.h"
#include "support/cast.h"

enum part_order {
    PART_FAIL = 1001,  /* fail with PROTOCOL, saying "told to" */
    PART_RETURN = 1002 /* end with OK */
};

struct part {
    struct probe *seen;
    const char *name;
    uint64_t starts;      /* so far */
    uint64_t fails_at;    /* this start fails; 0: none */
    uint64_t is_slow_at;  /* this start takes 100 s of virtual time; of coroutines */
    uint64_t stops_in_ms; /* a coroutine that is told to stop goes on for so long */
    uint64_t last_start_ns;
};

extern const troupe_behavior part_behavior;
troupe_error part_body(troupe_self *self, void *argument);

/* What to spawn for a part, in either form. */
#define PART_SPAWN(part_)                                                                          \
    TROUPE_SPAWN(.name = (part_).name, .behavior = &part_behavior, .argument = &(part_),           \
                 .place = TROUPE_PLACE_ANY)
#define PART_BODY_SPAWN(part_)                                                                     \
    TROUPE_SPAWN(.name = (part_).name, .body = part_body, .argument = &(part_),                    \
                 .place = TROUPE_PLACE_ANY, .ready_when = TROUPE_READY_WHEN_SAID)

/* Sends a figure to the part of this name. */
troupe_error order(troupe_self *self, const char *name, uint64_t figure);

#endif
