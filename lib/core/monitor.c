/* SPDX-License-Identifier: MIT */
#include "core/monitor.h"

#include "base/assert.h"
#include "core/bracket.h"
#include "core/mailbox.h"
#include "core/send.h"

const troupe_type troupe_down_type = TROUPE_TYPE(troupe_down);

/* In the watcher's table of monitors stands the address of the watched, as the value itself. */
_Static_assert(sizeof(void *) >= sizeof(uint64_t), "an address fits into a pointer");

static void *value_of(tr_address address)
{
    return (void *) (uintptr_t) ((uint64_t) address.generation << 32 | address.slot);
}

static tr_address address_of(const void *value)
{
    const uint64_t packed = (uint64_t) (uintptr_t) value;
    return (tr_address) {.slot = (uint32_t) packed, .generation = (uint32_t) (packed >> 32)};
}

/* Turns an entry into the DOWN and sends it. */
static void send_down(tr_worker *worker, troupe_message *entry, troupe_error reason)
{
    troupe_down *down = entry->body;
    down->reason = reason;
    const tr_address watcher = entry->sender;
    entry->sender = entry->receiver;
    entry->receiver = watcher;
    tr_message_set_kind(entry, TR_KIND_DOWN);
    tr_ledger_accept(&worker->ledger, entry);
    tr_worker_route(worker, entry);
}

static void add_entry(tr_actor *watched, troupe_message *entry)
{
    entry->next = watched->watchers;
    watched->watchers = entry;
}

static troupe_message *take_entry(tr_actor *watched, tr_address watcher, uint64_t id)
{
    tr_queue entries = {.head = watched->watchers};
    troupe_message *entry = tr_queue_take(&entries, watcher, id);
    watched->watchers = entries.head;
    return entry;
}

void tr_monitor_enter(tr_worker *worker, troupe_message *entry)
{
    tr_actor *actor = tr_actor_at(worker, entry->receiver);
    if (actor == NULL || actor->state == TR_ACTOR_ENDED) {
        send_down(worker, entry, TROUPE_ERROR_STALE);
        return;
    }
    add_entry(actor, entry);
}

void tr_monitor_leave(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    troupe_message *entry =
        actor != NULL ? take_entry(actor, message->sender, message->correlation) : NULL;
    if (entry != NULL) {
        tr_message_free(&worker->pool, entry);
    }
    tr_message_free(&worker->pool, message);
}

void tr_monitor_down(tr_worker *worker, troupe_message *down)
{
    tr_actor *actor = tr_actor_at(worker, down->receiver);
    if (actor == NULL || !tr_actor_is_live(actor)) {
        tr_message_end(worker, down, TROUPE_OUTCOME_CANCELLED, TROUPE_ERROR_CANCELLED);
        return;
    }
    tr_mailbox_put_reserved(worker, actor, down);
}

bool tr_monitor_take(tr_actor *actor, const troupe_message *down)
{
    return actor->extra != NULL &&
           tr_table_remove(&actor->extra->monitors, down->correlation) != NULL;
}

void tr_monitor_tell_all(tr_worker *worker, tr_actor *actor)
{
    tr_queue entries = {.head = actor->watchers};
    actor->watchers = NULL;
    for (troupe_message *entry = tr_queue_pop(&entries); entry != NULL;
         entry = tr_queue_pop(&entries)) {
        send_down(worker, entry, actor->reason);
    }
}

/* Tells the watched. Without memory for that its entry stays there until it ends, harmless: its
 * DOWN finds no monitor. */
static void send_demonitor(tr_worker *worker, const tr_actor *actor, tr_address watched,
                           uint64_t id)
{
    const tr_slot *slot = tr_system_slot(worker->system, watched);
    troupe_message *message = slot != NULL && tr_slot_generation(slot) == watched.generation
                                  ? tr_message_of_kind(&worker->pool, TR_KIND_DEMONITOR)
                                  : NULL;
    if (message != NULL) {
        message->sender = actor->address;
        message->receiver = watched;
        message->correlation = id;
        tr_worker_route(worker, message);
    }
}

void tr_monitor_forget_all(tr_worker *worker, tr_actor *actor)
{
    if (actor->extra == NULL) {
        return;
    }
    uint64_t id = 0;
    for (void *value = tr_table_next(&actor->extra->monitors, &id); value != NULL;
         value = tr_table_next(&actor->extra->monitors, &id)) {
        (void) tr_table_remove(&actor->extra->monitors, id);
        send_demonitor(worker, actor, address_of(value), id);
    }
}

/* Makes an entry, known to the watcher as watching `value`. */
static troupe_error make_entry(tr_worker *worker, tr_actor *watcher, troupe_ref watched,
                               tr_address value, troupe_message **out_entry)
{
    tr_extra *extra = tr_actor_extra(worker, watcher);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    troupe_down down = {.actor = watched};
    troupe_error error = tr_table_add(&extra->monitors, value_of(value), &down.monitor.id);
    if (error) {
        return error;
    }
    troupe_message *entry = NULL;
    error = tr_message_of_struct(&worker->pool, &troupe_down_type, &down, &entry);
    if (error) {
        (void) tr_table_remove(&extra->monitors, down.monitor.id);
        return error;
    }
    entry->sender = watcher->address;
    entry->correlation = down.monitor.id;
    tr_message_set(entry, TR_MESSAGE_SEALED);
    tr_message_set_kind(entry, TR_KIND_MONITOR);
    *out_entry = entry;
    return TROUPE_OK;
}

troupe_error tr_monitor_attach(tr_worker *worker, tr_actor *watcher, tr_actor *watched,
                               troupe_monitor_id *out_monitor)
{
    troupe_message *entry = NULL;
    const troupe_error error =
        make_entry(worker, watcher, tr_system_ref(worker->system, watched->address),
                   watched->address, &entry);
    if (error) {
        return error;
    }
    entry->receiver = watched->address;
    out_monitor->id = entry->correlation;
    add_entry(watched, entry);
    return TROUPE_OK;
}

static troupe_error monitor(tr_worker *worker, tr_actor *actor, troupe_ref watched,
                            troupe_monitor_id *out_monitor)
{
    tr_address address = {0};
    const troupe_error unreachable = tr_system_address(worker->system, watched, &address);
    troupe_message *entry = NULL;
    /* Whoever cannot be reached stands there as the actor itself: only that it is there counts. */
    const troupe_error error =
        make_entry(worker, actor, watched, unreachable ? actor->address : address, &entry);
    if (error) {
        return error;
    }
    entry->receiver = address;
    out_monitor->id = entry->correlation;
    const tr_slot *slot = unreachable ? NULL : tr_system_slot(worker->system, address);
    if (slot == NULL || tr_slot_generation(slot) < address.generation) {
        send_down(worker, entry, unreachable ? unreachable : TROUPE_ERROR_NO_SUCH_ACTOR);
    } else {
        tr_worker_route(worker, entry);
    }
    return TROUPE_OK;
}

troupe_error troupe_monitor(troupe_self *self, troupe_ref actor, troupe_monitor_id *out_monitor)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_monitor != NULL && !troupe_ref_is_none(actor), BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = monitor(worker, self->actor, actor, out_monitor);
    tr_leave(self);
    return error;
}

bool tr_monitor_end(tr_worker *worker, tr_actor *actor, troupe_monitor_id monitor_id)
{
    tr_extra *extra = actor->extra;
    void *value = extra != NULL ? tr_table_remove(&extra->monitors, monitor_id.id) : NULL;
    if (value != NULL) {
        send_demonitor(worker, actor, address_of(value), monitor_id.id);
    }
    return value != NULL;
}

bool troupe_demonitor(troupe_self *self, troupe_monitor_id monitor_id)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return false;
    }
    tr_worker *worker = tr_enter(self);
    const bool was_watching = tr_monitor_end(worker, self->actor, monitor_id);
    tr_leave(self);
    return was_watching;
}
