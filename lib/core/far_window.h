/* SPDX-License-Identifier: MIT */
/* far_window: which window a send to an actor of another node counts in.
 *
 * A window is the mailbox of an outlet, an actor of ours that stands for actors of one other node;
 * see docs/credit.md. Whoever is to send asks by the receiver, and is given an outlet of its own
 * for it as long as some are ready, else one that all others share. Which it is has no bearing on
 * where a message goes.
 * Owns:       the buckets; the windows are the border's.
 * Invariants: a window is ready, or bound to one receiver, or of no use to anybody new.
 * Threads:    any; guarded by the ports' lock. Who calls pick has it. */
#ifndef TR_CORE_FAR_WINDOW_H
#define TR_CORE_FAR_WINDOW_H

#include "base/list.h"
#include "base/map.h"
#include "core/system.h"

typedef struct tr_far_window {
    tr_map_node by_receiver; /* while bound */
    tr_list ready;           /* while ready */
    tr_address there;
    tr_address outlet;
    uint64_t uses;
    bool is_bound;
} tr_far_window;

/* Those of one other node. */
typedef struct tr_far_windows {
    tr_map bound;
    tr_list ready;
    tr_address common; /* the outlet that is shared */
    uint32_t ready_count;
    uint32_t missed; /* times that none was ready */
} tr_far_windows;

void tr_far_windows_init(tr_far_windows *windows, const troupe_allocator *allocator);
void tr_far_windows_fini(tr_far_windows *windows);

/* Windows that were picked on one worker lately. They are known without the lock until anything
 * changes, or they have been used so often that their uses are to be counted. */
#define TR_FAR_WAYS 8
#define TR_FAR_WAY_USES 64

typedef struct tr_far_way {
    uint64_t node;
    tr_address there;
    tr_address outlet;
    uint64_t changes; /* the system's, when it was picked */
    uint32_t uses_left;
} tr_far_way;

typedef struct tr_far_ways {
    tr_far_way ways[TR_FAR_WAYS];
} tr_far_ways;

static inline tr_far_way *tr_far_way_of(tr_far_ways *ways, troupe_ref to)
{
    return &ways->ways[(to.slot ^ to.node) % TR_FAR_WAYS];
}

/* Threads: only the worker's, as for the next. False: it is to be picked. */
static inline bool tr_far_ways_know(tr_far_ways *ways, const tr_system *system, troupe_ref to,
                                    tr_address *out_outlet)
{
    tr_far_way *way = tr_far_way_of(ways, to);
    /* Relaxed: who was told of a change by a message has the count from before that too. */
    const uint64_t changes = atomic_load_explicit(&system->far_changes, memory_order_relaxed);
    if (way->uses_left == 0 || way->changes != changes || way->node != to.node ||
        way->there.slot != to.slot || way->there.generation != to.generation) {
        return false;
    }
    way->uses_left--;
    *out_outlet = way->outlet;
    return true;
}

/* It was picked. */
void tr_far_ways_note(tr_far_ways *ways, const tr_system *system, troupe_ref to, tr_address outlet);

/* No way is as it was. Who calls it has the lock. */
void tr_far_ways_change(tr_system *system);

/* The outlet for sends to this actor there. */
tr_address tr_far_windows_pick(const tr_system *system, tr_far_windows *windows, tr_address there);

/* Makes one ready for its first receiver. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_far_windows_add(tr_system *system, tr_far_windows *windows,
                                                  tr_far_window *window);

/* It is bound to nobody any more: ready again, or of no use. */
void tr_far_windows_unbind(tr_system *system, tr_far_windows *windows, tr_far_window *window,
                           bool is_ready);

/* This outlet is the one that is shared from now on. */
void tr_far_windows_share(tr_system *system, tr_far_windows *windows, tr_address outlet);

/* How many are ready, and how often none was since this was asked. */
uint32_t tr_far_windows_look(tr_system *system, tr_far_windows *windows, uint32_t *out_missed);

/* Whether it is bound, and how often it was picked. */
bool tr_far_windows_is_bound(tr_system *system, const tr_far_window *window, uint64_t *out_uses);

/* Has the slot of an outlet take its bytes of this actor's too. Before anybody knows it. */
void tr_far_window_found(tr_slot *slot, tr_address pool);

#endif
