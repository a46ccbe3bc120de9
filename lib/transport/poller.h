/* SPDX-License-Identifier: MIT */
/* poller: a set of descriptors, each reported once until it is asked for again.
 *
 * Owns:    its epoll set; the descriptors stay their owners'. One that is closed leaves the set by
 *          itself, unless a copy of it is open elsewhere: then it may be reported once more.
 * Threads: one at a time; tr_poller_is_ready any, between create and destroy.
 * Fails:   in create, add and change, with nothing changed. */
#ifndef TR_TRANSPORT_POLLER_H
#define TR_TRANSPORT_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>

/* What one look reports at most. */
#define TR_POLLER_EVENTS_MAX 128

typedef struct tr_poller tr_poller;

typedef struct tr_poller_event {
    int fd;
    uint32_t ready; /* bits of troupe_fd_event; errors and hang-ups are both */
} tr_poller_event;

/* Errors: NO_MEMORY; LIMIT_REACHED when descriptors are out; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_poller_create(const troupe_allocator *allocator,
                                                tr_poller **out_poller);
/* Takes NULL. */
void tr_poller_destroy(tr_poller **poller);

/* Readable when any of the set is ready. */
int tr_poller_fd(const tr_poller *poller);
bool tr_poller_is_ready(const tr_poller *poller);

/* Errors: NO_MEMORY; LIMIT_REACHED; SYSTEM; BAD_ARGUMENT for what is not open, cannot be polled or
 *         is in the set. */
TROUPE_MUST_CHECK troupe_error tr_poller_add(tr_poller *poller, int fd, uint32_t events);

/* Asks for one more report, of these events.
 * Errors: BAD_ARGUMENT if it is not in the set, as it was closed; NO_MEMORY; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_poller_change(tr_poller *poller, int fd, uint32_t events);

/* Does nothing if it has left the set by itself. */
void tr_poller_remove(tr_poller *poller, int fd);

/* Without waiting. Returns how many events *out_events has, borrowed until the next look. */
uint32_t tr_poller_look(tr_poller *poller, const tr_poller_event **out_events);

/* Of any one descriptor, in no set. Errors: BAD_ARGUMENT if it is not open; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_poller_look_at(int fd, uint32_t events, uint32_t *out_ready);

#endif
