/* SPDX-License-Identifier: MIT */
#include "core/ledger.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/actor.h"
#include "core/actor_timer.h"
#include "core/dead_letter.h"
#include "core/failure.h"
#include "core/fd_watch.h"
#include "core/worker.h"

void tr_ledger_init(tr_ledger *ledger, const troupe_allocator *allocator)
{
    tr_map_init(&ledger->types, allocator);
    ledger->other.name = "(other types)";
}

void tr_ledger_fini(tr_ledger *ledger)
{
    const troupe_allocator *allocator = ledger->types.allocator;
    for (tr_map_node *node = tr_map_first(&ledger->types); node != NULL;
         node = tr_map_first(&ledger->types)) {
        tr_map_remove(&ledger->types, node);
        tr_type_ledger *type = TR_CONTAINER_OF(node, tr_type_ledger, node);
        tr_free(allocator, type, sizeof *type);
    }
    tr_map_fini(&ledger->types);
}

void tr_ledger_read(const tr_ledger *ledger, troupe_counts *out_counts)
{
    /* Outcomes first: what is read later of the accepted can only be more, so that accepted equal
     * to outcomes means nothing is held. Acquire pairs with the release of each store. */
    troupe_counts counts = {0};
    for (unsigned i = 0; i < TROUPE_OUTCOME_COUNT; i++) {
        counts.outcomes[i] = atomic_load_explicit(&ledger->outcomes[i], memory_order_acquire);
    }
    for (unsigned i = 0; i < TROUPE_DEAD_REASON_COUNT; i++) {
        counts.dead_letters[i] =
            atomic_load_explicit(&ledger->dead_letters[i], memory_order_relaxed);
    }
    const _Atomic uint64_t *from = ledger->counts;
    counts.accepted = atomic_load_explicit(&from[TR_COUNT_ACCEPTED], memory_order_acquire);
    counts.refused = atomic_load_explicit(&from[TR_COUNT_REFUSED], memory_order_relaxed);
    counts.waited = atomic_load_explicit(&from[TR_COUNT_WAITED], memory_order_relaxed);
    counts.late_replies = atomic_load_explicit(&from[TR_COUNT_LATE_REPLIES], memory_order_relaxed);
    counts.second_replies =
        atomic_load_explicit(&from[TR_COUNT_SECOND_REPLIES], memory_order_relaxed);
    counts.spawned = atomic_load_explicit(&from[TR_COUNT_SPAWNED], memory_order_relaxed);
    counts.ended = atomic_load_explicit(&from[TR_COUNT_ENDED], memory_order_relaxed);
    counts.failed = atomic_load_explicit(&from[TR_COUNT_FAILED], memory_order_relaxed);
    counts.turns = atomic_load_explicit(&from[TR_COUNT_TURNS], memory_order_relaxed);
    counts.batches_sent = atomic_load_explicit(&from[TR_COUNT_BATCHES_SENT], memory_order_relaxed);
    counts.batches_received =
        atomic_load_explicit(&from[TR_COUNT_BATCHES_RECEIVED], memory_order_relaxed);
    counts.given = atomic_load_explicit(&from[TR_COUNT_GIVEN], memory_order_relaxed);
    counts.taken = atomic_load_explicit(&from[TR_COUNT_TAKEN], memory_order_relaxed);
    counts.drawn = atomic_load_explicit(&from[TR_COUNT_DRAWN], memory_order_relaxed);
    *out_counts = counts;
}

void tr_counts_add(troupe_counts *sum, const troupe_counts *more)
{
    /* A struct of nothing but counts. */
    _Static_assert(sizeof(troupe_counts) % sizeof(uint64_t) == 0, "only counts");
    uint64_t *to = (uint64_t *) sum;
    const uint64_t *from = (const uint64_t *) more;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) {
        to[i] += from[i];
    }
}

static bool is_of_type(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_type_ledger, node)->type == key;
}

tr_type_ledger *tr_ledger_find_type(tr_ledger *ledger, const troupe_message *message)
{
    const uint64_t hash = tr_hash_u64((uint64_t) (uintptr_t) message->type);
    tr_type_ledger **cached = tr_ledger_cached(ledger, message->type);
    tr_map_node *node = tr_map_find(&ledger->types, hash, is_of_type, message->type);
    if (node != NULL) {
        *cached = TR_CONTAINER_OF(node, tr_type_ledger, node);
        return *cached;
    }
    tr_type_ledger *type = tr_allocate(ledger->types.allocator, sizeof *type);
    if (type == NULL || tr_map_reserve_one(&ledger->types) != TROUPE_OK) {
        if (type != NULL) {
            tr_free(ledger->types.allocator, type, sizeof *type);
        }
        return &ledger->other;
    }
    type->type = message->type;
    type->name = tr_type_name(tr_message_form(message), message->type);
    tr_map_add(&ledger->types, &type->node, hash);
    *cached = type;
    return type;
}

/* The request becomes the answer: an ask is answered even when memory is out. */
static void turn_around(tr_worker *worker, troupe_message *message, troupe_error answer)
{
    tr_message_drop_body(worker->system->ports.allocator, message);
    const tr_address asker = message->sender;
    message->sender = message->receiver;
    message->receiver = asker;
    message->flags = TR_MESSAGE_SEALED | (message->flags & TR_MESSAGE_EXTENDED);
    message->deadline_ns = TR_NEVER;
    message->value = (uint64_t) answer;
    tr_message_set_kind(message, TR_KIND_REPLY);
    tr_message_set_failures(message, 0);
    tr_ledger_accept(&worker->ledger, message);
    tr_worker_route(worker, message);
}

/* The request becomes the answer with all that it brought. */
static void send_back(tr_worker *worker, troupe_message *message, troupe_error answer)
{
    const tr_address asker = message->sender;
    const bool is_answered = tr_message_has(message, TR_MESSAGE_REPLIED);
    message->sender = message->receiver;
    message->receiver = asker;
    message->deadline_ns = is_answered ? message->deadline_ns : (uint64_t) answer;
    tr_message_clear(message, TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_SETTLES | TR_MESSAGE_GIVEN_UP |
                                  TR_MESSAGE_REPLIED | TR_MESSAGE_ACCEPTED);
    tr_message_set(message, TR_MESSAGE_RETURNED);
    tr_message_set_kind(message, TR_KIND_REPLY);
    tr_message_set_failures(message, 0);
    tr_ledger_accept(&worker->ledger, message);
    tr_worker_route(worker, message);
}

/* Whether the asker has been told why the receiver, which has closed, failed. */
static bool tells_why(tr_worker *worker, const troupe_message *request)
{
    const tr_actor *actor = tr_actor_at(worker, request->receiver);
    return actor != NULL && tr_failure_answer(worker, actor, actor->reason, request);
}

void tr_message_end_with_care(tr_worker *worker, troupe_message *message, troupe_outcome outcome,
                              troupe_error answer)
{
    TR_ASSERT(!tr_message_has(message, TR_MESSAGE_HELD | TR_MESSAGE_PLACED | TR_MESSAGE_STASHED));
    const bool wants_reply = tr_message_has(message, TR_MESSAGE_WANTS_REPLY);
    const bool settles = wants_reply && tr_message_has(message, TR_MESSAGE_SETTLES);
    if (!settles && wants_reply && answer == TROUPE_ERROR_HANDLER_FAILED &&
        tells_why(worker, message)) {
        tr_message_clear(message, TR_MESSAGE_WANTS_REPLY);
    } else if (settles || (wants_reply && outcome != TROUPE_OUTCOME_EXPIRED)) {
        /* Answered first, so that at no moment the ledger looks balanced in between. */
        const bool was_accepted = tr_message_has(message, TR_MESSAGE_ACCEPTED);
        troupe_message ended = {.type = message->type, .kind_and_form = message->kind_and_form};
        if (was_accepted) {
            TR_TELL(ENDED, .worker = worker, .message = message, .number = outcome);
        }
        if (settles) {
            send_back(worker, message, answer);
        } else {
            turn_around(worker, message, answer);
        }
        if (was_accepted) {
            tr_ledger_end(&worker->ledger, &ended, outcome);
        }
        return;
    }
    if (tr_message_has(message, TR_MESSAGE_ACCEPTED)) {
        TR_TELL(ENDED, .worker = worker, .message = message, .number = outcome);
        tr_ledger_end(&worker->ledger, message, outcome);
        tr_message_clear(message, TR_MESSAGE_ACCEPTED);
    }
    if (TR_UNLIKELY(tr_message_kind(message) == TR_KIND_TICK)) {
        if (message->correlation == TR_FD_WATCH_CORRELATION) {
            tr_fd_watch_ticked(worker, message);
        } else {
            tr_actor_timer_ticked(worker, message);
        }
        return;
    }
    tr_message_free(&worker->pool, message);
}

void tr_message_renew(tr_worker *worker, troupe_message *message, troupe_outcome outcome)
{
    if (tr_message_has(message, TR_MESSAGE_ACCEPTED)) {
        TR_TELL(ENDED, .worker = worker, .message = message, .number = outcome);
        tr_ledger_end(&worker->ledger, message, outcome);
        tr_message_clear(message, TR_MESSAGE_ACCEPTED);
    }
}

uint64_t troupe_counts_held(const troupe_counts *counts)
{
    if (counts == NULL) {
        return 0;
    }
    uint64_t ended = 0;
    for (unsigned i = 0; i < TROUPE_OUTCOME_COUNT; i++) {
        ended += counts->outcomes[i];
    }
    return counts->accepted - ended;
}
