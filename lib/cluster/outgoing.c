/* SPDX-License-Identifier: MIT */
#include "cluster/outgoing.h"

#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/mailbox.h"
#include "core/monitor.h"

/* A request or the entry of a monitor that is on the way out has its number where its receiver was:
 * the carrier, whoever it is for. */
static void set_number(troupe_message *message, uint64_t number)
{
    _Static_assert(sizeof message->receiver == sizeof number, "a number fits");
    memcpy(&message->receiver, &number, sizeof number);
}

static uint64_t number_of(const troupe_message *message)
{
    uint64_t number = 0;
    memcpy(&number, &message->receiver, sizeof number);
    return number;
}

static bool is_ask(const troupe_message *message)
{
    return tr_message_kind(message) == TR_KIND_USER &&
           tr_message_has(message, TR_MESSAGE_WANTS_REPLY);
}

/* The way out. */

static void flush(tr_worker *worker, troupe_message *message)
{
    (void) worker;
    tr_peer *peer = TR_CONTAINER_OF(message, tr_peer, flush);
    peer->is_flush_queued = false;
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

void tr_outgoing_push(tr_peer *peer, troupe_message *message)
{
    TR_ASSERT(peer->is_connected);
    tr_queue_push(&peer->out, message);
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
    answer_with(peer, tr_numbers_remove_own(&peer->numbers, own), reason);
}

/* What was taken off the way out does not go. */
static void refuse(tr_peer *peer, troupe_message *message, troupe_error reason)
{
    tr_worker *worker = peer->border->worker;
    const tr_kind kind = tr_message_kind(message);
    const bool has_number = kind == TR_KIND_MONITOR || is_ask(message);
    if (has_number) {
        (void) tr_numbers_remove_own(&peer->numbers,
                                     tr_numbers_find_own(&peer->numbers, number_of(message)));
        message->receiver = peer->carrier;
    }
    if (reason == TROUPE_ERROR_EXPIRED) {
        tr_message_end(worker, message, TROUPE_OUTCOME_EXPIRED, reason);
    } else if (kind == TR_KIND_USER || has_number) {
        answer_with(peer, message, reason);
    } else {
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

/* The wire has taken it. */
static void note_sent(tr_peer *peer, troupe_message *message)
{
    tr_worker *worker = peer->border->worker;
    const bool asks = is_ask(message);
    if (asks || tr_message_kind(message) == TR_KIND_MONITOR) {
        tr_own *own = tr_numbers_find_own(&peer->numbers, number_of(message));
        own->is_sent = true;
        message->receiver = peer->carrier;
    }
    if (asks) {
        tr_message_renew(worker, message, TROUPE_OUTCOME_CARRIED);
        if (!tr_message_has(message, TR_MESSAGE_SETTLES)) {
            tr_message_drop_body(worker->system->ports.allocator, message);
        }
    } else if (tr_message_kind(message) != TR_KIND_MONITOR) {
        tr_message_end(worker, message, TROUPE_OUTCOME_CARRIED, TROUPE_OK);
    }
}

/* Packing. */

static troupe_ref ref_there(tr_address address)
{
    return (troupe_ref) {.slot = address.slot, .generation = address.generation};
}

/* Who sent it: of this node, or of a third one that has it forwarded. */
static troupe_ref sender_of(const tr_peer *peer, troupe_message *message)
{
    const tr_extension *extension = tr_message_extension(message);
    if (extension != NULL && extension->node != 0) {
        return (troupe_ref) {.node = extension->node,
                             .slot = extension->from.slot,
                             .generation = extension->from.generation};
    }
    return tr_system_ref(peer->border->system, message->sender);
}

static troupe_error pack_user(tr_peer *peer, troupe_message *message, tr_envelope *envelope)
{
    const bool asks = is_ask(message);
    if (message->deadline_ns != TR_NEVER) {
        const uint64_t now_ns = peer->border->worker->now_ns;
        TR_REQUIRE(message->deadline_ns > now_ns, EXPIRED);
        envelope->budget_ns = message->deadline_ns - now_ns;
    }
    envelope->kind = asks ? TR_ENVELOPE_ASK : TR_ENVELOPE_TELL;
    envelope->number = asks ? number_of(message) : 0;
    envelope->from = sender_of(peer, message);
    if (message->type == &tr_far_lookup_type) {
        const tr_far_lookup *lookup = message->body;
        envelope->kind = TR_ENVELOPE_LOOKUP;
        envelope->name = lookup->name;
        return TROUPE_OK;
    }
    const tr_extension *extension = tr_message_extended(message);
    envelope->to = ref_there(extension->to);
    envelope->trace_id = extension->trace_id;
    return tr_body_pack(&peer->border->body, message, envelope);
}

static troupe_error pack_reply(tr_peer *peer, troupe_message *message, tr_envelope *envelope)
{
    envelope->kind = TR_ENVELOPE_REPLY;
    envelope->number = message->correlation;
    if (tr_message_form(message) == TR_FORM_NONE) {
        envelope->error = (troupe_error) message->value;
        return TROUPE_OK;
    }
    if (message->type == &tr_far_found_type) {
        envelope->from = ((const tr_far_found *) message->body)->actor;
        return TROUPE_OK;
    }
    envelope->from = sender_of(peer, message);
    envelope->trace_id = tr_message_trace(message);
    return tr_body_pack(&peer->border->body, message, envelope);
}

/* Errors: EXPIRED, TOO_LARGE, LOCAL_ONLY, NO_MEMORY. */
static troupe_error pack(tr_peer *peer, troupe_message *message, tr_envelope *envelope)
{
    const troupe_down *down = message->body;
    *envelope = (tr_envelope) {.number = message->correlation};
    switch ((unsigned) tr_message_kind(message)) {
    case TR_KIND_USER:
        return pack_user(peer, message, envelope);
    case TR_KIND_REPLY:
        return pack_reply(peer, message, envelope);
    case TR_KIND_DOWN:
        envelope->kind = TR_ENVELOPE_DOWN;
        envelope->error = down->reason;
        envelope->down = down->kind;
        return TROUPE_OK;
    case TR_KIND_MONITOR:
        envelope->kind = TR_ENVELOPE_MONITOR;
        envelope->number = number_of(message);
        envelope->to =
            (troupe_ref) {.slot = down->actor.slot, .generation = down->actor.generation};
        return TROUPE_OK;
    case TR_KIND_DEMONITOR:
        envelope->kind = TR_ENVELOPE_DEMONITOR;
        return TROUPE_OK;
    default:
        TR_ASSERT(tr_message_kind(message) == TR_KIND_GIVE_UP);
        envelope->kind = TR_ENVELOPE_CANCEL;
        return TROUPE_OK;
    }
}

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
        troupe_error error = pack(peer, at, &envelope);
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

/* Keeps the carrier from its turns, or lets it have them. */
static void choke(tr_peer *peer)
{
    tr_worker *worker = peer->border->worker;
    tr_actor *actor = tr_peer_actor(peer, peer->carrier);
    tr_timers_start(&worker->timers, &peer->again, worker->now_ns + TR_WIRE_AGAIN_NS);
    if (peer->is_choked || actor == NULL || actor->state != TR_ACTOR_LIVE) {
        return;
    }
    tr_worker_make_unrunnable(worker, actor);
    actor->is_runnable = true;
    peer->is_choked = true;
}

void tr_outgoing_unchoke(tr_peer *peer)
{
    tr_worker *worker = peer->border->worker;
    tr_actor *actor = tr_peer_actor(peer, peer->carrier);
    if (tr_timer_is_running(&peer->again)) {
        tr_timers_cancel(&worker->timers, &peer->again);
    }
    if (peer->is_choked && actor != NULL) {
        actor->is_runnable = false;
        tr_worker_make_runnable(worker, actor);
    }
    peer->is_choked = false;
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
    border->counts.envelopes_sent += writer->count;
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
                 "border: there was no memory to answer node %llx; its connection is begun anew, "
                 "and who waits for something is told NODE_LOST",
                 (unsigned long long) peer->node);
    (void) tr_border_connected(border, peer->node);
}

void tr_outgoing_flush(tr_peer *peer)
{
    if (peer->is_connected && peer->is_broken && !peer->greets) {
        begin_anew(peer); /* they have to have heard of the one that ends */
    }
    while (peer->is_connected && (peer->out.head != NULL || peer->greets)) {
        tr_frame_writer writer;
        if (!tr_scratch_reserve(&peer->border->frame, TR_FRAME_BYTES_USUAL)) {
            choke(peer); /* until there is memory */
            return;
        }
        fill_frame(peer, &writer);
        if (writer.count == 0 && !peer->greets) {
            break;
        }
        if (!send_frame(peer, &writer)) {
            choke(peer);
            return;
        }
    }
    tr_outgoing_unchoke(peer);
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
    set_number(message, own->number);
    tr_timer *sweep = &peer->sweep;
    tr_worker *worker = peer->border->worker;
    if (!tr_timer_is_running(sweep)) {
        tr_timers_start(&worker->timers, sweep, worker->now_ns + TR_NUMBERS_SWEEP_NS);
    }
    return TROUPE_OK;
}

/* A DOWN for a watcher there. */
static void take_down(tr_worker *worker, tr_peer *peer, troupe_message *message)
{
    tr_their *their = tr_numbers_find_monitor(&peer->numbers, message->correlation);
    if (their == NULL || !peer->is_connected) {
        tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, TROUPE_ERROR_CANCELLED);
        return;
    }
    message->correlation = their->number;
    tr_numbers_remove_their(&peer->numbers, their);
    tr_outgoing_push(peer, message);
}

static void take_user(tr_worker *worker, tr_peer *peer, troupe_message *message)
{
    const tr_extension *extension = tr_message_extension(message);
    if (extension == NULL ||
        (extension->to.generation == 0 && message->type != &tr_far_lookup_type)) {
        /* It was sent to the carrier itself. */
        tr_message_bury(worker, message, TROUPE_DEAD_NO_SUCH_ACTOR, TROUPE_ERROR_NO_SUCH_ACTOR);
        return;
    }
    troupe_error error = peer->is_connected ? TROUPE_OK : TROUPE_ERROR_UNREACHABLE;
    if (error == TROUPE_OK && is_ask(message)) {
        error = give_number(peer, message);
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

void tr_outgoing_monitor(tr_worker *worker, tr_actor *carrier, troupe_message *entry)
{
    tr_peer *peer = peer_of(carrier);
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

void tr_outgoing_demonitor(tr_worker *worker, tr_actor *carrier, troupe_message *message)
{
    tr_peer *peer = peer_of(carrier);
    const uint64_t number = find_sent(peer, TR_KIND_MONITOR, message);
    if (number == 0) {
        tr_message_free(&worker->pool, message);
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
