/* SPDX-License-Identifier: MIT */
#include "core/pressure.h"

#include "base/assert.h"
#include "core/bracket.h"
#include "core/send.h"

const troupe_type troupe_pressure_type = TROUPE_TYPE(troupe_pressure);

void tr_pressure_watch(tr_worker *worker, troupe_message *entry)
{
    tr_actor *actor = tr_actor_at(worker, entry->receiver);
    tr_extra *extra =
        actor != NULL && tr_actor_is_live(actor) ? tr_actor_extra(worker, actor) : NULL;
    if (extra == NULL) {
        tr_message_free(&worker->pool, entry);
        return;
    }
    for (const troupe_message *at = extra->pressure.head; at != NULL; at = at->next) {
        if (tr_address_is_same(at->sender, entry->sender)) {
            tr_message_free(&worker->pool, entry); /* told already */
            return;
        }
    }
    tr_queue_push(&extra->pressure, entry);
    actor->is_watched = true;
}

/* Those who have ended are forgotten. */
static void tell(tr_worker *worker, const tr_actor *actor, uint32_t depth, bool is_high)
{
    const troupe_pressure pressure = {.actor = tr_system_ref(worker->system, actor->address),
                                      .depth = depth,
                                      .is_high = is_high ? 1 : 0};
    tr_queue watchers = actor->extra->pressure;
    actor->extra->pressure = (tr_queue) {0};
    for (troupe_message *at = tr_queue_pop(&watchers); at != NULL; at = tr_queue_pop(&watchers)) {
        troupe_message *message = NULL;
        /* NO_MEMORY for the notice is a notice dropped. */
        if (tr_message_of_struct(&worker->pool, &troupe_pressure_type, &pressure, &message) ==
                TROUPE_OK &&
            !tr_send_notice(worker, at->sender, message)) {
            tr_message_free(&worker->pool, at);
        } else {
            tr_queue_push(&actor->extra->pressure, at);
        }
    }
}

void tr_pressure_look(tr_worker *worker, tr_actor *actor)
{
    tr_extra *extra = actor->extra;
    if (extra->pressure.head == NULL) {
        return;
    }
    const uint64_t word = atomic_load_explicit(&actor->slot->admission, memory_order_relaxed);
    const uint32_t depth = (uint32_t) (word & TR_SLOT_DEPTH_MASK);
    const bool was_high = extra->pressure_is_high != 0;
    const bool is_high =
        was_high ? depth > actor->settings->low_water : depth >= actor->settings->high_water;
    if (is_high != was_high) {
        extra->pressure_is_high = is_high ? 1 : 0;
        tell(worker, actor, depth, is_high);
    }
}

troupe_error troupe_watch_pressure(troupe_self *self, troupe_ref watched)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_address address;
    troupe_error error = tr_system_address(worker->system, watched, &address);
    if (error == TROUPE_OK) {
        error = tr_send_control(worker, self->actor->address, address, TR_KIND_PRESSURE);
    }
    tr_leave(self);
    return error;
}
