/* SPDX-License-Identifier: MIT */
/* probe: what actors have to say to the test that made them.
 *
 * cmocka's assertions work on the test's own thread and stack only. So an actor says what it sees
 * into a probe, and the test asserts on what was said, in order.
 *
 *     struct probe *seen = a_probe();
 *     ... .argument = seen ...            in the actor: probe_say(seen, "got %d", number);
 *     assert_said(seen, "got 1", "got 2");
 *     drop_probe(&seen);
 *
 * Threads: any but for a_probe, drop_probe and the assertions, which are the test's. */
#ifndef TR_TESTS_SUPPORT_PROBE_H
#define TR_TESTS_SUPPORT_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe;

struct probe *a_probe(void);
/* Takes NULL; sets *probe to NULL. */
void drop_probe(struct probe **in_probe);

/* Adds a line. */
__attribute__((format(printf, 2, 3))) void probe_say(struct probe *probe, const char *format, ...);

size_t probe_count(struct probe *probe);
/* The line of this number, valid until the probe is cleared or dropped; "" if there is none. */
const char *probe_line(struct probe *probe, size_t index);
void probe_clear(struct probe *probe);

/* How many lines are equal to this one. */
size_t probe_count_of(struct probe *probe, const char *line);

/* Waits until there are `count` lines; false if there are not within 20 s. For real nodes. */
bool probe_wait(struct probe *probe, size_t count);

/* Waits until this line has been said. */
bool probe_wait_for(struct probe *probe, const char *line);

/* Exactly these lines were said, in this order. */
#define assert_said(probe, ...)                                                                    \
    tr_assert_said((probe), (const char *const[]) {__VA_ARGS__, NULL}, __FILE__, __LINE__)

/* Nothing was said. */
#define assert_silent(probe)                                                                       \
    tr_assert_said((probe), (const char *const[]) {NULL}, __FILE__, __LINE__)

void tr_assert_said(struct probe *probe, const char *const *expected, const char *file, int line);

#endif
