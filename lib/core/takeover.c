/* SPDX-License-Identifier: MIT */
#include "core/takeover.h"

#include "base/assert.h"
#include "core/attached.h"
#include "core/misuse.h"
#include "core/tasks.h"

/* Whose turn it is at this seat. Its slot is its own for as long. */
static tr_actor *actor_of(tr_worker *worker, const tr_seat *seat)
{
    const uint32_t index = atomic_load_explicit(&seat->slot, memory_order_relaxed);
    const tr_slot *slot =
        index != TR_SEAT_EMPTY ? tr_slots_at(&worker->system->slots, index) : NULL;
    return slot != NULL ? atomic_load_explicit(&slot->actor, memory_order_relaxed) : NULL;
}

bool tr_takeover_is_possible(tr_worker *worker, const tr_seat *seat)
{
    const tr_actor *actor = actor_of(worker, seat);
    return worker->guard == NULL && actor != NULL && actor->state == TR_ACTOR_LIVE &&
           actor->seat == seat;
}

bool tr_takeover_is_useful(const tr_worker *worker, uint64_t now_ns)
{
    return worker->run_head != NULL || worker->inner.head != NULL ||
           worker->outboxes_used != NULL || tr_worker_next_due_ns(worker) <= now_ns;
}

void tr_takeover_begin(tr_worker *worker, const tr_seat *seat)
{
    tr_actor *actor = actor_of(worker, seat);
    TR_ASSERT(!actor->is_taken);
    tr_worker_make_unrunnable(worker, actor); /* it may have sent itself something */
    actor->is_taken = true;
    actor->is_runnable = true; /* so that nobody puts it into the run queue */
}

void tr_takeover_end(tr_worker *worker, const tr_seat *seat)
{
    tr_actor *actor = actor_of(worker, seat);
    TR_ASSERT(actor->is_taken);
    actor->is_taken = false;
    /* A behavior may have been made runnable meanwhile; one turn for nothing does no harm. A task
     * that runs is never made so, but others of the same actor are. */
    actor->is_runnable = false;
    if (actor->task == NULL || tr_tasks_are_ready(actor)) {
        tr_worker_make_runnable(worker, actor);
    }
}

void tr_takeover_enter(const troupe_self *self, uint32_t special)
{
    tr_worker *worker = self->actor->worker;
    const tr_ports *ports = &worker->system->ports;
    if ((special & TR_SEAT_CHECKED) != 0) {
        tr_misuse_check_thread(self);
    }
    if (worker->guard != NULL) {
        tr_attached_enter(self);
    } else if ((special & TR_SEAT_TAKEN) != 0) {
        ports->want_worker(ports->context, worker, self->actor->seat);
    }
}

void tr_takeover_leave(const troupe_self *self, uint32_t special)
{
    tr_worker *worker = self->actor->worker;
    const tr_ports *ports = &worker->system->ports;
    if (worker->guard != NULL) {
        tr_attached_leave(self);
    } else if ((special & TR_SEAT_TAKEN) != 0) {
        ports->return_worker(ports->context, worker, self->actor->seat);
    }
}

void tr_takeover_come_back(const tr_actor *actor)
{
    tr_worker *worker = actor->worker;
    const tr_ports *ports = &worker->system->ports;
    if (worker->guard == NULL && tr_seat_is_taken(actor->seat)) {
        ports->come_back(ports->context, worker, actor->seat);
    }
}
