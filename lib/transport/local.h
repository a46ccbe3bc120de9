/* SPDX-License-Identifier: MIT */
/* local: sockets in the file system, by which programs of one user on one machine meet.
 *
 * Who can open the file can connect: it is made with mode 0600, so that is its owner, and root.
 * Owns:    the file, between open and close.
 * Threads: its owner's.
 * Fails:   in open. */
#ifndef TR_TRANSPORT_LOCAL_H
#define TR_TRANSPORT_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>
#include <troupe/error.h>

#define TR_LOCAL_SCHEME "ipc://"

typedef struct tr_local {
    char path[108]; /* "": there is none */
    dev_t device;
    ino_t inode; /* which another file may have after this one: so its time tells, too */
    struct timespec changed;
    int fd; /* listens; whoever is given it closes it */
} tr_local;

/* Whether the endpoint is of this kind at all; and whether its path can be one: absolute, and of at
 * most 107 bytes. */
bool tr_local_is(const char *endpoint);
bool tr_local_is_possible(const char *endpoint);

/* Listens at "ipc:///path". A file that was left there by one who listens no more is replaced.
 * Errors: NAME_TAKEN: somebody listens there, or it is another kind of file; BAD_ARGUMENT; SYSTEM,
 *         with errno. */
TROUPE_MUST_CHECK troupe_error tr_local_open(tr_local *local, const char *endpoint);
/* Removes the file, unless it is another's by now. Takes one that is all zero. */
void tr_local_close(tr_local *local);

/* Whether what lies there is this user's, or root's: nobody else is to be spoken to. Also if
 * nothing does. */
bool tr_local_is_trusted(const char *endpoint);

#endif
