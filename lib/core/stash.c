/* SPDX-License-Identifier: MIT */
#include <troupe/send.h>

#include "base/assert.h"
#include "core/bracket.h"
#include "core/budget.h"
#include "core/mailbox.h"
#include "core/tasks.h"

/* The place of the message just taken is still the actor's, or one is taken anew; the same of its
 * bytes. Nobody in line is passed by. */
static bool keep_place(tr_worker *worker, tr_actor *actor, const troupe_message *message)
{
    const uint64_t charge = tr_message_charge(message);
    const uint64_t kept = charge < actor->bytes_to_release ? charge : actor->bytes_to_release;
    const bool has_place = actor->to_release > 0;
    if (!has_place && actor->line.head != NULL) {
        return false;
    }
    if (charge > kept && tr_budget_take(worker, actor->slot, charge - kept) != TR_BYTES_TAKEN) {
        return false;
    }
    if (!has_place && !tr_slot_admit_waiter(actor->slot)) {
        if (charge > kept) {
            tr_budget_return(worker, actor->slot, charge - kept);
        }
        return false;
    }
    actor->to_release -= has_place ? 1 : 0;
    actor->bytes_to_release -= kept;
    return true;
}

static troupe_error stash(tr_worker *worker, tr_actor *actor, troupe_message **message)
{
    TR_REQUIRE(tr_message_has(*message, TR_MESSAGE_HELD) &&
                   tr_message_kind(*message) == TR_KIND_USER,
               BAD_ARGUMENT);
    tr_extra *extra = tr_actor_extra(worker, actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    /* Where the oldest gives way more is admitted than there are places. */
    TR_REQUIRE(!actor->evicts || !tr_mailbox_is_full(actor), MAILBOX_FULL);
    TR_REQUIRE(keep_place(worker, actor, *message), MAILBOX_FULL);
    const uint32_t failures = tr_message_failures(*message);
    tr_held_remove(actor, *message);
    tr_message_set_failures(*message, failures);
    tr_message_set(*message, TR_MESSAGE_PLACED | TR_MESSAGE_STASHED);
    tr_queue_push(&extra->stash, *message);
    extra->stashed++;
    *message = NULL;
    return TROUPE_OK;
}

troupe_error troupe_stash(troupe_self *self, troupe_message **message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = stash(worker, self->actor, message);
    tr_leave(self);
    return error;
}

/* The queue, newest first. */
static troupe_message *reverse(troupe_message *head)
{
    troupe_message *reversed = NULL;
    while (head != NULL) {
        troupe_message *next = head->next;
        head->next = reversed;
        reversed = head;
        head = next;
    }
    return reversed;
}

size_t tr_stash_put_back(tr_actor *actor, size_t count)
{
    tr_extra *extra = actor->extra;
    tr_queue taken = {0};
    size_t done = 0;
    while (done < count && extra->stash.head != NULL) {
        tr_queue_push(&taken, tr_queue_pop(&extra->stash));
        done++;
    }
    for (troupe_message *at = reverse(taken.head); at != NULL;) {
        troupe_message *next = at->next;
        tr_message_clear(at, TR_MESSAGE_STASHED);
        tr_mailbox_put_back(actor, at);
        at = next;
    }
    extra->stashed -= (uint32_t) done;
    return done;
}

size_t troupe_unstash(troupe_self *self, size_t count)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return 0;
    }
    tr_worker *worker = tr_enter(self);
    const size_t done = self->actor->extra != NULL ? tr_stash_put_back(self->actor, count) : 0;
    if (done > 0 && self->actor->task == NULL && self->actor->state == TR_ACTOR_LIVE) {
        tr_worker_make_runnable(worker, self->actor);
    }
    if (done > 0 && self->actor->extra->tasks != NULL) {
        tr_tasks_offer(worker, self->actor);
    }
    tr_leave(self);
    return done;
}

static troupe_error continue_with(tr_worker *worker, tr_actor *actor, troupe_message **message)
{
    TR_REQUIRE(tr_held_any(actor) != NULL && !actor->has_continued, BAD_ARGUMENT);
    TR_REQUIRE(!tr_message_has(*message, TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EMBEDDED),
               BAD_ARGUMENT);
    TR_REQUIRE(keep_place(worker, actor, *message), MAILBOX_FULL);
    troupe_message *continued = *message;
    *message = NULL;
    if (tr_message_has(continued, TR_MESSAGE_HELD)) {
        tr_held_remove(actor, continued);
    }
    tr_message_renew(worker, continued, TROUPE_OUTCOME_HANDLED);
    continued->sender = actor->address;
    continued->receiver = actor->address;
    continued->deadline_ns = TR_NEVER;
    tr_message_set(continued, TR_MESSAGE_SEALED);
    tr_message_set_kind(continued, TR_KIND_USER);
    actor->has_continued = true;
    tr_ledger_accept(&worker->ledger, continued);
    tr_mailbox_put(worker, actor, continued);
    return TROUPE_OK;
}

troupe_error troupe_continue(troupe_self *self, troupe_message **message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = continue_with(worker, self->actor, message);
    tr_leave(self);
    return error;
}
