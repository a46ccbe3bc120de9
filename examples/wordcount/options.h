/* SPDX-License-Identifier: MIT */
/* options: what the command line asks for. */
#ifndef WORDCOUNT_OPTIONS_H
#define WORDCOUNT_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum {
    WORKERS_MAX = 64,
    CAPACITY_MAX = 1024,
    TOP_MAX = 10000,
    PEERS_MAX = 16,
    PEER_UNITS = 4 /* under way to another node at any time */
};

/* A node that helps. */
struct peer {
    char *endpoint;  /* borrowed from argv */
    const char *key; /* its public key, or NULL: plain */
};

struct options {
    uint32_t workers;             /* threads, and as many splitters and counters */
    uint32_t capacity;            /* messages in the mailbox of each actor */
    uint32_t top;                 /* of how many words the counts are shown */
    const char *output;           /* file for the counts of all words, or NULL */
    char **paths;                 /* borrowed from argv; ended by NULL */
    struct peer peers[PEERS_MAX]; /* those that are to help */
    uint32_t peer_count;
    const char *help_at; /* not NULL: helps others that dial there, and reads nothing itself */
    uint32_t dead_after; /* seconds of silence after which a node counts as dead */
    const char *key_file;
    const char *allowed_file;
};

/* Reads the arguments. Returns -1 to go on; else the exit status, after a line on stderr (or, if
 * help was asked for, the help on stdout). */
int options_read(struct options *options, int argc, char **argv);

#endif
