/* SPDX-License-Identifier: MIT */
#include "cluster/incoming.h"

#include "base/assert.h"
#include "cluster/carrier.h"
#include "cluster/outgoing.h"
#include "cluster/refusal.h"
#include "cluster/rings.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/failure.h"
#include "core/far.h"
#include "core/link.h"
#include "core/monitor.h"
#include "core/names.h"
#include "core/send.h"

static tr_worker *worker_of(const tr_peer *peer)
{
    return peer->border->worker;
}

/* The actor of this node that is meant. */
static troupe_error find_receiver(const tr_peer *peer, troupe_ref to, tr_address *out_address)
{
    const tr_system *system = peer->border->system;
    TR_REQUIRE(to.node == 0 || to.node == system->options.node_id, STALE);
    to.node = system->options.node_id;
    return tr_system_address(system, to, out_address);
}

/* The message of an envelope, with its sender's ref. Errors: as tr_body_unpack. */
static troupe_error unpack(tr_peer *peer, const tr_envelope *envelope, troupe_message **out_message)
{
    tr_worker *worker = worker_of(peer);
    troupe_message *message = NULL;
    troupe_error error = tr_body_unpack(worker, &peer->border->unpacker, envelope, &message);
    if (error == TROUPE_OK) {
        error = tr_message_extend(&worker->pool, &message);
    }
    if (error) {
        if (message != NULL) {
            tr_message_free(&worker->pool, message);
        }
        peer->border->counts.envelopes_refused += error == TROUPE_ERROR_PROTOCOL ? 1 : 0;
        return error;
    }
    tr_extension *extension = tr_message_extended(message);
    extension->trace_id = envelope->trace_id;
    if (!troupe_ref_is_none(envelope->from)) {
        extension->node = envelope->from.node != 0 ? envelope->from.node : peer->node;
        extension->from =
            (tr_address) {.slot = envelope->from.slot, .generation = envelope->from.generation};
    }
    *out_message = message;
    return TROUPE_OK;
}

static uint64_t deadline_of(const tr_peer *peer, const tr_envelope *envelope)
{
    const uint64_t now_ns = worker_of(peer)->now_ns;
    const uint64_t budget_ns = envelope->budget_ns;
    return budget_ns != 0 && budget_ns < TR_NEVER - now_ns ? now_ns + budget_ns : TR_NEVER;
}

/* Tells. */

static troupe_dead_reason reason_of(troupe_error error)
{
    return error == TROUPE_ERROR_STALE           ? TROUPE_DEAD_STALE
           : error == TROUPE_ERROR_NO_SUCH_ACTOR ? TROUPE_DEAD_NO_SUCH_ACTOR
                                                 : TROUPE_DEAD_OVERFLOW;
}

static void take_tell(tr_peer *peer, const tr_envelope *envelope)
{
    tr_worker *worker = worker_of(peer);
    troupe_message *message = NULL;
    tr_actor *entrance = tr_peer_actor(peer, peer->entrance);
    troupe_error error = unpack(peer, envelope, &message);
    if (error) { /* there is nothing to be a dead letter of */
        peer->border->counts.envelopes_lost += error != TROUPE_ERROR_PROTOCOL ? 1 : 0;
        return;
    }
    tr_sending sending = {.sender = entrance,
                          .message = &message,
                          .wait_until_ns = TR_NEVER,
                          .deadline_ns = deadline_of(peer, envelope)};
    error = find_receiver(peer, envelope->to, &sending.to);
    if (error == TROUPE_OK) {
        error = tr_send(worker, &sending);
    }
    if (error) {
        message = tr_send_take(worker, &sending);
        tr_message_bury(worker, message, reason_of(error), error);
    }
}

/* Asks. */

/* What the entrance was told of a failure it forgets, so that it is never told of another. */
static void answer_error(tr_peer *peer, const tr_actor *entrance, uint64_t number,
                         troupe_error error)
{
    tr_failure failure;
    const bool is_told = tr_failure_take(worker_of(peer), entrance, &failure);
    if (is_told && error == TROUPE_ERROR_HANDLER_FAILED) {
        tr_outgoing_push_failure(peer, number, &failure);
    } else {
        tr_outgoing_push_error(peer, number, error);
    }
}

/* The answer of an actor here to a request from there. */
static troupe_error answered(troupe_self *self, void *state, troupe_error error,
                             troupe_message **reply, void *context)
{
    (void) state;
    (void) tr_enter(self);
    tr_their *their = context;
    tr_peer *peer = their->owner;
    if (!their->is_void && peer->is_connected) {
        if (error == TROUPE_OK) { /* else it may be the request, given back */
            troupe_message *message = *reply;
            *reply = NULL;
            tr_held_remove(self->actor, message);
            message->correlation = their->number;
            tr_outgoing_push_answer(peer, message);
        } else {
            answer_error(peer, self->actor, their->number, error);
        }
    }
    tr_numbers_remove_their(&peer->numbers, their);
    tr_leave(self);
    return TROUPE_OK;
}

/* The entrance ends first. */
static void drop(tr_worker *worker, void *context)
{
    (void) worker;
    tr_their *their = context;
    tr_numbers_remove_their(&((tr_peer *) their->owner)->numbers, their);
}

static troupe_error ask(tr_peer *peer, const tr_envelope *envelope, tr_their *their)
{
    tr_worker *worker = worker_of(peer);
    tr_actor *entrance = tr_peer_actor(peer, peer->entrance);
    troupe_message *message = NULL;
    tr_asking asking = {.deadline_ns = deadline_of(peer, envelope),
                        .is_settled = envelope->settles != 0,
                        .is_given_up = envelope->settles == 2};
    troupe_error error = find_receiver(peer, envelope->to, &asking.to);
    if (error == TROUPE_OK) {
        error = unpack(peer, envelope, &message);
    }
    if (error) {
        return error;
    }
    const tr_continuation continuation = {.then = answered, .context = their, .drop = drop};
    their->owner = peer;
    their->to = asking.to;
    error = tr_ask_then_known(worker, entrance, &asking, &message, &continuation, &their->local);
    their->stand = peer->landings.last;
    if (error) {
        tr_message_free(&worker->pool, message);
    }
    return error;
}

static void take_ask(tr_peer *peer, const tr_envelope *envelope)
{
    tr_their *their = NULL;
    troupe_error error = tr_numbers_add_their(&peer->numbers, envelope->number, false, &their);
    if (error == TROUPE_ERROR_BAD_ARGUMENT) {
        peer->border->counts.envelopes_refused++; /* a number that is open already */
        return;
    }
    if (error == TROUPE_OK) {
        error = ask(peer, envelope, their);
        if (error) {
            tr_numbers_remove_their(&peer->numbers, their);
        }
    }
    if (error) {
        tr_outgoing_push_error(peer, envelope->number, error);
    }
}

static void take_cancel(tr_peer *peer, const tr_envelope *envelope)
{
    tr_their *their = tr_numbers_find_their(&peer->numbers, envelope->number);
    if (their != NULL && their->answer != NULL) {
        tr_nursery_cancel(peer, their);
    } else if (their != NULL && !their->is_monitor && !their->is_given_up) {
        their->is_given_up = true; /* its receiver is told once */
        tr_landing_give_up(peer, their->to, &their->stand, their->local);
    }
}

/* Whatever becomes of it, the credit for it is given: when it leaves the landing queue, or now. */
static void take_counted(tr_peer *peer, const tr_envelope *envelope)
{
    tr_landing_begin(peer, envelope->window, (uint32_t) envelope->charge);
    if (tr_refusal_is_due(peer, envelope)) {
        /* it says why */
    } else if (envelope->kind == TR_ENVELOPE_TELL) {
        take_tell(peer, envelope);
    } else {
        take_ask(peer, envelope);
    }
    tr_landing_finish(peer);
}

/* Replies. */

/* The body of a reply to one of ours. */
static troupe_error make_reply(tr_peer *peer, const tr_own *own, const tr_envelope *envelope,
                               troupe_message **out_reply)
{
    const troupe_message *request = own->message;
    tr_system *system = peer->border->system;
    if (own->is_lookup) {
        tr_far_found found = {.actor = envelope->from};
        if (envelope->error != TROUPE_OK) {
            return envelope->error;
        }
        TR_REQUIRE(!troupe_ref_is_none(found.actor), PROTOCOL);
        found.actor.node = found.actor.node != 0 ? found.actor.node : peer->node;
        return tr_message_of_struct(&worker_of(peer)->pool, &tr_far_found_type, &found, out_reply);
    }
    const tr_slot *slot = tr_system_slot(system, request->sender);
    const uint64_t limit = atomic_load_explicit(&slot->reply_bytes, memory_order_relaxed);
    if (envelope->error != TROUPE_OK) {
        const bool tells_why = envelope->error == TROUPE_ERROR_HANDLER_FAILED &&
                               envelope->cause != TROUPE_OK && limit >= sizeof(tr_failure) &&
                               !tr_message_has(request, TR_MESSAGE_SETTLES);
        return tells_why ? tr_failure_make(&worker_of(peer)->pool, envelope->cause, envelope->text,
                                           envelope->text_size, out_reply)
                         : envelope->error;
    }
    TR_REQUIRE(envelope->body_size <= limit, TOO_LARGE);
    return unpack(peer, envelope, out_reply);
}

/* Ends one of ours. */
static void send_reply(tr_peer *peer, tr_own *own, troupe_message *reply)
{
    tr_worker *worker = worker_of(peer);
    troupe_message *request = tr_numbers_remove_own(&peer->numbers, own);
    reply->sender = peer->carrier;
    reply->receiver = request->sender;
    reply->correlation = request->correlation;
    tr_message_set(reply, TR_MESSAGE_SEALED);
    tr_message_set_kind(reply, TR_KIND_REPLY);
    tr_ledger_accept(&worker->ledger, reply);
    tr_worker_route(worker, reply);
    tr_message_free(&worker->pool, request);
}

/* The monitor or link that came with one is of this actor, or nothing. */
static void settle_tie(tr_peer *peer, uint64_t number, troupe_ref actor)
{
    tr_own *tie = number != 0 ? tr_numbers_find_own(&peer->numbers, number) : NULL;
    if (tie == NULL || !tie->is_tie) {
        return; /* it was ended here meanwhile */
    }
    if (troupe_ref_is_none(actor)) {
        tr_message_free(&worker_of(peer)->pool, tr_numbers_remove_own(&peer->numbers, tie));
        return;
    }
    tie->is_tie = false;
    ((troupe_down *) tie->message->body)->actor = actor;
}

static void take_spawned(tr_peer *peer, const tr_envelope *envelope)
{
    tr_own *own = tr_numbers_find_own(&peer->numbers, envelope->number);
    tr_far_found found = {.actor = envelope->from, .is_made = envelope->key == 0};
    if (envelope->error == TROUPE_OK) {
        found.actor.node = peer->node;
    } else {
        found.actor = troupe_ref_none();
    }
    troupe_error error = envelope->error;
    troupe_message *reply = NULL;
    const bool is_ours = own != NULL && own->is_sent && own->is_spawn;
    if (is_ours) {
        settle_tie(peer, own->ties[0], found.actor);
        settle_tie(peer, own->ties[1], found.actor);
        error = error ? error
                      : tr_message_of_struct(&worker_of(peer)->pool, &tr_far_found_type, &found,
                                             &reply);
    }
    if (reply != NULL) {
        send_reply(peer, own, reply);
        return;
    }
    if (is_ours) {
        tr_outgoing_fail_own(peer, own, error);
    } else {
        peer->border->counts.answers_late++;
    }
    if (found.is_made && !troupe_ref_is_none(found.actor)) {
        tr_outgoing_push_stop(peer, found.actor); /* nobody else can know of it */
    }
}

static void take_reply(tr_peer *peer, const tr_envelope *envelope)
{
    tr_own *own = tr_numbers_find_own(&peer->numbers, envelope->number);
    if (own != NULL && own->is_spawn && envelope->error != TROUPE_OK) {
        take_spawned(peer, envelope);
        return;
    }
    if (own == NULL || !own->is_sent || own->is_spawn ||
        tr_message_kind(own->message) != TR_KIND_USER) {
        peer->border->counts.answers_late++;
        return;
    }
    troupe_message *reply = NULL;
    const troupe_error error = make_reply(peer, own, envelope, &reply);
    if (error) {
        tr_outgoing_fail_own(peer, own, error);
        return;
    }
    send_reply(peer, own, reply);
}

/* Monitors. */

static void take_monitor(tr_peer *peer, const tr_envelope *envelope)
{
    tr_their *their = NULL;
    troupe_monitor_id id;
    tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    troupe_ref to = envelope->to;
    if (to.node != 0 && to.node != peer->border->system->options.node_id) {
        tr_refusal_down(peer, envelope->number, TROUPE_ERROR_STALE, TROUPE_DOWN_STALE);
        return;
    }
    to.node = peer->border->system->options.node_id;
    troupe_error error = tr_numbers_add_their(&peer->numbers, envelope->number, true, &their);
    if (error == TROUPE_ERROR_BAD_ARGUMENT) {
        peer->border->counts.envelopes_refused++;
        return;
    }
    if (error == TROUPE_OK) {
        error = tr_monitor_begin(worker_of(peer), carrier, to, &id);
        if (error) {
            tr_numbers_remove_their(&peer->numbers, their);
        }
    }
    if (error) {
        tr_refusal_down(peer, envelope->number, error, TROUPE_DOWN_NODE_LOST);
        return;
    }
    if (tr_system_address(peer->border->system, to, &their->to) != TROUPE_OK) {
        their->to = peer->carrier; /* it is told at once that there is nobody */
    }
    tr_numbers_note_monitor(&peer->numbers, their, id.id);
}

static void forget_id(tr_peer *peer, const tr_their *their)
{
    const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    const uint64_t id = their->local & ~TR_LINK_FAR;
    const bool was_there = carrier != NULL && carrier->extra != NULL &&
                           tr_table_remove(&carrier->extra->monitors, id) != NULL;
    if (was_there && their->exit == NULL) {
        TR_TELL(MONITOR_OVER, .worker = worker_of(peer), .actor = carrier, .number = id);
    }
}

void tr_incoming_forget(tr_peer *peer, tr_their *their)
{
    forget_id(peer, their);
    if (their->exit != NULL) {
        tr_message_free(&worker_of(peer)->pool, their->exit);
    }
    tr_numbers_remove_their(&peer->numbers, their);
}

void tr_incoming_end(tr_peer *peer, tr_their *their)
{
    const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    if (carrier != NULL) {
        tr_monitor_send_leave(worker_of(peer), carrier, their->to, their->local,
                              their->exit != NULL);
    }
    tr_incoming_forget(peer, their);
}

static void take_demonitor(tr_peer *peer, const tr_envelope *envelope)
{
    tr_their *their = tr_numbers_find_their(&peer->numbers, envelope->number);
    if (their != NULL && their->is_monitor && their->exit == NULL) {
        tr_incoming_end(peer, their); /* else its DOWN is on the way */
    }
}

static void take_down(tr_peer *peer, const tr_envelope *envelope)
{
    tr_own *own = tr_numbers_find_own(&peer->numbers, envelope->number);
    if (own == NULL || !own->is_sent || tr_message_kind(own->message) != TR_KIND_MONITOR) {
        peer->border->counts.answers_late++;
        return;
    }
    troupe_message *entry = tr_numbers_remove_own(&peer->numbers, own);
    tr_peer_send_down(peer, entry, envelope->error, envelope->down);
}

/* Links. */

/* The same where it can end the actor: those that the node itself is made of are nobody. */
static troupe_error find_user(const tr_peer *peer, troupe_ref to, tr_address *out_address)
{
    const tr_border *border = peer->border;
    const troupe_error error = find_receiver(peer, to, out_address);
    const tr_actor *actor = error ? NULL : tr_actor_at(border->worker, *out_address);
    TR_REQUIRE(error || !tr_address_is_same(*out_address, border->system->guardian), NO_SUCH_ACTOR);
    TR_REQUIRE(error || !tr_address_is_same(*out_address, border->root), NO_SUCH_ACTOR);
    TR_REQUIRE(actor == NULL || (actor->behavior != &tr_carrier_behavior &&
                                 actor->behavior != &tr_outlet_behavior &&
                                 actor->behavior != &tr_entrance_behavior &&
                                 actor->behavior != &tr_nursery_behavior),
               NO_SUCH_ACTOR);
    return error;
}

/* Both ends of a link with an actor here, that one there has made. */
static troupe_error link_with(tr_peer *peer, const tr_envelope *envelope, tr_their *their)
{
    tr_worker *worker = worker_of(peer);
    const tr_system *system = peer->border->system;
    tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    const troupe_ref from = {
        .node = peer->node, .slot = envelope->from.slot, .generation = envelope->from.generation};
    const troupe_ref to = {.node = system->options.node_id,
                           .slot = envelope->to.slot,
                           .generation = envelope->to.generation};
    const troupe_error unreachable = find_user(peer, to, &their->to);
    tr_link_ends ends;
    TR_REQUIRE(carrier != NULL, NODE_LOST);
    const troupe_error error = tr_link_make(worker, carrier, from, to, their->to, &ends);
    if (error) {
        return error;
    }
    their->exit = ends.here;
    tr_numbers_note_monitor(&peer->numbers, their, ends.there->correlation);
    tr_monitor_send_entry(worker, ends.there, unreachable);
    return TROUPE_OK;
}

static void take_link(tr_peer *peer, const tr_envelope *envelope)
{
    tr_their *their = NULL;
    if (envelope->to.node != 0 && envelope->to.node != peer->border->system->options.node_id) {
        tr_refusal_down(peer, envelope->number, TROUPE_ERROR_STALE, TROUPE_DOWN_STALE);
        return;
    }
    troupe_error error = tr_numbers_add_their(&peer->numbers, envelope->number, true, &their);
    if (error == TROUPE_ERROR_BAD_ARGUMENT) {
        peer->border->counts.envelopes_refused++;
        return;
    }
    if (error == TROUPE_OK) {
        error = link_with(peer, envelope, their);
        if (error) {
            tr_numbers_remove_their(&peer->numbers, their);
        }
    }
    if (error) {
        tr_refusal_down(peer, envelope->number, error, TROUPE_DOWN_NODE_LOST);
    }
}

/* Who made the link there has ended, or it has unlinked, or cannot be heard of any more. */
static void end_link(tr_peer *peer, tr_their *their, troupe_error reason, troupe_down_kind kind)
{
    troupe_message *exit = their->exit;
    their->exit = NULL;
    tr_incoming_forget(peer, their);
    tr_peer_send_down(peer, exit, reason, kind);
}

static void take_exit(tr_peer *peer, const tr_envelope *envelope)
{
    tr_their *their = tr_numbers_find_their(&peer->numbers, envelope->number);
    if (their != NULL && their->exit != NULL) { /* else its end here is told just now */
        end_link(peer, their, envelope->error, envelope->down);
    }
}

/* Signals. */

static void take_signal(tr_peer *peer, const tr_envelope *envelope)
{
    static const uint32_t bits[] = {0, TR_SIGNAL_STOP, TR_SIGNAL_CANCEL,
                                    TR_SIGNAL_CANCEL | TR_SIGNAL_KILL};
    tr_address to;
    if (find_user(peer, envelope->to, &to) == TROUPE_OK) {
        /* One that has ended is as it was to be. */
        const troupe_error error = tr_actor_signal(worker_of(peer), to, bits[envelope->signal]);
        peer->border->counts.envelopes_lost += error == TROUPE_ERROR_NO_MEMORY ? 1 : 0;
    }
}

static void take_lookup(tr_peer *peer, const tr_envelope *envelope)
{
    tr_system *system = peer->border->system;
    tr_address address;
    troupe_message *message = NULL;
    troupe_error error = tr_names_find(system, envelope->name, &address);
    if (error == TROUPE_OK) {
        const tr_far_found found = {.actor = tr_system_ref(system, address)};
        error = tr_message_of_struct(&worker_of(peer)->pool, &tr_far_found_type, &found, &message);
    }
    if (error) {
        tr_outgoing_push_error(peer, envelope->number, error);
        return;
    }
    message->correlation = envelope->number;
    tr_message_set_kind(message, TR_KIND_REPLY);
    tr_outgoing_push_at_once(peer, message);
}

void tr_incoming_take(tr_peer *peer, const tr_envelope *envelope)
{
    if (envelope->kind == TR_ENVELOPE_TELL || envelope->kind == TR_ENVELOPE_ASK) {
        take_counted(peer, envelope);
        return;
    }
    if (tr_refusal_is_due(peer, envelope)) {
        return;
    }
    switch ((unsigned) envelope->kind) {
    case TR_ENVELOPE_PIECE:
        tr_pieces_take(peer, envelope);
        return;
    case TR_ENVELOPE_CREDIT:
        tr_outlet_credit_came(peer, envelope->window, envelope->number, envelope->charge);
        return;
    case TR_ENVELOPE_RING:
        tr_rings_take(peer, envelope);
        return;
    case TR_ENVELOPE_REPLY:
        take_reply(peer, envelope);
        return;
    case TR_ENVELOPE_CANCEL:
        take_cancel(peer, envelope);
        return;
    case TR_ENVELOPE_MONITOR:
        take_monitor(peer, envelope);
        return;
    case TR_ENVELOPE_DEMONITOR:
        take_demonitor(peer, envelope);
        return;
    case TR_ENVELOPE_DOWN:
        take_down(peer, envelope);
        return;
    case TR_ENVELOPE_LOOKUP:
        take_lookup(peer, envelope);
        return;
    case TR_ENVELOPE_LINK:
        take_link(peer, envelope);
        return;
    case TR_ENVELOPE_EXIT:
        take_exit(peer, envelope);
        return;
    case TR_ENVELOPE_SIGNAL:
        take_signal(peer, envelope);
        return;
    case TR_ENVELOPE_SPAWN:
        tr_nursery_take_spawn(peer, envelope);
        return;
    case TR_ENVELOPE_SPAWNED:
        take_spawned(peer, envelope);
        return;
    }
}

void tr_incoming_forget_all(tr_peer *peer)
{
    for (tr_their *their = tr_numbers_first_their(&peer->numbers); their != NULL;
         their = tr_numbers_first_their(&peer->numbers)) {
        if (their->answer != NULL) {
            tr_nursery_forget(peer, their);
        } else if (their->exit != NULL) {
            end_link(peer, their, TROUPE_ERROR_NODE_LOST, TROUPE_DOWN_NODE_LOST);
        } else if (their->is_monitor) {
            tr_incoming_end(peer, their);
        } else {
            tr_landing_give_up(peer, their->to, &their->stand, their->local);
            tr_numbers_void_their(&peer->numbers, their);
        }
    }
}
