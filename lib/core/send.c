/* SPDX-License-Identifier: MIT */
#include "core/send.h"

#include "base/assert.h"
#include "core/budget.h"
#include "core/far.h"
#include "core/line.h"
#include "core/mailbox.h"
#include "core/park.h"
#include "core/post.h"
#include "core/room.h"
#include "core/tasks.h"

/* The receiver's rule for this message, or NULL. Its slot may be passing to another right now. */
static const troupe_type_rule *rule_of(tr_slot *slot, uint32_t generation,
                                       const troupe_message *message)
{
    /* Pairs with the release in spawn.c: who sees anything of the next actor's sees its generation
     * below, so that what is used belongs together. */
    const uint32_t count = atomic_load_explicit(&slot->rule_count, memory_order_acquire);
    const troupe_type_rule *rules = atomic_load_explicit(&slot->rules, memory_order_acquire);
    return count > 0 && tr_slot_generation(slot) == generation ? tr_rule_for(rules, count, message)
                                                               : NULL;
}

/* The policy for this message when the mailbox is full, and how many places admission gives. */
static troupe_on_full policy_of(tr_slot *slot, uint32_t generation, const troupe_message *message)
{
    const troupe_type_rule *rule = rule_of(slot, generation, message);
    if (rule != NULL && rule->on_full != TROUPE_ON_FULL_DEFAULT) {
        return rule->on_full;
    }
    const uint32_t on_full = atomic_load_explicit(&slot->on_full, memory_order_relaxed);
    return on_full == TR_SLOT_IS_WINDOW ? TROUPE_ON_FULL_WAIT : (troupe_on_full) on_full;
}

static bool evicts(troupe_on_full policy)
{
    return policy == TROUPE_ON_FULL_DROP_OLDEST || policy == TROUPE_ON_FULL_CONFLATE;
}

static uint32_t limit_of(tr_slot *slot, uint32_t generation, const troupe_message *message)
{
    if (TR_LIKELY(atomic_load_explicit(&slot->rule_count, memory_order_relaxed) == 0)) {
        return atomic_load_explicit(&slot->limit, memory_order_relaxed);
    }
    const uint32_t capacity = atomic_load_explicit(&slot->capacity, memory_order_relaxed);
    return evicts(policy_of(slot, generation, message)) ? 2 * capacity : capacity;
}

/* Whether it can never be admitted. */
static bool is_too_large(const tr_worker *worker, tr_slot *slot, uint32_t charge)
{
    return charge > atomic_load_explicit(&slot->bytes_limit, memory_order_relaxed) ||
           charge > worker->system->options.memory_budget;
}

/* Gives back a place that was just taken; if someone waits for it, or it is the last that kept an
 * ended actor's slot, the owner has to know. */
static void unplace(tr_worker *worker, tr_slot *slot, tr_address to)
{
    const uint64_t before = tr_slot_release(slot, 1);
    if ((before & (TR_SLOT_WAITING | TR_SLOT_CLOSED)) != 0) {
        troupe_message *nudge = worker->spare;
        worker->spare = NULL;
        nudge->receiver = to;
        nudge->value = (uint64_t) TROUPE_ERROR_MAILBOX_FULL; /* a nudge: no place comes with it */
        tr_worker_route(worker, nudge);
    }
}

static bool has_spare(tr_worker *worker)
{
    if (worker->spare == NULL) {
        worker->spare = tr_message_of_kind(&worker->pool, TR_KIND_LINE_RETURN);
    }
    return worker->spare != NULL;
}

/* The part of admission that large messages go through. */
static tr_admission admit_bytes(tr_worker *worker, tr_slot *slot, const tr_sending *sending,
                                uint32_t charge, bool *out_by_bytes)
{
    if (is_too_large(worker, slot, charge)) {
        unplace(worker, slot, sending->to);
        return TR_LARGE;
    }
    if (tr_budget_take(worker, slot, charge) != TR_BYTES_TAKEN) {
        unplace(worker, slot, sending->to);
        *out_by_bytes = true;
        return TR_FULL;
    }
    return TR_ADMITTED;
}

tr_admission tr_send_admit(tr_worker *worker, tr_slot *slot, const tr_sending *sending,
                           bool *out_by_bytes)
{
    const troupe_message *message = *sending->message;
    uint32_t count = 0;
    const uint32_t generation = sending->to.generation;
    const tr_admission admission = tr_slot_admit(
        slot, generation, limit_of(slot, generation, message), sending->margin, 1, &count);
    const uint32_t charge = tr_message_charge(message);
    *out_by_bytes = false;
    if (TR_LIKELY(charge == 0)) {
        return admission;
    }
    if (admission == TR_ADMITTED) {
        return admit_bytes(worker, slot, sending, charge, out_by_bytes);
    }
    return admission == TR_FULL && is_too_large(worker, slot, charge) ? TR_LARGE : admission;
}

troupe_message *tr_send_take(tr_worker *worker, tr_sending *sending)
{
    troupe_message *message = *sending->message;
    *sending->message = NULL;
    if (tr_message_has(message, TR_MESSAGE_HELD)) {
        tr_held_remove(sending->sender, message);
        if (!sending->is_forward) {
            tr_message_forget_far(message);
        }
    }
    tr_message_renew(worker, message, TROUPE_OUTCOME_HANDLED);
    if (!sending->is_forward) {
        message->sender = sending->sender->address;
        message->deadline_ns = sending->deadline_ns;
        message->correlation = sending->correlation;
        tr_message_clear(message, TR_MESSAGE_REPLIED | TR_MESSAGE_SETTLES |
                                      TR_MESSAGE_GIVEN_UP); /* that was its life before */
        if (sending->correlation != 0) {
            tr_message_set(message, TR_MESSAGE_WANTS_REPLY | sending->flags);
        }
        tr_message_set_kind(message, TR_KIND_USER);
    }
    message->receiver = sending->to;
    tr_message_set(message, TR_MESSAGE_SEALED);
    tr_ledger_accept(&worker->ledger, message);
    TR_TELL(SENT, .worker = worker, .message = message, .actor = sending->sender,
            .number = sending->is_forward || sending->redirects > 0 ? 1 : 0);
    return message;
}

void tr_send_commit(tr_worker *worker, tr_sending *sending)
{
    tr_slot *slot = tr_system_slot(worker->system, sending->to);
    tr_worker_post(worker, slot, tr_send_take(worker, sending));
}

static void note_refused(tr_worker *worker, tr_slot *slot)
{
    atomic_fetch_add_explicit(&slot->refused, 1, memory_order_relaxed);
    tr_ledger_add(&worker->ledger, TR_COUNT_REFUSED, 1);
}

static bool is_self(const tr_sending *sending)
{
    return tr_address_is_same(sending->to, sending->sender->address);
}

static troupe_error wait_or_park(tr_worker *worker, tr_sending *sending, tr_slot *slot,
                                 bool by_bytes)
{
    if (TR_UNLIKELY(sending->sender->is_entrance)) {
        return tr_far_port_of(worker)->land(worker, sending);
    }
    if (sending->margin > 0 || is_self(sending)) {
        note_refused(worker, slot);
        return TROUPE_ERROR_MAILBOX_FULL;
    }
    if (sending->sender->task == NULL) {
        return tr_park_add(worker, sending);
    }
    const bool is_sure = by_bytes || sending->is_second_try;
    return tr_room_wait(sending, slot,
                        is_sure ? 0 : limit_of(slot, sending->to.generation, *sending->message));
}

static troupe_error drop(tr_worker *worker, tr_sending *sending, bool is_dead_letter)
{
    troupe_message *message = tr_send_take(worker, sending);
    sending->was_dropped = true;
    if (is_dead_letter) {
        tr_message_bury(worker, message, TROUPE_DEAD_OVERFLOW, TROUPE_ERROR_MAILBOX_FULL);
    } else {
        tr_message_end(worker, message, TROUPE_OUTCOME_DROPPED, TROUPE_ERROR_MAILBOX_FULL);
    }
    return TROUPE_OK;
}

/* Nobody is where it was to go. */
static void bury_redirected(tr_sending *onward, troupe_error error)
{
    tr_worker *worker = onward->sender->worker; /* anew: it may have waited */
    troupe_message *message = tr_send_take(worker, onward);
    tr_message_bury(worker, message,
                    error == TROUPE_ERROR_STALE ? TROUPE_DEAD_STALE : TROUPE_DEAD_NO_SUCH_ACTOR,
                    error);
}

static troupe_error redirect(tr_worker *worker, tr_sending *sending, tr_slot *slot)
{
    if (sending->redirects == TR_REDIRECTS_MAX) {
        note_refused(worker, slot);
        return TROUPE_ERROR_MAILBOX_FULL;
    }
    tr_sending onward = *sending;
    onward.redirects++;
    onward.to = (tr_address) {
        .slot = atomic_load_explicit(&slot->redirect_slot, memory_order_acquire),
        .generation = atomic_load_explicit(&slot->redirect_generation, memory_order_acquire)};
    /* Not to where the next in this slot redirects: as in rule_of. */
    TR_REQUIRE(tr_slot_generation(slot) == sending->to.generation, STALE);
    const troupe_error error = tr_send(worker, &onward);
    sending->was_dropped = onward.was_dropped;
    sending->was_parked = onward.was_parked;
    if (error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR) {
        /* Not the sender's to know: the one it sent to is well. */
        sending->was_dropped = true;
        bury_redirected(&onward, error);
        return TROUPE_OK;
    }
    return error;
}

static troupe_error stop_receiver(tr_worker *worker, const tr_sending *sending, tr_slot *slot)
{
    note_refused(worker, slot);
    /* NO_MEMORY to tell it is no other answer to the sender; the next send tries again. */
    (void) tr_actor_signal(worker, sending->to, TR_SIGNAL_OVERLOAD);
    return TROUPE_ERROR_MAILBOX_FULL;
}

/* A thread from outside waits for room only if told to, or for how long. */
static bool is_in_a_hurry(const tr_sending *sending)
{
    return sending->sender->is_attached && sending->on_full == TROUPE_ON_FULL_DEFAULT &&
           sending->wait_until_ns == TR_NEVER && sending->correlation == 0;
}

static troupe_error meet_full(tr_worker *worker, tr_sending *sending, tr_slot *slot, bool by_bytes)
{
    const troupe_on_full policy = sending->on_full != TROUPE_ON_FULL_DEFAULT
                                      ? sending->on_full
                                      : policy_of(slot, sending->to.generation, *sending->message);
    switch (policy) {
    case TROUPE_ON_FULL_DEFAULT:
    case TROUPE_ON_FULL_WAIT:
        if (TR_UNLIKELY(is_in_a_hurry(sending))) {
            break;
        }
        return wait_or_park(worker, sending, slot, by_bytes);
    case TROUPE_ON_FULL_DROP_NEWEST:
    case TROUPE_ON_FULL_DROP_OLDEST: /* past twice the capacity the newest goes */
    case TROUPE_ON_FULL_CONFLATE:
        atomic_fetch_add_explicit(&slot->refused, 1, memory_order_relaxed);
        return drop(worker, sending, false);
    case TROUPE_ON_FULL_DEAD_LETTER:
        atomic_fetch_add_explicit(&slot->refused, 1, memory_order_relaxed);
        return drop(worker, sending, true);
    case TROUPE_ON_FULL_REDIRECT:
        return redirect(worker, sending, slot);
    case TROUPE_ON_FULL_STOP_ACTOR:
        return stop_receiver(worker, sending, slot);
    case TROUPE_ON_FULL_FAIL:
        if (sending->sender->is_entrance) { /* its window had room */
            return wait_or_park(worker, sending, slot, by_bytes);
        }
        break;
    }
    note_refused(worker, slot);
    return TROUPE_ERROR_MAILBOX_FULL;
}

/* Something of this sender's stands before what comes now. */
static bool stands_behind(const tr_worker *worker, const tr_sending *sending)
{
    return sending->sender->is_entrance
               ? tr_far_port_of(worker)->blocks(sending->sender, sending->to)
               : tr_park_has(sending->sender, sending->to);
}

/* What is parked for this receiver goes first: to those who come later it is full. */
static troupe_error stand_behind_parked(tr_worker *worker, tr_sending *sending, tr_slot *slot)
{
    TR_REQUIRE(!is_too_large(worker, slot, tr_message_charge(*sending->message)), TOO_LARGE);
    return meet_full(worker, sending, slot, false);
}

troupe_error tr_send(tr_worker *worker, tr_sending *sending)
{
    tr_slot *slot = tr_system_slot(worker->system, sending->to);
    TR_REQUIRE(slot != NULL, NO_SUCH_ACTOR);
    if (TR_UNLIKELY(tr_message_charge(*sending->message) > 0 && !has_spare(worker))) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    if (TR_UNLIKELY((sending->sender->extra != NULL || sending->sender->is_entrance) &&
                    stands_behind(worker, sending))) {
        return stand_behind_parked(worker, sending, slot);
    }
    bool by_bytes = false;
    switch (tr_send_admit(worker, slot, sending, &by_bytes)) {
    case TR_ADMITTED:
        tr_send_commit(worker, sending);
        return TROUPE_OK;
    case TR_FULL:
        if (is_self(sending) && tr_mailbox_release_past(worker, sending->sender)) {
            return tr_send(worker, sending); /* not again: nothing is left to give back */
        }
        return meet_full(worker, sending, slot, by_bytes);
    case TR_CLOSED:
        return TROUPE_ERROR_STALE;
    case TR_LARGE:
        return TROUPE_ERROR_TOO_LARGE;
    case TR_UNKNOWN:
        break;
    }
    return TROUPE_ERROR_NO_SUCH_ACTOR;
}

troupe_error tr_send_prepare(tr_worker *worker, const tr_actor *sender, troupe_message **message,
                             uint64_t trace_id)
{
    TR_REQUIRE(!tr_message_has(*message, TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EMBEDDED),
               BAD_ARGUMENT);
    const uint64_t wanted = trace_id != 0 ? trace_id : sender->trace_id;
    if (TR_LIKELY(wanted == 0) || wanted == tr_message_trace(*message)) {
        return TROUPE_OK;
    }
    if (tr_message_has(*message, TR_MESSAGE_HELD)) {
        return TROUPE_OK; /* is on a list; it keeps the trace it has */
    }
    return tr_message_set_trace(&worker->pool, message, wanted);
}

troupe_error tr_send_on(tr_worker *worker, tr_address to, troupe_message *message)
{
    tr_slot *slot = tr_system_slot(worker->system, to);
    const tr_sending sending = {.message = &message, .to = to};
    bool by_bytes = false;
    TR_REQUIRE(slot != NULL, NO_SUCH_ACTOR);
    TR_REQUIRE(tr_message_charge(message) == 0 || has_spare(worker), NO_MEMORY);
    switch (tr_send_admit(worker, slot, &sending, &by_bytes)) {
    case TR_ADMITTED:
        message->receiver = to;
        tr_message_set_failures(message, 0);
        if (!tr_message_has(message, TR_MESSAGE_ACCEPTED)) {
            tr_ledger_accept(&worker->ledger, message);
        }
        tr_worker_post(worker, slot, message);
        return TROUPE_OK;
    case TR_FULL:
        note_refused(worker, slot);
        return TROUPE_ERROR_MAILBOX_FULL;
    case TR_CLOSED:
        return TROUPE_ERROR_STALE;
    case TR_LARGE:
        return TROUPE_ERROR_TOO_LARGE;
    case TR_UNKNOWN:
        break;
    }
    return TROUPE_ERROR_NO_SUCH_ACTOR;
}

bool tr_send_notice(tr_worker *worker, tr_address to, troupe_message *message)
{
    tr_slot *slot = tr_system_slot(worker->system, to);
    uint32_t count = 0;
    message->receiver = to;
    tr_message_set(message, TR_MESSAGE_SEALED);
    tr_ledger_accept(&worker->ledger, message);
    const uint32_t capacity = atomic_load_explicit(&slot->capacity, memory_order_relaxed);
    const tr_admission admission = tr_slot_admit(slot, to.generation, capacity, 0, 1, &count);
    if (admission == TR_ADMITTED) {
        tr_worker_post(worker, slot, message);
        return true;
    }
    tr_message_end(worker, message, TROUPE_OUTCOME_DROPPED, TROUPE_ERROR_MAILBOX_FULL);
    return admission == TR_FULL;
}

troupe_error tr_send_control(tr_worker *worker, tr_address from, tr_address to, tr_kind kind)
{
    tr_slot *slot = tr_system_slot(worker->system, to);
    TR_REQUIRE(slot != NULL && tr_slot_generation(slot) >= to.generation, NO_SUCH_ACTOR);
    TR_REQUIRE(tr_slot_generation(slot) == to.generation, STALE);
    troupe_message *message = tr_message_of_kind(&worker->pool, kind);
    TR_REQUIRE(message != NULL, NO_MEMORY);
    message->sender = from;
    message->receiver = to;
    tr_worker_route(worker, message);
    return TROUPE_OK;
}

static bool waits_for_ticket(const tr_task *task, const void *grant)
{
    return task->wait == TROUPE_WAIT_ROOM &&
           task->wait_id == ((const troupe_message *) grant)->correlation;
}

/* Whether the task that has asked for it still wants it. */
static bool grant_to_task(tr_worker *worker, const tr_actor *actor, troupe_message *grant)
{
    tr_task *task = tr_task_of(actor, waits_for_ticket, grant);
    return task != NULL && tr_room_granted(worker, task, grant);
}

void tr_send_granted(tr_worker *worker, troupe_message *grant)
{
    tr_actor *actor = tr_actor_at(worker, grant->receiver);
    if (actor == NULL) {
        tr_line_return(worker, grant);
        return;
    }
    TR_ASSERT(actor->tickets > 0);
    actor->tickets--;
    const bool is_wanted = actor->task != NULL ? grant_to_task(worker, actor, grant)
                           : !actor->is_entrance
                               ? tr_park_granted(worker, actor, grant)
                               : tr_far_port_of(worker)->granted(worker, actor, grant);
    if (!is_wanted) {
        tr_line_return(worker, grant);
    }
}
