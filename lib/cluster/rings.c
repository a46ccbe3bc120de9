/* SPDX-License-Identifier: MIT */
#include "cluster/rings.h"

#include <string.h>

#include "base/assert.h"
#include "cluster/carrier.h"
#include "cluster/fields.h"
#include "cluster/outgoing.h"
#include "core/line.h"
#include "core/probe.h"

/* Numbers of fields, as the .proto says. */
enum ring_field {
    WAIT = 1,
    SINCE,
    ANSWER,
    CHOICE,
    FIRST,
    MET,
    HOPS,
    SECOND,
    NAMES
};

/* Five fixed numbers, three small ones, and the names. */
#define RING_BYTES_MAX (5 * 9 + 3 * 6 + 3 + TR_PROBE_RING_SIZE)

/* Out. */

/* A request that is there, and not answered here. */
static bool find_request(const tr_peer *peer, const troupe_message *message, tr_probe_way *way)
{
    const tr_own *own =
        tr_numbers_find_by_key(&peer->numbers, TR_KIND_USER, message->sender, way->edge.id);
    if (own == NULL || !own->is_sent || own->is_lookup || own->is_spawn) {
        return false;
    }
    way->border = (tr_probe_border) {.number = own->number};
    return true;
}

/* A place in the line of a window of which all places are taken by what is there. */
static bool find_window(const tr_peer *peer, const tr_actor *actor, const troupe_message *message,
                        tr_probe_way *way)
{
    const tr_outlet *outlet = tr_outlet_at(peer, actor->address);
    const uint64_t word = atomic_load_explicit(&actor->slot->admission, memory_order_relaxed);
    uint64_t uses = 0;
    if (outlet == NULL || outlet->sent != outlet->places ||
        (word & TR_SLOT_DEPTH_MASK) != outlet->sent ||
        !tr_line_has(actor, message->sender, way->edge.id) ||
        !tr_far_windows_is_bound(peer->border->system, &outlet->window, &uses)) {
        return false;
    }
    way->border = (tr_probe_border) {
        .window = outlet->number, .count = outlet->sent, .to = outlet->window.there};
    return true;
}

void tr_rings_leave(tr_worker *worker, tr_actor *carrier, troupe_message *message)
{
    tr_peer *peer = carrier->is_started && carrier->state == TR_ACTOR_LIVE
                        ? ((const tr_carrier *) carrier->state_block)->peer
                        : NULL;
    tr_probe_way *way = tr_probe_way_of(message);
    /* Those that wait to go out would be many; the next look comes. */
    if (peer == NULL || !peer->is_connected || peer->is_choked ||
        worker->now_ns - way->edge.since_ns < TR_PROBE_FAR_AFTER_NS ||
        !(way->edge.is_reply ? find_request(peer, message, way)
                             : find_window(peer, carrier, message, way))) {
        tr_message_free(&worker->pool, message);
        return;
    }
    if (way->is_second) {
        char title[TR_NODE_TITLE_SIZE];
        tr_nodes_write_title(worker->system, peer->node, title);
        tr_probe_name(way, title);
        tr_probe_name(way, ": ");
    }
    tr_outgoing_push(peer, message);
}

troupe_error tr_rings_pack(tr_peer *peer, const troupe_message *message, tr_envelope *envelope)
{
    const tr_probe_way *way = tr_probe_way_of(message);
    const tr_system *system = peer->border->system;
    tr_scratch *scratch = &peer->border->body;
    TR_REQUIRE(tr_scratch_reserve(scratch, RING_BYTES_MAX), NO_MEMORY);
    unsigned char *at = scratch->data;
    at = tr_put_fixed(at, WAIT, way->origin_edge.id);
    at = tr_put_fixed(at, SINCE, way->origin_edge.since_ns);
    at = tr_put_number(at, ANSWER, way->origin_edge.is_reply);
    at = tr_put_fixed(at, CHOICE, way->choice);
    at = tr_put_fixed(at, FIRST, way->first_hash);
    at = tr_put_fixed(at, MET, way->hash);
    at = tr_put_number(at, HOPS, way->hops);
    at = tr_put_number(at, SECOND, way->is_second);
    at = tr_put_sized(at, NAMES, way->ring, strlen(way->ring));
    envelope->kind = TR_ENVELOPE_RING;
    envelope->number = way->border.number;
    envelope->window = way->border.window;
    envelope->charge = way->border.count;
    envelope->to =
        (troupe_ref) {.slot = way->border.to.slot, .generation = way->border.to.generation};
    envelope->from =
        (troupe_ref) {.node = way->origin_node != system->options.node_id ? way->origin_node : 0,
                      .slot = way->origin.slot,
                      .generation = way->origin.generation};
    envelope->form = TR_ENVELOPE_BYTES;
    envelope->body = scratch->data;
    envelope->body_size = (size_t) (at - scratch->data);
    TR_ASSERT(envelope->body_size <= RING_BYTES_MAX);
    return TROUPE_OK;
}

/* In. */

/* They go into our log. */
static void read_names(tr_probe_way *way, const tr_field *field)
{
    const size_t size =
        field->value < TR_PROBE_RING_SIZE ? (size_t) field->value : TR_PROBE_RING_SIZE - 1;
    for (size_t i = 0; i < size; i++) {
        const char byte = (char) field->data[i];
        way->ring[i] = '?';
        if (field->data[i] >= ' ' && field->data[i] != 127) {
            way->ring[i] = byte;
        }
    }
    way->ring[size] = '\0';
}

static void set_number(tr_probe_way *way, const tr_field *field)
{
    switch (field->number) {
    case WAIT:
        way->origin_edge.id = field->value;
        return;
    case SINCE:
        way->origin_edge.since_ns = field->value;
        return;
    case ANSWER:
        way->origin_edge.is_reply = field->value != 0;
        return;
    case CHOICE:
        way->choice = field->value;
        return;
    case FIRST:
        way->first_hash = field->value;
        return;
    case MET:
        way->hash = field->value;
        return;
    case HOPS:
        way->hops =
            field->value < TR_PROBE_FAR_HOPS_MAX ? (uint32_t) field->value : TR_PROBE_FAR_HOPS_MAX;
        return;
    case SECOND:
        way->is_second = field->value != 0;
        return;
    default:
        return;
    }
}

static bool read_ring(const tr_envelope *envelope, tr_probe_way *way)
{
    const unsigned char *data = envelope->body;
    tr_fields fields = {.at = data, .end = data + envelope->body_size};
    tr_field field;
    *way = (tr_probe_way) {.hops = 0};
    while (!tr_fields_end(&fields)) {
        if (!tr_fields_next(&fields, &field)) {
            return false;
        }
        if (field.type != TR_FIELD_SIZED) {
            set_number(way, &field);
        } else if (field.number == NAMES) {
            read_names(way, &field);
        }
    }
    return true;
}

/* Where it goes on. What has landed waits for room here, in the entrance's name. */
static bool find_edge(const tr_peer *peer, const tr_envelope *envelope, tr_probe_edge *edge,
                      uint64_t *steps)
{
    if (envelope->number == 0) {
        edge->to = (tr_address) {.slot = envelope->to.slot, .generation = envelope->to.generation};
        return tr_landing_has_all(peer, edge->to, envelope->window, (uint32_t) envelope->charge,
                                  &edge->id, steps);
    }
    const tr_their *their = tr_numbers_find_their(&peer->numbers, envelope->number);
    if (their == NULL || their->is_void || their->is_monitor || their->answer != NULL) {
        return false;
    }
    edge->to = their->to;
    edge->is_reply = !tr_landing_has_ask(peer, their->to, &their->stand, &edge->id);
    edge->id = edge->is_reply ? their->local : edge->id;
    return true;
}

/* Looking at much that has landed is to take a tenth of the border's time at most, whatever the
 * other asks for: a probe for which there is none is dropped, and comes again. */
static bool has_time(const tr_peer *peer)
{
    return peer->rings_until_ns <= peer->border->worker->now_ns + TR_RINGS_AHEAD_NS;
}

static void note_time(tr_peer *peer, uint64_t steps)
{
    const uint64_t now_ns = peer->border->worker->now_ns;
    const uint64_t from_ns = peer->rings_until_ns > now_ns ? peer->rings_until_ns : now_ns;
    peer->rings_until_ns = from_ns + steps * TR_RING_STEP_NS;
}

void tr_rings_take(tr_peer *peer, const tr_envelope *envelope)
{
    tr_probe_way way;
    uint64_t steps = 0;
    if (!has_time(peer)) {
        return;
    }
    if (!read_ring(envelope, &way)) {
        peer->border->counts.envelopes_refused++;
        return;
    }
    way.origin_node = envelope->from.node != 0 ? envelope->from.node : peer->node;
    way.origin =
        (tr_address) {.slot = envelope->from.slot, .generation = envelope->from.generation};
    const bool is_found = find_edge(peer, envelope, &way.edge, &steps);
    note_time(peer, steps);
    if (is_found) {
        tr_probe_go_on(peer->border->worker, &way, peer->entrance);
    }
}
