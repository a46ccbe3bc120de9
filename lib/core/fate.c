/* SPDX-License-Identifier: MIT */
#include "core/fate.h"

#include <troupe/link.h>

#include "base/assert.h"
#include "core/mailbox.h"
#include "core/quarantine.h"
#include "core/restart.h"
#include "core/send.h"

/* It has not been told to end, nor has the asker of what it handles given up. */
static bool is_its_own_failure(const tr_actor *actor)
{
    return !actor->is_stopping && !actor->is_cancelled && !actor->is_scope_cancelled;
}

bool tr_fate_takes(tr_worker *worker, tr_actor *actor, troupe_message *message, troupe_error error,
                   uint32_t before)
{
    tr_supervised *supervised = actor->is_supervised ? actor->extra->supervised : NULL;
    if (supervised == NULL || supervised->terms.retries == 0 || actor->is_ending ||
        error == TROUPE_OK || !is_its_own_failure(actor) ||
        tr_message_kind(message) != TR_KIND_USER ||
        tr_message_has(message, TR_MESSAGE_REPLIED | TR_MESSAGE_VOID)) {
        return false;
    }
    const uint32_t failures = before + 1;
    const uint32_t retries = supervised->terms.retries;
    if (retries == TROUPE_NO_RETRIES || failures > retries) {
        supervised->is_known = failures > 1;
        return tr_quarantine_put(worker, actor, message, error, failures);
    }
    supervised->is_known = failures > 1;
    tr_message_set_failures(message, failures);
    tr_queue_push(&actor->replies, message);
    return true;
}

void tr_fate_of_held(tr_worker *worker, tr_actor *actor, troupe_error error)
{
    troupe_message *message = actor->scope;
    if (message == NULL || !actor->is_supervised) {
        return;
    }
    const uint32_t before = tr_message_failures(message);
    tr_held_remove(actor, message);
    if (!tr_fate_takes(worker, actor, message, error, before)) {
        tr_held_add_reply(actor, message);
    }
}

/* All users' messages, in order. The ends of those it is linked to stay: so do the links. What is
 * left of timers and monitors ends. */
static tr_queue empty(tr_worker *worker, tr_actor *actor)
{
    tr_queue users = {0};
    tr_queue exits = {0};
    for (troupe_message *message = tr_mailbox_drain(actor); message != NULL;
         message = tr_mailbox_drain(actor)) {
        const tr_kind kind = tr_message_kind(message);
        if (kind == TR_KIND_USER) {
            tr_queue_push(&users, message);
        } else if (kind == TR_KIND_DOWN && message->type == &troupe_exit_type) {
            message->deadline_ns = TR_NEVER;
            tr_queue_push(&exits, message);
        } else {
            tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, TROUPE_OK);
        }
    }
    tr_mailbox_release(worker, actor);
    for (troupe_message *exit = tr_queue_pop(&exits); exit != NULL; exit = tr_queue_pop(&exits)) {
        tr_mailbox_put_reserved(worker, actor, exit);
    }
    return users;
}

static troupe_error find_heir(const tr_worker *worker, const tr_terms *terms, tr_address *out_heir)
{
    return terms->heir_name != NULL ? tr_names_find(worker->system, terms->heir_name, out_heir)
                                    : tr_system_address(worker->system, terms->heir, out_heir);
}

static troupe_dead_reason reason_of(troupe_error error)
{
    switch ((unsigned) error) {
    case TROUPE_ERROR_STALE:
        return TROUPE_DEAD_STALE;
    case TROUPE_ERROR_NO_SUCH_ACTOR:
        return TROUPE_DEAD_NO_SUCH_ACTOR;
    default: /* no room, or no memory, for it */
        return TROUPE_DEAD_OVERFLOW;
    }
}

static void hand_on(tr_worker *worker, const tr_terms *terms, troupe_message *message)
{
    tr_address heir = {0};
    troupe_error error = find_heir(worker, terms, &heir);
    if (error == TROUPE_OK) {
        error = tr_send_on(worker, heir, message);
    }
    if (error) {
        message->receiver = heir.generation != 0 ? heir : message->receiver;
        tr_message_bury(worker, message, reason_of(error), error);
    }
}

void tr_fate_of_mailbox(tr_worker *worker, tr_actor *actor)
{
    const tr_terms *terms = &actor->extra->supervised->terms;
    if (terms->mailbox == TROUPE_MAILBOX_KEEP) {
        return;
    }
    const tr_queue again = actor->replies;
    actor->replies = (tr_queue) {0};
    tr_queue users = empty(worker, actor);
    actor->replies = again;
    for (troupe_message *message = tr_queue_pop(&users); message != NULL;
         message = tr_queue_pop(&users)) {
        if (terms->mailbox == TROUPE_MAILBOX_HEIR) {
            hand_on(worker, terms, message);
        } else if (tr_message_failures(message) > 0) { /* stashed when it was tried again */
            tr_message_end(worker, message, TROUPE_OUTCOME_FAILED, TROUPE_ERROR_HANDLER_FAILED);
        } else {
            tr_message_bury(worker, message, TROUPE_DEAD_RESTARTED, TROUPE_ERROR_RESTARTED);
        }
    }
}
