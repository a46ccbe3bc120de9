/* SPDX-License-Identifier: MIT */
#include "core/dead_letter.h"

#include "base/assert.h"
#include "base/log.h"
#include "core/actor.h"
#include "core/bracket.h"
#include "core/send.h"

const troupe_type troupe_dead_letter_type = TROUPE_TYPE(troupe_dead_letter);

const char *troupe_dead_reason_text(troupe_dead_reason reason)
{
    static const char *const texts[TROUPE_DEAD_REASON_COUNT] = {
        [TROUPE_DEAD_NO_SUCH_ACTOR] = "no actor has ever had this address",
        [TROUPE_DEAD_STALE] = "the receiver had ended",
        [TROUPE_DEAD_ENDED] = "the receiver ended while it was queued",
        [TROUPE_DEAD_OVERFLOW] = "the mailbox was full",
        [TROUPE_DEAD_UNHANDLED] = "the receiver has no handler for its type",
        [TROUPE_DEAD_REFUSED] = "it was parked and then refused",
        [TROUPE_DEAD_STOPPING] = "the node stopped",
        [TROUPE_DEAD_RESTARTED] = "the receiver was restarted without what was queued",
        [TROUPE_DEAD_UNREACHABLE] = "it could not be sent to the receiver's node",
    };
    return (unsigned) reason < TROUPE_DEAD_REASON_COUNT ? texts[reason] : "unknown";
}

/* Whether a line is due: the first of the node, then one in a while. */
static bool may_log(tr_worker *worker)
{
    tr_system *system = worker->system;
    const uint64_t next_ns = worker->now_ns + TR_DEAD_LETTER_LOG_PAUSE_NS;
    /* Relaxed, all of it: numbers that guard nothing else. */
    if (atomic_load_explicit(&system->dead_letters_logged, memory_order_relaxed) <
            TR_DEAD_LETTER_LOG_FIRST &&
        atomic_fetch_add_explicit(&system->dead_letters_logged, 1, memory_order_relaxed) <
            TR_DEAD_LETTER_LOG_FIRST) {
        atomic_store_explicit(&system->dead_letter_log_ns, next_ns, memory_order_relaxed);
        return true;
    }
    uint64_t due_ns = atomic_load_explicit(&system->dead_letter_log_ns, memory_order_relaxed);
    return worker->now_ns >= due_ns &&
           atomic_compare_exchange_strong_explicit(&system->dead_letter_log_ns, &due_ns, next_ns,
                                                   memory_order_relaxed, memory_order_relaxed);
}

static void write_log(tr_worker *worker, const troupe_message *message, troupe_dead_reason reason)
{
    tr_system *system = worker->system;
    if (!may_log(worker)) {
        atomic_fetch_add_explicit(&system->dead_letters_unlogged, 1, memory_order_relaxed);
        if (!tr_timer_is_running(&worker->dead_letter_timer)) {
            tr_timers_start(
                &worker->timers, &worker->dead_letter_timer,
                atomic_load_explicit(&system->dead_letter_log_ns, memory_order_relaxed));
        }
        return;
    }
    tr_dead_letter_summarise(worker);
    tr_log_write(system->ports.log, TROUPE_LOG_WARNING,
                 "dead letter: message of type '%s' from %u.%u to %u.%u: %s; it was dropped",
                 tr_type_name(tr_message_form(message), message->type), message->sender.slot,
                 message->sender.generation, message->receiver.slot, message->receiver.generation,
                 troupe_dead_reason_text(reason));
}

void tr_dead_letter_summarise(tr_worker *worker)
{
    tr_system *system = worker->system;
    const uint64_t unlogged =
        atomic_exchange_explicit(&system->dead_letters_unlogged, 0, memory_order_relaxed);
    if (unlogged > 0) {
        tr_log_write(system->ports.log, TROUPE_LOG_WARNING,
                     "dead letter: %llu more messages were dropped", (unsigned long long) unlogged);
    }
}

static void keep(tr_worker *worker, const troupe_message *message, troupe_dead_reason reason)
{
    const tr_dead_note note = {.sender = message->sender,
                               .receiver = message->receiver,
                               .type = tr_type_name(tr_message_form(message), message->type),
                               .trace_id = tr_message_trace(message),
                               .time_ns = worker->now_ns,
                               .reason = reason};
    tr_dead_ring_add(&worker->system->dead_ring, &note);
}

size_t tr_dead_letters_read(const tr_system *system, troupe_dead_sample *samples, size_t count)
{
    tr_dead_note notes[TROUPE_DEAD_LETTERS_KEPT];
    const size_t wanted = count < TROUPE_DEAD_LETTERS_KEPT ? count : TROUPE_DEAD_LETTERS_KEPT;
    const size_t read = tr_dead_ring_read(&system->dead_ring, notes, wanted);
    for (size_t i = 0; i < read; i++) {
        samples[i] =
            (troupe_dead_sample) {.letter = {.sender = tr_system_ref(system, notes[i].sender),
                                             .receiver = tr_system_ref(system, notes[i].receiver),
                                             .type = notes[i].type,
                                             .trace_id = notes[i].trace_id,
                                             .reason = notes[i].reason},
                                  .time_ns = notes[i].time_ns};
    }
    return read;
}

static void tell(tr_worker *worker, tr_address subscriber, const troupe_dead_letter *letter)
{
    troupe_message *message = NULL;
    if (tr_message_of_struct(&worker->pool, &troupe_dead_letter_type, letter, &message) !=
        TROUPE_OK) {
        return; /* it is counted; there is no memory to tell of it */
    }
    tr_send_notice(worker, subscriber, message);
}

static void tell_subscribers(tr_worker *worker, const troupe_dead_letter *letter)
{
    tr_system *system = worker->system;
    tr_address subscribers[TR_DEAD_LETTER_SUBSCRIBERS_MAX];
    system->ports.lock(system->ports.context);
    const uint32_t count = atomic_load_explicit(&system->subscriber_count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        subscribers[i] = system->subscribers[i];
    }
    system->ports.unlock(system->ports.context);

    for (uint32_t i = 0; i < count; i++) {
        tell(worker, subscribers[i], letter);
    }
}

void tr_dead_letter_note(tr_worker *worker, const troupe_message *message,
                         troupe_dead_reason reason)
{
    tr_system *system = worker->system;
    TR_TELL(BURIED, .worker = worker, .message = (troupe_message *) (uintptr_t) message,
            .number = reason);
    /* Relaxed: a plain count. */
    atomic_fetch_add_explicit(&worker->ledger.dead_letters[reason], 1, memory_order_relaxed);
    if (message->type == &troupe_dead_letter_type) {
        return;
    }
    keep(worker, message, reason);
    write_log(worker, message, reason);
    /* Relaxed: who subscribes at this moment may miss this one. */
    if (atomic_load_explicit(&system->subscriber_count, memory_order_relaxed) > 0) {
        const troupe_dead_letter letter = {
            .sender = tr_system_ref(system, message->sender),
            .receiver = tr_system_ref(system, message->receiver),
            .type = tr_type_name(tr_message_form(message), message->type),
            .trace_id = tr_message_trace(message),
            .reason = reason,
        };
        tell_subscribers(worker, &letter);
    }
}

void tr_message_bury(tr_worker *worker, troupe_message *message, troupe_dead_reason reason,
                     troupe_error answer)
{
    if (tr_message_has(message, TR_MESSAGE_SETTLES) &&
        tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
        tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, answer); /* it goes back */
        return;
    }
    tr_dead_letter_note(worker, message, reason);
    tr_message_end(worker, message, TROUPE_OUTCOME_DEAD_LETTER, answer);
}

/* The first place in the list that is free or whose actor has ended; -1: none. */
static int find_place(const tr_system *system, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const tr_address held = system->subscribers[i];
        const tr_slot *slot = tr_slots_at(&system->slots, held.slot);
        const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
        if (word >> 32 != held.generation || (word & TR_SLOT_CLOSED) != 0) {
            return (int) i;
        }
    }
    return count < TR_DEAD_LETTER_SUBSCRIBERS_MAX ? (int) count : -1;
}

static troupe_error subscribe(tr_system *system, tr_address address)
{
    const uint32_t count = atomic_load_explicit(&system->subscriber_count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        if (tr_address_is_same(system->subscribers[i], address)) {
            return TROUPE_OK;
        }
    }
    const int place = find_place(system, count);
    if (place < 0) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    system->subscribers[place] = address;
    if ((uint32_t) place == count) {
        atomic_store_explicit(&system->subscriber_count, count + 1, memory_order_relaxed);
    }
    return TROUPE_OK;
}

troupe_error troupe_dead_letters_subscribe(troupe_self *self)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const tr_ports *ports = &worker->system->ports;
    ports->lock(ports->context);
    const troupe_error error = subscribe(worker->system, self->actor->address);
    ports->unlock(ports->context);
    tr_leave(self);
    return error;
}
