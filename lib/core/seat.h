/* SPDX-License-Identifier: MIT */
/* seat: what a thread that runs a worker publishes of what it is at.
 *
 * The thread writes with plain stores of values that it has at hand; whoever watches it samples
 * them. A turn of the same worker with the same number of the same actor is one handler.
 * Owns:       nothing. A seat lives as long as its node, so that it can be read at any time.
 * Invariants: `slot` is that of the actor in whose turn the thread is; SEAT_EMPTY between passes.
 * Threads:    written by the thread that sits there, but for `special`; read by any. */
#ifndef TR_CORE_SEAT_H
#define TR_CORE_SEAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TR_SEAT_EMPTY UINT32_MAX

#define TR_SEAT_TAKEN 1U   /* its worker was taken within a handler, or has a guard */
#define TR_SEAT_CHECKED 2U /* debug mode: is it the right thread that calls? does not change */

typedef struct tr_seat {
    _Atomic uint32_t is_inside; /* in the library (1) or in user code (0) */
    _Atomic uint32_t special;   /* bits of what a bracket has to look at; 0 of most */
    _Atomic uint32_t slot;
    _Atomic uint32_t number;    /* goes down with each message of the turn */
    _Atomic(const void *) type; /* of the message being handled; NULL: none */
} tr_seat;

static inline void tr_seat_init(tr_seat *seat)
{
    atomic_init(&seat->is_inside, 1);
    atomic_init(&seat->special, 0);
    atomic_init(&seat->slot, TR_SEAT_EMPTY);
    atomic_init(&seat->number, 0);
    atomic_init(&seat->type, NULL);
}

/* Relaxed: samples for who looks from outside. */

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

/* The thread goes from the library to user code. The bits: where its worker has been taken it may
 * have borrowed it. */
static inline uint32_t tr_seat_leave(tr_seat *seat)
{
    /* Release: who takes the worker sees all that was done with it. */
    atomic_store_explicit(&seat->is_inside, 0, memory_order_release);
    return atomic_load_explicit(&seat->special, memory_order_relaxed);
}

/* And back. The bits: where its worker has been taken meanwhile nothing of it may be touched. */
static inline uint32_t tr_seat_enter(tr_seat *seat)
{
    atomic_store_explicit(&seat->is_inside, 1, memory_order_relaxed);
    /* The look is to come after the store. Here that binds the compiler only; the processor is
     * bound by the membarrier of who takes the worker (tests/models/takeover.pml). */
    atomic_signal_fence(memory_order_seq_cst);
    /* Acquire: one who looked at the worker and then did not take it has done with it. */
    return atomic_load_explicit(&seat->special, memory_order_acquire);
}

static inline bool tr_seat_is_inside(const tr_seat *seat)
{
    return atomic_load_explicit(&seat->is_inside, memory_order_acquire) != 0;
}

static inline bool tr_seat_is_taken(const tr_seat *seat)
{
    return (atomic_load_explicit(&seat->special, memory_order_acquire) & TR_SEAT_TAKEN) != 0;
}

/* One at a time. */
static inline void tr_seat_set_taken(tr_seat *seat, bool is_taken)
{
    const uint32_t kept =
        atomic_load_explicit(&seat->special, memory_order_relaxed) & ~TR_SEAT_TAKEN;
    atomic_store_explicit(&seat->special, kept | (is_taken ? TR_SEAT_TAKEN : 0),
                          memory_order_release);
}

/* Before anybody sits there. */
static inline void tr_seat_set_checked(tr_seat *seat)
{
    atomic_store_explicit(&seat->special, TR_SEAT_CHECKED, memory_order_relaxed);
}

#endif
