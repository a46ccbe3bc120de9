/* SPDX-License-Identifier: MIT */
/* system: what the workers of one node share.
 *
 * Owns:    the slots, the names, the list of workers (each is its maker's).
 * Threads: options do not change after init; what is atomic, any; the rest under the ports'
 *          lock. */
#ifndef TR_CORE_SYSTEM_H
#define TR_CORE_SYSTEM_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "core/dead_ring.h"
#include "core/groups.h"
#include "core/limits.h"
#include "core/nodes.h"
#include "core/ports.h"
#include "core/settings.h"
#include "core/slot.h"

typedef struct tr_worker tr_worker;

typedef struct tr_system_options {
    uint64_t node_id; /* the incarnation; not 0 */
    uint64_t memory_budget;
    uint64_t seed;
    uint32_t workers; /* regular ones, made before anything runs */
    uint32_t ends_max;
    uint32_t actors_max;
    uint32_t mailbox_capacity_default;
    uint32_t turn_messages;
    uint32_t has_balance;
    uint32_t has_proxy;  /* the worker after the regular ones is for threads from outside */
    uint32_t has_border; /* the one after that is for what goes to other nodes, */
    uint32_t border_is_shared; /* or the first regular one */
    uint32_t is_debug;   /* what users do wrong is looked for */
} tr_system_options;

/* See quarantine. */
typedef struct tr_quarantine {
    tr_list entries;
    uint64_t last_id;
    uint64_t bytes;
    uint32_t count;
} tr_quarantine;

typedef struct tr_system {
    tr_system_options options;
    uint64_t hash_key; /* of maps whose keys others choose */
    tr_ports ports;
    tr_slots slots;
    void *node; /* what troupe_self_node gives */
    _Atomic uint64_t budget_left;
    /* 1: no new root actors, no intake; 2: no new actors at all, or a crowd that spawns faster than
     * it is told to stop would never end. */
    _Atomic uint32_t is_stopping;
    _Atomic uint32_t subscriber_count;
    _Atomic uint64_t dead_letters_logged;
    _Atomic uint64_t dead_letters_unlogged; /* since the last line */
    _Atomic uint64_t dead_letter_log_ns;    /* when the next line may be logged */
    _Atomic uint32_t misuses_logged;
    tr_dead_ring dead_ring;
    _Atomic uint32_t key_placed; /* spreads PLACE_ANY among equals */
    tr_address guardian;         /* the root of the tree */
    tr_address far_nursery;      /* see far; the border's worker's */
    tr_address inspector;        /* set before the node has to do with any other; or nobody */
    /* Of ways to other nodes: counted under the lock; see far_window. */
    _Atomic uint64_t far_changes;
    tr_address last_root;        /* its child that is told to stop when the others have ended */
    tr_settings settings;        /* those of spawn options that say nothing */
    /* Under the lock. */
    uint32_t ends;    /* those with a lower index may have actors */
    bool lacks_proxy; /* but for the one for threads from outside: there has been none */
    tr_map names;
    tr_quarantine quarantine;
    tr_map types;        /* see types */
    tr_map offers;       /* see offers */
    tr_address far_home; /* see far */
    tr_map far_nodes;    /* see far */
    tr_nodes nodes;
    tr_list seats;                 /* see placements */
    tr_groups groups;
    const struct tr_far_port *far; /* NULL: the node has to do with no other */
    tr_address subscribers[TR_DEAD_LETTER_SUBSCRIBERS_MAX];
    /* By index; set before the index is known to any other worker. */
    _Atomic(tr_worker *) workers[TR_ENDS_MAX];
} tr_system;

/* `options` complete, without zeros. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_system_init(tr_system *system, const tr_system_options *options,
                                              const tr_ports *ports);
/* After all workers have been finished. */
void tr_system_fini(tr_system *system);

/* This end is going to have an actor. */
void tr_system_note_end(tr_system *system, uint32_t index);

static inline tr_worker *tr_system_worker(tr_system *system, uint32_t index)
{
    return atomic_load_explicit(&system->workers[index], memory_order_acquire);
}

static inline tr_slot *tr_system_slot(tr_system *system, tr_address address)
{
    return tr_slots_at(&system->slots, address.slot);
}

/* The ref of an address of this node. */
troupe_ref tr_system_ref(const tr_system *system, tr_address address);

/* Those that there are from the beginning to the end. */
static inline uint32_t tr_system_fixed_workers(const tr_system *system)
{
    const tr_system_options *options = &system->options;
    return options->workers + options->has_proxy +
           (options->border_is_shared != 0 ? 0 : options->has_border);
}

/* With has_border. */
static inline uint32_t tr_system_border_worker(const tr_system *system)
{
    return system->options.border_is_shared != 0
               ? 0
               : system->options.workers + system->options.has_proxy;
}

/* The address that a ref of this node names. Errors: of a ref of another node LOCAL_ONLY, or STALE
 * where there can be no other; NO_SUCH_ACTOR for a slot that was never used or a ref that names
 * nobody. */
TROUPE_MUST_CHECK troupe_error tr_system_address(const tr_system *system, troupe_ref ref,
                                                 tr_address *out_address);

#endif
