/* SPDX-License-Identifier: MIT */
/* node_options: the command line of `troupe node`.
 *
 * Owns:    what troupe_arguments_take gave; the texts are those of the command line.
 * Threads: one. */
#ifndef TR_COMMAND_NODE_OPTIONS_H
#define TR_COMMAND_NODE_OPTIONS_H

#include <stdbool.h>
#include <troupe/troupe.h>

#include "command/modules.h"

/* What was asked for. */
typedef struct tr_node_wishes {
    troupe_arguments *arguments;
    tr_modules modules; /* not loaded */
} tr_node_wishes;

/* Completes these options. Says on stderr what was not understood. */
bool tr_node_options_read(tr_node_wishes *wishes, int argc, char **argv,
                          const troupe_node_options *options);

/* What the options are, for people: lines of a help. */
const char *tr_node_options_help(void);

#endif
