/* SPDX-License-Identifier: MIT */
/* fds: the descriptors that the actors on one worker wait for.
 *
 * The port reports a descriptor once and then has to be asked again: what is reported for a
 * descriptor that was closed and whose number means another by now does no more than wake in vain.
 * Owns:       an entry for each descriptor; a wait lies with who waits.
 * Invariants: an entry has at least one wait, and the port is asked for what its waits want
 *             together. A wait is in the entry of its descriptor from add until it is over.
 *             The extra of an actor counts its waits.
 * Threads:    the worker's.
 * Fails:      only in add.
 * Uses:       map, timers, ports. */
#ifndef TR_CORE_FDS_H
#define TR_CORE_FDS_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/io.h>

#include "base/list.h"
#include "base/map.h"
#include "core/ports.h"
#include "core/timers.h"

/* How often it is looked whether what is waited for is still open. */
#define TR_FDS_CHECK_NS UINT64_C(1000000000)

#define TR_FDS_EVENTS ((uint32_t) TROUPE_READABLE | (uint32_t) TROUPE_WRITABLE)

struct tr_actor;

typedef struct tr_fd_wait tr_fd_wait;
struct tr_fd_wait {
    tr_list link; /* in its entry */
    struct tr_actor *actor;
    /* Told when it is over, but not by remove. Runs no user code, adds and removes no wait. */
    void (*over)(struct tr_worker *worker, tr_fd_wait *wait);
    int fd;
    uint32_t events;
    uint32_t ready;     /* of the events; 0 while it is not over */
    troupe_error error; /* not OK: over, as the descriptor was closed */
};

typedef struct tr_fds {
    tr_map entries; /* by descriptor */
    tr_timer check; /* runs while there are entries */
} tr_fds;

void tr_fds_init(struct tr_worker *worker);

/* Lets go of the waits without telling; the port is not told either. */
void tr_fds_fini(struct tr_worker *worker);

/* Begins a wait; actor, over, fd and events are set, the rest is zero.
 * Errors: BAD_ARGUMENT for what cannot be waited for; LIMIT_REACHED; NO_MEMORY; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_fds_add(struct tr_worker *worker, tr_fd_wait *wait);

/* Ends a wait; does nothing if it is over. */
void tr_fds_remove(struct tr_worker *worker, tr_fd_wait *wait);

static inline bool tr_fd_wait_is_over(const tr_fd_wait *wait)
{
    return wait->ready != 0 || wait->error != TROUPE_OK;
}

/* The port reports a descriptor. */
void tr_fds_came(struct tr_worker *worker, int fd, uint32_t ready);

/* The descriptor is closed or going to be: its waits are over with BAD_ARGUMENT. */
void tr_fds_forget(struct tr_worker *worker, int fd);

static inline bool tr_fds_is_empty(const tr_fds *fds)
{
    return fds->entries.count == 0;
}

/* True if every invariant above holds. For tests. */
bool tr_fds_is_sound(const tr_fds *fds);

#endif
