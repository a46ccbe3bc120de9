/* SPDX-License-Identifier: MIT */
#include "cluster/pieces.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/incoming.h"
#include "cluster/outgoing.h"
#include "cluster/squeeze.h"

/* An envelope of which not all has come. */
struct whole {
    tr_list link;
    const troupe_allocator *allocator;
    uint64_t number;
    uint64_t since_ns;
    size_t size;
    size_t have;
    unsigned char *data; /* NULL: there was no memory; what comes of it is dropped */
};

void tr_pieces_init(tr_peer *peer)
{
    tr_list_init(&peer->pieces.all);
}

static struct whole *find(const tr_peer *peer, uint64_t number)
{
    const tr_list *all = &peer->pieces.all;
    for (tr_list *node = tr_list_first(all); node != NULL; node = tr_list_next(all, node)) {
        struct whole *whole = TR_CONTAINER_OF(node, struct whole, link);
        if (whole->number == number) {
            return whole;
        }
    }
    return NULL;
}

static void free_whole(void *context, const void *body, size_t size)
{
    struct whole *whole = context;
    (void) body;
    (void) size;
    if (whole->data != NULL) {
        tr_free(whole->allocator, whole->data, whole->size);
    }
    tr_free(whole->allocator, whole, sizeof *whole);
}

/* It is nobody's then. */
static void take_out(tr_peer *peer, struct whole *whole)
{
    tr_list_remove(&whole->link);
    peer->pieces.count--;
    peer->pieces.bytes -= whole->size;
}

void tr_pieces_clear(tr_peer *peer)
{
    for (tr_list *node = tr_list_first(&peer->pieces.all); node != NULL;
         node = tr_list_first(&peer->pieces.all)) {
        struct whole *whole = TR_CONTAINER_OF(node, struct whole, link);
        take_out(peer, whole);
        free_whole(whole, NULL, 0);
    }
}

/* What it would have been is in the first bytes, which nobody has checked: they are not all. */
static void say_no_memory(tr_peer *peer, const tr_envelope *piece)
{
    tr_arena arena;
    tr_envelope front = {.window = 0};
    tr_arena_init(&arena, peer->border->system->ports.allocator, TR_UNPACK_BYTES_MAX);
    (void) tr_frame_read_one(&arena, piece->body, piece->body_size, &front);
    if (arena.lacks_memory) {
        tr_outgoing_break(peer);
    } else if (front.kind == TR_ENVELOPE_ASK || front.kind == TR_ENVELOPE_SPAWN) {
        tr_outgoing_push_error(peer, front.number, TROUPE_ERROR_NO_MEMORY);
    } else if (front.kind == TR_ENVELOPE_REPLY) {
        const tr_envelope error = {.kind = TR_ENVELOPE_REPLY,
                                   .number = front.number,
                                   .error = TROUPE_ERROR_NO_MEMORY,
                                   .type = "",
                                   .name = ""};
        tr_incoming_take(peer, &error);
    } else {
        peer->border->counts.envelopes_lost++;
    }
    if (front.window != 0 && front.window <= TR_WINDOWS_MAX) {
        tr_credit_owe(peer, front.window, (uint32_t) front.charge);
    }
    tr_arena_fini(&arena);
}

static struct whole *begin(tr_peer *peer, const tr_envelope *piece)
{
    tr_pieces *pieces = &peer->pieces;
    const troupe_allocator *allocator = peer->border->system->ports.allocator;
    if (piece->whole == 0) { /* the first was lost, in a gap */
        peer->border->counts.envelopes_refused++;
        return NULL;
    }
    if (piece->whole > TR_LARGE_BYTES_MAX || pieces->count >= TR_LARGES_MAX ||
        pieces->bytes + piece->whole > TR_LARGES_BYTES_MAX) {
        tr_outgoing_complain(peer, "sends more in pieces than it may");
        return NULL;
    }
    struct whole *whole = tr_allocate(allocator, sizeof *whole);
    if (whole == NULL) {
        tr_outgoing_break(peer);
        return NULL;
    }
    whole->allocator = allocator;
    whole->number = piece->number;
    whole->since_ns = peer->border->worker->now_ns;
    whole->size = (size_t) piece->whole;
    whole->data = tr_allocate_unset(allocator, whole->size);
    tr_list_push_back(&pieces->all, &whole->link);
    pieces->count++;
    pieces->bytes += whole->size;
    if (whole->data == NULL) {
        say_no_memory(peer, piece);
    }
    return whole;
}

static void *keep(void *context)
{
    struct whole **place = context;
    struct whole *whole = *place;
    *place = NULL;
    return whole;
}

/* All of it is there. */
static void finish(tr_peer *peer, struct whole *whole)
{
    tr_border *border = peer->border;
    tr_arena arena;
    tr_envelope envelope;
    tr_arena_init(&arena, whole->allocator, TR_UNPACK_BYTES_MAX);
    const uint64_t age_ns = border->worker->now_ns - whole->since_ns;
    const tr_lender lender = {.context = &whole,
                              .keep = keep,
                              .release = free_whole,
                              .data = whole->data,
                              .size = whole->size};
    const tr_lender *before = border->unpacker.lender;
    if (tr_frame_read_one(&arena, whole->data, whole->size, &envelope) &&
        envelope.kind != TR_ENVELOPE_PIECE) {
        if (envelope.budget_ns != 0) {
            envelope.budget_ns = envelope.budget_ns > age_ns ? envelope.budget_ns - age_ns : 1;
        }
        tr_unpacker_begin(&border->unpacker);
        border->unpacker.lender = &lender;
        border->unpacker.arena.limit = TR_UNPACK_LARGE_BYTES_MAX;
        tr_incoming_take(peer, &envelope);
        tr_unpacker_begin(&border->unpacker);
        border->unpacker.lender = before;
        border->unpacker.arena.limit = TR_UNPACK_BYTES_MAX;
        if (border->unpacker.arena.capacity > TR_UNPACK_BYTES_MAX) {
            tr_arena_fini(&border->unpacker.arena);
        }
    } else if (arena.lacks_memory) {
        tr_outgoing_break(peer);
    } else {
        border->counts.envelopes_refused++;
    }
    tr_arena_fini(&arena);
    if (whole != NULL) {
        free_whole(whole, NULL, 0);
    }
}

/* There is room. False: it is no such block. */
static bool put_in(const struct whole *whole, const tr_envelope *piece)
{
    unsigned char *place = whole->data + whole->have;
    if (piece->original != 0) {
        return tr_unsqueeze(piece->body, piece->body_size, place, (size_t) piece->original);
    }
    (void) memcpy(place, piece->body, piece->body_size);
    return true;
}

void tr_pieces_take(tr_peer *peer, const tr_envelope *piece)
{
    struct whole *whole = find(peer, piece->number);
    if (whole == NULL) {
        whole = begin(peer, piece);
        if (whole == NULL) {
            return;
        }
    }
    const uint64_t size = piece->original != 0 ? piece->original : piece->body_size;
    if (size > whole->size - whole->have) {
        tr_outgoing_complain(peer, "sends more of a message in pieces than it has");
        return;
    }
    if (whole->data != NULL && !put_in(whole, piece)) {
        tr_outgoing_complain(peer, "sends a piece that is not compressed as it says");
        return;
    }
    whole->have += (size_t) size;
    if (whole->have < whole->size) {
        return;
    }
    take_out(peer, whole);
    if (whole->data != NULL) {
        finish(peer, whole);
    } else {
        free_whole(whole, NULL, 0);
    }
}
