/* SPDX-License-Identifier: MIT */
/* waiter: where one thread sleeps until a descriptor is ready, a deadline has come or another
 * thread wakes it.
 *
 * Descriptors are reported as long as they are ready (level-triggered).
 * Owns:    its epoll set and its descriptor for waking; those added stay the caller's.
 * Threads: the thread that waits; tr_waiter_wake any, between create and destroy.
 * Fails:   in create and add, with nothing changed. */
#ifndef TR_TRANSPORT_WAITER_H
#define TR_TRANSPORT_WAITER_H

#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>

#include "base/clock.h"

/* What one wait reports at most; the rest is reported by the next. */
#define TR_WAITER_EVENTS_MAX 64

typedef struct tr_waiter tr_waiter;

/* Bits. Errors and hang-ups are reported, asked for or not, as both. */
typedef enum tr_waiter_interest {
    TR_WAITER_READ = 1,
    TR_WAITER_WRITE = 2,
    TR_WAITER_READ_AND_WRITE = 3
} tr_waiter_interest;

typedef struct tr_waiter_event {
    void *tag;      /* as given with the descriptor */
    uint32_t ready; /* bits of tr_waiter_interest */
} tr_waiter_event;

/* Errors: NO_MEMORY; LIMIT_REACHED when descriptors are out; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_waiter_create(const troupe_allocator *allocator,
                                                tr_waiter **out_waiter);
void tr_waiter_destroy(tr_waiter **waiter);

/* The descriptor is not added yet; `tag` is not NULL.
 * Errors: NO_MEMORY; LIMIT_REACHED; BAD_ARGUMENT for what cannot be waited on, such as a file. */
TROUPE_MUST_CHECK troupe_error tr_waiter_add(tr_waiter *waiter, int fd, tr_waiter_interest interest,
                                             void *tag);

/* Before the descriptor is closed. What the last wait reported of it may still be there. */
void tr_waiter_remove(tr_waiter *waiter, int fd);

/* Sleeps until something is ready, deadline_ns has come (TR_NEVER: none), a wake or a signal; with
 * a deadline that is not after now_ns, looks only. Both by the real clock of base/clock. Returns
 * how many events *out_events has, borrowed until the next wait.
 * Blocks: yes. */
uint32_t tr_waiter_wait(tr_waiter *waiter, uint64_t deadline_ns, uint64_t now_ns,
                        const tr_waiter_event **out_events);

/* Ends the wait under way or, if there is none, the next one at once. */
void tr_waiter_wake(tr_waiter *waiter);

#endif
