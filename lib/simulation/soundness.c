/* SPDX-License-Identifier: MIT */
#include "simulation/soundness.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "cluster/carrier.h"
#include "core/mailbox.h"
#include "core/park.h"
#include "core/quarantine.h"
#include "core/snapshot.h"

__attribute__((format(printf, 3, 4))) static bool fails(char *fault, size_t size,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(fault, size, format, arguments); /* cut if long */
    va_end(arguments);
    return false;
}

/* Those of a chain that the ledger counts as held. */
static uint64_t held_in(const troupe_message *message)
{
    uint64_t held = 0;
    for (; message != NULL; message = message->next) {
        held += tr_message_has(message, TR_MESSAGE_ACCEPTED) ? 1 : 0;
    }
    return held;
}

static uint64_t held_by_actor(const tr_actor *actor)
{
    if (actor->state == TR_ACTOR_ENDED) {
        return 0; /* its mailbox is gone */
    }
    uint64_t held = held_in(actor->lane.head) + held_in(actor->replies.head);
    held += held_in(actor->held);
    if (actor->lanes != NULL) {
        for (unsigned i = 0; i < TR_PRIORITIES - 1; i++) {
            held += held_in(actor->lanes->lanes[i].head);
        }
        held += held_in(actor->lanes->downs.head);
    }
    if (actor->extra != NULL) {
        held += actor->keeps ? held_in(actor->extra->kept.head) : 0;
        held += held_in(actor->extra->stash.head);
        held += tr_park_held(actor);
    }
    if (actor->is_entrance) {
        const tr_carrier *state = (const tr_carrier *) actor->state_block;
        held += tr_landing_held(&state->peer->landings);
    }
    return held;
}

static uint64_t held_by_worker(const tr_worker *worker)
{
    uint64_t held = held_in(worker->inner.head) + tr_moves_held(worker);
    for (uint32_t i = 0; i < worker->system->options.ends_max; i++) {
        held += held_in(worker->outboxes[i].batch.head);
    }
    for (const tr_list *node = tr_list_first(&worker->actors); node != NULL;
         node = tr_list_next(&worker->actors, node)) {
        held += held_by_actor(TR_CONTAINER_OF_CONST(node, tr_actor, link));
    }
    return held;
}

static const tr_actor *find_unsound(const tr_worker *worker)
{
    for (const tr_list *node = tr_list_first(&worker->actors); node != NULL;
         node = tr_list_next(&worker->actors, node)) {
        const tr_actor *actor = TR_CONTAINER_OF_CONST(node, tr_actor, link);
        if (!tr_mailbox_is_sound(actor)) {
            return actor;
        }
    }
    return NULL;
}

bool tr_soundness_of_ends(const tr_ends *ends, uint64_t under_way, char *fault, size_t size)
{
    uint64_t held = under_way;
    for (uint32_t i = 0; i < ends->count; i++) {
        const tr_worker *worker = tr_ends_worker(ends, i);
        const tr_actor *unsound = find_unsound(worker);
        if (unsound != NULL) {
            return fails(fault, size, "the mailbox of %u.%u on worker %u is not sound",
                         unsound->address.slot, unsound->address.generation, i);
        }
        held += held_by_worker(worker);
    }

    troupe_counts counts;
    tr_ends_count(ends, &counts);
    if (troupe_counts_held(&counts) != held) {
        return fails(fault, size,
                     "of %llu messages accepted %lld have not ended, but %llu are held",
                     (unsigned long long) counts.accepted, (long long) troupe_counts_held(&counts),
                     (unsigned long long) held);
    }
    return true;
}

bool tr_soundness_of_bounds(const tr_ends *ends, char *fault, size_t size)
{
    const tr_slots *slots = &ends->system->slots;
    const uint32_t used = atomic_load_explicit(&slots->used, memory_order_relaxed);
    for (uint32_t i = 0; i < used; i++) {
        const tr_slot *slot = &slots->table[i];
        const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
        const uint64_t depth = word & TR_SLOT_DEPTH_MASK;
        const uint64_t limit = atomic_load_explicit(&slot->limit, memory_order_relaxed);
        const uint64_t bytes = atomic_load_explicit(&slot->bytes, memory_order_relaxed);
        const uint64_t bytes_limit = atomic_load_explicit(&slot->bytes_limit, memory_order_relaxed);
        if (depth > limit || bytes > bytes_limit) {
            return fails(fault, size, "slot %u holds %llu messages of %llu, %llu bytes of %llu", i,
                         (unsigned long long) depth, (unsigned long long) limit,
                         (unsigned long long) bytes, (unsigned long long) bytes_limit);
        }
    }
    return true;
}

static bool slot_is_empty(const tr_slot *slot, char *fault, size_t size)
{
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    const uint64_t bytes = atomic_load_explicit(&slot->bytes, memory_order_relaxed);
    const uint64_t flags = word & 0xffffffffU & ~TR_SLOT_DEPTH_MASK;
    if ((word & TR_SLOT_DEPTH_MASK) != 0 || flags != TR_SLOT_CLOSED || bytes != 0) {
        return fails(fault, size, "slot %u is left with depth %llu, %llu bytes, flags %#llx",
                     slot->index, (unsigned long long) (word & TR_SLOT_DEPTH_MASK),
                     (unsigned long long) bytes, (unsigned long long) (flags >> 24));
    }
    return true;
}

static bool slots_are_empty(const tr_slots *slots, char *fault, size_t size)
{
    const uint32_t used = atomic_load_explicit(&slots->used, memory_order_relaxed);
    for (uint32_t i = 0; i < used; i++) {
        if (!slot_is_empty(&slots->table[i], fault, size)) {
            return false;
        }
    }
    return true;
}

/* Blocks given back on another worker than taken on cancel out in the sum. Those in quarantine stay
 * as long as the node. */
static bool pools_are_full(const tr_ends *ends, char *fault, size_t size)
{
    uint64_t taken = 0;
    for (uint32_t i = 0; i < ends->count; i++) {
        const tr_worker *worker = tr_ends_worker(ends, i);
        taken += worker->pool.blocks_taken;
        taken -= atomic_load_explicit(&worker->pool.from_outside, memory_order_relaxed);
        taken -= worker->spare != NULL ? 1 : 0;
    }
    taken -= tr_quarantine_count(ends->system);
    return taken == 0 ||
           fails(fault, size, "%lld blocks are out of their pools", (long long) taken);
}

bool tr_soundness_of_end(const tr_ends *ends, char *fault, size_t size)
{
    const tr_system *system = ends->system;
    for (uint32_t i = 0; i < ends->count; i++) {
        const tr_worker *worker = tr_ends_worker(ends, i);
        const uint32_t actors = atomic_load_explicit(&worker->actor_count, memory_order_relaxed);
        if (actors != 0 || !tr_list_is_empty(&worker->actors)) {
            return fails(fault, size, "worker %u still has actors: %u", i, actors);
        }
        if (worker->inner.head != NULL || tr_worker_has_outgoing(worker)) {
            return fails(fault, size, "worker %u has something to say that nobody hears", i);
        }
        if (worker->moves.given != NULL || worker->moves.arrived != NULL ||
            worker->moves.held != 0) {
            return fails(fault, size, "a move to or from worker %u is not over", i);
        }
    }

    troupe_counts counts;
    tr_ends_count(ends, &counts);
    if (troupe_counts_held(&counts) != 0 || counts.spawned != counts.ended) {
        return fails(fault, size, "%lld messages are held; %llu actors spawned, %llu ended",
                     (long long) troupe_counts_held(&counts), (unsigned long long) counts.spawned,
                     (unsigned long long) counts.ended);
    }
    if (system->names.count != 0) {
        return fails(fault, size, "%zu names are left", system->names.count);
    }
    const uint64_t slots = tr_worker_slots_in_use(ends->system);
    if (slots != 0) {
        return fails(fault, size, "%llu slots are not given back", (unsigned long long) slots);
    }
    return slots_are_empty(&system->slots, fault, size) && pools_are_full(ends, fault, size);
}

static void name_all(const troupe_snapshot *snapshot, char *fault, size_t size)
{
    int length = snprintf(fault, size, "%zu actors did not end:", snapshot->actor_count);
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        const troupe_actor_info *actor = &snapshot->actors[i];
        if (length < 0 || (size_t) length >= size) {
            break; /* full; the count has been said */
        }
        length +=
            snprintf(fault + length, size - (size_t) length, " '%s' %s %u.%u wait %d", actor->name,
                     actor->behavior, actor->ref.slot, actor->ref.generation, (int) actor->wait);
    }
}

troupe_error tr_soundness_snapshot(const tr_ends *ends, troupe_snapshot **out_snapshot)
{
    troupe_snapshot *snapshot = NULL;
    troupe_error error = tr_snapshot_create(ends->system, ends->count, &snapshot);
    for (uint32_t i = 0; i < ends->count && !error; i++) {
        error = tr_snapshot_add(snapshot, tr_ends_worker(ends, i));
    }
    if (error) {
        troupe_snapshot_destroy(&snapshot);
        return error;
    }
    *out_snapshot = snapshot;
    return TROUPE_OK;
}

void tr_soundness_name_living(const tr_ends *ends, char *fault, size_t size)
{
    troupe_snapshot *snapshot = NULL;
    if (tr_soundness_snapshot(ends, &snapshot) != TROUPE_OK) {
        (void) fails(fault, size, "not all actors ended, and no memory to name them");
    } else {
        name_all(snapshot, fault, size);
    }
    troupe_snapshot_destroy(&snapshot);
}
