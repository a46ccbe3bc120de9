/* SPDX-License-Identifier: MIT */
/* timers: what is to happen at a time; a hierarchical timing wheel that is exact to the nanosecond.
 *
 * Owns:       nothing; a timer lies in the thing that it times.
 * Invariants: now_ns is at or before what was last advanced to. A running timer that is due at or
 *             after now_ns is in the slot that its due_ns and now_ns name, in order of starting;
 *             one due earlier is in `overdue`, by due_ns. A slot's due_min_ns is at or before the
 *             first timer in it and not before the slot; TR_NEVER if the slot is empty.
 * Threads:    only the worker that owns the timers.
 * Fails:      never; never allocates. */
#ifndef TR_CORE_TIMERS_H
#define TR_CORE_TIMERS_H

#include "base/list.h"
#include "core/observe.h"
#include "core/shake.h"

#include <stdbool.h>
#include <stdint.h>

#define TR_TIMERS_LEVEL_BITS TR_SHAKEN(6, 2)
#define TR_TIMERS_SLOTS (1 << TR_TIMERS_LEVEL_BITS)
#define TR_TIMERS_LEVELS ((64 + TR_TIMERS_LEVEL_BITS - 1) / TR_TIMERS_LEVEL_BITS)

typedef struct tr_timer tr_timer;
struct tr_timer {
    tr_list link;
    uint64_t due_ns;
    void (*fire)(tr_timer *timer, void *context);
    void *context;
};

typedef struct tr_timers_slot {
    tr_list list;
    uint64_t due_min_ns;
} tr_timers_slot;

typedef struct tr_timers {
    uint64_t now_ns;
    uint32_t occupied_levels;                  /* a bit for each level that is not empty */
    uint64_t occupied_slots[TR_TIMERS_LEVELS]; /* a bit for each slot that is not empty */
    tr_list overdue;
    tr_timers_slot slots[TR_TIMERS_LEVELS][TR_TIMERS_SLOTS];
} tr_timers;

void tr_timers_init(tr_timers *timers, uint64_t now_ns);

/* Before the first start. `fire` may start and cancel any timer, this one too, and may free it. */
void tr_timer_init(tr_timer *timer, void (*fire)(tr_timer *timer, void *context), void *context);

/* From start until cancelled or fired; in `fire` it is over. */
bool tr_timer_is_running(const tr_timer *timer);

/* Any time will do, a past one too. One that is running starts again. */
void tr_timers_start(tr_timers *timers, tr_timer *timer, uint64_t due_ns);

/* Does nothing if the timer is not running. */
void tr_timers_cancel(tr_timers *timers, tr_timer *timer);

/* Takes a timer that runs out of the wheel, into a list in which it waits for another. */
static inline void tr_timers_pack(tr_timers *timers, tr_timer *timer, tr_list *packed)
{
    if (tr_timer_is_running(timer)) {
        TR_TELL(TIMER_PACKED, .timers = timers, .timer = timer);
        tr_timers_cancel(timers, timer);
        tr_list_push_back(packed, &timer->link);
    }
}

/* Starts all in the list anew, each for when it was due. */
void tr_timers_unpack(tr_timers *timers, tr_list *packed);

/* When to advance next; TR_NEVER if nothing runs. Never after the first timer is due. Earlier only
 * where one that was to be the first was cancelled; to advance then finds out, so that it is always
 * after what was last advanced to, unless a timer was started too late. */
uint64_t tr_timers_next_due_ns(const tr_timers *timers);

/* Has the memory fetched that the first timers are going to need: of the second the timer, of the
 * first what it is for. */
void tr_timers_foresee(const tr_timers *timers);

/* Fires all that are due at or before now_ns, in the order of due_ns, where equal in that of
 * starting; those too that start meanwhile and are due. Hence a timer that starts itself again must
 * be due later each time. */
void tr_timers_advance(tr_timers *timers, uint64_t now_ns);

/* True if every invariant above holds; walks all timers. For tests. */
bool tr_timers_is_sound(const tr_timers *timers);

#endif
