/* SPDX-License-Identifier: MIT */
#include "core/monitor.h"

#include "base/assert.h"
#include "base/chance.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/link.h"
#include "core/mailbox.h"
#include "core/send.h"

const troupe_type troupe_down_type = TROUPE_TYPE(troupe_down);

_Static_assert(sizeof(void *) >= sizeof(uint64_t), "an address fits into a pointer");
_Static_assert(TR_ACTORS_MAX <= TR_MONITOR_LINK, "no slot has the mark");

void *tr_monitor_value(tr_address address, bool is_link)
{
    const uint32_t slot = address.slot | (is_link ? TR_MONITOR_LINK : 0);
    return (void *) (uintptr_t) ((uint64_t) address.generation << 32 | slot);
}

tr_address tr_monitor_address(const void *value)
{
    const uint64_t packed = (uint64_t) (uintptr_t) value;
    return (tr_address) {.slot = (uint32_t) packed & ~TR_MONITOR_LINK,
                         .generation = (uint32_t) (packed >> 32)};
}

bool tr_monitor_is_link(const void *value)
{
    return ((uintptr_t) value & TR_MONITOR_LINK) != 0;
}

void tr_monitor_send_down(tr_worker *worker, troupe_message *entry, troupe_error reason,
                          troupe_down_kind kind)
{
    troupe_down *down = entry->body;
    down->reason = reason;
    down->kind = kind;
    if (entry->type == &troupe_exit_type) {
        down->monitor.id = 0;
    }
    const tr_address watcher = entry->sender;
    entry->sender = entry->receiver;
    entry->receiver = watcher;
    tr_message_set_kind(entry, TR_KIND_DOWN);
    tr_ledger_accept(&worker->ledger, entry);
    TR_TELL(DOWN, .worker = worker, .message = entry);
    tr_worker_route(worker, entry);
}

void tr_monitor_add_entry(tr_actor *watched, troupe_message *entry)
{
    entry->next = watched->watchers;
    watched->watchers = entry;
}

troupe_message *tr_monitor_take_entry(tr_actor *watched, tr_address watcher, uint64_t id,
                                      const troupe_type *type)
{
    troupe_message **at = &watched->watchers;
    while (*at != NULL && !((*at)->type == type && (*at)->correlation == id &&
                            tr_address_is_same((*at)->sender, watcher))) {
        at = &(*at)->next;
    }
    troupe_message *entry = *at;
    if (entry != NULL) {
        *at = entry->next;
        entry->next = NULL;
    }
    return entry;
}

void tr_monitor_enter(tr_worker *worker, troupe_message *entry)
{
    tr_actor *actor = tr_actor_at(worker, entry->receiver);
    if (actor == NULL || actor->state == TR_ACTOR_ENDED) {
        if (TR_PLANTED(TR_BUG_NO_DOWN)) {
            tr_message_free(&worker->pool, entry);
            return;
        }
        tr_monitor_send_down(worker, entry, TROUPE_ERROR_STALE, TROUPE_DOWN_STALE);
        return;
    }
    if (TR_UNLIKELY(actor->is_carrier)) {
        tr_far_port_of(worker)->monitor(worker, actor, entry);
        return;
    }
    tr_monitor_add_entry(actor, entry);
}

void tr_monitor_leave(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    if (actor != NULL && TR_UNLIKELY(actor->is_carrier)) {
        tr_far_port_of(worker)->demonitor(worker, actor, message);
        return;
    }
    const troupe_type *type =
        tr_monitor_leaves_link(message) ? &troupe_exit_type : &troupe_down_type;
    troupe_message *entry =
        actor != NULL ? tr_monitor_take_entry(actor, message->sender, message->correlation, type)
                      : NULL;
    if (entry != NULL) {
        tr_link_left(actor, entry);
        tr_message_free(&worker->pool, entry);
    }
    tr_message_free(&worker->pool, message);
}

void tr_monitor_down(tr_worker *worker, troupe_message *down)
{
    tr_actor *actor = tr_actor_at(worker, down->receiver);
    if (actor == NULL || !tr_actor_is_live(actor) ||
        (down->type == &troupe_exit_type && !actor->is_carrier &&
         !tr_link_exit_came(worker, actor, down))) {
        tr_message_end(worker, down, TROUPE_OUTCOME_CANCELLED, TROUPE_ERROR_CANCELLED);
        return;
    }
    tr_mailbox_put_reserved(worker, actor, down);
}

bool tr_monitor_take(tr_actor *actor, const troupe_message *down)
{
    if (down->type == &troupe_exit_type) {
        return true;
    }
    const uint64_t id = down->correlation;
    const bool is_expected =
        actor->extra != NULL && tr_table_remove(&actor->extra->monitors, id) != NULL;
    if (is_expected) {
        TR_TELL(MONITOR_OVER, .worker = actor->worker, .actor = actor, .number = id);
    }
    return is_expected;
}

static troupe_down_kind kind_of_end(const tr_actor *actor)
{
    if (actor->reason == TROUPE_OK) {
        return actor->is_stopping ? TROUPE_DOWN_STOPPED : TROUPE_DOWN_NORMAL;
    }
    if (actor->reason == TROUPE_ERROR_KILLED) {
        return TROUPE_DOWN_KILLED;
    }
    return actor->is_cancelled ? TROUPE_DOWN_CANCELLED : TROUPE_DOWN_FAILED;
}

void tr_monitor_tell_all(tr_worker *worker, tr_actor *actor, bool is_told)
{
    tr_queue entries = {.head = actor->watchers};
    actor->watchers = NULL;
    for (troupe_message *entry = tr_queue_pop(&entries); entry != NULL;
         entry = tr_queue_pop(&entries)) {
        const bool is_silent = is_told && entry->type == &troupe_exit_type &&
                               tr_address_is_same(entry->sender, tr_actor_parent(actor));
        tr_monitor_send_down(worker, entry, is_silent ? TROUPE_OK : actor->reason,
                             kind_of_end(actor));
    }
}

/* Tells the watched. Without memory for that its entry stays there until it ends, harmless: its
 * DOWN finds no monitor. */
void tr_monitor_send_leave(tr_worker *worker, const tr_actor *actor, tr_address watched,
                           uint64_t id, bool is_link)
{
    const tr_slot *slot = tr_system_slot(worker->system, watched);
    troupe_message *message = slot != NULL && tr_slot_generation(slot) == watched.generation
                                  ? tr_message_of_kind(&worker->pool, TR_KIND_DEMONITOR)
                                  : NULL;
    if (message != NULL) {
        message->sender = actor->address;
        message->receiver = watched;
        message->correlation = id;
        message->value = is_link ? 1 : 0;
        tr_worker_route(worker, message);
    }
}

void tr_monitor_forget_all(tr_worker *worker, tr_actor *actor, bool keeps_links)
{
    if (actor->extra == NULL) {
        return;
    }
    uint64_t id = 0;
    for (void *value = tr_table_next(&actor->extra->monitors, &id); value != NULL;
         value = tr_table_next(&actor->extra->monitors, &id)) {
        const bool is_link = tr_monitor_is_link(value);
        if (!is_link || !keeps_links) {
            (void) tr_table_remove(&actor->extra->monitors, id);
        }
        if (!is_link) {
            TR_TELL(MONITOR_OVER, .worker = worker, .actor = actor, .number = id);
            tr_monitor_send_leave(worker, actor, tr_monitor_address(value), id, false);
        }
    }
}

troupe_error tr_monitor_make_entry(tr_worker *worker, tr_actor *watcher, troupe_ref watched,
                                   void *value, const troupe_type *type, troupe_message **out_entry)
{
    tr_extra *extra = tr_actor_extra(worker, watcher);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    troupe_down down = {.actor = watched};
    troupe_error error = tr_table_add(&extra->monitors, value, &down.monitor.id);
    if (error) {
        return error;
    }
    troupe_message *entry = NULL;
    error = tr_message_of_struct(&worker->pool, type, &down, &entry);
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
        tr_monitor_make_entry(worker, watcher, tr_system_ref(worker->system, watched->address),
                              tr_monitor_value(watched->address, false), &troupe_down_type, &entry);
    if (error) {
        return error;
    }
    entry->receiver = watched->address;
    out_monitor->id = entry->correlation;
    TR_TELL(MONITOR_MADE, .worker = worker, .message = entry, .actor = watched);
    tr_monitor_add_entry(watched, entry);
    return TROUPE_OK;
}

void tr_monitor_send_entry(tr_worker *worker, troupe_message *entry, troupe_error unreachable)
{
    const tr_address address = entry->receiver;
    const tr_slot *slot = unreachable ? NULL : tr_system_slot(worker->system, address);
    if (unreachable == TROUPE_ERROR_UNREACHABLE) {
        tr_monitor_send_down(worker, entry, TROUPE_ERROR_NODE_LOST, TROUPE_DOWN_NODE_LOST);
    } else if (slot == NULL || tr_slot_generation(slot) < address.generation) {
        tr_monitor_send_down(worker, entry, unreachable ? unreachable : TROUPE_ERROR_NO_SUCH_ACTOR,
                             unreachable == TROUPE_ERROR_STALE ? TROUPE_DOWN_STALE
                                                               : TROUPE_DOWN_NO_ACTOR);
    } else {
        tr_worker_route(worker, entry);
    }
}

troupe_error tr_monitor_begin(tr_worker *worker, tr_actor *actor, troupe_ref watched,
                              troupe_monitor_id *out_monitor)
{
    tr_address address = {0};
    const troupe_error unreachable = tr_far_address(worker, watched, &address);
    troupe_message *entry = NULL;
    /* Whoever cannot be reached stands there as the actor itself: only that it is there counts. */
    const troupe_error error = tr_monitor_make_entry(
        worker, actor, watched, tr_monitor_value(unreachable ? actor->address : address, false),
        &troupe_down_type, &entry);
    if (error) {
        return error;
    }
    entry->receiver = address;
    out_monitor->id = entry->correlation;
    TR_TELL(MONITOR_MADE, .worker = worker, .message = entry);
    tr_monitor_send_entry(worker, entry, unreachable);
    return TROUPE_OK;
}

troupe_error troupe_monitor(troupe_self *self, troupe_ref actor, troupe_monitor_id *out_monitor)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_monitor != NULL && !troupe_ref_is_none(actor), BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_monitor_begin(worker, self->actor, actor, out_monitor);
    tr_leave(self);
    return error;
}

bool tr_monitor_end(tr_worker *worker, tr_actor *actor, troupe_monitor_id monitor_id)
{
    tr_extra *extra = actor->extra;
    void *value = extra != NULL ? tr_table_remove(&extra->monitors, monitor_id.id) : NULL;
    if (value != NULL) {
        TR_TELL(MONITOR_OVER, .worker = worker, .actor = actor, .number = monitor_id.id);
        tr_monitor_send_leave(worker, actor, tr_monitor_address(value), monitor_id.id, false);
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
