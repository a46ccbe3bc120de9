/* SPDX-License-Identifier: MIT */
#include "simulation/world_gate.h"

#include "base/assert.h"
#include "base/memory.h"

struct world_gate {
    tr_gate gate; /* first */
    const tr_ends *ends;
    bool *has_work; /* of each worker */
    bool *is_rung;
    bool is_locked;
};

static struct world_gate *of(tr_gate *gate)
{
    return TR_CONTAINER_OF(gate, struct world_gate, gate);
}

static void lock(tr_gate *gate)
{
    TR_ASSERT(!of(gate)->is_locked);
    of(gate)->is_locked = true;
}

static void unlock(tr_gate *gate)
{
    TR_ASSERT(of(gate)->is_locked);
    of(gate)->is_locked = false;
}

static void deliver(tr_gate *given, troupe_message *message, void *room)
{
    const struct world_gate *gate = of(given);
    const tr_system *system = gate->ends->system;
    const tr_slot *slot = tr_slots_at(&system->slots, message->receiver.slot);
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    tr_worker *worker = tr_ends_worker(gate->ends, tr_way_from(way));
    (void) room;
    tr_worker_route(worker, message);
    gate->has_work[worker->index] = true;
    *gate->is_rung = true;
}

static void free_gate(tr_gate *gate)
{
    tr_free(tr_allocator_default(), of(gate), sizeof(struct world_gate));
}

bool tr_world_gate_is_locked(tr_gate *gate)
{
    return of(gate)->is_locked;
}

troupe_error tr_world_gate_create(const troupe_allocator *allocator, const tr_ends *ends,
                                  bool *has_work, bool *is_rung, tr_gate **out_gate)
{
    struct world_gate *gate = tr_allocate(tr_allocator_default(), sizeof *gate);
    TR_REQUIRE(gate != NULL, NO_MEMORY);
    *gate = (struct world_gate) {
        .gate = {.lock = lock,
                 .unlock = unlock,
                 .deliver = deliver,
                 .free = free_gate,
                 .allocator = allocator},
        .ends = ends,
        .has_work = has_work,
        .is_rung = is_rung,
    };
    tr_gate_init(&gate->gate);
    *out_gate = &gate->gate;
    return TROUPE_OK;
}
