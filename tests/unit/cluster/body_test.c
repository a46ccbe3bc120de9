/* SPDX-License-Identifier: MIT */
/* What bodies promise that leave a node: each form comes back as it was, or not at all. */
#include "cluster/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "core/types.h"
#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static const troupe_type bell_type = TROUPE_SIGNAL("bell");

struct room {
    tr_worker *worker;
    tr_unpacker unpacker;
    tr_scratch scratch;
};

static void enter(struct room *room, tr_world *world)
{
    room->worker = tr_world_worker(world, 0);
    room->scratch = (tr_scratch) {.allocator = tr_allocator_default()};
    tr_unpacker_init(&room->unpacker, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
}

static void leave(struct room *room)
{
    tr_unpacker_fini(&room->unpacker);
    tr_scratch_fini(&room->scratch);
}

static troupe_error back(struct room *room, const troupe_message *message,
                         troupe_message **out_message)
{
    tr_envelope envelope = {.type = ""};
    const troupe_error error = tr_body_pack(&room->scratch, message, &envelope);
    envelope.type = envelope.type != NULL ? envelope.type : "";
    return error ? error : tr_body_unpack(room->worker, &room->unpacker, &envelope, out_message);
}

/* Promise: REMOTE-FORMS */
static void come_back_in_each_form(void **state)
{
    struct room room;
    enter(&room, *state);
    tr_pool *pool = &room.worker->pool;
    const uint64_t figure = 0x1122334455667788;
    const troupe_bytes bytes = {.data = "raw", .size = 3};
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.order_id = 5;
    troupe_message *sent[4];
    troupe_message *came[4] = {NULL, NULL, NULL, NULL};
    assert_ok(tr_message_of_struct(pool, &figure_type, &figure, &sent[0]));
    assert_ok(tr_message_of_struct(pool, &bell_type, NULL, &sent[1]));
    assert_ok(tr_message_of_bytes(pool, NULL, &bytes, &sent[2]));
    assert_ok(tr_message_of_protobuf(pool, &receipt.base, &sent[3]));
    assert_ok(tr_types_learn(room.worker->system, false, &figure_type));
    assert_ok(tr_types_learn(room.worker->system, false, &bell_type));
    assert_ok(tr_types_learn(room.worker->system, true, &shop__receipt__descriptor));

    for (unsigned i = 0; i < 4; i++) {
        assert_ok(back(&room, sent[i], &came[i]));
    }
    size_t size = 0;
    assert_int_equal(figure_of(came[0]), figure);
    assert_true(troupe_message_is(came[1], &bell_type));
    assert_memory_equal(troupe_message_bytes(came[2], &size), "raw", 3);
    assert_int_equal(size, 3);
    const Shop__Receipt *read = troupe_message_as(came[3], &shop__receipt__descriptor);
    assert_int_equal(read->order_id, 5);
    for (unsigned i = 0; i < 4; i++) {
        tr_message_free(pool, sent[i]);
        tr_message_free(pool, came[i]);
    }
    leave(&room);
}

/* Promise: REMOTE-TYPES */
static void of_a_type_that_is_not_known_do_not_come(void **state)
{
    struct room room;
    enter(&room, *state);
    const uint64_t figure = 1;
    troupe_message *sent = NULL;
    troupe_message *came = NULL;
    assert_ok(tr_message_of_struct(&room.worker->pool, &figure_type, &figure, &sent));

    assert_fails(back(&room, sent, &came), PROTOCOL);
    assert_ok(tr_types_learn(room.worker->system, true, &shop__receipt__descriptor));
    assert_fails(back(&room, sent, &came), PROTOCOL);
    assert_null(came);
    tr_message_free(&room.worker->pool, sent);
    leave(&room);
}

/* Promise: REMOTE-HOSTILE */
static void that_are_none_do_not_come(void **state)
{
    struct room room;
    enter(&room, *state);
    troupe_message *came = NULL;
    assert_ok(tr_types_learn(room.worker->system, false, &figure_type));
    assert_ok(tr_types_learn(room.worker->system, false, &bell_type));
    assert_ok(tr_types_learn(room.worker->system, true, &shop__receipt__descriptor));
    const tr_envelope bad[] = {
        {.form = TR_ENVELOPE_STRUCT, .type = "figure", .body = "short", .body_size = 5},
        {.form = TR_ENVELOPE_STRUCT, .type = "figure"},
        {.form = TR_ENVELOPE_STRUCT, .type = "bell", .body = "x", .body_size = 1},
        {.form = TR_ENVELOPE_STRUCT, .type = "", .body = "x", .body_size = 1},
        {.form = TR_ENVELOPE_PROTOBUF, .type = "shop.Receipt", .body = "xyz", .body_size = 3},
        {.form = TR_ENVELOPE_PROTOBUF, .type = "shop.Receipt"}, /* what is required is missing */
        {.form = TR_ENVELOPE_BYTES, .type = "figure", .body = "12345678", .body_size = 8},
        {.form = TR_ENVELOPE_NONE, .type = ""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_fails(tr_body_unpack(room.worker, &room.unpacker, &bad[i], &came), PROTOCOL);
    }
    assert_null(came);
    leave(&room);
}

static void without_a_way_to_pack_them_do_not_go(void **state)
{
    struct room room;
    enter(&room, *state);
    const uint64_t number = 1;
    troupe_message *sent = NULL;
    troupe_message *came = NULL;
    assert_ok(tr_message_of_struct(&room.worker->pool, &item_type, &number, &sent));

    assert_fails(back(&room, sent, &came), LOCAL_ONLY);
    tr_message_free(&room.worker->pool, sent);
    leave(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(come_back_in_each_form),
        WITH_WORLD(of_a_type_that_is_not_known_do_not_come),
        WITH_WORLD(that_are_none_do_not_come),
        WITH_WORLD(without_a_way_to_pack_them_do_not_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
