/* SPDX-License-Identifier: MIT */
/* seat: what a thread that runs a worker publishes of what it is at.
 *
 * The thread writes with plain stores of values that it has at hand; whoever watches it samples
 * them. A turn of the same worker with the same number of the same actor is one handler.
 * Owns:       nothing. A seat lives as long as its node, so that it can be read at any time.
 * Invariants: `slot` is that of the actor in whose turn the thread is; SEAT_EMPTY between passes.
 * Threads:    written by the thread that sits there, but for is_taken; read by any. */
#ifndef TR_CORE_SEAT_H
#define TR_CORE_SEAT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define TR_SEAT_EMPTY UINT32_MAX

typedef struct tr_seat {
    _Atomic uint32_t is_inside; /* in the library (1) or in user code (0) */
    _Atomic uint32_t slot;
    _Atomic uint32_t number;    /* goes down with each message of the turn */
    _Atomic(const void *) type; /* of the message being handled; NULL: none */
} tr_seat;

static inline void tr_seat_init(tr_seat *seat)
{
    atomic_init(&seat->is_inside, 1);
    atomic_init(&seat->slot, TR_SEAT_EMPTY);
    atomic_init(&seat->number, 0);
    atomic_init(&seat->type, NULL);
}

/* All stores are relaxed: they are samples for who looks from outside. */

static inline void tr_seat_set_slot(tr_seat *seat, uint32_t slot)
{
    atomic_store_explicit(&seat->slot, slot, memory_order_relaxed);
}

static inline void tr_seat_set_number(tr_seat *seat, uint32_t number)
{
    atomic_store_explicit(&seat->number, number, memory_order_relaxed);
}

static inline void tr_seat_set_type(tr_seat *seat, const void *type)
{
    atomic_store_explicit(&seat->type, type, memory_order_relaxed);
}

/* The thread goes from the library to user code, and back. */
static inline void tr_seat_leave(tr_seat *seat)
{
    atomic_store_explicit(&seat->is_inside, 0, memory_order_relaxed);
}

static inline void tr_seat_enter(tr_seat *seat)
{
    atomic_store_explicit(&seat->is_inside, 1, memory_order_relaxed);
}

#endif
