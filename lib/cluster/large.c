/* SPDX-License-Identifier: MIT */
#include "cluster/large.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/packing.h"
#include "cluster/squeeze.h"

/* Of an envelope's front: its texts and numbers. */
#define FRONT_BYTES_MAX 2048
/* Of a frame, what is no piece's. */
#define FRAME_REST 256

struct large {
    tr_list link;
    troupe_message *message;
    tr_queue behind;
    uint64_t number;
    size_t charged; /* of what may have begun; 0: it has not */
    size_t sent;
    size_t packing; /* bytes of the piece that is in the frame */
    bool is_begun;
    tr_scratch body; /* where it had to be packed */
    const unsigned char *data;
    size_t data_size;
    size_t front_size;
    unsigned char front[FRONT_BYTES_MAX];
};

static const troupe_allocator *allocator_of(const tr_peer *peer)
{
    return peer->border->system->ports.allocator;
}

static struct large *large_of(tr_list *node)
{
    return TR_CONTAINER_OF(node, struct large, link);
}

static struct large *first_of(const tr_peer *peer)
{
    tr_list *node = tr_list_first(&peer->larges.turns);
    return node != NULL ? large_of(node) : NULL;
}

void tr_large_init(tr_peer *peer)
{
    tr_list_init(&peer->larges.turns);
}

static void free_large(tr_peer *peer, struct large *large)
{
    tr_list_remove(&large->link);
    if (large->is_begun) {
        peer->larges.count--;
        peer->larges.bytes -= large->charged;
    }
    tr_scratch_fini(&large->body);
    tr_free(allocator_of(peer), large, sizeof *large);
}

/* Puts a queue before all that is on the way out. */
static void put_first(tr_peer *peer, tr_queue *queue)
{
    if (queue->head == NULL) {
        return;
    }
    queue->tail->next = peer->out.head;
    if (peer->out.head == NULL) {
        peer->out.tail = queue->tail;
    }
    peer->out.head = queue->head;
    *queue = (tr_queue) {0};
}

/* Its message is the caller's. */
static troupe_message *end(tr_peer *peer, struct large *large)
{
    troupe_message *message = large->message;
    put_first(peer, &large->behind);
    free_large(peer, large);
    return message;
}

void tr_large_return_all(tr_peer *peer)
{
    for (struct large *large = first_of(peer); large != NULL; large = first_of(peer)) {
        troupe_message *message = end(peer, large);
        tr_queue alone = {0};
        tr_queue_push(&alone, message);
        put_first(peer, &alone);
    }
}

void tr_large_fini(tr_peer *peer)
{
    TR_ASSERT(tr_large_is_none(&peer->larges));
}

/* Order. */

/* The receiver there; nobody where it is not known, or is not one. */
static tr_address receiver_of(troupe_message *message)
{
    const tr_extension *extension =
        tr_message_kind(message) == TR_KIND_USER ? tr_message_extension(message) : NULL;
    return extension != NULL ? extension->to : (tr_address) {0};
}

/* Who ends is the sender of what says so. */
static tr_address sender_of(const troupe_message *message)
{
    const troupe_down *down = tr_message_kind(message) == TR_KIND_DOWN ? message->body : NULL;
    return down != NULL
               ? (tr_address) {.slot = down->actor.slot, .generation = down->actor.generation}
               : message->sender;
}

static bool is_behind(const struct large *large, troupe_message *message)
{
    const tr_address to = receiver_of(message);
    const tr_address other = receiver_of(large->message);
    return tr_address_is_same(sender_of(large->message), sender_of(message)) &&
           (to.generation == 0 || other.generation == 0 || tr_address_is_same(to, other));
}

bool tr_large_holds_back(tr_peer *peer, troupe_message *message)
{
    tr_list *turns = &peer->larges.turns;
    for (tr_list *node = tr_list_first(turns); node != NULL; node = tr_list_next(turns, node)) {
        struct large *large = large_of(node);
        bool is_held = is_behind(large, message);
        for (troupe_message *at = large->behind.head; at != NULL && !is_held; at = at->next) {
            is_held = tr_address_is_same(sender_of(at), sender_of(message)) &&
                      receiver_of(at).generation == 0;
        }
        if (is_held) {
            tr_queue_push(&large->behind, message);
            return true;
        }
    }
    return false;
}

/* Turns. */

troupe_error tr_large_add(tr_peer *peer, troupe_message *message, size_t size)
{
    TR_REQUIRE(size <= TR_LARGE_BYTES_MAX, TOO_LARGE);
    struct large *large = tr_allocate(allocator_of(peer), sizeof *large);
    TR_REQUIRE(large != NULL, NO_MEMORY);
    large->message = message;
    large->charged = size;
    large->number = ++peer->larges.number;
    large->body.allocator = allocator_of(peer);
    tr_list_push_back(&peer->larges.turns, &large->link);
    return TROUPE_OK;
}

/* Packs what has to be; the budget is counted from here. */
static troupe_error begin(tr_peer *peer, struct large *large)
{
    tr_scratch *scratch = &peer->border->body;
    tr_envelope envelope;
    const troupe_error error = tr_packing_pack(peer, large->message, &envelope);
    if (error) {
        return error;
    }
    large->front_size = tr_frame_write_front(&envelope, large->front, sizeof large->front);
    TR_REQUIRE(large->front_size <= sizeof large->front &&
                   large->front_size + envelope.body_size <= TR_LARGE_BYTES_MAX,
               TOO_LARGE);
    large->data = envelope.body;
    large->data_size = envelope.body_size;
    if (envelope.body == scratch->data) { /* it keeps that */
        large->body = *scratch;
        *scratch = (tr_scratch) {.allocator = scratch->allocator};
    }
    large->charged = large->front_size + large->data_size;
    large->is_begun = true;
    peer->larges.count++;
    peer->larges.bytes += large->charged;
    return TROUPE_OK;
}

/* The first that has begun, or may. */
static struct large *next_of(const tr_peer *peer)
{
    const tr_larges *larges = &peer->larges;
    for (tr_list *node = tr_list_first(&larges->turns); node != NULL;
         node = tr_list_next(&larges->turns, node)) {
        struct large *large = large_of(node);
        if (large->is_begun || (larges->count < TR_LARGES_MAX &&
                                larges->bytes + large->charged <= TR_LARGES_BYTES_MAX)) {
            return large;
        }
    }
    return NULL;
}

/* Makes it smaller, if that saves enough. */
static void squeeze(tr_peer *peer, tr_envelope *piece)
{
    const void *block = NULL;
    const size_t size = tr_squeeze(&peer->border->squeezed, piece->body, piece->body_size, &block);
    if (size > 0) {
        piece->original = piece->body_size;
        piece->body = block;
        piece->body_size = size;
        peer->border->counts.bytes_saved += piece->original - size;
    }
}

/* A piece is of the front or of the data, so that none has to be put together. */
static void add_piece(tr_peer *peer, struct large *large, tr_frame_writer *writer)
{
    const size_t room = writer->capacity - writer->size - FRAME_REST;
    const size_t done = large->sent + large->packing;
    const bool is_front = done < large->front_size;
    const size_t at = is_front ? done : done - large->front_size;
    const size_t left = (is_front ? large->front_size : large->data_size) - at;
    tr_envelope piece = {.kind = TR_ENVELOPE_PIECE,
                         .number = large->number,
                         .body = (is_front ? large->front : large->data) + at,
                         .body_size = left < room ? left : room,
                         .whole = done == 0 ? large->charged : 0};
    large->packing += piece.body_size;
    if (peer->squeezes && !is_front) {
        squeeze(peer, &piece);
    }
    const bool fits = tr_frame_add(writer, &piece);
    TR_ASSERT(fits);
}

bool tr_large_pack(tr_peer *peer, tr_frame_writer *writer, troupe_message **out_refused,
                   troupe_error *out_reason)
{
    struct large *large = next_of(peer);
    *out_refused = NULL;
    if (large == NULL) {
        return false;
    }
    const troupe_error error = large->is_begun ? TROUPE_OK : begin(peer, large);
    if (error) {
        *out_reason = error;
        *out_refused = end(peer, large);
        return false;
    }
    tr_list_remove(&large->link);
    tr_list_push_front(&peer->larges.turns, &large->link);
    large->packing = 0;
    add_piece(peer, large, writer);
    if (large->sent == 0 && large->data_size > 0) { /* that was the front */
        add_piece(peer, large, writer);
    }
    peer->border->frame->bulk = large->packing; /* what is squeezed takes time too */
    return true;
}

troupe_message *tr_large_went(tr_peer *peer)
{
    struct large *large = first_of(peer);
    TR_ASSERT(large != NULL);
    large->sent += large->packing;
    large->packing = 0;
    if (large->sent == large->charged) {
        return end(peer, large);
    }
    tr_list_remove(&large->link);
    tr_list_push_back(&peer->larges.turns, &large->link);
    return NULL;
}
