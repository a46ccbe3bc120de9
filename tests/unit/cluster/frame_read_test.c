/* SPDX-License-Identifier: MIT */
/* What reading promises of envelopes that say the same thing again and again. */
#include <string.h>

#include "base/memory.h"
#include "cluster/frame.h"
#include "support/fixtures.h"

/* Promise: REMOTE-HOSTILE */
static void takes_no_more_for_texts_than_it_has_set_aside(void **state)
{
    (void) state;
    static unsigned char bytes[64 << 10];
    tr_arena arena;
    tr_envelope envelope;
    tr_arena_init(&arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    size_t size = 0;
    bytes[size++] = 0x08; /* kind: LOOKUP */
    bytes[size++] = 0x08;
    bytes[size++] = 0x10; /* number */
    bytes[size++] = 0x05;
    while (size + 3 <= sizeof bytes) { /* name, ever again */
        bytes[size++] = 0x62;
        bytes[size++] = 0x01;
        bytes[size++] = 'x';
    }
    assert_true(tr_frame_read_one(&arena, bytes, 4 + 300, &envelope));
    assert_string_equal(envelope.name, "x");
    assert_false(tr_frame_read_one(&arena, bytes, size, &envelope));
    assert_true(arena.capacity <= 64 << 10);
    tr_arena_fini(&arena);
}

static void knows_again_what_repeats(void **state)
{
    (void) state;
    unsigned char bytes[512];
    tr_arena arena;
    tr_frame_head head = {.from = 1, .to = 2, .connection = 1, .sequence = 1};
    tr_frame_reader reader;
    tr_envelope envelope;
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    tr_envelope tell = {.kind = TR_ENVELOPE_TELL,
                        .form = TR_ENVELOPE_BYTES,
                        .to = {.slot = 1, .generation = 1},
                        .type = "letter"};
    tr_arena_init(&arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    tr_frame_begin(&writer, &head);
    static const char *const bodies[] = {"a", "bc", "", "def"};
    for (unsigned i = 0; i < 4; i++) {
        tell.body = bodies[i];
        tell.body_size = strlen(bodies[i]);
        assert_true(tr_frame_add(&writer, &tell));
    }
    assert_true(tr_frame_read(&arena, bytes, writer.size, &head, &reader));
    assert_int_equal(reader.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(tr_frame_envelope(&reader, i, &envelope));
        assert_string_equal(envelope.type, "letter");
        assert_int_equal(envelope.to.slot, 1);
        assert_int_equal(envelope.body_size, strlen(bodies[i]));
        assert_true(envelope.body_size == 0 ||
                    memcmp(envelope.body, bodies[i], envelope.body_size) == 0);
    }
    tr_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_no_more_for_texts_than_it_has_set_aside),
        cmocka_unit_test(knows_again_what_repeats),
    };
    return cmocka_run_group_tests_name("Reading a frame", tests, NULL, NULL);
}
