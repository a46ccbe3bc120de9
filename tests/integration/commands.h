/* SPDX-License-Identifier: MIT */
/* commands: the program `troupe`, run as users run it, on nodes of the test's own.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_INTEGRATION_COMMANDS_H
#define TR_TESTS_INTEGRATION_COMMANDS_H

#include "integration/program.h"

/* What a command line does in bash, in which `troupe` is the program. */
__attribute__((format(printf, 1, 2))) struct program command_run(const char *format, ...);

/* It ends with this status, and has written these among others; NULL: nothing at all. */
void command_ends(const char *line, int status, const char *out, const char *err);

/* What a Python expression makes of the JSON in `d` that the line writes: it has to be `expected`.
 * The line has to end with 0 and say nothing on stderr. */
void command_shows(const char *line, const char *expression, const char *expected);

/* The node that the lines mean from now on; NULL for those not given. */
void command_reach(const char *endpoint, const char *key_file, const char *peer_key);

#endif
