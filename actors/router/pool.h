/* SPDX-License-Identifier: MIT */
/* pool: a router that owns its workers, as many as it takes to keep what it is sent from waiting.
 *
 * What is sent to the pool goes to the worker with the fewest messages in its mailbox, as
 * router.h says. Now and then the pool looks at how long messages wait: what is queued, divided by
 * what was handled since it last looked (Little's law). When that is too long it grows, by as many
 * as that asks for but at most to twice as many; when it has been short for a while one worker is
 * let go: it gets no more, and is stopped when it has handled what it has. One that fails is
 * replaced when the pool looks next.
 *
 * A worker is any actor that handles one message after the other. The last message that one gets
 * is a troupe_pool_farewell, a request that it has only to end like any other it does not know. */
#ifndef TROUPE_POOL_H
#define TROUPE_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Zero means the default of each field. */
typedef struct troupe_pool_options {
    size_t size;      /* set by TROUPE_POOL */
    const char *name; /* registered; NULL: none */
    /* What a worker is; needed. What it borrows has to live as long as the pool. Without a place
     * each goes to the worker thread with the fewest actors. */
    const troupe_spawn_options *worker;
    troupe_timeout delay_max;   /* grows above that; not given: 10 ms */
    troupe_timeout check_every; /* not given: 100 ms */
    uint32_t workers_min;       /* 0: 1 */
    uint32_t workers_max;       /* 0: 16, or workers_min if that is more; at most 4096 */
    uint32_t calm_checks;       /* in a row below a quarter of delay_max, to let one go; 0: 10 */
    uint32_t mailbox_capacity;  /* of the pool itself; 0: the node's default */
} troupe_pool_options;

#define TROUPE_POOL(...)                                                                           \
    (&(const troupe_pool_options) {.size = sizeof(troupe_pool_options), __VA_ARGS__})

/* Spawns a pool with workers_min workers, as a child. For coroutines.
 * Errors: those of troupe_spawn; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error troupe_pool_spawn(troupe_self *self,
                                                 const troupe_pool_options *options,
                                                 troupe_ref *out_pool);

/* A request to the pool itself, answered with a troupe_pool_info. */
extern const troupe_type troupe_pool_look_type;

typedef struct troupe_pool_info {
    uint64_t routed;
    uint64_t refused;
    uint64_t grown;    /* workers spawned */
    uint64_t shrunk;   /* workers let go */
    uint64_t delay_ns; /* as last looked at; UINT64_MAX: nothing was handled, or a mailbox
                        * is full and others wait for room */
    uint32_t workers;
    uint32_t leaving; /* 1: one is being let go */
} troupe_pool_info;
extern const troupe_type troupe_pool_info_type;

extern const troupe_type troupe_pool_farewell_type; /* no body */

TROUPE_END

#endif
