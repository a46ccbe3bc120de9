/* SPDX-License-Identifier: MIT */
/* other: a process of its own for a part of a test: the same program, in another role.
 *
 *     int main(int argc, char **argv)
 *     {
 *         if (argc > 1) {
 *             return play(argc, argv);    as the other; it reads lines and writes lines
 *         }
 *         ...the tests
 *
 * What the two say to each other are lines. The other ends when it reads the end of its input, and
 * has to exit with 0 unless it was killed.
 * Owns:    the process and the pipes, until it is dropped.
 * Threads: the test's own. */
#ifndef TR_TESTS_SUPPORT_OTHER_H
#define TR_TESTS_SUPPORT_OTHER_H

#include <stdio.h>
#include <sys/types.h>

struct other {
    pid_t pid;
    FILE *to;
    FILE *from;
    char line[256]; /* the last that it has said, without its end */
};

/* Starts it; argv[1] and argv[2] are these. */
struct other *an_other(const char *role, const char *argument);
void other_say(struct other *other, const char *line);
/* Waits for its next line. */
const char *other_hears_back(struct other *other);
/* The same after saying one. */
const char *other_asked(struct other *other, const char *line);

void other_signal(const struct other *other, int signal);
/* By SIGKILL; it is over when this returns. */
void kill_other(struct other **in_other);
void drop_other(struct other **in_other);

/* For the other: its next line, or NULL at the end. */
const char *line_for_other(void);
__attribute__((format(printf, 1, 2))) void say_as_other(const char *format, ...);

#endif
