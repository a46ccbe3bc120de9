/* SPDX-License-Identifier: MIT */
#include "core/place.h"

#include "base/assert.h"
#include "core/attached.h"
#include "core/far.h"

/* The regular worker with the fewest actors; among equals each in its turn. */
static uint32_t least_loaded(tr_system *system)
{
    const uint32_t workers = system->options.workers;
    const uint32_t first =
        atomic_fetch_add_explicit(&system->key_placed, 1, memory_order_relaxed) % workers;
    uint32_t best = first;
    uint32_t best_count = UINT32_MAX;
    for (uint32_t i = 0; i < workers; i++) {
        const uint32_t index = (first + i) % workers;
        const tr_worker *worker = tr_system_worker(system, index);
        const uint32_t count = atomic_load_explicit(&worker->actor_count, memory_order_relaxed) +
                               atomic_load_explicit(&worker->arriving, memory_order_relaxed);
        if (count < best_count) {
            best = index;
            best_count = count;
        }
    }
    return best;
}

/* With the parent, unless that has a thread of its own: its children are not to share it. */
static uint32_t with_parent(tr_worker *worker)
{
    return worker->is_own_thread ? least_loaded(worker->system) : worker->index;
}

troupe_error tr_place_find(tr_worker *worker, const troupe_spawn_options *options,
                           uint32_t *out_index)
{
    tr_system *system = worker->system;
    const uint32_t workers = system->options.workers;
    if (options->body == tr_attached_body) {
        TR_REQUIRE(system->options.has_proxy, LIMIT_REACHED);
        *out_index = workers; /* the end after the regular workers */
        tr_system_note_end(system, workers);
        return TROUPE_OK;
    }
    if (options->place == TR_PLACE_BORDER) {
        TR_REQUIRE(system->options.has_border != 0 && tr_far_is_home(system, options->behavior),
                   BAD_ARGUMENT);
        *out_index = tr_system_border_worker(system);
        tr_system_note_end(system, *out_index);
        return TROUPE_OK;
    }
    switch (options->place) {
    case TROUPE_PLACE_WITH_PARENT:
        *out_index = with_parent(worker);
        return TROUPE_OK;
    case TROUPE_PLACE_ANY:
        *out_index = least_loaded(system);
        return TROUPE_OK;
    case TROUPE_PLACE_WORKER:
        TR_REQUIRE(options->place_worker < workers, BAD_ARGUMENT);
        *out_index = options->place_worker;
        return TROUPE_OK;
    case TROUPE_PLACE_BY_KEY:
        *out_index = (uint32_t) (tr_hash_u64(options->place_key) % workers);
        return TROUPE_OK;
    case TROUPE_PLACE_OWN_THREAD:
        break;
    }
    TR_REQUIRE(system->ports.make_worker != NULL, LIMIT_REACHED);
    const troupe_error error = system->ports.make_worker(system->ports.context, out_index);
    if (error == TROUPE_OK) {
        tr_system_note_end(system, *out_index);
    }
    return error;
}
