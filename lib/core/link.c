/* SPDX-License-Identifier: MIT */
#include "core/link.h"

#include "base/assert.h"
#include "core/bracket.h"
#include "core/monitor.h"

const troupe_type troupe_exit_type = {
    .size = sizeof(troupe_type), .name = "troupe_exit", .body_size = sizeof(troupe_down)};

static troupe_error make(tr_worker *worker, tr_actor *maker, troupe_ref other, tr_address address,
                         troupe_message **out_there)
{
    troupe_message *there = NULL;
    troupe_message *here = NULL;
    const troupe_down down = {.actor = tr_system_ref(worker->system, maker->address)};
    troupe_error error = tr_message_of_struct(&worker->pool, &troupe_exit_type, &down, &here);
    if (error == TROUPE_OK) {
        error = tr_monitor_make_entry(worker, maker, other, tr_monitor_value(address, true),
                                      &troupe_exit_type, &there);
    }
    if (error) {
        if (here != NULL) {
            tr_message_free(&worker->pool, here);
        }
        return error;
    }
    there->receiver = address;
    here->sender = address;
    here->receiver = maker->address;
    here->correlation = there->correlation;
    tr_message_set(here, TR_MESSAGE_SEALED);
    tr_message_set_kind(here, TR_KIND_MONITOR);
    tr_monitor_add_entry(maker, here);
    *out_there = there;
    return TROUPE_OK;
}

troupe_error tr_link_attach(tr_worker *worker, tr_actor *maker, tr_actor *other)
{
    troupe_message *entry = NULL;
    const troupe_error error =
        make(worker, maker, tr_system_ref(worker->system, other->address), other->address, &entry);
    if (error == TROUPE_OK) {
        tr_monitor_add_entry(other, entry);
    }
    return error;
}

static void *forget_number(tr_actor *actor, tr_address other, uint64_t id)
{
    void *value = actor->extra != NULL ? tr_table_find(&actor->extra->monitors, id) : NULL;
    if (value != tr_monitor_value(other, true)) {
        return NULL;
    }
    return tr_table_remove(&actor->extra->monitors, id);
}

void tr_link_left(tr_actor *actor, const troupe_message *entry)
{
    if (entry->type == &troupe_exit_type) {
        (void) forget_number(actor, entry->sender, entry->correlation);
    }
}

/* The link's number and entry at this end. */
static bool take_link(tr_worker *worker, tr_actor *actor, tr_address other, uint64_t id)
{
    const bool was_mine = forget_number(actor, other, id) != NULL;
    troupe_message *entry = tr_monitor_take_entry(actor, other, id);
    if (entry != NULL && entry->type != &troupe_exit_type) { /* of a monitor with that number */
        troupe_message *monitor = entry;
        entry = tr_monitor_take_entry(actor, other, id);
        tr_monitor_add_entry(actor, monitor);
    }
    if (entry != NULL) {
        tr_message_free(&worker->pool, entry);
    }
    return was_mine || entry != NULL;
}

/* The entry of a link, whoever made it. */
static const troupe_message *find_entry(const tr_actor *actor, tr_address other)
{
    const troupe_message *at = actor->watchers;
    while (at != NULL &&
           !(at->type == &troupe_exit_type && tr_address_is_same(at->sender, other))) {
        at = at->next;
    }
    return at;
}

/* Both may have made it at the same moment: then there are two, of which one end is told. */
static void take_others(tr_worker *worker, tr_actor *actor, tr_address other)
{
    for (const troupe_message *entry = find_entry(actor, other); entry != NULL;
         entry = find_entry(actor, other)) {
        (void) take_link(worker, actor, other, entry->correlation);
    }
}

bool tr_link_exit_came(tr_worker *worker, tr_actor *actor, const troupe_message *message)
{
    const troupe_down *down = message->body;
    if (!take_link(worker, actor, message->sender, message->correlation)) {
        return false;
    }
    take_others(worker, actor, message->sender);
    if (down->reason == TROUPE_OK) {
        return false;
    }
    if (!actor->traps_exits) {
        actor->is_struck = !actor->is_cancelled;
        actor->is_cancelled = true;
        tr_actor_signalled(worker, actor, 0);
    }
    return actor->traps_exits;
}

/* The number of a link that this actor has made with the other; 0 if there is none. */
static uint64_t find_made(const tr_actor *actor, tr_address other)
{
    uint64_t id = 0;
    if (actor->extra == NULL) {
        return 0;
    }
    for (void *value = tr_table_next(&actor->extra->monitors, &id); value != NULL;
         value = tr_table_next(&actor->extra->monitors, &id)) {
        if (value == tr_monitor_value(other, true)) {
            return id;
        }
    }
    return 0;
}

bool tr_link_end(tr_worker *worker, tr_actor *actor, tr_address other)
{
    bool was_linked = false;
    for (const troupe_message *entry = find_entry(actor, other); entry != NULL;
         entry = find_entry(actor, other)) {
        const uint64_t id = entry->correlation;
        (void) take_link(worker, actor, other, id);
        tr_monitor_send_leave(worker, actor, other, id);
        was_linked = true;
    }
    TR_ASSERT(find_made(actor, other) == 0); /* it goes with its entry */
    return was_linked;
}

static troupe_error link_to(tr_worker *worker, tr_actor *actor, troupe_ref other)
{
    tr_address address = {0};
    const troupe_error unreachable = tr_system_address(worker->system, other, &address);
    TR_REQUIRE(unreachable || !tr_address_is_same(address, actor->address), BAD_ARGUMENT);
    if (!unreachable && find_entry(actor, address) != NULL) {
        return TROUPE_OK;
    }
    troupe_message *entry = NULL;
    const troupe_error error = make(worker, actor, other, address, &entry);
    if (error == TROUPE_OK) {
        tr_monitor_send_entry(worker, entry, unreachable);
    }
    return error;
}

troupe_error troupe_link(troupe_self *self, troupe_ref other)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && !troupe_ref_is_none(other), BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = link_to(worker, self->actor, other);
    tr_leave(self);
    return error;
}

bool troupe_unlink(troupe_self *self, troupe_ref other)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return false;
    }
    tr_worker *worker = tr_enter(self);
    tr_address address;
    const bool was_linked = tr_system_address(worker->system, other, &address) == TROUPE_OK &&
                            tr_link_end(worker, self->actor, address);
    tr_leave(self);
    return was_linked;
}
