/* SPDX-License-Identifier: MIT */
#include "simulation/wires.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

#define MS UINT64_C(1000000)

/* Pairs. */

static uint64_t key_of(uint32_t one, uint32_t other)
{
    return one < other ? (uint64_t) one << 32 | other : (uint64_t) other << 32 | one;
}

static bool is_pair(const tr_map_node *node, const void *key)
{
    const tr_pair *pair_of = TR_CONTAINER_OF_CONST(node, tr_pair, node);
    return key_of(pair_of->sides[0].node, pair_of->sides[1].node) == *(const uint64_t *) key;
}

tr_pair *tr_wires_find(const tr_wires *wires, uint32_t one, uint32_t other)
{
    const uint64_t key = key_of(one, other);
    tr_map_node *node = tr_map_find(&wires->pairs, tr_hash_u64(key), is_pair, &key);
    return node != NULL ? TR_CONTAINER_OF(node, tr_pair, node) : NULL;
}

void tr_wire_options_complete(tr_wire_options *options)
{
    options->latency_ns_min = options->latency_ns_min != 0 ? options->latency_ns_min : MS / 20;
    if (options->latency_ns_max == 0) {
        options->latency_ns_max = options->latency_ns_min * 10;
    }
    options->detect_ns = options->detect_ns != 0 ? options->detect_ns : 1000 * MS;
    options->queue_frames_max = options->queue_frames_max != 0 ? options->queue_frames_max : 1024;
    options->queue_bytes_max =
        options->queue_bytes_max != 0 ? options->queue_bytes_max : UINT32_C(4) << 20;
    if (options->tail_ns_max != 0 && options->tail_ppm == 0) {
        options->tail_ppm = 10000;
    }
}

void tr_wire_options_take(tr_wire_options *options, tr_wire_trait trait,
                          const tr_wire_options *from)
{
    switch (trait) {
    case TR_WIRE_DELAY:
        options->latency_ns_min = from->latency_ns_min;
        options->latency_ns_max = from->latency_ns_max;
        options->tail_ns_max = from->tail_ns_max;
        options->tail_ppm = from->tail_ppm;
        break;
    case TR_WIRE_LOSS:
        options->loss_ppm = from->loss_ppm;
        break;
    case TR_WIRE_REPETITION:
        options->repeat_ppm = from->repeat_ppm;
        break;
    case TR_WIRE_REORDERING:
        options->reorder_ppm = from->reorder_ppm;
        break;
    case TR_WIRE_SPEED:
        options->bytes_per_second = from->bytes_per_second;
        break;
    case TR_WIRE_QUEUE_FRAMES:
        options->queue_frames_max = from->queue_frames_max;
        break;
    case TR_WIRE_QUEUE_BYTES:
        options->queue_bytes_max = from->queue_bytes_max;
        break;
    case TR_WIRE_TRAITS:
        break;
    }
}

void tr_wire_set_options(tr_wire *wire, const tr_wire_options *options)
{
    /* Twice: each may come to be two. */
    const uint32_t frames = 2 * options->queue_frames_max;
    const uint64_t bytes = UINT64_C(2) * options->queue_bytes_max;
    wire->frames_most = frames > wire->frames ? frames : wire->frames;
    wire->bytes_most = bytes > wire->bytes ? bytes : wire->bytes;
    wire->options = *options;
}

static void init_side(const tr_wires *wires, tr_pair *pair, uint32_t side, uint32_t node)
{
    tr_wire *wire = &pair->sides[side];
    tr_wire_set_options(wire, &wires->present);
    wire->node = node;
    for (uint32_t i = 0; i < TR_WIRE_COUNT; i++) {
        wire->happenings[i] = (tr_happening) {.pair = pair, .kind = (tr_wire_kind) i, .side = side};
    }
}

/* NULL: no memory. */
tr_pair *tr_wires_get(tr_wires *wires, uint32_t one, uint32_t other)
{
    tr_pair *found = tr_wires_find(wires, one, other);
    if (found != NULL) {
        return found;
    }
    if (tr_map_reserve_one(&wires->pairs) != TROUPE_OK ||
        tr_agenda_reserve(&wires->agenda, wires->scheduled + UINT64_C(2) * TR_WIRE_COUNT) !=
            TROUPE_OK) {
        return NULL;
    }
    tr_pair *made = tr_allocate(tr_allocator_default(), sizeof *made);
    if (made != NULL) {
        wires->scheduled += UINT64_C(2) * TR_WIRE_COUNT;
        init_side(wires, made, 0, one < other ? one : other);
        init_side(wires, made, 1, one < other ? other : one);
        tr_map_add(&wires->pairs, &made->node, tr_hash_u64(key_of(one, other)));
    }
    return made;
}

/* When things happen. */

uint64_t tr_wires_latency_ns(const tr_wires *wires, const tr_wire_options *options)
{
    tr_random *random = &wires->course->random;
    const uint64_t spread_ns = options->latency_ns_max > options->latency_ns_min
                                   ? options->latency_ns_max - options->latency_ns_min
                                   : 0;
    uint64_t latency_ns = options->latency_ns_min + tr_random_below(random, spread_ns + 1);
    if (options->tail_ns_max != 0 && tr_random_chance(random, options->tail_ppm, 1000000)) {
        latency_ns += tr_random_below(random, options->tail_ns_max);
    }
    return latency_ns;
}

void tr_wires_schedule(tr_wires *wires, tr_happening *what, uint64_t due_ns)
{
    what->waits = false;
    what->date.due_ns = due_ns;
    what->date.order = wires->order++;
    tr_agenda_put(&wires->agenda, &what->date);
}

void tr_wires_go_on(tr_wires *wires, tr_happening *what)
{
    what->waits = false;
    what->date.due_ns = wires->course->now_ns;
    tr_agenda_put(&wires->agenda, &what->date);
}

/* Behind all that is under way to this side. */
uint64_t tr_wires_due_in_order_ns(const tr_wires *wires, tr_wire *wire, uint64_t sent_ns)
{
    uint64_t due_ns = sent_ns + tr_wires_latency_ns(wires, &wire->options);
    if (due_ns < wire->last_due_ns) {
        due_ns = wire->last_due_ns;
    }
    wire->last_due_ns = due_ns;
    return due_ns;
}

/* Frames. */

void tr_wires_free(tr_wires *wires, tr_frame *frame)
{
    wires->scheduled--;
    tr_free(tr_allocator_default(), frame, sizeof *frame + frame->size);
}

tr_frame *tr_wires_make_frame(tr_wires *wires, tr_pair *pair, uint32_t side, const void *data,
                              size_t size)
{
    if (tr_agenda_reserve(&wires->agenda, wires->scheduled + 1) != TROUPE_OK) {
        return NULL;
    }
    tr_frame *made = tr_allocate(tr_allocator_default(), sizeof *made + size);
    if (made != NULL) {
        wires->scheduled++;
        made->happening = (tr_happening) {
            .pair = pair, .kind = TR_WIRE_FRAME, .side = side, .number = pair->number};
        made->size = size;
        if (size > 0) {
            memcpy(made->data, data, size);
        }
    }
    return made;
}

void tr_wires_end(tr_wires *wires, tr_frame *frame)
{
    tr_wire *wire = &frame->happening.pair->sides[frame->happening.side];
    wire->frames--;
    wire->bytes -= frame->size;
    wires->under_way--;
    tr_wires_free(wires, frame);
}

void tr_wires_drop(tr_wires *wires, tr_frame *frame, const char *why)
{
    const tr_pair *pair = frame->happening.pair;
    const uint32_t side = frame->happening.side;
    wires->counts.dropped++;
    tr_course_note_why(wires->course, pair->sides[1 - side].node, TR_EVENT_DROPPED,
                       pair->sides[side].node, frame->size, why);
    tr_wires_end(wires, frame);
}

void tr_wires_wait(tr_wire *wire, tr_frame *frame)
{
    frame->next = NULL;
    if (wire->first_waiting == NULL) {
        wire->first_waiting = frame;
    } else {
        wire->last_waiting->next = frame;
    }
    wire->last_waiting = frame;
}

void tr_wires_drop_waiting(tr_wires *wires, tr_wire *wire)
{
    while (wire->first_waiting != NULL) {
        tr_frame *first = wire->first_waiting;
        wire->first_waiting = first->next;
        tr_wires_drop(wires, first, "it waited as the way was cut, and the connection was lost");
    }
}

bool tr_wires_add(tr_wires *wires, tr_pair *pair, uint32_t side, const void *data, size_t size)
{
    tr_wire *wire = &pair->sides[side];
    tr_random *random = &wires->course->random;
    tr_frame *made = tr_wires_make_frame(wires, pair, side, data, size);
    if (made == NULL) {
        return false;
    }
    wire->frames++;
    wire->bytes += size;
    wires->under_way++;
    if (wire->options.loss_ppm != 0 && tr_random_chance(random, wire->options.loss_ppm, 1000000)) {
        tr_wires_drop(wires, made, "lost on the way");
    } else if (wire->options.reorder_ppm != 0 &&
               tr_random_chance(random, wire->options.reorder_ppm, 1000000)) {
        tr_wires_schedule(wires, &made->happening,
                          wire->busy_until_ns + tr_wires_latency_ns(wires, &wire->options));
    } else {
        tr_wires_schedule(wires, &made->happening,
                          tr_wires_due_in_order_ns(wires, wire, wire->busy_until_ns));
    }
    return true;
}

/* The time at which the last byte has left. */
void tr_wires_occupy(const tr_wires *wires, tr_wire *wire, size_t size)
{
    const uint64_t now_ns = wires->course->now_ns;
    wire->busy_until_ns = wire->busy_until_ns > now_ns ? wire->busy_until_ns : now_ns;
    if (wire->options.bytes_per_second != 0) {
        wire->busy_until_ns += size * UINT64_C(1000000000) / wire->options.bytes_per_second;
    }
}

/* Making and looking. */

void tr_wires_init(tr_wires *wires, tr_course *course)
{
    *wires = (tr_wires) {.course = course};
    tr_wire_options_complete(&wires->usual);
    wires->present = wires->usual;
    tr_map_init(&wires->pairs, tr_allocator_default());
}

static void free_pair(tr_wires *wires, tr_pair *pair)
{
    for (uint32_t side = 0; side < 2; side++) {
        tr_wire *wire = &pair->sides[side];
        while (wire->first_waiting != NULL) {
            tr_frame *first = wire->first_waiting;
            wire->first_waiting = first->next;
            tr_wires_free(wires, first);
        }
    }
    tr_map_remove(&wires->pairs, &pair->node);
    tr_free(tr_allocator_default(), pair, sizeof *pair);
}

void tr_wires_fini(tr_wires *wires)
{
    for (tr_date *date = tr_agenda_first(&wires->agenda); date != NULL;
         date = tr_agenda_first(&wires->agenda)) {
        tr_happening *what = TR_CONTAINER_OF(date, tr_happening, date);
        tr_agenda_remove(&wires->agenda, date);
        if (what->kind >= TR_WIRE_FRAME) {
            tr_wires_free(wires, TR_CONTAINER_OF(what, tr_frame, happening));
        }
    }
    for (tr_map_node *node = tr_map_first(&wires->pairs); node != NULL;
         node = tr_map_first(&wires->pairs)) {
        free_pair(wires, TR_CONTAINER_OF(node, tr_pair, node));
    }
    tr_map_fini(&wires->pairs);
    tr_agenda_fini(&wires->agenda);
}

static bool is_within(const tr_wire *wire)
{
    /* One frame may be larger; it may come to be two. */
    return wire->frames <= wire->frames_most &&
           (wire->bytes <= wire->bytes_most || wire->frames <= 2);
}

bool tr_wires_are_sound(const tr_wires *wires)
{
    uint64_t frames = 0;
    for (const tr_map_node *node = tr_map_first(&wires->pairs); node != NULL;
         node = tr_map_next(&wires->pairs, node)) {
        const tr_pair *pair = TR_CONTAINER_OF_CONST(node, tr_pair, node);
        if (!is_within(&pair->sides[0]) || !is_within(&pair->sides[1])) {
            return false;
        }
        frames += pair->sides[0].frames + pair->sides[1].frames;
    }
    const tr_network_counts *counts = &wires->counts;
    return frames == wires->under_way && tr_agenda_is_sound(&wires->agenda) &&
           counts->sent + counts->repeated == counts->came + counts->dropped + wires->under_way;
}
