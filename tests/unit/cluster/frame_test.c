/* SPDX-License-Identifier: MIT */
/* What frames promise: that they say what was put in, in the same bytes for ever. */
#include "cluster/frame.h"

#include <string.h>

#include "base/memory.h"
#include "support/fixtures.h"

static const tr_frame_head head = {.from = 0x11, .to = 0x22, .connection = 3, .sequence = 4};

static const tr_envelope ask = {
    .kind = TR_ENVELOPE_ASK,
    .form = TR_ENVELOPE_STRUCT,
    .number = 5,
    .to = {.slot = 6, .generation = 7},
    .from = {.node = 0x11, .slot = 8, .generation = 9, .seal = 10},
    .budget_ns = 1000,
    .trace_id = 11,
    .type = "figure",
    .body = "abc",
    .body_size = 3,
};

static int make_arena(void **state)
{
    static tr_arena arena;
    tr_arena_init(&arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    *state = &arena;
    return 0;
}

static int drop_arena(void **state)
{
    tr_arena_fini(*state);
    return 0;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, drop_arena)

static void come_back_as_they_were(void **state)
{
    unsigned char bytes[512];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_head read;
    tr_frame_reader reader;
    tr_envelope envelope;
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &ask));
    assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_DOWN,
                                                            .number = 1,
                                                            .error = TROUPE_ERROR_FAILED,
                                                            .down = TROUPE_DOWN_FAILED}));

    assert_true(tr_frame_read(*state, bytes, writer.size, &read, &reader));
    assert_memory_equal(&read, &head, sizeof head);
    assert_int_equal(reader.count, 2);
    assert_true(tr_frame_envelope(&reader, 0, &envelope));
    assert_int_equal(envelope.kind, TR_ENVELOPE_ASK);
    assert_int_equal(envelope.form, TR_ENVELOPE_STRUCT);
    assert_int_equal(envelope.number, 5);
    assert_true(troupe_ref_is_same(envelope.to, ask.to));
    assert_true(troupe_ref_is_same(envelope.from, ask.from));
    assert_int_equal(envelope.from.seal, 10);
    assert_int_equal(envelope.budget_ns, 1000);
    assert_int_equal(envelope.trace_id, 11);
    assert_string_equal(envelope.type, "figure");
    assert_int_equal(envelope.body_size, 3);
    assert_memory_equal(envelope.body, "abc", 3);
    assert_true(tr_frame_envelope(&reader, 1, &envelope));
    assert_int_equal(envelope.kind, TR_ENVELOPE_DOWN);
    assert_int_equal(envelope.error, TROUPE_ERROR_FAILED);
    assert_int_equal(envelope.down, TROUPE_DOWN_FAILED);
    assert_true(troupe_ref_is_none(envelope.to));
}

/* Promise: REMOTE-WIRE */
static void have_the_same_bytes_for_ever(void **state)
{
    (void) state;
    static const unsigned char golden[] = {
        0x09, 0x11, 0,    0,    0,    0,    0,    0,   0,    /* from */
        0x11, 0x22, 0,    0,    0,    0,    0,    0,   0,    /* to */
        0x18, 0x03, 0x20, 0x04,                              /* connection, sequence */
        0x2a, 0x36,                                          /* an envelope */
        0x08, 0x02, 0x10, 0x05,                              /* ASK, number */
        0x1a, 0x04, 0x10, 0x06, 0x18, 0x07,                  /* to */
        0x22, 0x16, 0x09, 0x11, 0,    0,    0,    0,   0, 0, /* from */
        0,    0x10, 0x08, 0x18, 0x09, 0x21, 0x0a,            /* */
        0,    0,    0,    0,    0,    0,    0,               /* its seal */
        0x28, 0xe8, 0x07, 0x30, 0x0b,                        /* budget, trace id */
        0x38, 0x02,                                          /* STRUCT */
        0x42, 0x06, 'f',  'i',  'g',  'u',  'r',  'e',       /* type */
        0x4a, 0x03, 'a',  'b',  'c'};                        /* body */
    unsigned char bytes[512];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &ask));

    assert_int_equal(writer.size, sizeof golden);
    assert_memory_equal(bytes, golden, sizeof golden);
}

/* Promise: REMOTE-WIRE */
static void have_the_same_bytes_for_ever_where_they_repeat(void **state)
{
    (void) state;
    static const unsigned char golden[] = {0x2a, 0x05, 0x4a, 0x03, 'x', 'y', 'z'};
    unsigned char bytes[512];
    tr_envelope again = ask;
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes, .repeats = true};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &ask));
    const size_t before = writer.size;
    again.body = "xyz";
    assert_true(tr_frame_add(&writer, &again));

    assert_int_equal(writer.size - before, sizeof golden);
    assert_memory_equal(bytes + before, golden, sizeof golden);
}

/* Promise: REMOTE-WIRE */
static void have_the_same_bytes_for_ever_in_every_field(void **state)
{
    (void) state;
    static const unsigned char golden[] = {
        0x09, 0x11, 0,    0,    0,    0,    0,    0,    0, /* from */
        0x11, 0x22, 0,    0,    0,    0,    0,    0,    0, /* to */
        0x18, 0x03, 0x20, 0x04,                            /* connection, sequence */
        0x2a, 0x17,                                        /* an envelope */
        0x08, 0x0c, 0x10, 0x05,                            /* SPAWN, number */
        0x62, 0x01, 'x',                                   /* name */
        0x81, 0x01, 0x0a, 0,    0,    0,    0,    0,    0, /* key */
        0,    0x88, 0x01, 0x06, 0x90, 0x01, 0x07,          /* monitor, link */
        0x2a, 0x0a, 0x08, 0x0b,                            /* SIGNAL */
        0x1a, 0x04, 0x10, 0x06, 0x18, 0x07, 0x78, 0x03,    /* to, KILL */
        0x2a, 0x0c, 0x08, 0x03, 0x10, 0x05,                /* REPLY */
        0x50, 0x0f, 0x68, 0x07, 0x72, 0x02, 'n',  'o',     /* error, cause, text */
        0x2a, 0x0d, 0x08, 0x02, 0x10, 0x05,                /* ASK */
        0x1a, 0x04, 0x10, 0x06, 0x18, 0x07,                /* to */
        0xa8, 0x01, 0x02};                                 /* settles, given up */
    unsigned char bytes[512];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_SPAWN,
                                                            .number = 5,
                                                            .name = "x",
                                                            .key = 10,
                                                            .monitor = 6,
                                                            .link = 7}));
    assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_SIGNAL,
                                                            .to = {.slot = 6, .generation = 7},
                                                            .signal = TR_ENVELOPE_KILL}));
    assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_REPLY,
                                                            .number = 5,
                                                            .error = (troupe_error) 15,
                                                            .cause = (troupe_error) 7,
                                                            .text = "no",
                                                            .text_size = 2}));
    assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_ASK,
                                                            .number = 5,
                                                            .to = {.slot = 6, .generation = 7},
                                                            .settles = 2}));

    assert_int_equal(writer.size, sizeof golden);
    assert_memory_equal(bytes, golden, sizeof golden);
}

/* Promise: REMOTE-WIRE */
static void have_the_same_bytes_for_ever_in_pieces(void **state)
{
    tr_arena *arena = *state;
    static const unsigned char golden[] = {
        0x09, 0x11, 0,    0,    0,    0,    0,    0,   0, /* from */
        0x11, 0x22, 0,    0,    0,    0,    0,    0,   0, /* to */
        0x18, 0x03, 0x20, 0x04,                           /* connection, sequence */
        0x2a, 0x0c,                                       /* an envelope */
        0x08, 0x0f, 0x10, 0x05,                           /* PIECE, number */
        0x4a, 0x02, 'a',  'b',  0xb0, 0x01, 0xac, 0x02};  /* body, whole */
    unsigned char bytes[512];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(
        &writer,
        &(const tr_envelope) {
            .kind = TR_ENVELOPE_PIECE, .number = 5, .body = "ab", .body_size = 2, .whole = 300}));
    assert_int_equal(writer.size, sizeof golden);
    assert_memory_equal(bytes, golden, sizeof golden);

    /* One that is not the first, and compressed; the first is not. */
    static const unsigned char squeezed[] = {0x2a, 0x0c, 0x08, 0x0f, 0x10, 0x05, 0x4a,
                                             0x02, 'a',  'b',  0xb8, 0x01, 0xac, 0x02};
    tr_envelope piece = {
        .kind = TR_ENVELOPE_PIECE, .number = 5, .body = "ab", .body_size = 2, .original = 300};
    tr_frame_reader reader;
    tr_frame_head read_head;
    tr_envelope read;
    assert_true(tr_frame_add(&writer, &piece));
    assert_int_equal(writer.size, sizeof golden + sizeof squeezed);
    assert_memory_equal(bytes + sizeof golden, squeezed, sizeof squeezed);
    piece.whole = 300;
    assert_true(tr_frame_add(&writer, &piece));
    assert_true(tr_frame_read(arena, bytes, writer.size, &read_head, &reader));
    assert_true(tr_frame_envelope(&reader, 1, &read));
    assert_int_equal(read.original, 300);
    assert_false(tr_frame_envelope(&reader, 2, &read));

    /* What they are of is an envelope as it would be in a frame, its body last. */
    const size_t size = tr_frame_write_front(&ask, bytes, sizeof bytes);
    memcpy(bytes + size, ask.body, ask.body_size);
    assert_true(tr_frame_read_one(arena, bytes, size + ask.body_size, &read));
    assert_int_equal(read.number, ask.number);
    assert_string_equal(read.type, ask.type);
    assert_memory_equal(read.body, "abc", 3);
    assert_false(tr_frame_read_one(arena, bytes, size, &read));
    assert_int_equal(read.number, ask.number);
    assert_int_equal(tr_frame_write_front(&ask, bytes, size - 1), size);
}

static void refuse_an_envelope_too_many_and_stay_as_they_were(void **state)
{
    unsigned char bytes[200];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_head read;
    tr_frame_reader reader;
    tr_frame_begin(&writer, &head);
    assert_int_equal(tr_frame_size_of(&ask), 56);
    assert_true(tr_frame_add(&writer, &ask));
    assert_true(tr_frame_add(&writer, &ask));
    assert_true(tr_frame_add(&writer, &ask) == (writer.size <= sizeof bytes));
    const size_t size = writer.size;
    assert_false(tr_frame_add(&writer, &ask));

    assert_int_equal(writer.size, size);
    assert_true(tr_frame_read(*state, bytes, size, &read, &reader));
    assert_int_equal(reader.count, writer.count);
}

static void have_no_more_than_so_many_envelopes(void **state)
{
    static unsigned char bytes[256 * 1024];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_head read;
    tr_frame_reader reader;
    tr_frame_begin(&writer, &head);
    for (unsigned i = 0; i < TR_FRAME_ENVELOPES_MAX; i++) {
        assert_true(tr_frame_add(&writer, &ask));
    }
    assert_false(tr_frame_add(&writer, &ask));
    assert_true(tr_frame_read(*state, bytes, writer.size, &read, &reader));

    /* One more, by hand. */
    memcpy(bytes + writer.size, bytes + writer.size - 56, 56);
    assert_false(tr_frame_read(*state, bytes, writer.size + 56, &read, &reader));
}

static void are_refused_that_are_too_large_or_of_nobody(void **state)
{
    static unsigned char bytes[TR_FRAME_BYTES_MAX + 1];
    static unsigned char body[TR_FRAME_BYTES_MAX];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_head read;
    tr_frame_reader reader;
    tr_envelope large = ask;
    large.body = body;
    tr_frame_begin(&writer, &head);
    large.body_size = TR_FRAME_BYTES_MAX - writer.size - (tr_frame_size_of(&ask) - 3) - 6;
    while (writer.size + tr_frame_size_of(&large) < TR_FRAME_BYTES_MAX) {
        large.body_size++;
    }
    const tr_frame_writer empty = writer;
    assert_true(tr_frame_add(&writer, &large));
    assert_int_equal(writer.size, TR_FRAME_BYTES_MAX);
    assert_true(tr_frame_read(*state, bytes, writer.size, &read, &reader));
    large.body_size++;
    writer = empty;
    assert_true(tr_frame_add(&writer, &large));
    assert_int_equal(writer.size, TR_FRAME_BYTES_MAX + 1);
    assert_false(tr_frame_read(*state, bytes, writer.size, &read, &reader));

    tr_frame_head nobodys = head;
    nobodys.from = 0;
    tr_frame_begin(&writer, &nobodys);
    assert_false(tr_frame_read(*state, bytes, writer.size, &read, &reader));
}

/* Whether a frame with nothing but this envelope is read, and the envelope accepted. */
static bool is_accepted(tr_arena *arena, const tr_envelope *envelope)
{
    unsigned char bytes[1024];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_frame_head read;
    tr_frame_reader reader;
    tr_envelope out;
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, envelope));
    assert_true(tr_frame_read(arena, bytes, writer.size, &read, &reader));
    return tr_frame_envelope(&reader, 0, &out);
}

/* One byte longer than names may be. */
static void fill_name(char (*name)[TR_TYPE_NAME_MAX + 2])
{
    memset(*name, 'x', sizeof *name - 1);
    (*name)[sizeof *name - 1] = '\0';
}

/* Promise: REMOTE-HOSTILE */
static void let_no_envelope_through_that_lacks_what_it_needs(void **state)
{
    tr_arena *arena = *state;
    char long_name[TR_TYPE_NAME_MAX + 2];
    fill_name(&long_name);
    tr_envelope envelope = ask;
    assert_true(is_accepted(arena, &envelope));
    envelope.number = 0;
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.to = troupe_ref_none();
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.form = TR_ENVELOPE_NONE;
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.form = (tr_envelope_form) 4;
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.kind = (tr_envelope_kind) 17;
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.type = long_name;
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.down = (troupe_down_kind) 9;
    assert_false(is_accepted(arena, &envelope));
    envelope = ask;
    envelope.error = (troupe_error) -1;
    assert_false(is_accepted(arena, &envelope));
}

/* Promise: REMOTE-HOSTILE */
static void let_none_through_that_lacks_what_its_kind_needs(void **state)
{
    tr_arena *arena = *state;
    char long_name[TR_TYPE_NAME_MAX + 2];
    fill_name(&long_name);
    tr_envelope envelope = {.kind = TR_ENVELOPE_LOOKUP, .number = 1};
    assert_false(is_accepted(arena, &envelope));
    envelope.name = "x";
    assert_true(is_accepted(arena, &envelope));
    envelope.name = long_name;
    assert_false(is_accepted(arena, &envelope));
    envelope = (tr_envelope) {.kind = TR_ENVELOPE_LINK, .number = 1, .to = ask.to};
    assert_false(is_accepted(arena, &envelope));
    envelope.from = ask.from;
    assert_true(is_accepted(arena, &envelope));
    envelope = (tr_envelope) {.kind = TR_ENVELOPE_EXIT};
    assert_false(is_accepted(arena, &envelope));
    envelope = (tr_envelope) {.kind = TR_ENVELOPE_SIGNAL, .to = ask.to};
    assert_false(is_accepted(arena, &envelope));
    envelope.signal = (tr_envelope_signal) 4;
    assert_false(is_accepted(arena, &envelope));
    envelope.signal = TR_ENVELOPE_KILL;
    assert_true(is_accepted(arena, &envelope));
    envelope = (tr_envelope) {.kind = TR_ENVELOPE_SPAWN, .number = 1, .name = "x"};
    assert_false(is_accepted(arena, &envelope));
    envelope.from = ask.from;
    assert_true(is_accepted(arena, &envelope));
    envelope.link = 1;
    assert_false(is_accepted(arena, &envelope));
    envelope.link = 2;
    envelope.monitor = 2;
    assert_false(is_accepted(arena, &envelope));
    envelope.monitor = 3;
    assert_true(is_accepted(arena, &envelope));
    envelope = (tr_envelope) {.kind = TR_ENVELOPE_SPAWNED, .number = 1};
    assert_false(is_accepted(arena, &envelope));
    envelope.error = TROUPE_ERROR_FAILED;
    assert_true(is_accepted(arena, &envelope));
    envelope = (tr_envelope) {.kind = TR_ENVELOPE_REPLY, .number = 1, .text = long_name};
    envelope.text_size = TR_FAILURE_TEXT_SIZE - 1;
    assert_true(is_accepted(arena, &envelope));
    envelope.text_size++;
    assert_false(is_accepted(arena, &envelope));
}

static void let_no_ring_through_without_a_way(void **state)
{
    tr_arena *arena = *state;
    tr_envelope envelope = {.kind = TR_ENVELOPE_RING, .number = 1, .form = TR_ENVELOPE_BYTES};
    assert_false(is_accepted(arena, &envelope));
    envelope.from = ask.from;
    assert_true(is_accepted(arena, &envelope));
    envelope.number = 0;
    assert_false(is_accepted(arena, &envelope));
    envelope.window = 1;
    assert_false(is_accepted(arena, &envelope));
    envelope.to = ask.to;
    assert_true(is_accepted(arena, &envelope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(come_back_as_they_were),
        WITH_ARENA(have_the_same_bytes_for_ever),
        WITH_ARENA(have_the_same_bytes_for_ever_where_they_repeat),
        WITH_ARENA(have_the_same_bytes_for_ever_in_every_field),
        WITH_ARENA(have_the_same_bytes_for_ever_in_pieces),
        WITH_ARENA(refuse_an_envelope_too_many_and_stay_as_they_were),
        WITH_ARENA(have_no_more_than_so_many_envelopes),
        WITH_ARENA(are_refused_that_are_too_large_or_of_nobody),
        WITH_ARENA(let_no_envelope_through_that_lacks_what_it_needs),
        WITH_ARENA(let_none_through_that_lacks_what_its_kind_needs),
        WITH_ARENA(let_no_ring_through_without_a_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
