/* SPDX-License-Identifier: MIT */
/* node: one node's parts, and what the modules of this layer know of each other's state.
 *
 * Phases only go up. The keeper's thread moves the phase on from RUNNING to STOPPED; what the phase
 * waits for is told by waking it.
 * Owns:       all parts.
 * Invariants: engines[i] exists for i < ends.count from start on, and stays until destroy.
 * Threads:    settings, system, stacks, inproc: do not change between create and destroy. The rest
 *             under the mutex, which is never held while user code or a worker runs.
 * Uses:       everything below. */
#ifndef TR_NODE_NODE_H
#define TR_NODE_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <troupe/node.h>

#include "base/thread.h"
#include "core/ends.h"
#include "core/handle.h"
#include "node/engine.h"
#include "node/hosts.h"
#include "node/settings.h"
#include "node/signals.h"
#include "node/spares.h"
#include "transport/waiter.h"

typedef enum tr_node_phase {
    TR_NODE_MADE,
    TR_NODE_RUNNING,
    TR_NODE_DRAINING,   /* no new roots; until nothing is held */
    TR_NODE_STOPPING,   /* all actors told to stop; until the last has ended */
    TR_NODE_CANCELLING, /* all actors cancelled; likewise */
    TR_NODE_ENDING,     /* the threads are told to end */
    TR_NODE_STOPPED
} tr_node_phase;

typedef struct tr_root tr_root;
typedef struct tr_crew tr_crew;
typedef struct tr_proxy tr_proxy;
typedef struct tr_watchdog tr_watchdog;

struct troupe_node {
    tr_node_settings settings;
    tr_system system;
    tr_stacks *stacks;
    tr_inproc *inproc;
    tr_hosts hosts;
    tr_hub *hub; /* NULL: the node has to do with no other */
    tr_guest guest;
    tr_mutex reloading; /* of keys */
    tr_signals signals;
    bool has_faults; /* the handlers of faults are open for this node */
    tr_crowd crowd;
    int64_t process_id; /* of who made it; another one is a child by fork */
    tr_mutex shared;    /* the core's lock: names, subscribers */
    tr_mutex mutex;
    tr_condition changed; /* phase, roots */
    tr_ends ends;
    tr_engine *engines[TR_ENDS_MAX];
    tr_crew *crew;
    tr_gate *gate;
    tr_proxy *proxy;         /* NULL: no thread from outside was ever attached */
    tr_root *roots;          /* starts that are waited for, or were given up */
    troupe_error root_error; /* of the first root actor that failed */
    tr_node_phase phase;
    bool is_starting;
    bool is_stop_wanted;
    bool stops_with_root; /* when its root actor has ended */
    bool has_all_ended;   /* the actors */
    bool has_left_behind; /* actors that did not end */
    bool has_keeper;
    tr_thread keeper;
    tr_waiter *keeper_waiter;
    tr_watchdog *watchdog; /* NULL: nobody watches */
    tr_spares *spares;     /* NULL: a handler that blocks holds up its worker */
    tr_engine_call stop_call;
    tr_engine_call cancel_call;
    TR_MARK_FIELD(mark)
};

static inline uint64_t tr_node_now_ns(const troupe_node *node)
{
    const tr_clock *clock = &node->system.ports.clock;
    return clock->now_ns(clock->context);
}

/* Whether the caller is a child by fork, in which the node has no threads. */
bool tr_node_is_forked(const troupe_node *node);

/* Whether the caller is one of the node's worker threads. Takes the mutex. */
bool tr_node_is_inside(troupe_node *node);

tr_node_phase tr_node_phase_now(troupe_node *node);

/* Tells it to stop; join returns this error, unless there was another. Threads: any. */
void tr_node_give_up(troupe_node *node, troupe_error error);

/* Spawns a root actor without waiting for its start. */
TROUPE_MUST_CHECK troupe_error tr_node_spawn_nowait(troupe_node *node,
                                                    const troupe_spawn_options *options,
                                                    troupe_ref *out_ref);

#endif
