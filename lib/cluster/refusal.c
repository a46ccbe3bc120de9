/* SPDX-License-Identifier: MIT */
#include "cluster/refusal.h"

#include "base/log.h"
#include "cluster/groups_word.h"
#include "cluster/outgoing.h"
#include "core/message.h"
#include "core/worker.h"

void tr_refusal_down(tr_peer *peer, uint64_t number, troupe_error reason, troupe_down_kind kind)
{
    const troupe_down down = {.reason = reason, .kind = kind};
    troupe_message *message = NULL;
    if (tr_message_of_struct(&peer->border->worker->pool, &troupe_down_type, &down, &message) !=
        TROUPE_OK) {
        tr_outgoing_break(peer);
        return;
    }
    message->correlation = number;
    tr_message_set_kind(message, TR_KIND_DOWN);
    tr_outgoing_push_at_once(peer, message);
}

static void tell(const tr_peer *peer, uint32_t right)
{
    const tr_border *border = peer->border;
    const uint64_t count = border->counts.envelopes_denied;
    if (count <= TR_REFUSALS_TOLD) {
        const char *who = peer->rights.who;
        tr_log_write(border->system->ports.log, TROUPE_LOG_WARNING,
                     "border: node %llx%s%s wants what its key has no role for: '%s'%s",
                     (unsigned long long) peer->node, who != NULL ? ", key of " : "",
                     who != NULL ? who : "", tr_right_name(right),
                     count == TR_REFUSALS_TOLD ? "; of more than these ten nothing is said" : "");
    }
}

/* In the way in which it would be answered otherwise. */
static void answer(tr_peer *peer, const tr_envelope *envelope)
{
    switch ((unsigned) envelope->kind) {
    case TR_ENVELOPE_ASK:
    case TR_ENVELOPE_SPAWN:
        tr_outgoing_push_error(peer, envelope->number, TROUPE_ERROR_NOT_AUTHORISED);
        return;
    case TR_ENVELOPE_MONITOR:
    case TR_ENVELOPE_LINK:
        tr_refusal_down(peer, envelope->number, TROUPE_ERROR_NOT_AUTHORISED, TROUPE_DOWN_NODE_LOST);
        return;
    default:
        return;
    }
}

/* To the inspector a message takes what it asks for; so does what is for it, to whomever it goes:
 * the actors that help it take it too. */
static uint32_t rights_for(const tr_peer *peer, const tr_envelope *envelope)
{
    const tr_address inspector = peer->border->system->inspector;
    const tr_address to = {.slot = envelope->to.slot, .generation = envelope->to.generation};
    const bool is_message = envelope->kind == TR_ENVELOPE_TELL || envelope->kind == TR_ENVELOPE_ASK;
    const bool is_to_inspector = inspector.generation != 0 && tr_address_is_same(to, inspector);
    return is_message && (is_to_inspector || tr_rights_is_to_inspect(envelope->type))
               ? tr_rights_to_inspect(envelope->type)
               : tr_rights_for(envelope->kind);
}

/* A word of the actor that keeps groups, in the name of another node than has sent it. Others may
 * have been forwarded; these never are, and who is in a group goes by them. */
static bool is_in_anothers_name(const tr_peer *peer, const tr_envelope *envelope)
{
    const uint64_t node = envelope->from.node;
    return node != 0 && node != peer->node && tr_groups_word_is(envelope->type);
}

bool tr_refusal_is_due(tr_peer *peer, const tr_envelope *envelope)
{
    if (is_in_anothers_name(peer, envelope)) {
        peer->border->counts.envelopes_refused++;
        if (envelope->kind == TR_ENVELOPE_ASK) {
            tr_outgoing_push_error(peer, envelope->number, TROUPE_ERROR_PROTOCOL);
        }
        return true;
    }
    const uint32_t rights = rights_for(peer, envelope);
    const uint32_t missing = rights & ~peer->rights.granted;
    if (missing == 0) {
        return false;
    }
    peer->border->counts.envelopes_denied++;
    tell(peer, missing & ~(missing - 1)); /* one of them */
    answer(peer, envelope);
    return true;
}
