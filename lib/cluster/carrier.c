/* SPDX-License-Identifier: MIT */
#include "cluster/carrier.h"

#include <string.h>

#include "base/assert.h"
#include "cluster/incoming.h"
#include "cluster/outgoing.h"
#include "cluster/packing.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/far_spawn.h"
#include "core/line.h"
#include "core/link.h"
#include "core/mailbox.h"
#include "core/monitor.h"

/* Gives a request or the entry of a monitor its number. */
static troupe_error give_number(tr_peer *peer, troupe_message *message)
{
    tr_own *own = NULL;
    const troupe_error error = tr_numbers_add_own(&peer->numbers, message, &own);
    if (error) {
        return error;
    }
    own->is_lookup = message->type == &tr_far_lookup_type;
    own->place = message->receiver;
    tr_packing_set_number(message, own->number);
    tr_timer *sweep = &peer->sweep;
    tr_worker *worker = peer->border->worker;
    if (!tr_timer_is_running(sweep)) {
        tr_timers_start(&worker->timers, sweep, worker->now_ns + TR_NUMBERS_SWEEP_NS);
    }
    return TROUPE_OK;
}

/* An actor here has ended that made a link with one there. Its number is where the exit finds it
 * while the other end is still to be told. */
static bool take_exit(tr_peer *peer, troupe_message *message)
{
    const tr_own *own = tr_numbers_find_by_key(&peer->numbers, TR_KIND_MONITOR, message->sender,
                                               message->correlation);
    if (own != NULL) {
        tr_packing_set_number(message, own->number);
        message->correlation = 0;
    }
    return own != NULL;
}

/* An actor here has ended that one there watches, or is linked to. */
static bool take_end(tr_peer *peer, troupe_message *message)
{
    tr_their *their = tr_numbers_find_monitor(&peer->numbers, message->correlation);
    if (their != NULL) {
        message->correlation = their->number;
        tr_incoming_forget(peer, their);
    }
    return their != NULL;
}

/* A DOWN, or an exit, for somebody there. */
static void take_down(tr_worker *worker, tr_peer *peer, troupe_message *message)
{
    const bool is_ours =
        message->type == &troupe_exit_type && (message->correlation & TR_LINK_FAR) == 0;
    if (peer->is_connected && (is_ours ? take_exit(peer, message) : take_end(peer, message))) {
        tr_outgoing_push(peer, message);
    } else {
        tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, TROUPE_ERROR_CANCELLED);
    }
}

/* A spawn gets that of its own, and those that its ties have already. */
static troupe_error give_numbers(tr_peer *peer, troupe_message *message)
{
    tr_far_spawn *spawn =
        (tr_far_spawn *) (uintptr_t) troupe_message_struct(message, &tr_far_spawn_type);
    for (unsigned i = 0; i < 2; i++) {
        const tr_own *tie = spawn->ties[i] == 0
                                ? NULL
                                : tr_numbers_find_by_key(&peer->numbers, TR_KIND_MONITOR,
                                                         message->sender, spawn->ties[i]);
        TR_REQUIRE(spawn->ties[i] == 0 || tie != NULL, LIMIT_REACHED); /* there was no room */
        spawn->ties[i] = tie != NULL ? tie->number : 0;
    }
    const troupe_error error = give_number(peer, message);
    if (error == TROUPE_OK) {
        tr_own *own = tr_numbers_find_own(&peer->numbers, tr_packing_number(message));
        own->is_spawn = true;
        memcpy(own->ties, spawn->ties, sizeof own->ties);
    }
    return error;
}

static void take_user(tr_worker *worker, tr_peer *peer, tr_actor *actor, troupe_message *message)
{
    const tr_extension *extension = tr_message_extension(message);
    const bool is_connected = peer != NULL && peer->is_connected; /* an outlet may outlive it */
    troupe_error error = is_connected ? TROUPE_OK : TROUPE_ERROR_UNREACHABLE;
    troupe_dead_reason reason = TROUPE_DEAD_UNREACHABLE;
    if (extension == NULL || (extension->to.generation == 0 && !tr_far_is_for_node(message))) {
        error = TROUPE_ERROR_NO_SUCH_ACTOR; /* it was sent to the carrier itself */
        reason = TROUPE_DEAD_NO_SUCH_ACTOR;
    }
    if (error == TROUPE_OK && tr_packing_is_ask(message)) {
        error = message->type == &tr_far_spawn_type ? give_numbers(peer, message)
                                                    : give_number(peer, message);
    }
    if (error) {
        const uint32_t charge = tr_message_charge(message);
        tr_message_bury(worker, message, reason, error);
        tr_line_give_back(worker, actor, 1, charge);
        return;
    }
    tr_outgoing_push(peer, message);
    tr_outlet *outlet = tr_outlet_at(peer, actor->address);
    if (outlet != NULL) {
        tr_outlet_came(outlet);
    }
}

void tr_carrier_arrive(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    TR_TELL(ENTERED, .worker = worker, .actor = actor, .message = message, .number = 1);
    TR_TELL(TAKEN, .worker = worker, .actor = actor, .message = message);
    take_user(worker, ((const tr_carrier *) actor->state_block)->peer, actor, message);
}

/* An end: what else it is sent it never has in its mailbox. */
static troupe_error carry(troupe_self *self, void *state, troupe_message **given)
{
    tr_worker *worker = tr_enter(self);
    troupe_message *message = *given;
    *given = NULL;
    tr_held_remove(self->actor, message);
    take_down(worker, ((tr_carrier *) state)->peer, message);
    tr_leave(self);
    return TROUPE_OK;
}

/* Above all how the actors here have ended: they are told to stop before it is. */
static void send_rest(tr_worker *worker, tr_actor *carrier, tr_peer *peer)
{
    for (troupe_message *message = tr_mailbox_drain(carrier); message != NULL;
         message = tr_mailbox_drain(carrier)) {
        take_down(worker, peer, message);
    }
    tr_outgoing_flush(peer);
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) reason;
    tr_peer *peer = ((tr_carrier *) state)->peer;
    tr_worker *worker = tr_enter(self);
    send_rest(worker, self->actor, peer);
    tr_peer_lose(peer, TROUPE_ERROR_NODE_LOST, TROUPE_ERROR_UNREACHABLE);
    tr_leave(self);
}

const troupe_behavior tr_carrier_behavior =
    TROUPE_BEHAVIOR(.name = "carrier", .state_size = sizeof(tr_carrier), .other = carry,
                    .stop = stop);

/* What the core tells. */

/* NULL: the carrier has not started, or it ends. */
static tr_peer *peer_of(const tr_actor *carrier)
{
    return carrier->is_started && carrier->state == TR_ACTOR_LIVE
               ? ((const tr_carrier *) carrier->state_block)->peer
               : NULL;
}

/* A monitor or link that comes with a spawn waits for it. */
static void keep_tie(tr_worker *worker, tr_peer *peer, troupe_message *entry)
{
    if (peer == NULL || !peer->is_connected || give_number(peer, entry) != TROUPE_OK) {
        tr_message_free(&worker->pool, entry); /* its spawn fails */
        return;
    }
    tr_own *own = tr_numbers_find_own(&peer->numbers, tr_packing_number(entry));
    own->is_sent = true;
    own->is_tie = true;
    entry->receiver = peer->carrier;
}

void tr_carrier_monitor(tr_worker *worker, tr_actor *carrier, troupe_message *entry)
{
    tr_peer *peer = peer_of(carrier);
    if (tr_far_spawn_is_tie(entry)) {
        keep_tie(worker, peer, entry);
        return;
    }
    if (peer == NULL || !peer->is_connected || give_number(peer, entry) != TROUPE_OK) {
        tr_monitor_send_down(worker, entry, TROUPE_ERROR_NODE_LOST, TROUPE_DOWN_NODE_LOST);
        return;
    }
    tr_outgoing_push(peer, entry);
}

/* The number of one of ours that has been sent; 0: there is none. */
static uint64_t find_sent(const tr_peer *peer, tr_kind kind, const troupe_message *message)
{
    const tr_own *own =
        peer == NULL || !peer->is_connected
            ? NULL
            : tr_numbers_find_by_key(&peer->numbers, kind, message->sender, message->correlation);
    return own != NULL ? own->number : 0;
}

/* An actor here has unlinked from one there that had made the link. */
static void unlink_their(tr_worker *worker, tr_peer *peer, troupe_message *message)
{
    if (peer != NULL && peer->is_connected && take_end(peer, message)) {
        tr_message_set_kind(message, TR_KIND_DOWN);
        message->body = NULL;
        tr_outgoing_push(peer, message);
    } else {
        tr_message_free(&worker->pool, message);
    }
}

void tr_carrier_demonitor(tr_worker *worker, tr_actor *carrier, troupe_message *message)
{
    tr_peer *peer = peer_of(carrier);
    const bool is_link = tr_monitor_leaves_link(message);
    if (is_link && (message->correlation & TR_LINK_FAR) != 0) {
        unlink_their(worker, peer, message);
        return;
    }
    const uint64_t number = find_sent(peer, TR_KIND_MONITOR, message);
    if (number == 0) {
        tr_message_free(&worker->pool, message);
        return;
    }
    if (is_link) { /* behind its entry, if that still is on the way out */
        tr_packing_set_number(message, number);
        tr_outgoing_push(peer, message);
        return;
    }
    tr_own *own = tr_numbers_find_own(&peer->numbers, number);
    if (!own->is_sent) {
        /* Its entry goes out first, and is answered; the DOWN finds no monitor. */
        tr_message_free(&worker->pool, message);
        return;
    }
    tr_message_free(&worker->pool, tr_numbers_remove_own(&peer->numbers, own));
    message->correlation = number;
    tr_outgoing_push(peer, message);
}

void tr_carrier_give_up(tr_worker *worker, tr_actor *carrier, troupe_message *notice)
{
    tr_peer *peer = peer_of(carrier);
    const uint64_t number = find_sent(peer, TR_KIND_USER, notice);
    if (number == 0) {
        tr_message_free(&worker->pool, notice);
        return;
    }
    notice->correlation = number;
    tr_outgoing_push(peer, notice);
}
