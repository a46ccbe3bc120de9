/* SPDX-License-Identifier: MIT */
/* launch: what a program is to be started with, copied, and the starting.
 *
 * Owns:    one block with all its strings.
 * Threads: one at a time. */
#ifndef TR_IO_LAUNCH_H
#define TR_IO_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <troupe/allocator.h>
#include <troupe/error.h>
#include <troupe/process.h>

typedef struct tr_launch {
    const troupe_allocator *allocator;
    size_t size;
    char *program;
    char *folder;       /* NULL: as it is */
    char **arguments;   /* ended by NULL */
    char **environment; /* ended by NULL; NULL: ours */
    troupe_stream streams[3];
    bool has_own_group;
} tr_launch;

typedef struct tr_launched {
    pid_t id;
    int ends[3]; /* of pipes; -1: none */
} tr_launched;

/* Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_launch_create(const troupe_allocator *allocator,
                                                const troupe_process_options *options,
                                                tr_launch **out_launch);
/* Takes NULL. */
void tr_launch_destroy(tr_launch **launch);

/* 0, or an errno with nothing left. */
int tr_launch_run(const tr_launch *launch, tr_launched *out_launched);

#endif
