/* SPDX-License-Identifier: MIT */
/* Fuzzes what reads frames and bodies from the wire: cluster/frame, check, arena, body and
 * squeeze. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/squeeze.h"
#include "core/types.h"
#include "fuzz/target.h"
#include "shop.pb-c.h"
#include "support/cast.h"
#include "support/world_fixture.h"

const fuzz_target fuzz_this = {.name = "frame_test", .runs = 200000};

static tr_arena frame_arena;
static tr_unpacker unpacker;
static tr_world *world; /* one for all inputs; libFuzzer has no end */

static void begin(void)
{
    tr_arena_init(&frame_arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    tr_unpacker_init(&unpacker, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    world = a_world(1, 1);
    tr_system *system = tr_world_worker(world, 0)->system;
    assert_ok(tr_types_learn(system, true, &shop__order__descriptor));
    assert_ok(tr_types_learn(system, false, &figure_type));
}

/* In memory that ends where it does, for the address sanitizer. */
static void unsqueeze(const tr_envelope *piece)
{
    const size_t size = piece->original < 65536 ? (size_t) piece->original : 65536;
    void *place = malloc(size);
    assert_non_null(place);
    (void) tr_unsqueeze(piece->body, piece->body_size, place, size);
    free(place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tr_frame_head head;
    tr_frame_reader reader;
    if (world == NULL) {
        begin();
    }
    tr_unpacker_begin(&unpacker);
    if (!tr_frame_read(&frame_arena, data, size, &head, &reader)) {
        return 0;
    }
    tr_worker *worker = tr_world_worker(world, 0);
    for (size_t i = 0; i < reader.count; i++) {
        tr_envelope envelope;
        troupe_message *message = NULL;
        if (!tr_frame_envelope(&reader, i, &envelope)) {
            continue;
        }
        if (envelope.kind == TR_ENVELOPE_PIECE && envelope.original != 0) {
            unsqueeze(&envelope);
        } else if (envelope.form != TR_ENVELOPE_NONE &&
                   tr_body_unpack(worker, &unpacker, &envelope, &message) == TROUPE_OK) {
            tr_message_free(&worker->pool, message);
        }
    }
    return 0;
}

static size_t pack_order(uint8_t *bytes)
{
    static char text[] = "some tea";
    static char *tags[] = {text, text, text};
    static uint32_t shelves[] = {1, 200, 3};
    Shop__Item item = SHOP__ITEM__INIT;
    Shop__Item *items[] = {&item, &item};
    Shop__Order inner = SHOP__ORDER__INIT;
    Shop__Order order = SHOP__ORDER__INIT;
    item.name = text;
    inner.n_items = 2;
    inner.items = items;
    order.id = 5;
    order.n_tags = 3;
    order.tags = tags;
    order.n_shelf_numbers = 3;
    order.shelf_numbers = shelves;
    order.replaces = &inner;
    order.note = text;
    return shop__order__pack(&order, bytes);
}

size_t fuzz_sample(size_t index, uint8_t *bytes, size_t capacity)
{
    static const tr_frame_head head = {.from = 7, .to = 8, .connection = 1, .sequence = 1};
    uint8_t body[512];
    const size_t body_size = pack_order(body);
    const tr_envelope ask = {.kind = TR_ENVELOPE_ASK,
                             .form = TR_ENVELOPE_PROTOBUF,
                             .number = 1,
                             .to = {.slot = 1, .generation = 1},
                             .from = {.node = 7, .slot = 1, .generation = 1},
                             .type = "shop.Order",
                             .body = body,
                             .body_size = body_size};
    const tr_envelope tell = {.kind = TR_ENVELOPE_TELL,
                              .form = TR_ENVELOPE_STRUCT,
                              .to = {.slot = 1, .generation = 1},
                              .type = "figure",
                              .body = "12345678",
                              .body_size = 8};
    const tr_envelope lookup = {.kind = TR_ENVELOPE_LOOKUP, .number = 2, .name = "clerk"};
    /* 300 bytes: "some tea", again and again, as an LZ4 block. */
    static const char block[] = "\x8fsome tea\x08\x00\xff\x0d\x50 tea!";
    const tr_envelope piece = {.kind = TR_ENVELOPE_PIECE,
                               .number = 3,
                               .body = block,
                               .body_size = sizeof block - 1,
                               .original = 300};
    tr_frame_writer writer = {.data = bytes, .capacity = capacity};
    if (index > 4) {
        return 0;
    }
    tr_frame_begin(&writer, &head);
    if (index == 4 && !tr_frame_add(&writer, &piece)) {
        return 0;
    }
    if ((index == 0 || index == 3) && !tr_frame_add(&writer, &ask)) {
        return 0;
    }
    if ((index == 1 || index == 3) && !tr_frame_add(&writer, &tell)) {
        return 0;
    }
    if ((index == 2 || index == 3) && !tr_frame_add(&writer, &lookup)) {
        return 0;
    }
    return writer.size;
}
