/* SPDX-License-Identifier: MIT */
#include "core/quarantine.h"

#include <stdio.h>
#include <troupe/quarantine.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/bracket.h"
#include "core/failure.h"
#include "core/send.h"

_Static_assert(sizeof((troupe_quarantined) {0}.text) == TR_FAILURE_TEXT_SIZE, "the text fits");

typedef struct tr_quarantined {
    tr_list link;
    troupe_message *message;
    troupe_quarantined row;
} tr_quarantined;

static void lock(const tr_system *system)
{
    system->ports.lock(system->ports.context);
}

static void unlock(const tr_system *system)
{
    system->ports.unlock(system->ports.context);
}

static tr_quarantined *entry_of(tr_list *node)
{
    return node != NULL ? TR_CONTAINER_OF(node, tr_quarantined, link) : NULL;
}

/* Takes room for one of this size. */
static bool reserve(tr_system *system, uint64_t size)
{
    tr_quarantine *quarantine = &system->quarantine;
    lock(system);
    const bool has_room = quarantine->count < TROUPE_QUARANTINE_MAX &&
                          size <= TR_QUARANTINE_BYTES_MAX - quarantine->bytes;
    if (has_room) {
        quarantine->count++;
        quarantine->bytes += size;
    }
    unlock(system);
    return has_room;
}

static void give_up_room(tr_system *system, uint64_t size)
{
    lock(system);
    system->quarantine.count--;
    system->quarantine.bytes -= size;
    unlock(system);
}

/* In the order of their ids. A new one gets its id here. */
static void add(tr_system *system, tr_quarantined *entry)
{
    tr_quarantine *quarantine = &system->quarantine;
    lock(system);
    entry->row.id = entry->row.id != 0 ? entry->row.id : ++quarantine->last_id;
    tr_list *before = quarantine->entries.previous;
    while (before != &quarantine->entries && entry_of(before)->row.id > entry->row.id) {
        before = before->previous;
    }
    tr_list_push_front(before, &entry->link);
    unlock(system);
}

/* Takes the one of this id out, or with 0 the oldest; its room stays reserved. */
static tr_quarantined *take(tr_system *system, uint64_t id)
{
    tr_list *entries = &system->quarantine.entries;
    lock(system);
    tr_list *node = tr_list_first(entries);
    while (node != NULL && id != 0 && entry_of(node)->row.id != id) {
        node = tr_list_next(entries, node);
    }
    if (node != NULL) {
        tr_list_remove(node);
    }
    unlock(system);
    return entry_of(node);
}

static void drop_entry(tr_worker *worker, tr_quarantined *entry)
{
    give_up_room(worker->system, entry->row.size);
    tr_free(worker->system->ports.allocator, entry, sizeof *entry);
}

/* The bare code, where there is no room for more. */
static bool answer_bare(tr_worker *worker, const troupe_message *request)
{
    troupe_message *answer = tr_message_of_kind(&worker->pool, TR_KIND_REPLY);
    if (answer == NULL) {
        return false;
    }
    answer->sender = request->receiver;
    answer->receiver = request->sender;
    answer->correlation = request->correlation;
    answer->value = TROUPE_ERROR_HANDLER_FAILED;
    tr_ledger_accept(&worker->ledger, answer);
    tr_worker_route(worker, answer);
    return true;
}

static bool answer(tr_worker *worker, const tr_actor *actor, troupe_error reason,
                   const troupe_message *message)
{
    return !tr_message_has(message, TR_MESSAGE_WANTS_REPLY) ||
           tr_failure_answer(worker, actor, reason, message) || answer_bare(worker, message);
}

static tr_quarantined *make_entry(tr_worker *worker, const tr_actor *actor,
                                  const troupe_message *message, troupe_error reason,
                                  uint32_t failures)
{
    tr_system *system = worker->system;
    if (!reserve(system, message->size)) {
        tr_log_write(
            system->ports.log, TROUPE_LOG_WARNING,
            "actor '%s': the quarantine is full (%u messages); one of type '%s' has failed",
            tr_actor_title(actor), tr_quarantine_count(system),
            tr_type_name(tr_message_form(message), message->type));
        return NULL;
    }
    tr_quarantined *entry = tr_allocate(system->ports.allocator, sizeof *entry);
    if (entry == NULL) {
        give_up_room(system, message->size);
        return NULL;
    }
    entry->row =
        (troupe_quarantined) {.receiver = tr_system_ref(system, message->receiver),
                              .sender = tr_system_ref(system, message->sender),
                              .type = tr_type_name(tr_message_form(message), message->type),
                              .size = message->size,
                              .trace_id = tr_message_trace(message),
                              .time_ns = worker->now_ns,
                              .reason = reason,
                              .failures = failures};
    const char *name = tr_actor_name(actor);
    (void) snprintf(entry->row.name, sizeof entry->row.name, "%s", name != NULL ? name : "");
    (void) snprintf(entry->row.text, sizeof entry->row.text, "%s", tr_failure_text(actor, reason));
    tr_list_init(&entry->link);
    return entry;
}

bool tr_quarantine_put(tr_worker *worker, tr_actor *actor, troupe_message *message,
                       troupe_error reason, uint32_t failures)
{
    if (tr_message_has(message, TR_MESSAGE_SETTLES) &&
        tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
        return false;
    }
    tr_quarantined *entry = make_entry(worker, actor, message, reason, failures);
    if (entry == NULL) {
        return false;
    }
    if (!answer(worker, actor, reason, message)) {
        drop_entry(worker, entry);
        return false;
    }
    tr_log_write(worker->system->ports.log, TROUPE_LOG_WARNING,
                 "actor '%s' (%u.%u) has failed %u times with a message of type '%s': %s; it is in "
                 "quarantine",
                 tr_actor_title(actor), actor->address.slot, actor->address.generation, failures,
                 entry->row.type, troupe_error_name(reason));
    tr_message_clear(message, TR_MESSAGE_WANTS_REPLY);
    tr_message_renew(worker, message, TROUPE_OUTCOME_QUARANTINED);
    entry->message = message;
    add(worker->system, entry);
    return true;
}

void tr_quarantine_fini(tr_worker *worker)
{
    while (worker->system->quarantine.count > 0) { /* nobody else runs any more */
        tr_quarantined *entry = take(worker->system, 0);
        tr_message_free(&worker->pool, entry->message);
        drop_entry(worker, entry);
    }
}

uint32_t tr_quarantine_count(tr_system *system)
{
    lock(system);
    const uint32_t count = system->quarantine.count;
    unlock(system);
    return count;
}

/* The public calls. */

troupe_error troupe_quarantine_list(troupe_self *self, uint64_t after, troupe_quarantined *rows,
                                    size_t room, size_t *out_count)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_count != NULL && (rows != NULL || room == 0), BAD_ARGUMENT);
    tr_system *system = tr_enter(self)->system;
    tr_list *entries = &system->quarantine.entries;
    size_t count = 0;
    lock(system);
    for (tr_list *node = tr_list_first(entries); node != NULL; node = tr_list_next(entries, node)) {
        const tr_quarantined *entry = entry_of(node);
        if (entry->row.id > after && count < room) {
            rows[count] = entry->row;
        }
        count += entry->row.id > after ? 1 : 0;
    }
    unlock(system);
    *out_count = count;
    tr_leave(self);
    return TROUPE_OK;
}

/* The entry is in nobody's list; it is freed, unless there is an error. */
static troupe_error replay(tr_worker *worker, tr_actor *actor, tr_quarantined *entry, troupe_ref to)
{
    tr_address address = entry->message->receiver;
    if (!troupe_ref_is_none(to)) {
        const troupe_error error = tr_system_address(worker->system, to, &address);
        if (error) {
            return error;
        }
    }
    troupe_message *message = entry->message;
    message->deadline_ns = TR_NEVER;
    troupe_error error = tr_send_on(worker, address, message);
    if (error == TROUPE_ERROR_MAILBOX_FULL && tr_address_is_same(address, actor->address) &&
        tr_mailbox_release_past(worker, actor)) {
        error = tr_send_on(worker, address, message);
    }
    if (error == TROUPE_OK) {
        drop_entry(worker, entry);
    }
    return error;
}

troupe_error troupe_quarantine_replay(troupe_self *self, uint64_t id, troupe_ref to)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && id != 0, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_quarantined *entry = take(worker->system, id);
    troupe_error error = TROUPE_ERROR_END;
    if (entry != NULL) {
        error = replay(worker, self->actor, entry, to);
        if (error) {
            add(worker->system, entry);
        }
    }
    tr_leave(self);
    return error;
}

size_t troupe_quarantine_purge(troupe_self *self, uint64_t id)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return 0;
    }
    tr_worker *worker = tr_enter(self);
    size_t count = 0;
    for (tr_quarantined *entry = take(worker->system, id); entry != NULL;
         entry = id == 0 ? take(worker->system, 0) : NULL) {
        tr_message_free(&worker->pool, entry->message);
        drop_entry(worker, entry);
        count++;
    }
    tr_leave(self);
    return count;
}
