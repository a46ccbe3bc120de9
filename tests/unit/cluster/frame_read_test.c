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

/* Four tells, to who reads repeats or not. Their bytes. */
static size_t assert_tells_come(bool repeats)
{
    unsigned char bytes[512];
    tr_arena arena;
    tr_frame_head head = {.from = 1, .to = 2, .connection = 1, .sequence = 1};
    tr_frame_reader reader;
    tr_envelope envelope;
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes, .repeats = repeats};
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
    return writer.size;
}

/* Promise: REPEATS-WHOLE */
static void knows_again_what_repeats(void **state)
{
    (void) state;
    const size_t full = assert_tells_come(false);
    const size_t repeated = assert_tells_come(true);
    assert_true(repeated < full); /* "bc" is a repeat of "a"; "" and what is behind it is not */
}

/* A frame of envelopes of so many bytes each. How many of them are accepted. */
static unsigned count_accepted(const char *const *envelopes, const size_t *sizes, unsigned count)
{
    unsigned char bytes[256] = {0x09, 0x01, 0, 0, 0, 0, 0, 0, 0};
    size_t size = 9;
    unsigned accepted = 0;
    tr_arena arena;
    tr_frame_head head;
    tr_frame_reader reader;
    tr_envelope envelope;
    for (unsigned i = 0; i < count; i++) {
        bytes[size++] = 0x2a;
        bytes[size++] = (unsigned char) sizes[i];
        memcpy(bytes + size, envelopes[i], sizes[i]);
        size += sizes[i];
    }
    tr_arena_init(&arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    assert_true(tr_frame_read(&arena, bytes, size, &head, &reader));
    assert_int_equal(reader.count, count);
    for (unsigned i = 0; i < count; i++) {
        accepted += tr_frame_envelope(&reader, i, &envelope) ? 1 : 0;
    }
    tr_arena_fini(&arena);
    return accepted;
}

#define TELL "\x08\x01\x1a\x04\x10\x01\x18\x01\x38\x03" /* to, BYTES */
#define BODY "\x4a\x01x"

/* Promise: REPEATS-WHOLE */
static void takes_no_repeat_of_what_cannot_be_repeated(void **state)
{
    (void) state;
    static const char *const repeated[] = {TELL BODY, BODY, BODY};
    static const char *const first[] = {BODY, TELL BODY, BODY};
    static const char *const without_body[] = {TELL, BODY, BODY};
    static const char *const body_inside[] = {BODY TELL, BODY, BODY};
    static const char *const more[] = {TELL BODY, BODY "\x10\x05", BODY};
    static const size_t tell = sizeof TELL - 1;
    static const size_t body = sizeof BODY - 1;
    assert_int_equal(count_accepted(repeated, (size_t[]) {tell + body, body, body}, 3), 3);
    assert_int_equal(count_accepted(first, (size_t[]) {body, tell + body, body}, 3), 2);
    assert_int_equal(count_accepted(without_body, (size_t[]) {tell, body, body}, 3), 1);
    assert_int_equal(count_accepted(body_inside, (size_t[]) {tell + body, body, body}, 3), 1);
    assert_int_equal(count_accepted(more, (size_t[]) {tell + body, body + 2, body}, 3), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_no_more_for_texts_than_it_has_set_aside),
        cmocka_unit_test(knows_again_what_repeats),
        cmocka_unit_test(takes_no_repeat_of_what_cannot_be_repeated),
    };
    return cmocka_run_group_tests_name("Reading a frame", tests, NULL, NULL);
}
