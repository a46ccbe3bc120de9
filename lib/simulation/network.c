/* SPDX-License-Identifier: MIT */
#include "simulation/network.h"

#include "base/assert.h"

/* The longest pause before two that have lost each other try again. */
#define RETRY_NS UINT64_C(100000000)

static void note(const tr_network *network, uint32_t at, tr_event event, uint64_t first,
                 uint64_t second)
{
    tr_course_note(network->course, at, event, first, second);
}

static tr_berth *berth_of(const tr_network *network, const tr_pair *pair, uint32_t side)
{
    return tr_fleet_berth(network->fleet, pair->sides[side].node);
}

static void say(tr_network *network, tr_pair *pair, uint32_t side, tr_wire_kind kind,
                uint64_t number)
{
    tr_wire *wire = &pair->sides[side];
    tr_happening *what = &wire->happenings[kind];
    what->number = number;
    tr_wires_schedule(&network->wires, what,
                      tr_wires_due_in_order_ns(&network->wires, wire, network->course->now_ns));
}

/* Whether this side could hear the other, if that spoke. */
static bool hears(const tr_network *network, const tr_pair *pair, uint32_t side)
{
    const tr_berth *other = berth_of(network, pair, 1 - side);
    return !pair->sides[side].is_cut && other->node != NULL &&
           other->identity.id == pair->sides[1 - side].id &&
           other->stalled_until_ns <= network->course->now_ns;
}

static void watch_silence(tr_network *network, tr_pair *pair, uint32_t side)
{
    tr_wire *wire = &pair->sides[side];
    tr_happening *check = &wire->happenings[TR_WIRE_CHECK];
    if (wire->is_up && (check->date.place == 0 || check->number != wire->silences)) {
        check->number = wire->silences;
        tr_wires_schedule(&network->wires, check,
                          network->course->now_ns + wire->options.detect_ns);
    }
}

/* Connections. */

static void begin_to_open(tr_network *network, tr_pair *pair, uint32_t to_side)
{
    if (!pair->is_opening) {
        pair->is_opening = true;
        say(network, pair, to_side, TR_WIRE_OPEN, 0);
    }
}

static bool refuse(tr_network *network, tr_pair *pair, uint32_t side, uint64_t node)
{
    tr_frame *refusal = tr_wires_make_frame(&network->wires, pair, side, NULL, 0);
    if (refusal != NULL) {
        refusal->happening.kind = TR_WIRE_REFUSED;
        refusal->node = node;
        tr_wires_schedule(&network->wires, &refusal->happening,
                          network->course->now_ns +
                              tr_wires_latency_ns(&network->wires, &pair->sides[side].options));
    }
    return false;
}

bool tr_network_send(tr_network *network, uint32_t from, uint64_t to_node, const void *data,
                     size_t size)
{
    const uint32_t to = tr_incarnations_find(&network->incarnations, to_node);
    const tr_berth *sender = tr_fleet_berth(network->fleet, from);
    if (sender->node == NULL || sender->is_doomed) {
        return true; /* nobody will ever know */
    }
    tr_pair *pair = to != UINT32_MAX && to != from ? tr_wires_get(&network->wires, from, to) : NULL;
    if (pair == NULL) {
        network->wires.counts.refused++;
        return false;
    }
    const uint32_t side = tr_pair_side(pair, to);
    tr_wire *wire = &pair->sides[side];
    const bool is_connected = pair->sides[1 - side].is_up && wire->id == to_node;
    if (!is_connected || wire->frames >= wire->options.queue_frames_max ||
        (wire->frames > 0 && wire->bytes + size > wire->options.queue_bytes_max)) {
        network->wires.counts.refused++;
        if (!is_connected) {
            const tr_berth *there = tr_fleet_berth(network->fleet, to);
            if (there->identity.id != to_node) {
                return refuse(network, pair, 1 - side, to_node);
            }
            begin_to_open(network, pair, side);
        }
        return false;
    }
    tr_wires_occupy(&network->wires, wire, size);
    if (!tr_wires_add(&network->wires, pair, side, data, size)) {
        return false;
    }
    network->wires.counts.sent++;
    note(network, from, TR_EVENT_SENT, to, size);
    if (wire->options.repeat_ppm != 0 &&
        tr_random_chance(&network->course->random, wire->options.repeat_ppm, 1000000) &&
        tr_wires_add(&network->wires, pair, side, data, size)) {
        network->wires.counts.repeated++;
    }
    return true;
}

/* After a loss there is a pause, which chance draws. */
static void want_again(tr_network *network, tr_pair *pair)
{
    tr_happening *retry = &pair->sides[0].happenings[TR_WIRE_RETRY];
    if (pair->is_kept && retry->date.place == 0) {
        const uint64_t pause_ns = tr_random_below(&network->course->random, RETRY_NS);
        tr_wires_schedule(&network->wires, retry, network->course->now_ns + pause_ns);
    }
}

static troupe_error reason_of(const tr_network *network, const tr_pair *pair, uint32_t side)
{
    return berth_of(network, pair, side)->identity.id == pair->sides[side].id
               ? TROUPE_ERROR_NODE_LOST
               : TROUPE_ERROR_STALE;
}

static void give_end(const tr_network *network, tr_pair *pair, uint32_t side)
{
    if (pair->sides[side].has_end) {
        pair->sides[side].has_end = false;
        tr_virtual_descriptors_give(&berth_of(network, pair, side)->descriptors);
    }
}

/* Both ends have a descriptor for it, or none has. */
static bool take_ends(const tr_network *network, tr_pair *pair)
{
    for (uint32_t side = 0; side < 2; side++) {
        if (!tr_virtual_descriptors_take(&berth_of(network, pair, side)->descriptors)) {
            give_end(network, pair, 0);
            return false;
        }
        pair->sides[side].has_end = true;
    }
    return true;
}

/* This side hears of it now; nothing that is under way to it comes any more. */
static void lose(tr_network *network, tr_pair *pair, uint32_t side)
{
    tr_wire *wire = &pair->sides[side];
    const tr_berth *at = berth_of(network, pair, side);
    tr_wires_drop_waiting(&network->wires, wire);
    give_end(network, pair, side);
    if (!wire->is_up) {
        return;
    }
    wire->is_up = false;
    want_again(network, pair);
    network->wires.counts.lost++;
    note(network, wire->node, TR_EVENT_LOST, pair->sides[1 - side].node, pair->number);
    if (at->node != NULL && at->identity.id == wire->id && network->ears.lost != NULL) {
        network->ears.lost(network->ears.context, wire->node, pair->sides[1 - side].id,
                           reason_of(network, pair, 1 - side));
    }
}

void tr_network_close(tr_network *network, uint32_t from, uint64_t to_node)
{
    const uint32_t to = tr_incarnations_find(&network->incarnations, to_node);
    tr_pair *pair = to != UINT32_MAX ? tr_wires_find(&network->wires, from, to) : NULL;
    const uint32_t side = pair != NULL ? tr_pair_side(pair, to) : 0;
    if (pair != NULL && pair->sides[1 - side].is_up && pair->sides[side].id == to_node) {
        lose(network, pair, 1 - side);
        say(network, pair, side, TR_WIRE_CLOSE, pair->number);
    }
}

static void tell_up(tr_network *network, tr_pair *pair, uint32_t side)
{
    tr_wire *wire = &pair->sides[side];
    wire->is_up = true;
    network->wires.counts.connected++;
    note(network, wire->node, TR_EVENT_CONNECT, pair->sides[1 - side].node, pair->number);
    if (network->ears.connected != NULL) {
        network->ears.connected(network->ears.context, wire->node, pair->sides[1 - side].id);
    }
    if (!hears(network, pair, side)) {
        watch_silence(network, pair, side);
    }
}

/* The other side wants a connection: both forget the one they had. */
static void accept(tr_network *network, tr_pair *pair, uint32_t side)
{
    const tr_berth *here = berth_of(network, pair, side);
    const tr_berth *there = berth_of(network, pair, 1 - side);
    if (there->node == NULL || here->node == NULL) {
        pair->is_opening = false;
    }
    if (there->node == NULL) {
        return;
    }
    if (here->node == NULL) {
        (void) refuse(network, pair, 1 - side, here->identity.id);
        return;
    }
    lose(network, pair, side);
    lose(network, pair, 1 - side);
    if (!take_ends(network, pair)) {
        pair->is_opening = false;
        want_again(network, pair);
        (void) refuse(network, pair, 1 - side, here->identity.id);
        return;
    }
    pair->number++;
    pair->sides[side].id = here->identity.id;
    pair->sides[1 - side].id = there->identity.id;
    tell_up(network, pair, side);
    say(network, pair, 1 - side, TR_WIRE_UP, pair->number);
}

static void check_silence(tr_network *network, tr_pair *pair, uint32_t side, uint64_t silence)
{
    tr_wire *wire = &pair->sides[side];
    if (!wire->is_up || wire->silences != silence || hears(network, pair, side)) {
        return;
    }
    lose(network, pair, side);
    say(network, pair, 1 - side, TR_WIRE_CLOSE, pair->number);
}

/* What happens. */

static void deliver(tr_network *network, tr_frame *frame)
{
    tr_pair *pair = frame->happening.pair;
    const uint32_t side = frame->happening.side;
    const tr_wire *wire = &pair->sides[side];
    if (!wire->is_up || frame->happening.number != pair->number) {
        tr_wires_drop(&network->wires, frame, "its connection was lost meanwhile");
        return;
    }
    network->wires.counts.came++;
    note(network, wire->node, TR_EVENT_CAME, pair->sides[1 - side].node, frame->size);
    if (network->ears.came != NULL) {
        network->ears.came(network->ears.context, wire->node, pair->sides[1 - side].id, frame->data,
                           frame->size);
    }
    tr_wires_end(&network->wires, frame);
}

static void tell_refused(tr_network *network, tr_frame *frame)
{
    const tr_pair *pair = frame->happening.pair;
    const uint32_t side = frame->happening.side;
    const bool is_over = berth_of(network, pair, 1 - side)->identity.id != frame->node;
    if (berth_of(network, pair, side)->node != NULL && network->ears.lost != NULL) {
        network->ears.lost(network->ears.context, pair->sides[side].node, frame->node,
                           is_over ? TROUPE_ERROR_STALE : TROUPE_ERROR_NODE_LOST);
    }
    tr_wires_free(&network->wires, frame);
}

/* The one that asked for this connection is there to hear of it. */
static bool is_still(const tr_network *network, const tr_pair *pair, uint32_t side, uint64_t number)
{
    const tr_berth *at = berth_of(network, pair, side);
    return number == pair->number && at->node != NULL && at->identity.id == pair->sides[side].id;
}

static void retry(tr_network *network, tr_pair *pair)
{
    const bool are_there =
        berth_of(network, pair, 0)->node != NULL && berth_of(network, pair, 1)->node != NULL;
    if (are_there && !(pair->sides[0].is_up && pair->sides[1].is_up)) {
        begin_to_open(network, pair, 1);
    }
}

static void happen(tr_network *network, tr_happening *what)
{
    tr_pair *pair = what->pair;
    switch (what->kind) {
    case TR_WIRE_OPEN:
        accept(network, pair, what->side);
        break;
    case TR_WIRE_UP:
        pair->is_opening = false;
        if (is_still(network, pair, what->side, what->number)) {
            tell_up(network, pair, what->side);
        }
        break;
    case TR_WIRE_CLOSE:
        if (what->number == pair->number) {
            lose(network, pair, what->side);
        }
        break;
    case TR_WIRE_CHECK:
        check_silence(network, pair, what->side, what->number);
        break;
    case TR_WIRE_RETRY:
        retry(network, pair);
        break;
    case TR_WIRE_FRAME:
        deliver(network, TR_CONTAINER_OF(what, tr_frame, happening));
        break;
    case TR_WIRE_REFUSED:
        tell_refused(network, TR_CONTAINER_OF(what, tr_frame, happening));
        break;
    }
}

static bool is_carried(tr_wire_kind kind)
{
    return kind != TR_WIRE_CHECK && kind != TR_WIRE_RETRY && kind != TR_WIRE_REFUSED;
}

/* What cannot get through now waits, or is tried again. True: it happens now. */
static bool gets_through(tr_network *network, tr_happening *what)
{
    tr_pair *pair = what->pair;
    tr_wire *wire = &pair->sides[what->side];
    const tr_berth *at = berth_of(network, pair, what->side);
    if (is_carried(what->kind) && wire->is_cut) {
        if (what->kind == TR_WIRE_FRAME) {
            tr_wires_wait(wire, TR_CONTAINER_OF(what, tr_frame, happening));
        } else {
            what->waits = true;
        }
        return false;
    }
    if (at->node != NULL && at->stalled_until_ns > network->course->now_ns) {
        what->date.due_ns = at->stalled_until_ns; /* and the order is kept */
        tr_agenda_put(&network->wires.agenda, &what->date);
        return false;
    }
    return true;
}

bool tr_network_step(tr_network *network)
{
    tr_date *date = tr_agenda_first(&network->wires.agenda);
    if (date == NULL || date->due_ns > network->course->now_ns) {
        return false;
    }
    tr_happening *what = TR_CONTAINER_OF(date, tr_happening, date);
    const uint32_t at = what->pair->sides[what->side].node;
    tr_agenda_remove(&network->wires.agenda, date);
    if (gets_through(network, what)) {
        happen(network, what);
        tr_fleet_look(network->fleet, at);
    }
    return true;
}

uint64_t tr_network_next_due_ns(const tr_network *network)
{
    const tr_date *date = tr_agenda_first(&network->wires.agenda);
    return date != NULL ? date->due_ns : TR_NEVER;
}

/* Cuts. */

troupe_error tr_network_keep(tr_network *network, uint32_t one, uint32_t other)
{
    const uint32_t count = network->fleet->count;
    TR_REQUIRE(one != other && one < count && other < count, BAD_ARGUMENT);
    tr_pair *pair = tr_wires_get(&network->wires, one, other);
    TR_REQUIRE(pair != NULL, NO_MEMORY);
    if (!pair->is_kept) {
        pair->is_kept = true;
        want_again(network, pair);
    }
    return TROUPE_OK;
}

troupe_error tr_network_cut(tr_network *network, uint32_t from, uint32_t to)
{
    if (from == to || from >= network->fleet->count || to >= network->fleet->count) {
        return TROUPE_OK;
    }
    tr_pair *pair = tr_wires_get(&network->wires, from, to);
    TR_REQUIRE(pair != NULL, NO_MEMORY);
    const uint32_t side = tr_pair_side(pair, to);
    if (!pair->sides[side].is_cut) {
        pair->sides[side].is_cut = true;
        note(network, to, TR_EVENT_CUT, from, 0);
        watch_silence(network, pair, side);
    }
    return TROUPE_OK;
}

/* What has waited comes before what is still under way, in the order sent. */
static void let_through(tr_network *network, tr_wire *wire)
{
    while (wire->first_waiting != NULL) {
        tr_frame *first = wire->first_waiting;
        wire->first_waiting = first->next;
        tr_wires_go_on(&network->wires, &first->happening);
    }
    for (uint32_t i = 0; i < TR_WIRE_COUNT; i++) {
        if (wire->happenings[i].waits) {
            tr_wires_go_on(&network->wires, &wire->happenings[i]);
        }
    }
}

static void heal(tr_network *network, tr_pair *pair, uint32_t side)
{
    tr_wire *wire = &pair->sides[side];
    if (wire->is_cut) {
        wire->is_cut = false;
        wire->silences++;
        note(network, wire->node, TR_EVENT_HEAL, pair->sides[1 - side].node, 0);
        let_through(network, wire);
        if (!hears(network, pair, side)) {
            watch_silence(network, pair, side);
        }
    }
}

void tr_network_heal(tr_network *network, uint32_t from, uint32_t to)
{
    tr_pair *pair = tr_wires_find(&network->wires, from, to);
    if (pair != NULL) {
        heal(network, pair, tr_pair_side(pair, to));
    }
}

void tr_network_heal_all(tr_network *network)
{
    for (tr_map_node *node = tr_map_first(&network->wires.pairs); node != NULL;
         node = tr_map_next(&network->wires.pairs, node)) {
        tr_pair *pair = TR_CONTAINER_OF(node, tr_pair, node);
        heal(network, pair, 0);
        heal(network, pair, 1);
    }
}

/* Nodes. */

troupe_error tr_network_node_is_up(tr_network *network, uint32_t index)
{
    const uint64_t id = tr_fleet_berth(network->fleet, index)->identity.id;
    const troupe_error error = tr_incarnations_add(&network->incarnations, id, index);
    if (error) {
        return error;
    }
    for (tr_map_node *node = tr_map_first(&network->wires.pairs); node != NULL;
         node = tr_map_next(&network->wires.pairs, node)) {
        tr_pair *pair = TR_CONTAINER_OF(node, tr_pair, node);
        if (pair->sides[0].node == index || pair->sides[1].node == index) {
            want_again(network, pair);
        }
    }
    return TROUPE_OK;
}

void tr_network_node_is_down(tr_network *network, uint32_t index, bool is_silent)
{
    for (tr_map_node *node = tr_map_first(&network->wires.pairs); node != NULL;
         node = tr_map_next(&network->wires.pairs, node)) {
        tr_pair *pair = TR_CONTAINER_OF(node, tr_pair, node);
        const uint32_t side = tr_pair_side(pair, index);
        if (pair->sides[side].node != index) {
            continue;
        }
        pair->is_opening = false;
        lose(network, pair, side);
        if (is_silent) {
            watch_silence(network, pair, 1 - side);
        } else if (pair->sides[1 - side].is_up) {
            say(network, pair, 1 - side, TR_WIRE_CLOSE, pair->number);
        }
    }
}

void tr_network_node_stalls(tr_network *network, uint32_t index)
{
    for (tr_map_node *node = tr_map_first(&network->wires.pairs); node != NULL;
         node = tr_map_next(&network->wires.pairs, node)) {
        tr_pair *pair = TR_CONTAINER_OF(node, tr_pair, node);
        const uint32_t side = tr_pair_side(pair, index);
        if (pair->sides[side].node == index) {
            watch_silence(network, pair, 1 - side);
        }
    }
}

/* Making, shaping, looking. */

void tr_network_init(tr_network *network, tr_fleet *fleet)
{
    *network = (tr_network) {.fleet = fleet, .course = fleet->course};
    tr_wires_init(&network->wires, fleet->course);
    tr_incarnations_init(&network->incarnations);
}

void tr_network_fini(tr_network *network)
{
    tr_wires_fini(&network->wires);
    tr_incarnations_fini(&network->incarnations);
}

void tr_network_set_ears(tr_network *network, const tr_ears *ears)
{
    network->ears = *ears;
}

/* All pairs, and those still to be made. */
static void shape_all(tr_network *network, const tr_wire_options *options)
{
    network->wires.present = *options;
    for (tr_map_node *node = tr_map_first(&network->wires.pairs); node != NULL;
         node = tr_map_next(&network->wires.pairs, node)) {
        tr_pair *pair = TR_CONTAINER_OF(node, tr_pair, node);
        tr_wire_set_options(&pair->sides[0], options);
        tr_wire_set_options(&pair->sides[1], options);
    }
}

troupe_error tr_network_shape(tr_network *network, int64_t from, int64_t to,
                              const tr_wire_options *options)
{
    tr_wire_options known = *options;
    tr_wire_options_complete(&known);
    TR_REQUIRE(known.latency_ns_max >= known.latency_ns_min, BAD_ARGUMENT);
    TR_REQUIRE(known.loss_ppm <= 1000000 && known.repeat_ppm <= 1000000, BAD_ARGUMENT);
    TR_REQUIRE(known.reorder_ppm <= 1000000 && known.tail_ppm <= 1000000, BAD_ARGUMENT);
    if (from < 0 && to < 0) {
        network->wires.usual = known;
        shape_all(network, &known);
        return TROUPE_OK;
    }
    const int64_t count = network->fleet->count;
    TR_REQUIRE(from >= 0 && to >= 0 && from < count && to < count && from != to, BAD_ARGUMENT);
    tr_pair *pair = tr_wires_get(&network->wires, (uint32_t) from, (uint32_t) to);
    TR_REQUIRE(pair != NULL, NO_MEMORY);
    tr_wire_set_options(&pair->sides[tr_pair_side(pair, (uint32_t) to)], &known);
    return TROUPE_OK;
}

static void alter_wire(tr_wire *wire, tr_wire_trait trait, const tr_wire_options *options)
{
    tr_wire_options altered = wire->options;
    tr_wire_options_take(&altered, trait, options);
    tr_wire_set_options(wire, &altered);
}

troupe_error tr_network_alter(tr_network *network, uint32_t from, uint32_t to, tr_wire_trait trait,
                              const tr_wire_options *options)
{
    const tr_wire_options *to_be = options != NULL ? options : &network->wires.usual;
    if (from != TR_NETWORK_ALL) {
        tr_pair *one = tr_wires_get(&network->wires, from, to);
        TR_REQUIRE(one != NULL, NO_MEMORY);
        alter_wire(&one->sides[tr_pair_side(one, to)], trait, to_be);
        note(network, to, TR_EVENT_SHAPE, from, trait);
        return TROUPE_OK;
    }
    tr_wire_options_take(&network->wires.present, trait, to_be);
    for (tr_map_node *node = tr_map_first(&network->wires.pairs); node != NULL;
         node = tr_map_next(&network->wires.pairs, node)) {
        tr_pair *pair = TR_CONTAINER_OF(node, tr_pair, node);
        alter_wire(&pair->sides[0], trait, to_be);
        alter_wire(&pair->sides[1], trait, to_be);
    }
    return TROUPE_OK;
}

void tr_network_calm(tr_network *network)
{
    tr_wire_options calm = network->wires.usual;
    calm.loss_ppm = 0;
    calm.repeat_ppm = 0;
    calm.reorder_ppm = 0;
    shape_all(network, &calm);
    tr_network_heal_all(network);
}

bool tr_network_are_connected(const tr_network *network, uint32_t at, uint32_t other)
{
    const tr_pair *pair = tr_wires_find(&network->wires, at, other);
    return pair != NULL && pair->sides[tr_pair_side(pair, at)].is_up;
}

bool tr_network_is_sound(const tr_network *network)
{
    return tr_wires_are_sound(&network->wires);
}
