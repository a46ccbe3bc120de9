/* SPDX-License-Identifier: MIT */
#include "core/link.h"

#include "base/assert.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/monitor.h"

const troupe_type troupe_exit_type = {
    .size = sizeof(troupe_type), .name = "troupe_exit", .body_size = sizeof(troupe_down)};

static void set_partner(troupe_message *entry, troupe_ref partner)
{
    tr_extension *extension = tr_message_extended(entry);
    extension->node = partner.node;
    extension->from = (tr_address) {.slot = partner.slot, .generation = partner.generation};
}

/* Whom the entry's link is with. */
static troupe_ref partner_of(const tr_system *system, troupe_message *entry)
{
    const tr_extension *extension = tr_message_extension(entry);
    return extension == NULL ? tr_system_ref(system, entry->sender)
                             : (troupe_ref) {.node = extension->node,
                                             .slot = extension->from.slot,
                                             .generation = extension->from.generation};
}

/* Of one of another node the entry has to say who it is. */
static troupe_error note_partner(tr_worker *worker, troupe_message **entry, troupe_ref partner)
{
    if (!tr_far_is(worker->system, partner)) {
        return TROUPE_OK;
    }
    const troupe_error error = tr_message_extend(&worker->pool, entry);
    if (error == TROUPE_OK) {
        set_partner(*entry, partner);
    }
    return error;
}

static void drop_ends(tr_worker *worker, const tr_link_ends *ends)
{
    if (ends->here != NULL) {
        tr_message_free(&worker->pool, ends->here);
    }
    if (ends->there != NULL) {
        tr_message_free(&worker->pool, ends->there);
    }
}

troupe_error tr_link_make(tr_worker *worker, tr_actor *maker, troupe_ref as, troupe_ref other,
                          tr_address address, tr_link_ends *out_ends)
{
    tr_link_ends ends = {0};
    const troupe_down down = {.actor = as};
    troupe_error error = tr_message_of_struct(&worker->pool, &troupe_exit_type, &down, &ends.here);
    error = error ? error : note_partner(worker, &ends.here, other);
    error = error ? error
                  : tr_monitor_make_entry(worker, maker, other, tr_monitor_value(address, true),
                                          &troupe_exit_type, &ends.there);
    if (error) {
        drop_ends(worker, &ends);
        return error;
    }
    const uint64_t id = ends.there->correlation;
    error = note_partner(worker, &ends.there, as);
    if (error) {
        (void) tr_table_remove(&maker->extra->monitors, id);
        drop_ends(worker, &ends);
        return error;
    }
    ends.there->correlation = id | (tr_far_is(worker->system, as) ? TR_LINK_FAR : 0);
    ends.there->receiver = address;
    ends.here->sender = address;
    ends.here->receiver = maker->address;
    ends.here->correlation = ends.there->correlation;
    tr_message_set(ends.here, TR_MESSAGE_SEALED);
    tr_message_set_kind(ends.here, TR_KIND_MONITOR);
    *out_ends = ends;
    return TROUPE_OK;
}

/* A link of an actor of ours, with its end here. */
static troupe_error make(tr_worker *worker, tr_actor *maker, troupe_ref other, tr_address address,
                         troupe_message **out_there)
{
    tr_link_ends ends;
    const troupe_error error = tr_link_make(
        worker, maker, tr_system_ref(worker->system, maker->address), other, address, &ends);
    if (error == TROUPE_OK) {
        tr_monitor_add_entry(maker, ends.here);
        *out_there = ends.there;
    }
    return error;
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
    troupe_message *entry = tr_monitor_take_entry(actor, other, id, &troupe_exit_type);
    if (entry != NULL) {
        tr_message_free(&worker->pool, entry);
    }
    return was_mine || entry != NULL;
}

/* The entry of a link, whoever made it. */
static const troupe_message *find_entry(const tr_system *system, const tr_actor *actor,
                                        troupe_ref other)
{
    troupe_message *at = actor->watchers;
    while (at != NULL &&
           !(at->type == &troupe_exit_type && troupe_ref_is_same(partner_of(system, at), other))) {
        at = at->next;
    }
    return at;
}

/* Both may have made it at the same moment: then there are two, of which one end is told. */
static void take_others(tr_worker *worker, tr_actor *actor, troupe_ref other)
{
    for (const troupe_message *entry = find_entry(worker->system, actor, other); entry != NULL;
         entry = find_entry(worker->system, actor, other)) {
        (void) take_link(worker, actor, entry->sender, entry->correlation);
    }
}

bool tr_link_exit_came(tr_worker *worker, tr_actor *actor, const troupe_message *message)
{
    const troupe_down *down = message->body;
    if (!take_link(worker, actor, message->sender, message->correlation)) {
        return false;
    }
    if (down->reason == TROUPE_OK) {
        return false; /* or it has unlinked, and may have linked again */
    }
    take_others(worker, actor, down->actor);
    if (!actor->traps_exits) {
        actor->is_struck = !actor->is_cancelled;
        actor->is_cancelled = true;
        tr_actor_signalled(worker, actor, 0);
    }
    return actor->traps_exits;
}

bool tr_link_end(tr_worker *worker, tr_actor *actor, troupe_ref other)
{
    bool was_linked = false;
    for (const troupe_message *entry = find_entry(worker->system, actor, other); entry != NULL;
         entry = find_entry(worker->system, actor, other)) {
        const tr_address address = entry->sender;
        const uint64_t id = entry->correlation;
        (void) take_link(worker, actor, address, id);
        tr_monitor_send_leave(worker, actor, address, id, true);
        was_linked = true;
    }
    return was_linked;
}

void tr_link_end_one(tr_worker *worker, tr_actor *actor, tr_address other, uint64_t id)
{
    if (take_link(worker, actor, other, id)) {
        tr_monitor_send_leave(worker, actor, other, id, true);
    }
}

void tr_link_name(tr_actor *actor, tr_address other, uint64_t id, troupe_ref partner)
{
    troupe_message *at = actor->watchers;
    while (at != NULL && !(at->type == &troupe_exit_type && at->correlation == id &&
                           tr_address_is_same(at->sender, other))) {
        at = at->next;
    }
    if (at != NULL) {
        set_partner(at, partner);
    }
}

static troupe_error link_to(tr_worker *worker, tr_actor *actor, troupe_ref other)
{
    tr_address address = {0};
    const troupe_error unreachable = tr_far_address(worker, other, &address);
    TR_REQUIRE(unreachable || !tr_address_is_same(address, actor->address), BAD_ARGUMENT);
    if (!unreachable && find_entry(worker->system, actor, other) != NULL) {
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
    const bool was_linked = !troupe_ref_is_none(other) && tr_link_end(worker, self->actor, other);
    tr_leave(self);
    return was_linked;
}
