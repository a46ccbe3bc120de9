/* SPDX-License-Identifier: MIT */
/* found: a sweep that has to find something, shrink it, and tell a line that repeats it.
 *
 *     struct found found;
 *     find_and_repeat(TROUPE_SIMULATE(.seeds = 20), scenario, context, &found);
 *     assert_non_null(strstr(found.line, "made twice"));
 *
 * Threads: the test's; it changes the environment. */
#ifndef TR_TESTS_SUPPORT_FOUND_H
#define TR_TESTS_SUPPORT_FOUND_H

#include <troupe/simulate.h>

/* How large a run was. */
struct found_run {
    uint64_t steps;
    uint32_t faults;
    uint32_t nodes;
};

struct found {
    uint64_t seed;
    struct found_run before;
    struct found_run after; /* it was shrunk */
    char why[256];
    char line[8192];      /* that was told last */
    uint32_t fault_lines; /* told before that */
};

/* Runs the scenario under one seed after the other. Asserts that one fails by FAILED, that less of
 * it is left and nothing more, that what is told says so, and that the command which is told fails
 * in the same step in the same words. */
void find_and_repeat(const troupe_simulate_options *options, troupe_scenario *scenario,
                     void *context, struct found *out_found);

/* As a row of the table in docs/simulation.md: the bug, what was seen, the seed; steps, nodes and
 * faults before and after. */
void print_found(const char *bug, const struct found *found);

/* Setup and teardown: without what a repetition has put into the environment. */
int forget_repetition(void **state);

#endif
