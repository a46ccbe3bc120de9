/* SPDX-License-Identifier: MIT */
/* offers_fixture: two connected nodes, of which node 1 offers actors, and actors of node 0 that
 * have it spawn them.
 *
 *     "figure"   takes a figure: how it is to start; doubles what it is asked, fails when told 99
 *     "plain"    the same without an argument; starts well
 *     "nowhere"  takes a figure; cannot be placed
 *     "shop"     a behavior that takes a shop.Order, which it cannot start with if its id is 13
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_OFFERS_FIXTURE_H
#define TR_TESTS_SUPPORT_OFFERS_FIXTURE_H

#include "support/actors.h"
#include "support/cast.h"
#include "support/wire_fixture.h"

/* What the actors that are offered say goes here; how many there have been. */
extern struct probe *there;
extern uint32_t born;

enum {
    WELL = 1,
    FAILING,
    SLOWLY, /* after 20 ms */
    NEVER,
    AND_FAIL /* 5 ms later */
};

/* What an actor of node 0 asks node 1 for. */
struct wish {
    struct cast cast; /* first; refs[0] is what it got */
    uint64_t node;
    const char *name;
    uint64_t how;
    uint64_t key;
    uint64_t within_ms;
    uint32_t link;
    bool watches;
    bool traps;
};

/* For a "figure", within a second. */
struct wish a_wish(const struct wires *wires, uint64_t how);

/* The actor of node 0 that does the wish; it says "spawn NAME", and of ends "down NAME KIND the
 * one", "exit NAME KIND the one". Told 98 it unlinks, told 99 it fails. */
troupe_ref make(struct wires *wires, struct wish *wish);

/* Has an actor of that node send a figure, and waits for what comes of it. */
void order(struct wires *wires, uint32_t end, troupe_ref to, uint64_t figure);

/* Nothing is open between the nodes, and no spawn is under way. */
void assert_nothing_open(const struct wires *wires);

int make_offering(void **state);
int drop_offering(void **state);
#define WITH_OFFERS(test) cmocka_unit_test_setup_teardown(test, make_offering, drop_offering)

#endif
