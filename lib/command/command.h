/* SPDX-License-Identifier: MIT */
/* command: the subcommands of the program `troupe`, and how each ends.
 *
 * A subcommand is a file with a tr_command, which stands in the table of main.c.
 * Owns:    nothing.
 * Threads: one. */
#ifndef TR_COMMAND_COMMAND_H
#define TR_COMMAND_COMMAND_H

/* As for every program here; `troupe help` says so. */
enum {
    TR_EXIT_OK = 0,
    TR_EXIT_FAILED = 1,      /* what was asked for could not be done; stderr says why */
    TR_EXIT_BAD_ARGUMENT = 2 /* the command line was not understood; likewise */
};

typedef struct tr_command {
    const char *name;
    const char *arguments; /* for people, as "FILE" */
    const char *summary;   /* one line */
    const char *details;   /* of its help, whole lines */
    /* Likewise, behind that; NULL: none. */
    const char *(*options)(void);
    /* argv[0] is the name. Returns one of the above. */
    int (*run)(int argc, char **argv);
} tr_command;

extern const tr_command tr_command_ask;
extern const tr_command tr_command_keygen;
extern const tr_command tr_command_peers;
extern const tr_command tr_command_ps;
extern const tr_command tr_command_send;
extern const tr_command tr_command_stop;
extern const tr_command tr_command_tap;
extern const tr_command tr_command_top;
extern const tr_command tr_command_tree;
extern const tr_command tr_command_waits;
extern const tr_command tr_command_node;

/* Says on stderr what is wrong, unless that was said (NULL), and how the subcommand is to be
 * called; TR_EXIT_BAD_ARGUMENT. */
int tr_command_misused(const tr_command *command, const char *what);

/* Whether all of stdout has been written; if not, says so: TR_EXIT_FAILED. */
int tr_command_written(void);

#endif
