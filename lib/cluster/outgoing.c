/* SPDX-License-Identifier: MIT */
#include "cluster/outgoing.h"

#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "cluster/incoming.h"
#include "cluster/packing.h"
#include "core/bracket.h"
#include "core/failure.h"
#include "core/far.h"
#include "core/far_spawn.h"
#include "core/link.h"
#include "core/mailbox.h"
#include "core/monitor.h"

/* The way out. */

static void flush(tr_worker *worker, troupe_message *message)
{
    tr_peer *peer = TR_CONTAINER_OF(message, tr_peer, flush);
    peer->is_flush_queued = false;
    if (!tr_peer_fills_up(peer)) {
        tr_outgoing_flush(peer);
    } else if (!tr_timer_is_running(&peer->again)) { /* if what it has expires */
        tr_timers_start(&worker->timers, &peer->again, worker->now_ns + TR_WIRE_AGAIN_NS);
    }
}

void tr_outgoing_flush_soon(tr_peer *peer)
{
    if (peer->is_flush_queued) {
        return;
    }
    tr_worker *worker = peer->border->worker;
    peer->is_flush_queued = true;
    peer->flush_call.run = flush;
    tr_message_embed(&peer->flush, TR_KIND_CALL);
    peer->flush.body = &peer->flush_call;
    tr_worker_tell(worker, worker->index, &peer->flush);
}

void tr_outgoing_push(tr_peer *peer, troupe_message *message)
{
    TR_ASSERT(peer->is_connected);
    tr_queue_push(&peer->out, message);
    peer->fresh_count++;
    peer->fresh_bytes += message->size;
    tr_outgoing_flush_soon(peer);
}

void tr_outgoing_push_error(tr_peer *peer, uint64_t number, troupe_error error)
{
    troupe_message *answer = tr_message_of_kind(&peer->border->worker->pool, TR_KIND_REPLY);
    if (answer == NULL) {
        tr_outgoing_break(peer);
        return;
    }
    answer->correlation = number;
    answer->value = (uint64_t) error;
    tr_outgoing_push(peer, answer);
}

void tr_outgoing_break(tr_peer *peer)
{
    peer->is_broken = true;
    tr_outgoing_flush_soon(peer);
}

void tr_outgoing_push_failure(tr_peer *peer, uint64_t number, const tr_failure *failure)
{
    troupe_message *answer = NULL;
    if (tr_failure_make(&peer->border->worker->pool, failure->error, failure->text,
                        strlen(failure->text), &answer) != TROUPE_OK) {
        tr_outgoing_push_error(peer, number, TROUPE_ERROR_HANDLER_FAILED);
        return;
    }
    answer->correlation = number;
    tr_message_set_kind(answer, TR_KIND_REPLY);
    tr_outgoing_push(peer, answer);
}

void tr_outgoing_push_stop(tr_peer *peer, troupe_ref actor)
{
    tr_pool *pool = &peer->border->worker->pool;
    const tr_far_signal signal = {.bits = TR_SIGNAL_STOP};
    troupe_message *message = NULL;
    troupe_error error = tr_message_of_struct(pool, &tr_far_signal_type, &signal, &message);
    error = error ? error : tr_message_extend(pool, &message);
    if (error == TROUPE_OK) {
        tr_message_extended(message)->to =
            (tr_address) {.slot = actor.slot, .generation = actor.generation};
        tr_outgoing_push(peer, message);
    } else if (message != NULL) {
        tr_message_free(pool, message);
    }
}

/* Ends. */

/* The answer to a request or a monitor of ours that is not on the way out any more. */
static void answer_with(tr_peer *peer, troupe_message *message, troupe_error reason)
{
    tr_worker *worker = peer->border->worker;
    message->receiver = peer->carrier;
    if (tr_message_kind(message) == TR_KIND_MONITOR) {
        tr_peer_send_down(peer, message, reason, TROUPE_DOWN_NODE_LOST);
    } else if (tr_message_has(message, TR_MESSAGE_ACCEPTED)) {
        tr_message_bury(worker, message, TROUPE_DEAD_UNREACHABLE, reason);
    } else {
        tr_message_end(worker, message, TROUPE_OUTCOME_CARRIED, reason); /* counted before */
    }
}

void tr_outgoing_fail_own(tr_peer *peer, tr_own *own, troupe_error reason)
{
    const bool is_tie = own->is_tie;
    troupe_message *message = tr_numbers_remove_own(&peer->numbers, own);
    if (is_tie) { /* who waits for its spawn is told by that */
        tr_message_free(&peer->border->worker->pool, message);
    } else {
        answer_with(peer, message, reason);
    }
}

/* What was taken off the way out does not go. */
static void refuse(tr_peer *peer, troupe_message *message, troupe_error reason)
{
    tr_worker *worker = peer->border->worker;
    const tr_kind kind = tr_message_kind(message);
    const bool has_number = kind == TR_KIND_MONITOR || tr_packing_is_ask(message);
    if (has_number) {
        (void) tr_numbers_remove_own(
            &peer->numbers, tr_numbers_find_own(&peer->numbers, tr_packing_number(message)));
        message->receiver = peer->carrier;
    }
    if (reason == TROUPE_ERROR_EXPIRED) {
        tr_message_end(worker, message, TROUPE_OUTCOME_EXPIRED, reason);
    } else if (kind == TR_KIND_USER || has_number) {
        answer_with(peer, message, reason);
    } else {
        if (message->type == &tr_nursery_answer_type) {
            tr_nursery_undelivered(peer->border, message);
        }
        tr_message_end(worker, message, TROUPE_OUTCOME_LOST, reason);
    }
}

void tr_outgoing_fail_all(tr_peer *peer, troupe_error reason)
{
    for (troupe_message *message = tr_queue_pop(&peer->out); message != NULL;
         message = tr_queue_pop(&peer->out)) {
        refuse(peer, message, reason);
    }
    uint64_t number = 0;
    for (tr_own *own = tr_numbers_next_own(&peer->numbers, &number); own != NULL;
         own = tr_numbers_next_own(&peer->numbers, &number)) {
        tr_outgoing_fail_own(peer, own, reason);
    }
}

/* Who made it has ended it, and the other end is told. */
static void end_own_link(tr_peer *peer, uint64_t number)
{
    tr_own *own = tr_numbers_find_own(&peer->numbers, number);
    if (own != NULL) { /* else the other end has told its own in the same moment */
        tr_message_free(&peer->border->worker->pool, tr_numbers_remove_own(&peer->numbers, own));
    }
}

/* The wire has taken it. */
static void note_sent(tr_peer *peer, troupe_message *message)
{
    tr_worker *worker = peer->border->worker;
    const bool asks = tr_packing_is_ask(message);
    if (asks || tr_message_kind(message) == TR_KIND_MONITOR) {
        tr_own *own = tr_numbers_find_own(&peer->numbers, tr_packing_number(message));
        own->is_sent = true;
        message->receiver = peer->carrier;
    }
    if (asks) {
        tr_message_renew(worker, message, TROUPE_OUTCOME_CARRIED);
        if (!tr_message_has(message, TR_MESSAGE_SETTLES)) {
            tr_message_drop_body(worker->system->ports.allocator, message);
        }
    } else if (tr_message_kind(message) != TR_KIND_MONITOR) {
        if (tr_packing_is_exit(message)) {
            end_own_link(peer, tr_packing_number(message));
        }
        tr_message_end(worker, message, TROUPE_OUTCOME_CARRIED, TROUPE_OK);
    }
}

/* Frames. */

/* Room in the frame for an envelope that is alone in it. */
static troupe_error make_room(tr_border *border, const tr_envelope *envelope)
{
    const size_t size = TR_FRAME_HEAD_BYTES_MAX + tr_frame_size_of(envelope);
    TR_REQUIRE(size <= TR_FRAME_BYTES_MAX, TOO_LARGE);
    TR_REQUIRE(tr_scratch_reserve(&border->frame, size), NO_MEMORY);
    return TROUPE_OK;
}

static void begin_frame(tr_peer *peer, tr_frame_writer *writer)
{
    tr_border *border = peer->border;
    const tr_frame_head head = {.from = border->system->options.node_id,
                                .to = peer->node,
                                .connection = peer->connection,
                                .sequence = peer->sequence + 1};
    *writer = (tr_frame_writer) {.data = border->frame.data, .capacity = border->frame.capacity};
    tr_frame_begin(writer, &head);
}

/* A reply that cannot be sent becomes the error, which can: it needs no room of its own. */
static bool make_error(tr_peer *peer, troupe_message *message, troupe_error error)
{
    if (tr_message_kind(message) != TR_KIND_REPLY || tr_message_form(message) == TR_FORM_NONE) {
        return false;
    }
    tr_message_drop_body(peer->border->system->ports.allocator, message);
    message->value = (uint64_t) error;
    return true;
}

/* Packs as much as fits into one frame; what cannot be packed is refused on the way. What was
 * packed stays where it is: the first writer->count of what is on the way out. */
static void fill_frame(tr_peer *peer, tr_frame_writer *writer)
{
    troupe_message *previous = NULL;
    troupe_message *at = peer->out.head;
    begin_frame(peer, writer);
    while (at != NULL) {
        tr_envelope envelope;
        troupe_error error = tr_packing_pack(peer, at, &envelope);
        if (error == TROUPE_OK && tr_frame_add(writer, &envelope)) {
            previous = at;
            at = at->next;
            continue;
        }
        if (error == TROUPE_OK && writer->count > 0) {
            return; /* the next frame */
        }
        error = error ? error : make_room(peer->border, &envelope);
        if (error == TROUPE_OK) {
            begin_frame(peer, writer);
        } else if (!make_error(peer, at, error)) {
            troupe_message *next = at->next;
            tr_queue_remove(&peer->out, previous, at);
            refuse(peer, at, error);
            at = next;
        }
    }
}

/* False: the wire did not take it. */
static bool send_frame(tr_peer *peer, const tr_frame_writer *writer)
{
    tr_border *border = peer->border;
    if (!border->wire.send(border->wire.context, peer->node, writer->data, writer->size)) {
        return false;
    }
    peer->sequence++;
    peer->greets = false;
    border->counts.frames_sent++;
    tr_peer_count_sent(peer, writer->count);
    for (uint32_t i = 0; i < writer->count; i++) {
        note_sent(peer, tr_queue_pop(&peer->out));
    }
    return true;
}

/* Another connection in the place of this one. The first frame tells them that what they wait for
 * was lost; if it cannot begin, none comes any more. */
static void begin_anew(tr_peer *peer)
{
    tr_border *border = peer->border;
    tr_log_write(border->system->ports.log, TROUPE_LOG_WARNING,
                 "border: there was no memory to answer node '%s'; its connection is begun anew, "
                 "and who waits for something is told NODE_LOST",
                 peer->known->info.name);
    if (border->wire.renew != NULL) {
        tr_border_lost(border, peer->node, TROUPE_ERROR_NODE_LOST);
        border->wire.renew(border->wire.context, peer->node);
    } else {
        (void) tr_border_connected(border, peer->node);
    }
}

void tr_outgoing_flush(tr_peer *peer)
{
    peer->fresh_count = 0;
    peer->fresh_bytes = 0;
    if (peer->is_connected && peer->is_broken && !peer->greets) {
        begin_anew(peer); /* they have to have heard of the one that ends */
    }
    while (peer->is_connected && (peer->out.head != NULL || peer->greets)) {
        tr_frame_writer writer;
        if (!tr_scratch_reserve(&peer->border->frame, TR_FRAME_BYTES_USUAL)) {
            tr_peer_choke(peer); /* until there is memory */
            return;
        }
        fill_frame(peer, &writer);
        if (writer.count == 0 && !peer->greets) {
            break;
        }
        if (!send_frame(peer, &writer)) {
            tr_peer_choke(peer);
            return;
        }
    }
    tr_peer_unchoke(peer);
    if (peer->is_connected && peer->is_broken) {
        tr_outgoing_flush_soon(peer);
    }
}

/* The carrier. */

/* Its state. */
struct carrier {
    tr_peer *peer;
};

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    ((struct carrier *) state)->peer = argument;
    return TROUPE_OK;
}

/* Gives a request or the entry of a monitor its number. */
static troupe_error give_number(tr_peer *peer, troupe_message *message)
{
    tr_own *own = NULL;
    const troupe_error error = tr_numbers_add_own(&peer->numbers, message, &own);
    if (error) {
        return error;
    }
    own->is_lookup = message->type == &tr_far_lookup_type;
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

static void take_user(tr_worker *worker, tr_peer *peer, troupe_message *message)
{
    const tr_extension *extension = tr_message_extension(message);
    if (extension == NULL || (extension->to.generation == 0 && !tr_far_is_for_node(message))) {
        /* It was sent to the carrier itself. */
        tr_message_bury(worker, message, TROUPE_DEAD_NO_SUCH_ACTOR, TROUPE_ERROR_NO_SUCH_ACTOR);
        return;
    }
    troupe_error error = peer->is_connected ? TROUPE_OK : TROUPE_ERROR_UNREACHABLE;
    if (error == TROUPE_OK && tr_packing_is_ask(message)) {
        error = message->type == &tr_far_spawn_type ? give_numbers(peer, message)
                                                    : give_number(peer, message);
    }
    if (error) {
        tr_message_bury(worker, message, TROUPE_DEAD_UNREACHABLE, error);
    } else {
        tr_outgoing_push(peer, message);
    }
}

static troupe_error carry(troupe_self *self, void *state, troupe_message **given)
{
    tr_worker *worker = tr_enter(self);
    tr_peer *peer = ((struct carrier *) state)->peer;
    troupe_message *message = *given;
    *given = NULL;
    tr_held_remove(self->actor, message);
    tr_outgoing_flush_soon(peer); /* also what waited for this turn */
    if (tr_message_kind(message) == TR_KIND_DOWN) {
        take_down(worker, peer, message);
    } else {
        take_user(worker, peer, message);
    }
    tr_leave(self);
    return TROUPE_OK;
}

/* Above all how the actors here have ended: they are told to stop before it is. */
static void send_rest(tr_worker *worker, tr_actor *carrier, tr_peer *peer)
{
    for (troupe_message *message = tr_mailbox_drain(carrier); message != NULL;
         message = tr_mailbox_drain(carrier)) {
        if (tr_message_kind(message) == TR_KIND_DOWN) {
            take_down(worker, peer, message);
        } else if (tr_message_kind(message) == TR_KIND_USER) {
            take_user(worker, peer, message);
        } else {
            tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, TROUPE_OK);
        }
    }
    tr_outgoing_flush(peer);
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) reason;
    tr_peer *peer = ((struct carrier *) state)->peer;
    tr_worker *worker = tr_enter(self);
    send_rest(worker, self->actor, peer);
    tr_peer_lose(peer, TROUPE_ERROR_NODE_LOST, TROUPE_ERROR_UNREACHABLE);
    tr_peer_send_late(peer, true);
    tr_leave(self);
}

const troupe_behavior tr_carrier_behavior =
    TROUPE_BEHAVIOR(.name = "carrier", .state_size = sizeof(struct carrier), .start = start,
                    .other = carry, .stop = stop);

/* What the core tells. */

/* NULL: the carrier has not started, or it ends. */
static tr_peer *peer_of(const tr_actor *carrier)
{
    return carrier->is_started && carrier->state == TR_ACTOR_LIVE
               ? ((const struct carrier *) carrier->state_block)->peer
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

void tr_outgoing_monitor(tr_worker *worker, tr_actor *carrier, troupe_message *entry)
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

void tr_outgoing_demonitor(tr_worker *worker, tr_actor *carrier, troupe_message *message)
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

void tr_outgoing_give_up(tr_worker *worker, tr_actor *carrier, troupe_message *notice)
{
    tr_peer *peer = peer_of(carrier);
    const uint64_t number = find_sent(peer, TR_KIND_USER, notice);
    if (number == 0) {
        if (tr_actor_is_live(carrier)) {
            (void) tr_mailbox_void(carrier, notice->sender, notice->correlation);
        }
        tr_message_free(&worker->pool, notice);
        return;
    }
    notice->correlation = number;
    tr_outgoing_push(peer, notice);
}
