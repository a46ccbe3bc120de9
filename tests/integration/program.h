/* SPDX-License-Identifier: MIT */
/* program: runs a command to its end and keeps what it wrote.
 *
 * Owns:    its texts.
 * Threads: the test's own. */
#ifndef TR_TESTS_INTEGRATION_PROGRAM_H
#define TR_TESTS_INTEGRATION_PROGRAM_H

struct program {
    int status; /* as it exited; 124 if it took over a minute; 128 and more: killed by a signal */
    char *out;  /* what it wrote to stdout */
    char *err;  /* and to stderr */
};

/* Runs a command of bash, with stdin empty. What cannot be run fails the test. */
struct program program_run(const char *command);
void program_fini(struct program *program);

#endif
