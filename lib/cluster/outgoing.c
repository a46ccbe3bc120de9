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
#include "core/line.h"
#include "core/link.h"
#include "core/monitor.h"

/* The way out. */

static void flush(tr_worker *worker, troupe_message *message)
{
    (void) worker;
    tr_peer *peer = TR_CONTAINER_OF(message, tr_peer, flush);
    peer->is_flush_queued = false;
    tr_outlet_refill(peer);
    tr_outgoing_flush(peer);
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

static size_t answer_bytes_of(const troupe_message *message)
{
    return tr_message_kind(message) == TR_KIND_REPLY ? message->size : 0;
}

void tr_outgoing_push(tr_peer *peer, troupe_message *message)
{
    TR_ASSERT(peer->is_connected);
    peer->answer_bytes += answer_bytes_of(message);
    tr_queue_push(&peer->out, message);
    tr_outgoing_flush_soon(peer);
}

void tr_outgoing_push_at_once(tr_peer *peer, troupe_message *message)
{
    tr_outgoing_push(peer, message);
    if (++peer->at_once > TR_ANSWERS_AT_ONCE_MAX) {
        tr_outgoing_complain(peer, "does not take its answers");
    }
}

void tr_outgoing_push_answer(tr_peer *peer, troupe_message *answer)
{
    if (peer->answer_bytes + answer->size <= TR_ANSWERS_BYTES_MAX) {
        tr_outgoing_push_at_once(peer, answer);
        return;
    }
    const uint64_t number = answer->correlation;
    tr_message_end(peer->border->worker, answer, TROUPE_OUTCOME_LOST, TROUPE_ERROR_LIMIT_REACHED);
    tr_outgoing_push_error(peer, number, TROUPE_ERROR_LIMIT_REACHED);
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
    tr_outgoing_push_at_once(peer, answer);
}

void tr_outgoing_break(tr_peer *peer)
{
    peer->is_broken = true;
    tr_outgoing_flush_soon(peer);
}

void tr_outgoing_complain(tr_peer *peer, const char *what)
{
    peer->offence = what;
    tr_outgoing_break(peer);
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
    tr_outgoing_push_at_once(peer, answer);
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

/* The place that a message on the way out has in a mailbox here. */
struct place {
    tr_address at;
    uint32_t charge;
};

static struct place place_of(const tr_peer *peer, const troupe_message *message)
{
    return (struct place) {.at = tr_packing_place(peer, message),
                           .charge = tr_message_charge(message)};
}

static void give_back(tr_peer *peer, struct place place)
{
    tr_worker *worker = peer->border->worker;
    tr_actor *actor = tr_peer_actor(peer, place.at);
    if (actor != NULL) {
        tr_line_give_back(worker, actor, 1, place.charge);
        tr_actor_try_reap(worker, actor);
    }
}

static void end_refused(tr_peer *peer, troupe_message *message, troupe_error reason)
{
    tr_worker *worker = peer->border->worker;
    const tr_kind kind = tr_message_kind(message);
    const bool has_number = kind == TR_KIND_MONITOR || tr_packing_is_ask(message);
    peer->answer_bytes -= answer_bytes_of(message);
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

/* What was taken off the way out does not go. */
static void refuse(tr_peer *peer, troupe_message *message, troupe_error reason)
{
    const struct place place = place_of(peer, message);
    end_refused(peer, message, reason);
    give_back(peer, place);
}

void tr_outgoing_fail_all(tr_peer *peer, troupe_error reason)
{
    tr_large_return_all(peer);
    for (troupe_message *message = tr_queue_pop(&peer->out); message != NULL;
         message = tr_queue_pop(&peer->out)) {
        refuse(peer, message, reason);
    }
    peer->at_once = 0;
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
    const struct place place = place_of(peer, message);
    const bool asks = tr_packing_is_ask(message);
    peer->answer_bytes -= answer_bytes_of(message);
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
    tr_outlet *outlet = tr_outlet_at(peer, place.at);
    if (outlet != NULL) {
        tr_outlet_sent(outlet, place.charge); /* until there is credit for it */
    } else {
        give_back(peer, place);
    }
}

/* Frames. */

/* Room in the frame for an envelope that is alone in it. Only pieces are squeezed. */
static troupe_error make_room(tr_peer *peer, const tr_envelope *envelope)
{
    const size_t size = TR_FRAME_HEAD_BYTES_MAX + tr_frame_size_of(envelope);
    const size_t most = peer->squeezes ? TR_FRAME_BYTES_USUAL : TR_FRAME_BYTES_MAX;
    TR_REQUIRE(size <= most, TOO_LARGE);
    TR_REQUIRE(tr_border_make_room(peer->border, size), NO_MEMORY);
    return TROUPE_OK;
}

static void begin_frame(tr_peer *peer, tr_frame_writer *writer)
{
    tr_border *border = peer->border;
    const tr_frame_head head = {.from = border->system->options.node_id,
                                .to = peer->node,
                                .connection = peer->connection,
                                .sequence = peer->sequence + 1};
    const size_t capacity = border->frame->capacity;
    const bool is_cut = peer->squeezes && capacity > TR_FRAME_BYTES_USUAL;
    *writer = (tr_frame_writer) {.data = border->frame->data,
                                 .capacity = is_cut ? TR_FRAME_BYTES_USUAL : capacity,
                                 .repeats = peer->repeats};
    tr_frame_begin(writer, &head);
}

/* A reply that cannot be sent becomes the error, which can: it needs no room of its own. */
static bool make_error(tr_peer *peer, troupe_message *message, troupe_error error)
{
    if (tr_message_kind(message) != TR_KIND_REPLY || tr_message_form(message) == TR_FORM_NONE) {
        return false;
    }
    peer->answer_bytes -= answer_bytes_of(message);
    tr_message_drop_body(peer->border->system->ports.allocator, message);
    message->value = (uint64_t) error;
    return true;
}

/* Takes `*at` off the way out, if it waits behind one that is large; then the next one is there. */
static bool holds_back(tr_peer *peer, troupe_message *previous, troupe_message **at)
{
    troupe_message *message = *at;
    troupe_message *next = message->next;
    tr_queue_remove(&peer->out, previous, message);
    if (tr_large_holds_back(peer, message)) {
        *at = next;
        return true;
    }
    tr_queue_insert(&peer->out, previous, message);
    return false;
}

/* The same, to go in pieces. */
static bool goes_in_pieces(tr_peer *peer, troupe_message *previous, troupe_message **at,
                           const tr_envelope *envelope)
{
    troupe_message *message = *at;
    troupe_message *next = message->next;
    if (tr_large_add(peer, message, tr_frame_size_of(envelope)) != TROUPE_OK) {
        return false;
    }
    tr_queue_remove(&peer->out, previous, message);
    *at = next;
    return true;
}

/* Packs one and adds it, `*packed` being the one whose envelope was added last. False: it has no
 * room, or there is an error. */
static bool pack_one(tr_peer *peer, tr_frame_writer *writer, troupe_message *message,
                     const troupe_message **packed, tr_envelope *envelope, troupe_error *out_error)
{
    const bool is_like =
        *packed != NULL && writer->last_front != NULL && tr_packing_is_like(message, *packed);
    *packed = NULL;
    *out_error = is_like ? tr_body_pack(&peer->border->body, message, envelope)
                         : tr_packing_pack(peer, message, envelope);
    if (*out_error != TROUPE_OK ||
        !(is_like && envelope->body_size > 0 ? tr_frame_add_again(writer, envelope)
                                             : tr_frame_add(writer, envelope))) {
        return false;
    }
    *packed = message;
    return true;
}

/* Packs as much as fits into one frame, credit first; what cannot be packed is refused on the way.
 * What was packed stays where it is: the first of what is on the way out. How many envelopes are
 * credit. */
static uint32_t fill_frame(tr_peer *peer, tr_frame_writer *writer)
{
    troupe_message *previous = NULL;
    troupe_message *at = peer->out.head;
    const troupe_message *packed = NULL;
    tr_envelope envelope;
    begin_frame(peer, writer);
    const uint32_t credits = tr_credit_pack(peer, writer);
    while (at != NULL) {
        troupe_error error = TROUPE_OK;
        if (!tr_large_is_none(&peer->larges) && holds_back(peer, previous, &at)) {
            continue;
        }
        if (pack_one(peer, writer, at, &packed, &envelope, &error)) {
            previous = at;
            at = at->next;
            continue;
        }
        if (error == TROUPE_OK && writer->count > 0) {
            return credits; /* the next frame */
        }
        error = error ? error : make_room(peer, &envelope);
        if (error == TROUPE_OK) {
            begin_frame(peer, writer);
        } else if (error == TROUPE_ERROR_TOO_LARGE &&
                   goes_in_pieces(peer, previous, &at, &envelope)) {
            continue;
        } else if (!make_error(peer, at, error)) {
            troupe_message *next = at->next;
            tr_queue_remove(&peer->out, previous, at);
            refuse(peer, at, error);
            at = next;
        }
    }
    return credits;
}

static void note_frame(tr_peer *peer, uint32_t count)
{
    peer->sequence++;
    peer->greets = false;
    peer->border->counts.frames_sent++;
    tr_peer_count_sent(peer, count);
}

/* False: the wire did not take it. */
static bool send_frame(tr_peer *peer, const tr_frame_writer *writer, uint32_t credits)
{
    tr_border *border = peer->border;
    if (!tr_border_send(border, peer->node, writer->size)) {
        return false;
    }
    note_frame(peer, writer->count);
    tr_credit_went(peer, credits);
    const uint32_t went = writer->count - credits;
    peer->at_once -= went < peer->at_once ? went : peer->at_once;
    for (uint32_t i = credits; i < writer->count; i++) {
        note_sent(peer, tr_queue_pop(&peer->out));
    }
    return true;
}

/* Another connection in the place of this one. The first frame tells them that what they wait for
 * was lost; if it cannot begin, none comes any more. */
static void begin_anew(tr_peer *peer)
{
    tr_border *border = peer->border;
    border->counts.offences += peer->offence != NULL ? 1 : 0;
    tr_log_write(border->system->ports.log, TROUPE_LOG_WARNING,
                 "border: %s node '%s' %s; its connection is begun anew, and who waits for "
                 "something is told NODE_LOST",
                 peer->offence != NULL ? "the" : "there was no memory to answer",
                 peer->known->info.name, peer->offence != NULL ? peer->offence : "");
    if (border->wire.renew != NULL) {
        tr_border_lost(border, peer->node, TROUPE_ERROR_NODE_LOST);
        border->wire.renew(border->wire.context, peer->node);
    } else {
        (void) tr_border_connected(border, peer->node);
    }
}

/* One that is large does not go. */
static void refuse_large(tr_peer *peer, troupe_message *message, troupe_error reason)
{
    if (make_error(peer, message, reason)) {
        tr_outgoing_push(peer, message);
    } else {
        refuse(peer, message, reason);
    }
}

/* Pieces of what is large, one in a frame, until there is something else. False: not now. */
static bool send_pieces(tr_peer *peer)
{
    tr_border *border = peer->border;
    while (peer->is_connected && peer->out.head == NULL && !tr_large_is_none(&peer->larges) &&
           tr_border_may_add(border, peer->node)) {
        tr_frame_writer writer;
        troupe_message *refused = NULL;
        troupe_error reason = TROUPE_OK;
        if (!tr_border_make_room(border, TR_FRAME_BYTES_USUAL)) {
            return false;
        }
        begin_frame(peer, &writer);
        if (!tr_large_pack(peer, &writer, &refused, &reason)) {
            if (refused == NULL) {
                break;
            }
            refuse_large(peer, refused, reason);
            continue;
        }
        if (!tr_border_send(border, peer->node, writer.size)) {
            return false;
        }
        note_frame(peer, writer.count);
        troupe_message *message = tr_large_went(peer);
        if (message != NULL) {
            peer->at_once -= peer->at_once > 0 ? 1 : 0;
            note_sent(peer, message);
        }
    }
    return true;
}

/* What is on the way out, in frames. False: not now. */
static bool send_small(tr_peer *peer)
{
    while (peer->is_connected && (peer->out.head != NULL || peer->greets || peer->credit.is_due)) {
        tr_frame_writer writer;
        if (!tr_border_make_room(peer->border, TR_FRAME_BYTES_USUAL)) {
            return false; /* until there is memory */
        }
        peer->border->frame->bulk = 0;
        const uint32_t credits = fill_frame(peer, &writer);
        if (writer.count == 0 && !peer->greets) {
            break;
        }
        if (!send_frame(peer, &writer, credits)) {
            return false;
        }
    }
    return true;
}

void tr_outgoing_flush(tr_peer *peer)
{
    if (peer->is_connected && peer->is_broken && !peer->greets) {
        begin_anew(peer); /* they have to have heard of the one that ends */
    }
    do {
        if (!send_small(peer) || !send_pieces(peer)) {
            tr_peer_choke(peer);
            return;
        }
    } while (peer->is_connected && peer->out.head != NULL);
    tr_peer_unchoke(peer);
    if (peer->is_connected && peer->is_broken) {
        tr_outgoing_flush_soon(peer);
    }
}
