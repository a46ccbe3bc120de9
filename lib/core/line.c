/* SPDX-License-Identifier: MIT */
#include "core/line.h"

#include "base/assert.h"
#include "base/chance.h"
#include "core/budget.h"
#include "core/pressure.h"

/* Sends the message back where it came from, as something else. */
static void send_back(tr_worker *worker, troupe_message *message, tr_kind kind, troupe_error error)
{
    const tr_address from = message->sender;
    message->sender = message->receiver;
    message->receiver = from;
    message->value = (uint64_t) error;
    tr_message_set_kind(message, kind);
    tr_worker_route(worker, message);
}

static void be_hungry(tr_worker *worker, tr_actor *actor)
{
    if (!tr_list_is_linked(&actor->hungry)) {
        tr_list_push_back(&worker->hungry, &actor->hungry);
    }
    if (!tr_timer_is_running(&worker->hungry_timer)) {
        tr_timers_start(&worker->timers, &worker->hungry_timer, worker->now_ns + TR_BUDGET_LOOK_NS);
    }
}

void tr_line_feed_hungry(tr_worker *worker)
{
    tr_list hungry;
    tr_list_init(&hungry);
    for (tr_list *node = tr_list_pop_front(&worker->hungry); node != NULL;
         node = tr_list_pop_front(&worker->hungry)) {
        tr_list_push_back(&hungry, node);
    }
    for (tr_list *node = tr_list_pop_front(&hungry); node != NULL;
         node = tr_list_pop_front(&hungry)) {
        tr_line_serve(worker, TR_CONTAINER_OF(node, tr_actor, hungry));
    }
}

/* Whether the one at the head has got its place. */
static bool serve_head(tr_worker *worker, tr_actor *actor, const troupe_message *request)
{
    if (!tr_slot_admit_waiter(actor->slot)) {
        return false;
    }
    if (request->size > 0) {
        const tr_bytes_verdict verdict = tr_budget_take(worker, actor->slot, request->size);
        if (verdict != TR_BYTES_TAKEN) {
            (void) tr_slot_release(actor->slot, 1); /* whom it may serve is refused all the same */
            if (verdict == TR_BYTES_NODE_FULL) {
                be_hungry(worker, actor);
            }
            return false;
        }
    }
    return true;
}

void tr_line_serve(tr_worker *worker, tr_actor *actor)
{
    while (actor->line.head != NULL && serve_head(worker, actor, actor->line.head)) {
        send_back(worker, tr_queue_pop(&actor->line), TR_KIND_LINE_GRANT, TROUPE_OK);
    }
    if (actor->line.head == NULL) {
        tr_slot_clear_waiting(actor->slot);
    } else {
        (void) tr_slot_set_waiting(actor->slot, actor->address.generation, 0);
    }
}

void tr_line_enter(tr_worker *worker, troupe_message *request)
{
    tr_actor *actor = tr_actor_at(worker, request->receiver);
    if (actor == NULL || !tr_actor_is_live(actor)) {
        send_back(worker, request, TR_KIND_LINE_GRANT, TROUPE_ERROR_STALE);
        return;
    }
    tr_queue_push(&actor->line, request);
    tr_line_serve(worker, actor);
}

void tr_line_leave(tr_worker *worker, troupe_message *leave)
{
    tr_actor *actor = tr_actor_at(worker, leave->receiver);
    troupe_message *at =
        actor != NULL ? tr_queue_take(&actor->line, leave->sender, leave->correlation) : NULL;
    tr_message_free(&worker->pool, leave);
    if (at == NULL) {
        return; /* the grant is on its way */
    }
    send_back(worker, at, TR_KIND_LINE_GRANT, TROUPE_ERROR_CANCELLED);
    tr_line_serve(worker, actor); /* the next may need fewer bytes */
}

void tr_line_return(tr_worker *worker, troupe_message *grant)
{
    if (grant->value != TROUPE_OK) {
        tr_message_free(&worker->pool, grant);
        return;
    }
    send_back(worker, grant, TR_KIND_LINE_RETURN, TROUPE_OK);
    /* `value` 0: a place comes back, not only the word that one did. */
}

void tr_line_returned(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    const bool is_nudge = message->value != TROUPE_OK;
    if (is_nudge && actor != NULL) {
        tr_line_serve(worker, actor);
        tr_actor_try_reap(worker, actor);
    } else if (!is_nudge) {
        TR_ASSERT(actor != NULL); /* the place keeps the slot */
        if (!TR_PLANTED(TR_BUG_LEAKED_PLACE)) {
            tr_line_give_back(worker, actor, 1, message->size);
        }
        tr_actor_try_reap(worker, actor);
    }
    tr_message_free(&worker->pool, message);
}

void tr_line_give_back(tr_worker *worker, tr_actor *actor, uint32_t count, uint64_t bytes)
{
    if (bytes > 0) {
        tr_budget_return(worker, actor->slot, bytes);
    }
    const uint64_t before = tr_slot_release(actor->slot, count);
    tr_slot_note_peak(actor->slot, before);
    if (TR_UNLIKELY((before & TR_SLOT_WAITING) != 0 || actor->line.head != NULL)) {
        tr_line_serve(worker, actor);
    }
    if (TR_UNLIKELY(actor->is_watched)) {
        tr_pressure_look(worker, actor);
    }
}

void tr_line_close(tr_worker *worker, tr_actor *actor)
{
    if (actor->bytes_to_release > 0) {
        tr_budget_return(worker, actor->slot, actor->bytes_to_release);
    }
    tr_slot_note_peak(actor->slot, tr_slot_close(actor->slot, actor->to_release));
    actor->bytes_to_release = 0;
    actor->to_release = 0;
    if (TR_UNLIKELY(actor->is_watched)) {
        tr_pressure_look(worker, actor);
    }
}

void tr_line_refuse_all(tr_worker *worker, tr_actor *actor, troupe_error error)
{
    tr_list_remove(&actor->hungry);
    for (troupe_message *request = tr_queue_pop(&actor->line); request != NULL;
         request = tr_queue_pop(&actor->line)) {
        send_back(worker, request, TR_KIND_LINE_GRANT, error);
    }
    /* Closed, so nobody sets it any more. */
    const uint64_t word = atomic_load_explicit(&actor->slot->admission, memory_order_relaxed);
    if ((word & TR_SLOT_WAITING) != 0) {
        tr_slot_clear_waiting(actor->slot);
    }
}

void tr_line_pass_on(tr_worker *worker, tr_actor *actor, tr_actor *to)
{
    if (actor->line.head == NULL) {
        return;
    }
    for (troupe_message *request = tr_queue_pop(&actor->line); request != NULL;
         request = tr_queue_pop(&actor->line)) {
        request->receiver = to->address;
        tr_queue_push(&to->line, request);
    }
    tr_line_serve(worker, actor);
    tr_line_serve(worker, to);
}

bool tr_line_has(const tr_actor *actor, tr_address waiter, uint64_t ticket)
{
    for (const troupe_message *at = actor->line.head; at != NULL; at = at->next) {
        if (at->correlation == ticket && tr_address_is_same(at->sender, waiter)) {
            return true;
        }
    }
    return false;
}
