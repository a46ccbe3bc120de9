/* SPDX-License-Identifier: MIT */
/* spawn: bringing actors to life. */
#ifndef TROUPE_SPAWN_H
#define TROUPE_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/behavior.h>
#include <troupe/error.h>
#include <troupe/mailbox.h>
#include <troupe/message.h>
#include <troupe/monitor.h>
#include <troupe/ref.h>
#include <troupe/scope.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* A coroutine's code: runs on a small stack of its own (stack_size, also on a thread of its own)
 * and waits by calling. What it returns is how the actor ended; STOPPING, or STALE from those who
 * ended first, count as OK in an actor that was told to stop. Across a wait keep no lock, no
 * address of a thread-local and no errno. */
typedef troupe_error troupe_body(troupe_self *self, void *argument);

/* Where an actor runs. */
typedef enum troupe_place {
    TROUPE_PLACE_WITH_PARENT = 0, /* on the spawner's worker */
    TROUPE_PLACE_ANY,             /* on the worker with the fewest actors */
    TROUPE_PLACE_WORKER,          /* on worker number .place_worker */
    TROUPE_PLACE_BY_KEY,          /* on the worker that .place_key falls to */
    TROUPE_PLACE_OWN_THREAD       /* on a thread of its own, where it may block */
} troupe_place;

/* When an actor counts as started, for troupe_spawn. */
typedef enum troupe_ready_when {
    TROUPE_READY_WHEN_WAITING = 0, /* a coroutine at its first call that waits, whatever for; a
                                    * behavior when its `start` has returned */
    TROUPE_READY_WHEN_SAID         /* when it calls troupe_ready */
} troupe_ready_when;

/* What an actor is to be. Give `body` or `behavior`. Zero means the default of each field. */
typedef struct troupe_spawn_options {
    size_t size;      /* set by TROUPE_SPAWN */
    const char *name; /* registered, copied; at most 63 bytes; NULL: none */
    troupe_body *body;
    const troupe_behavior *behavior; /* borrowed for the actor's life */
    void *argument;                  /* handed to the body or to start; borrowed */
    /* NULL, or the child is monitored from its start on; set before it runs. Not for roots. */
    troupe_monitor_id *out_monitor;
    /* NULL, or an open scope of the spawner that the child belongs to: it is cancelled with it and
     * waited for when it is left, and if it fails after its start that is a failure in the scope.
     * Not for roots. See <troupe/scope.h>. */
    troupe_scope *scope;
    uint64_t mailbox_bytes; /* 0: 1 MiB; what messages may take above 256 bytes each */
    uint64_t reply_bytes;   /* 0: 64 KiB; the largest reply to an ask of this actor */
    uint64_t parked_bytes;  /* 0: 64 KiB; of a behavior's parked messages */
    uint64_t place_key;
    const troupe_type_rule *type_rules; /* borrowed for the node's life */
    size_t type_rule_count;
    troupe_conflate_key *conflate_key; /* NULL: one key per type */
    troupe_ref redirect_to;            /* of this node */
    troupe_timeout start_timeout;      /* not given: 5 s; for troupe_spawn */
    troupe_on_full on_full;
    uint32_t mailbox_capacity; /* messages; 0: the node's default; at most 4 million */
    uint32_t high_water;       /* messages; 0: three quarters of the capacity */
    uint32_t low_water;        /* messages; 0: a quarter of the capacity, or none if that is not
                                * below high_water */
    uint32_t parked_max;       /* messages of a behavior; 0: 64 */
    uint32_t asks_max;         /* open at once; 0: 1024 */
    uint32_t timers_max;       /* 0: 1024 */
    uint32_t monitors_max;     /* 0: 1024 */
    troupe_place place;
    uint32_t place_worker;
    troupe_ready_when ready_when;
    /* 1: stays on its worker; else it may be moved to another between its turns, unless .place
     * names a worker, a key or a thread of its own. */
    uint32_t pinned;
    uint32_t link;       /* 1: linked to its spawner from its start on; not for roots */
    uint32_t trap_exits; /* 1: told of the ends of those it is linked to, not cancelled */
    /* Given: requests that have waited too long in the mailbox are refused with OVERLOADED, as
     * admission.h says; what asks for no reply is not. */
    troupe_timeout admission_target;
    troupe_timeout admission_interval; /* not given: 100 ms */
} troupe_spawn_options;

#define TROUPE_SPAWN(...)                                                                          \
    (&(const troupe_spawn_options) {.size = sizeof(troupe_spawn_options), __VA_ARGS__})

/* Spawns a child and reports what its start returned: for a behavior its `start`; for a coroutine
 * its body, if that returns before it is ready (see troupe_ready_when). The child is stopped when
 * its parent ends. A behavior without `start` is ready at once.
 * Waits:       until the child is ready, at most start_timeout; one that is not by then is stopped.
 * Cancel-safe: TROUPE_OK and a child that is ready; or none: one that had begun is stopped.
 * Errors:      the child's own; NAME_TAKEN; LIMIT_REACHED (the node's actors_max, stacks, own
 *              threads); TIMED_OUT, CANCELLED, STOPPING; CANNOT_WAIT in a behavior, for a child
 *              that has a start; LOCAL_ONLY if redirect_to is of another node; NO_MEMORY;
 *              BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_spawn(troupe_self *self,
                                                       const troupe_spawn_options *options,
                                                       troupe_ref *out_ref);

/* Spawns a child without waiting for its start; what is sent to it meanwhile is kept for it. A
 * failing start is told like any end: to monitors and the log.
 * Errors: as troupe_spawn, less those of waiting and of the child. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_spawn_nowait(troupe_self *self,
                                                              const troupe_spawn_options *options,
                                                              troupe_ref *out_ref);

/* Says, from within a body, that it is ready. Said again, or not waited for: nothing happens. */
TROUPE_API void troupe_ready(troupe_self *self);

TROUPE_END

#endif
