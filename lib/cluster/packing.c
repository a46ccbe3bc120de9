/* SPDX-License-Identifier: MIT */
#include "cluster/packing.h"

#include "base/assert.h"
#include "cluster/rings.h"
#include "core/failure.h"
#include "core/far.h"
#include "core/far_spawn.h"

static troupe_ref ref_within(tr_address address)
{
    return (troupe_ref) {.slot = address.slot, .generation = address.generation};
}

/* Who sent it: of this node, or of a third one that has it forwarded. */
static troupe_ref sender_of(troupe_message *message)
{
    const tr_extension *extension = tr_message_extension(message);
    if (extension != NULL && extension->node != 0) {
        return (troupe_ref) {.node = extension->node,
                             .slot = extension->from.slot,
                             .generation = extension->from.generation};
    }
    return ref_within(message->sender); /* whose node is the frame's */
}

static tr_envelope_signal signal_of(uint32_t bits)
{
    return (bits & TR_SIGNAL_KILL) != 0     ? TR_ENVELOPE_KILL
           : (bits & TR_SIGNAL_CANCEL) != 0 ? TR_ENVELOPE_CANCEL_ACTOR
                                            : TR_ENVELOPE_STOP;
}

/* Its argument is packed already. */
static void pack_spawn(const troupe_message *message, tr_envelope *envelope)
{
    const tr_far_spawn *spawn = troupe_message_struct(message, &tr_far_spawn_type);
    envelope->kind = TR_ENVELOPE_SPAWN;
    envelope->name = spawn->name;
    envelope->key = spawn->key;
    envelope->monitor = spawn->ties[0];
    envelope->link = spawn->ties[1];
    if (spawn->type != NULL) {
        envelope->form = spawn->is_protobuf != 0 ? TR_ENVELOPE_PROTOBUF : TR_ENVELOPE_STRUCT;
        envelope->type = spawn->type;
        envelope->body = spawn + 1;
        envelope->body_size = spawn->size;
    }
}

static uint32_t settles(const troupe_message *message)
{
    return !tr_packing_is_ask(message) || !tr_message_has(message, TR_MESSAGE_SETTLES) ? 0
           : tr_message_has(message, TR_MESSAGE_GIVEN_UP)                              ? 2
                                                                                       : 1;
}

static troupe_error pack_user(tr_peer *peer, troupe_message *message, tr_envelope *envelope)
{
    const bool asks = tr_packing_is_ask(message);
    if (message->deadline_ns != TR_NEVER) {
        const uint64_t now_ns = peer->border->worker->now_ns;
        TR_REQUIRE(message->deadline_ns > now_ns, EXPIRED);
        envelope->budget_ns = message->deadline_ns - now_ns;
    }
    envelope->kind = asks ? TR_ENVELOPE_ASK : TR_ENVELOPE_TELL;
    envelope->number = asks ? tr_packing_number(message) : 0;
    envelope->from = sender_of(message);
    if (message->type == &tr_far_lookup_type) {
        const tr_far_lookup *lookup = message->body;
        envelope->kind = TR_ENVELOPE_LOOKUP;
        envelope->name = lookup->name;
        return TROUPE_OK;
    }
    if (message->type == &tr_far_spawn_type) {
        pack_spawn(message, envelope);
        return TROUPE_OK;
    }
    const tr_outlet *outlet = tr_outlet_at(peer, tr_packing_place(peer, message));
    if (outlet != NULL) {
        envelope->window = outlet->number;
        envelope->charge = tr_message_charge(message);
    }
    const tr_extension *extension = tr_message_extended(message);
    envelope->to = ref_within(extension->to);
    envelope->settles = settles(message);
    envelope->trace_id = extension->trace_id;
    if (message->type == &tr_far_signal_type) {
        envelope->kind = TR_ENVELOPE_SIGNAL;
        envelope->signal = signal_of(((const tr_far_signal *) message->body)->bits);
        return TROUPE_OK;
    }
    return tr_body_pack(&peer->border->body, message, envelope);
}

static troupe_error pack_reply(tr_peer *peer, troupe_message *message, tr_envelope *envelope)
{
    envelope->kind = TR_ENVELOPE_REPLY;
    envelope->number = message->correlation;
    if (message->type == &tr_nursery_answer_type) {
        const tr_nursery_answer *answer = message->body;
        envelope->kind = TR_ENVELOPE_SPAWNED;
        envelope->key = answer->key;
        envelope->error = answer->error;
        envelope->from = tr_system_ref(peer->border->system, answer->actor);
        return TROUPE_OK;
    }
    if (tr_message_form(message) == TR_FORM_NONE) {
        envelope->error = (troupe_error) message->value;
        return TROUPE_OK;
    }
    if (tr_failure_is(message)) {
        const tr_failure *failure = message->body;
        envelope->error = TROUPE_ERROR_HANDLER_FAILED;
        envelope->cause = failure->error;
        envelope->text = failure->text;
        envelope->text_size = strlen(failure->text);
        return TROUPE_OK;
    }
    if (message->type == &tr_far_found_type) {
        envelope->from = ((const tr_far_found *) message->body)->actor;
        return TROUPE_OK;
    }
    envelope->from = sender_of(message);
    envelope->trace_id = tr_message_trace(message);
    return tr_body_pack(&peer->border->body, message, envelope);
}

/* A monitor or link of ours. */
static troupe_error pack_entry(tr_peer *peer, const troupe_message *message, tr_envelope *envelope)
{
    const troupe_down *down = message->body;
    envelope->kind = TR_ENVELOPE_MONITOR;
    envelope->number = tr_packing_number(message);
    envelope->to =
        ref_within((tr_address) {.slot = down->actor.slot, .generation = down->actor.generation});
    if (message->type == &troupe_exit_type) {
        envelope->kind = TR_ENVELOPE_LINK;
        envelope->from = tr_system_ref(peer->border->system, message->sender);
    }
    return TROUPE_OK;
}

static bool is_stopping(const tr_system *system)
{
    return atomic_load_explicit(&system->is_stopping, memory_order_relaxed) != 0;
}

/* An end that is told there. */
static troupe_error pack_down(const tr_peer *peer, const troupe_message *message,
                              tr_envelope *envelope)
{
    const troupe_down *down = message->body;
    const tr_system *system = peer->border->system;
    envelope->kind = TR_ENVELOPE_DOWN;
    if (tr_packing_is_exit(message)) {
        envelope->kind = TR_ENVELOPE_EXIT;
        envelope->number = tr_packing_number(message);
    }
    if (down != NULL) { /* else it has unlinked */
        envelope->error = down->reason;
        envelope->down = down->kind == TROUPE_DOWN_STOPPED && is_stopping(system)
                             ? TROUPE_DOWN_SHUTDOWN
                             : down->kind;
    }
    return TROUPE_OK;
}

/* What tells of the same have in common. */
#define LIKE_FLAGS                                                                                 \
    (TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EXTENDED | TR_MESSAGE_SETTLES | TR_MESSAGE_GIVEN_UP)

static bool is_same_way(const tr_extension *left, const tr_extension *right)
{
    return tr_address_is_same(left->to, right->to) && left->trace_id == right->trace_id &&
           left->node == right->node && tr_address_is_same(left->from, right->from);
}

bool tr_packing_is_like(const troupe_message *message, const troupe_message *other)
{
    return message->kind_and_form == other->kind_and_form &&
           tr_message_kind(message) == TR_KIND_USER &&
           ((message->flags ^ other->flags) & LIKE_FLAGS) == 0 &&
           (message->flags & LIKE_FLAGS) == TR_MESSAGE_EXTENDED && message->type == other->type &&
           message->deadline_ns == TR_NEVER && other->deadline_ns == TR_NEVER &&
           tr_message_charge(message) == tr_message_charge(other) &&
           tr_address_is_same(message->receiver, other->receiver) &&
           tr_address_is_same(message->sender, other->sender) &&
           is_same_way((const tr_extension *) (const void *) (message + 1),
                       (const tr_extension *) (const void *) (other + 1));
}

troupe_error tr_packing_pack(tr_peer *peer, troupe_message *message, tr_envelope *envelope)
{
    *envelope = (tr_envelope) {.number = message->correlation};
    switch ((unsigned) tr_message_kind(message)) {
    case TR_KIND_USER:
        return pack_user(peer, message, envelope);
    case TR_KIND_REPLY:
        return pack_reply(peer, message, envelope);
    case TR_KIND_DOWN:
        return pack_down(peer, message, envelope);
    case TR_KIND_MONITOR:
        return pack_entry(peer, message, envelope);
    case TR_KIND_DEMONITOR:
        envelope->kind = TR_ENVELOPE_DEMONITOR;
        if (tr_packing_is_exit(message)) {
            envelope->kind = TR_ENVELOPE_EXIT;
            envelope->number = tr_packing_number(message);
        }
        return TROUPE_OK;
    case TR_KIND_PROBE:
        return tr_rings_pack(peer, message, envelope);
    default:
        TR_ASSERT(tr_message_kind(message) == TR_KIND_GIVE_UP);
        envelope->kind = TR_ENVELOPE_CANCEL;
        return TROUPE_OK;
    }
}
