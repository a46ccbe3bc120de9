/* SPDX-License-Identifier: MIT */
/* options: what the command lines of subcommands have in common.
 *
 * Owns:    nothing; texts are those of argv and the environment.
 * Threads: one. */
#ifndef TR_COMMAND_OPTIONS_H
#define TR_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "command/command.h"

/* Which node, and how it is reached and asked. */
typedef struct tr_reach {
    const char *endpoint;
    const char *key_file; /* NULL: plain */
    const char *peer_key;
    uint64_t timeout_ns;
    bool is_plain_forced;
    bool is_json;
} tr_reach;

typedef enum tr_option_kind {
    TR_OPTION_FLAG,    /* bool */
    TR_OPTION_TEXT,    /* const char * */
    TR_OPTION_NUMBER,  /* uint64_t */
    TR_OPTION_SECONDS, /* uint64_t, in nanoseconds; "0.5" */
} tr_option_kind;

typedef struct tr_option {
    const char *name; /* with its dashes; NULL ends the list */
    tr_option_kind kind;
    void *into;
} tr_option;

/* Of the help of each command that reaches a node. */
#define TR_REACH_HELP                                                                              \
    "  --node ENDPOINT   the node, as tcp://192.0.2.1:7400, or ipc:///path on this machine;\n"     \
    "                    else $TROUPE_NODE\n"                                                      \
    "  --key-file FILE   with keys: this side's key pair; else $TROUPE_KEY_FILE\n"                 \
    "  --peer-key KEY    with keys: the node's public key; else $TROUPE_PEER_KEY\n"                \
    "  --plain           without keys, also beyond this machine\n"                                 \
    "  --timeout SECONDS for the connection, and for each answer; 5 if not given\n"                \
    "  --json            for programs; docs/command.md has the schema\n"

/* Reads options of the list, and of the reach, in any order; "--" ends them. What is left of argv
 * is moved to its front, from argv[1] on, and counted in *argc. Returns TR_EXIT_OK, or says what is
 * wrong. */
int tr_options_take(const tr_command *command, int *argc, char **argv, const tr_option *own,
                    tr_reach *reach);

#endif
