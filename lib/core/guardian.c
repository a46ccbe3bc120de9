/* SPDX-License-Identifier: MIT */
#include "core/guardian.h"

#include "base/assert.h"
#include "core/place.h"
#include "core/spawn.h"

static const troupe_behavior guardian_behavior = TROUPE_BEHAVIOR(.name = "guardian");

static tr_actor *guardian_of(tr_worker *worker)
{
    return tr_actor_at(worker, worker->system->guardian);
}

troupe_error tr_guardian_start(tr_worker *worker)
{
    TR_ASSERT(worker->index == 0);
    const troupe_spawn_options given = {.size = sizeof given, .behavior = &guardian_behavior};
    troupe_spawn_options options;
    const tr_address nobody = {0};
    tr_address address;
    troupe_error error =
        tr_settings_complete(&given, worker->system->options.mailbox_capacity_default, &options);
    if (error == TROUPE_OK) {
        error = tr_spawn(worker, nobody, &options, NULL, &address);
    }
    if (error) {
        return error;
    }
    worker->system->guardian = address;
    guardian_of(worker)->is_guardian = true;
    return TROUPE_OK;
}

troupe_error tr_guardian_spawn(tr_worker *worker, const troupe_spawn_options *given,
                               tr_root_ready *ready, troupe_ref *out_ref)
{
    const tr_system *system = worker->system;
    const tr_actor *guardian = guardian_of(worker);
    TR_REQUIRE(atomic_load_explicit(&system->is_stopping, memory_order_relaxed) == 0, STOPPING);
    TR_REQUIRE(guardian != NULL && tr_actor_is_live(guardian), STOPPING);
    troupe_spawn_options options;
    troupe_error error =
        tr_settings_complete(given, system->options.mailbox_capacity_default, &options);
    if (error) {
        return error;
    }
    TR_REQUIRE(options.out_monitor == NULL && options.scope == NULL && options.link == 0,
               BAD_ARGUMENT);
    troupe_message *message =
        ready != NULL ? tr_message_of_kind(&worker->pool, TR_KIND_READY) : NULL;
    TR_REQUIRE(ready == NULL || message != NULL, NO_MEMORY);
    if (message != NULL) {
        message->correlation = (uint64_t) (uintptr_t) ready;
    }
    tr_address child;
    error = tr_spawn(worker, system->guardian, &options, message, &child);
    if (error) {
        if (message != NULL) {
            tr_message_free(&worker->pool, message);
        }
        return error;
    }
    if (options.place == TR_PLACE_BORDER) { /* what the others say at their end goes there */
        worker->system->last_root = child;
    }
    *out_ref = tr_system_ref(system, child);
    return TROUPE_OK;
}

static void interrupt(tr_worker *worker, bool is_cancel)
{
    tr_actor *guardian = guardian_of(worker);
    if (guardian == NULL || guardian->state == TR_ACTOR_ENDED) {
        return;
    }
    atomic_store_explicit(&worker->system->is_stopping, 2, memory_order_relaxed);
    /* Not by a signal: that needs memory. */
    guardian->is_stopping = true;
    guardian->is_cancelled = guardian->is_cancelled || is_cancel;
    tr_worker_make_runnable(worker, guardian);
}

void tr_guardian_stop(tr_worker *worker)
{
    interrupt(worker, false);
}

void tr_guardian_cancel(tr_worker *worker)
{
    interrupt(worker, true);
}
