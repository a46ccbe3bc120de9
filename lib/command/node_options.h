/* SPDX-License-Identifier: MIT */
/* node_options: the command line of `troupe node`.
 *
 * Owns:    nothing: all texts are those of the command line, in which it parts those of --join.
 * Threads: one. */
#ifndef TR_COMMAND_NODE_OPTIONS_H
#define TR_COMMAND_NODE_OPTIONS_H

#include <stdbool.h>
#include <troupe/troupe.h>

#include "command/modules.h"

#define TR_NODE_PEERS_MAX 256

/* What was asked for. .options has what is the node's, but for the peers. */
typedef struct tr_node_wishes {
    troupe_node_options options;
    troupe_log_level log_level;
    troupe_peer peers[TR_NODE_PEERS_MAX];
    tr_modules modules; /* not loaded */
} tr_node_wishes;

/* Says on stderr what was not understood. */
bool tr_node_options_read(tr_node_wishes *wishes, int argc, char **argv);

/* What the options are, for people: lines of a help. */
extern const char tr_node_options_help[];

#endif
