/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    FTS *tree;
};

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

struct walk *walk_create(char **paths)
{
    struct walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL) {
        return NULL;
    }
    /* NOCHDIR: the working directory is the whole process's. */
    walk->tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (walk->tree == NULL) {
        walk_destroy(&walk);
    }
    return walk;
}

void walk_destroy(struct walk **walk)
{
    if (*walk == NULL) {
        return;
    }
    if ((*walk)->tree != NULL) {
        (void) fts_close((*walk)->tree); /* nothing was changed that could be lost */
    }
    free(*walk);
    *walk = NULL;
}

static void fail(struct step *step, int error)
{
    step->fd = -1;
    step->trouble = strerrordesc_np(error);
}

/* The file may have been replaced by something else since it was listed: a pipe must not hold up
 * the open, and a link not lead elsewhere. */
static void open_file(struct step *step)
{
    step->fd = open(step->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (step->fd < 0) {
        fail(step, errno);
        return;
    }

    struct stat status;
    if (fstat(step->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        (void) close(step->fd); /* only read */
        step->fd = -1;
        step->trouble = "no longer a regular file";
    }
}

/* Whether there is something to tell about this entry. */
static bool look(const FTSENT *entry, struct step *step)
{
    *step = (struct step) {.path = entry->fts_path, .fd = -1};
    switch (entry->fts_info) {
    case FTS_F:
        open_file(step);
        return true;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        fail(step, entry->fts_errno);
        return true;
    case FTS_DC:
        step->trouble = "a directory within itself";
        return true;
    case FTS_SL:
    case FTS_SLNONE:
        step->trouble = "a symbolic link";
        return entry->fts_level == FTS_ROOTLEVEL;
    case FTS_DEFAULT:
        step->trouble = "neither a file nor a directory";
        return entry->fts_level == FTS_ROOTLEVEL;
    default: /* a directory, before or after what is in it */
        return false;
    }
}

bool walk_next(struct walk *walk, struct step *step)
{
    const FTSENT *entry = NULL;
    while ((entry = fts_read(walk->tree)) != NULL) {
        if (look(entry, step)) {
            return true;
        }
    }
    return false;
}
