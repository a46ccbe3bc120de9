/* SPDX-License-Identifier: MIT */
#include "simulation/reporter.h"

#include <string.h>

#include "cluster/carrier.h"
#include "cluster/incoming.h"
#include "core/failure.h"
#include "core/far.h"
#include "core/mailbox.h"
#include "simulation/finding.h"

static void name_party(const tr_beat *beat, tr_address address, tr_party *out_party)
{
    const tr_actor *actor = beat->system != NULL ? tr_title_actor(beat->system, address) : NULL;
    const char *title = actor != NULL ? tr_actor_title(actor) : "actor";
    out_party->address = address;
    out_party->node = beat->system != NULL ? beat->node : TR_NO_NODE;
    out_party->is_name = actor != NULL && tr_actor_name(actor) != NULL;
    const size_t length = strnlen(title, sizeof out_party->title - 1);
    memcpy(out_party->title, title, length);
    out_party->title[length] = '\0';
}

/* By whom all comes that another node sends. */
static bool is_entrance(const tr_actor *actor)
{
    return actor->behavior == &tr_entrance_behavior;
}

static bool is_extended(const troupe_message *message)
{
    return tr_message_has(message, TR_MESSAGE_EXTENDED);
}

static const tr_extension *extension_of(const troupe_message *message)
{
    return (const tr_extension *) (const void *) (message + 1);
}

/* A carrier stands for another node; to which of its actors the message goes, if there is one, is
 * in that. */
static void name_addressee(const tr_reporter *reporter, tr_address address,
                           const troupe_message *message, tr_party *out_party)
{
    const tr_system *system = reporter->own.system;
    const tr_actor *actor = tr_title_actor(system, address);
    if (actor != NULL && is_entrance(actor)) {
        name_party(&(const tr_beat) {0}, (tr_address) {0}, out_party);
        return;
    }
    if (actor == NULL || !actor->is_carrier) {
        name_party(&reporter->own, address, out_party);
        return;
    }
    const tr_beat beat = reporter->find(reporter->context, tr_far_node_of(system, address));
    name_party(&beat,
               message != NULL && is_extended(message) ? extension_of(message)->to
                                                       : (tr_address) {0},
               out_party);
}

static void name_sender(const tr_reporter *reporter, const troupe_message *message,
                        tr_party *out_party)
{
    const tr_system *system = reporter->own.system;
    const tr_actor *actor = tr_title_actor(system, message->sender);
    if (actor != NULL && actor->is_carrier) {
        const tr_beat beat =
            reporter->find(reporter->context, tr_far_node_of(system, message->sender));
        name_party(&beat, (tr_address) {0}, out_party);
    } else if (actor != NULL && is_entrance(actor) && is_extended(message)) {
        const tr_extension *extension = extension_of(message);
        const tr_beat beat = reporter->find(reporter->context, extension->node);
        name_party(&beat, extension->from, out_party);
    } else {
        name_party(&reporter->own, message->sender, out_party);
    }
}

/* What a lane is called by. */
static uint64_t priority_of(const tr_system *system, const troupe_message *message)
{
    const tr_actor *actor = tr_title_actor(system, message->receiver);
    const troupe_type_rule *rule =
        actor != NULL && actor->lanes != NULL
            ? tr_rule_for(actor->settings->rules, actor->settings->rule_count, message)
            : NULL;
    return rule != NULL ? rule->priority : 0;
}

static tr_entry *add(const tr_reporter *reporter, tr_news news, uint32_t worker, uint64_t at_ns)
{
    tr_entry *entry = tr_journal_add(reporter->journal, news, at_ns);
    entry->node = reporter->own.node;
    entry->worker = worker;
    return entry;
}

static tr_entry *add_message(const tr_reporter *reporter, tr_news news, const tr_told *told,
                             uint32_t worker, uint64_t at_ns)
{
    const troupe_message *message = told->message;
    tr_entry *entry = add(reporter, news, worker, at_ns);
    name_sender(reporter, message, &entry->who);
    name_addressee(reporter, message->receiver, message, &entry->whom);
    entry->number = told->number;
    entry->type = tr_message_form(message) != TR_FORM_NONE
                      ? tr_type_name(tr_message_form(message), message->type)
                      : NULL;
    if (entry->type == NULL && news != TR_NEWS_ANSWERED) {
        entry->type = "an answer"; /* an error; users' messages have a type */
    }
    return entry;
}

static void sent(const tr_reporter *reporter, const tr_told *told, uint32_t worker, uint64_t at_ns)
{
    const tr_news news = is_entrance(told->actor) ? TR_NEWS_CAME : TR_NEWS_SENT;
    tr_entry *entry = add_message(reporter, news, told, worker, at_ns);
    entry->number = priority_of(reporter->own.system, told->message);
}

static void accepted(const tr_reporter *reporter, const tr_told *told, uint32_t worker,
                     uint64_t at_ns)
{
    const troupe_message *message = told->message;
    if (tr_message_kind(message) == TR_KIND_REPLY && message->sender.generation != 0) {
        tr_entry *entry = add_message(reporter, TR_NEWS_ANSWERED, told, worker, at_ns);
        if (tr_failure_is(message)) {
            entry->type = NULL;
            entry->number = (uint64_t) TROUPE_ERROR_HANDLER_FAILED;
        } else if (entry->type == NULL) {
            entry->number = message->value;
        }
    }
}

/* What was not just handled, nor is told in another way. */
static void ended(const tr_reporter *reporter, const tr_told *told, uint32_t worker, uint64_t at_ns)
{
    const tr_kind kind = tr_message_kind(told->message);
    if ((kind == TR_KIND_USER || kind == TR_KIND_REPLY) && told->number != TROUPE_OUTCOME_HANDLED &&
        told->number != TROUPE_OUTCOME_CARRIED && told->number != TROUPE_OUTCOME_DEAD_LETTER) {
        (void) add_message(reporter, TR_NEWS_ENDED, told, worker, at_ns);
    }
}

static void of_actor(const tr_reporter *reporter, tr_news news, const tr_told *told,
                     uint32_t worker, uint64_t at_ns)
{
    tr_entry *entry = add(reporter, news, worker, at_ns);
    tr_party *party = news == TR_NEWS_SPAWNED ? &entry->whom : &entry->who;
    name_party(&reporter->own, told->actor->address, party);
    if (news == TR_NEWS_SPAWNED) {
        name_party(&reporter->own, tr_actor_parent(told->actor), &entry->who);
    } else {
        entry->number = told->number;
    }
}

static void in_vain(const tr_reporter *reporter, const tr_told *told, uint32_t worker,
                    uint64_t at_ns)
{
    tr_entry *entry = add(reporter, TR_NEWS_IN_VAIN, worker, at_ns);
    name_party(&reporter->own, told->actor->address, &entry->who);
    name_addressee(reporter, told->address, NULL, &entry->whom);
}

void tr_reporter_hear(const tr_reporter *reporter, const tr_told *told, uint32_t worker,
                      uint64_t at_ns)
{
    switch ((unsigned) told->tale) {
    case TR_TALE_SENT:
        sent(reporter, told, worker, at_ns);
        break;
    case TR_TALE_ACCEPTED:
        accepted(reporter, told, worker, at_ns);
        break;
    case TR_TALE_ENDED:
        ended(reporter, told, worker, at_ns);
        break;
    case TR_TALE_BURIED:
        (void) add_message(reporter, TR_NEWS_BURIED, told, worker, at_ns);
        break;
    case TR_TALE_GIVEN_BACK:
        (void) add_message(reporter, TR_NEWS_GIVEN_BACK, told, worker, at_ns);
        break;
    case TR_TALE_GAVE_UP:
        (void) add_message(reporter, TR_NEWS_GAVE_UP, told, worker, at_ns);
        break;
    case TR_TALE_ASKED_IN_VAIN:
        in_vain(reporter, told, worker, at_ns);
        break;
    case TR_TALE_DOWN:
        add_message(reporter, TR_NEWS_DOWN, told, worker, at_ns)->number =
            (uint64_t) ((const troupe_down *) told->message->body)->reason;
        break;
    case TR_TALE_SPAWNED:
        if (tr_actor_parent(told->actor).generation == 0 || is_entrance(told->actor) ||
            told->actor->behavior == &tr_carrier_behavior) {
            break; /* no user's */
        }
        of_actor(reporter, TR_NEWS_SPAWNED, told, worker, at_ns);
        break;
    case TR_TALE_ACTOR_ENDED:
        of_actor(reporter, TR_NEWS_ACTOR_ENDED, told, worker, at_ns);
        break;
    case TR_TALE_ACTOR_FELL:
        of_actor(reporter, TR_NEWS_ACTOR_FELL, told, worker, at_ns);
        break;
    default:
        break;
    }
}
