/* SPDX-License-Identifier: MIT */
/* walk: the regular files below some paths, one after the other, in byte order of their names.
 *
 * Symbolic links are not followed; they, sockets, pipes and devices are passed over in silence, but
 * one that was given as a path is trouble. */
#ifndef WORDCOUNT_WALK_H
#define WORDCOUNT_WALK_H

#include <stdbool.h>

struct walk;

/* One step: an open file, or a path that cannot be read. */
struct step {
    const char *path; /* borrowed until the next step */
    int fd;           /* the caller's to close; -1: trouble */
    const char *trouble;
};

/* `paths` ends with NULL. NULL if memory is out. */
struct walk *walk_create(char **paths);
void walk_destroy(struct walk **walk);

/* False at the end. */
bool walk_next(struct walk *walk, struct step *step);

#endif
