/* SPDX-License-Identifier: MIT */
/* node_fixture: real nodes for tests, checked when they are dropped, and actors to put on them.
 *
 * Threads: the test's, but for the latch, which is any's. */
#ifndef TR_TESTS_SUPPORT_NODE_FIXTURE_H
#define TR_TESTS_SUPPORT_NODE_FIXTURE_H

#include <troupe/node.h>
#include <troupe/statistics.h>

#include "support/fixtures.h"
#include "support/probe.h"

/* Started; `options` may be NULL. */
troupe_node *a_node(const troupe_node_options *options);
troupe_node *a_node_of(uint32_t workers);

/* Stops it, which has to end with OK and with the ledger balanced, and destroys it. */
void drop_node(troupe_node **node);

/* Spawns a root actor that has to start. */
troupe_ref a_root_of(troupe_node *node, const troupe_spawn_options *options);

/* The texts of troupe_node_report, until the next call. */
const char *report_of(troupe_node *node);

/* A gate for threads: closed until it is opened. */
struct latch;
struct latch *a_latch(void);
void drop_latch(struct latch **latch);
void latch_open(struct latch *latch);
/* Blocks the thread until it is open. */
void latch_pass(struct latch *latch);

/* Bodies of actors. */

/* Receives until it is told to stop; says "started" and "stopped" to the probe at `argument`, which
 * may be NULL. */
troupe_error idle_body(troupe_self *self, void *argument);

/* Says "blocked" and blocks its thread at the latch; then "freed". */
struct blocking {
    struct probe *probe;
    struct latch *latch;
};
troupe_error blocking_body(troupe_self *self, void *argument);

/* Says "started", then runs on whatever it is told, giving way now and then, until *argument is
 * set. */
struct stubborn {
    struct probe *probe;
    _Atomic int may_end;
};
troupe_error stubborn_body(troupe_self *self, void *argument);

/* Spawns so many idle actors, of the behavior "member" on any worker; says whether that went well,
 * and idles. */
struct idlers {
    struct probe *probe;
    uint32_t count;
};
troupe_error idlers_body(troupe_self *self, void *argument);

/* Stops its node, says "stopped node", and returns OK. */
troupe_error stopping_body(troupe_self *self, void *argument);

#endif
