/* SPDX-License-Identifier: MIT */
#include "core/far_window.h"

#include "base/assert.h"

static void lock(const tr_system *system)
{
    system->ports.lock(system->ports.context);
}

static void unlock(const tr_system *system)
{
    system->ports.unlock(system->ports.context);
}

static uint64_t hash_of(const tr_system *system, tr_address there)
{
    return tr_hash_u64(((uint64_t) there.generation << 32 | there.slot) ^ system->hash_key);
}

static bool is_for(const tr_map_node *node, const void *key)
{
    return tr_address_is_same(TR_CONTAINER_OF_CONST(node, tr_far_window, by_receiver)->there,
                              *(const tr_address *) key);
}

void tr_far_ways_note(tr_far_ways *ways, const tr_system *system, troupe_ref to, tr_address outlet)
{
    *tr_far_way_of(ways, to) =
        (tr_far_way) {.node = to.node,
                      .there = {.slot = to.slot, .generation = to.generation},
                      .outlet = outlet,
                      .changes = atomic_load_explicit(&system->far_changes, memory_order_relaxed),
                      .uses_left = TR_FAR_WAY_USES};
}

void tr_far_ways_change(tr_system *system)
{
    atomic_fetch_add_explicit(&system->far_changes, 1, memory_order_relaxed);
}

void tr_far_windows_init(tr_far_windows *windows, const troupe_allocator *allocator)
{
    *windows = (tr_far_windows) {0};
    tr_map_init(&windows->bound, allocator);
    tr_list_init(&windows->ready);
}

void tr_far_windows_fini(tr_far_windows *windows)
{
    tr_map_fini(&windows->bound);
}

tr_address tr_far_windows_pick(const tr_system *system, tr_far_windows *windows, tr_address there)
{
    const uint64_t hash = hash_of(system, there);
    tr_map_node *node = tr_map_find(&windows->bound, hash, is_for, &there);
    if (node != NULL) {
        tr_far_window *window = TR_CONTAINER_OF(node, tr_far_window, by_receiver);
        window->uses++;
        return window->outlet;
    }
    tr_list *first = tr_list_pop_front(&windows->ready);
    if (first == NULL) {
        windows->missed++;
        return windows->common;
    }
    tr_far_window *window = TR_CONTAINER_OF(first, tr_far_window, ready);
    windows->ready_count--;
    window->there = there;
    window->is_bound = true;
    window->uses++;
    tr_map_add(&windows->bound, &window->by_receiver, hash);
    return window->outlet;
}

static void make_ready(tr_far_windows *windows, tr_far_window *window)
{
    tr_list_push_back(&windows->ready, &window->ready);
    windows->ready_count++;
}

/* There is room in the map for all that are ready. */
static troupe_error add(tr_far_windows *windows, tr_far_window *window)
{
    tr_map *bound = &windows->bound;
    const size_t count = bound->count;
    bound->count += windows->ready_count;
    const troupe_error error = tr_map_reserve_one(bound);
    bound->count = count;
    if (error == TROUPE_OK) {
        make_ready(windows, window);
    }
    return error;
}

troupe_error tr_far_windows_add(tr_system *system, tr_far_windows *windows, tr_far_window *window)
{
    lock(system);
    const troupe_error error = add(windows, window);
    unlock(system);
    return error;
}

void tr_far_windows_unbind(tr_system *system, tr_far_windows *windows, tr_far_window *window,
                           bool is_ready)
{
    lock(system);
    tr_far_ways_change(system);
    if (window->is_bound) {
        window->is_bound = false;
        tr_map_remove(&windows->bound, &window->by_receiver);
    } else if (tr_list_is_linked(&window->ready)) {
        tr_list_remove(&window->ready);
        windows->ready_count--;
    }
    if (is_ready) {
        make_ready(windows, window);
    }
    unlock(system);
}

void tr_far_windows_share(tr_system *system, tr_far_windows *windows, tr_address outlet)
{
    lock(system);
    tr_far_ways_change(system);
    windows->common = outlet;
    unlock(system);
}

uint32_t tr_far_windows_look(tr_system *system, tr_far_windows *windows, uint32_t *out_missed)
{
    lock(system);
    const uint32_t ready = windows->ready_count;
    *out_missed = windows->missed;
    windows->missed = 0;
    unlock(system);
    return ready;
}

bool tr_far_windows_is_bound(tr_system *system, const tr_far_window *window, uint64_t *out_uses)
{
    lock(system);
    const bool is_bound = window->is_bound;
    *out_uses = window->uses;
    unlock(system);
    return is_bound;
}

void tr_far_window_found(tr_slot *slot, tr_address pool)
{
    atomic_store_explicit(&slot->redirect_slot, pool.slot, memory_order_relaxed);
    atomic_store_explicit(&slot->redirect_generation, pool.generation, memory_order_relaxed);
    atomic_store_explicit(&slot->on_full, TR_SLOT_IS_WINDOW, memory_order_relaxed);
}
