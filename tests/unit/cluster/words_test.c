/* SPDX-License-Identifier: MIT */
/* What words of a session promise: that they say what was put in, in the same bytes for ever. */
#include "cluster/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "cluster/limits.h"
#include "session.pb-c.h"
#include "support/fixtures.h"

static const tr_word hello = {.kind = TR_WORD_HELLO,
                              .from = 0x11,
                              .to = 0x22,
                              .session = 3,
                              .received = 300,
                              .known = 4,
                              .version_least = 1,
                              .version_most = 2,
                              .features = 5,
                              .frames_max = 6,
                              .bytes_max = 7};

static bool read_back(const tr_word *word, tr_word *out_word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + 100];
    unsigned char *frame = bytes + TR_WORD_HEAD_BYTES_MAX;
    if (word->frame_size > 0) {
        memcpy(frame, word->frame, word->frame_size);
    }
    const unsigned char *start = tr_word_write_before(word, frame);
    static unsigned char copy[sizeof bytes];
    const size_t size = (size_t) (frame + word->frame_size - start);
    memcpy(copy, start, size);
    return tr_word_read(copy, size, out_word);
}

/* Promise: SESSION-WIRE */
static void have_the_same_bytes_for_ever(void **state)
{
    (void) state;
    static const unsigned char golden[] = {0x08, 0x02,                               /* DATA */
                                           0x11, 0x11, 0,    0,    0,    0, 0, 0, 0, /* from */
                                           0x19, 0x22, 0,    0,    0,    0, 0, 0, 0, /* to */
                                           0x20, 0x03, 0x28, 0xac, 0x02, /* session, received */
                                           0x30, 0x04, 0x38, 0xe8, 0x07, /* sequence, age */
                                           0x7a, 0x03, 'a',  'b',  'c'}; /* frame */
    static const unsigned char golden_hello[] = {
        0x08, 0x01,                                  /* HELLO */
        0x11, 0x11, 0,    0,    0,    0,    0, 0, 0, /* from */
        0x19, 0x22, 0,    0,    0,    0,    0, 0, 0, /* to */
        0x20, 0x03, 0x28, 0xac, 0x02,                /* session, received */
        0x48, 0x04, 0x50, 0x01, 0x58, 0x02,          /* known, versions */
        0x60, 0x05, 0x68, 0x06, 0x70, 0x07};         /* features, limits */
    const tr_word data = {.kind = TR_WORD_DATA,
                          .from = 0x11,
                          .to = 0x22,
                          .session = 3,
                          .received = 300,
                          .sequence = 4,
                          .age_ns = 1000,
                          .frame_size = 3};
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + 3];
    unsigned char *frame = bytes + TR_WORD_HEAD_BYTES_MAX;
    memcpy(frame, "abc", 3);
    const unsigned char *start = tr_word_write_before(&data, frame);
    assert_int_equal(frame + 3 - start, sizeof golden);
    assert_memory_equal(start, golden, sizeof golden);

    start = tr_word_write_before(&hello, frame);
    assert_int_equal(frame - start, sizeof golden_hello);
    assert_memory_equal(start, golden_hello, sizeof golden_hello);
}

static void come_back_as_they_were(void **state)
{
    (void) state;
    tr_word word;
    assert_true(read_back(&hello, &word));
    assert_int_equal(word.kind, TR_WORD_HELLO);
    assert_int_equal(word.known, 4);
    assert_int_equal(word.version_least, 1);
    assert_int_equal(word.version_most, 2);
    assert_int_equal(word.features, 5);
    assert_int_equal(word.frames_max, 6);
    assert_int_equal(word.bytes_max, 7);

    const tr_word ack = {
        .kind = TR_WORD_ACK, .from = 1, .to = 2, .session = 3, .received = 4, .again = true};
    assert_true(read_back(&ack, &word));
    assert_int_equal(word.received, 4);
    assert_true(word.again);

    const tr_word bye = {
        .kind = TR_WORD_BYE, .from = 1, .to = 2, .reason = TR_BYE_OVER, .over = UINT64_MAX};
    assert_true(read_back(&bye, &word));
    assert_int_equal(word.reason, TR_BYE_OVER);
    assert_int_equal(word.over, UINT64_MAX);

    const tr_word data = {.kind = TR_WORD_DATA,
                          .from = UINT64_MAX,
                          .to = UINT64_MAX,
                          .session = TR_SESSION_NUMBER_MAX - 1,
                          .received = UINT64_MAX,
                          .sequence = UINT64_MAX,
                          .age_ns = UINT64_MAX,
                          .frame = "abc",
                          .frame_size = 3};
    assert_true(read_back(&data, &word));
    assert_int_equal(word.sequence, UINT64_MAX);
    assert_int_equal(word.age_ns, UINT64_MAX);
    assert_int_equal(word.frame_size, 3);
    assert_memory_equal(word.frame, "abc", 3);
}

/* A reader made by protobuf's own tool understands the same. */
static void mean_what_the_proto_says(void **state)
{
    (void) state;
    tr_random random;
    tr_random_seed(&random, 1);
    for (unsigned i = 0; i < 20000; i++) {
        Troupe__Word packed = TROUPE__WORD__INIT;
        unsigned char bytes[300];
        unsigned char frame[64] = {1};
        tr_word word;
        packed.kind = (Troupe__WordKind) tr_random_below(&random, 7);
        packed.from = tr_random_below(&random, 3);
        packed.to = tr_random_next(&random);
        packed.session = tr_random_next(&random) >> tr_random_below(&random, 64);
        packed.received = tr_random_next(&random) >> tr_random_below(&random, 64);
        packed.sequence = tr_random_below(&random, 2) * tr_random_next(&random);
        packed.version_least = (uint32_t) tr_random_below(&random, 3);
        packed.version_most = (uint32_t) tr_random_below(&random, 3);
        packed.reason = (Troupe__ByeReason) tr_random_below(&random, 6);
        packed.frame.len = tr_random_below(&random, 3) * 20;
        packed.frame.data = frame;
        const size_t size = troupe__word__pack(&packed, bytes);
        const bool has_number = packed.session != 0 && packed.session < TR_SESSION_NUMBER_MAX;
        const bool is_hello = packed.kind == TROUPE__WORD_KIND__HELLO;
        const bool is_data = packed.kind == TROUPE__WORD_KIND__DATA;
        const bool is_bye = packed.kind == TROUPE__WORD_KIND__BYE;
        const bool is_good = packed.kind >= 1 && packed.kind <= 5 && packed.from != 0 &&
                             packed.reason <= 4 && (has_number || is_bye) &&
                             (!is_hello || (packed.version_least != 0 &&
                                            packed.version_least <= packed.version_most)) &&
                             (!is_data || (packed.sequence != 0 && packed.frame.len > 0)) &&
                             (!is_bye || packed.reason != 0);
        assert_int_equal(tr_word_read(bytes, size, &word), is_good);
        if (is_good) {
            assert_int_equal(word.kind, packed.kind);
            assert_int_equal(word.to, packed.to);
            assert_int_equal(word.session, packed.session);
            assert_int_equal(word.received, packed.received);
            assert_int_equal(word.sequence, packed.sequence);
            assert_int_equal(word.frame_size, packed.frame.len);
        }
    }
}

struct bad {
    const char *bytes;
    size_t size;
};

#define BAD(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Promise: SESSION-HOSTILE */
static void are_refused_if_they_are_none(void **state)
{
    (void) state;
    static const unsigned char from_1[9] = {0x11, 1};
    static const struct bad tails[] = {
        BAD("\x08\x01"),             /* HELLO without a number */
        BAD("\x08\x06\x20\x01"),     /* a kind that there is not */
        BAD("\x08\x04\x20\x01\x28"), /* cut off in a field */
        BAD("\x08\x04\x20\x01\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* more than 64 bits */
        BAD("\x08\x04\x20\x01\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        BAD("\x08\x02\x20\x01\x30\x01\x7a\x05\x01"), /* a frame that ends too soon */
        BAD("\x08\x02\x20\x01\x30\x01\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        BAD("\x08\x02\x20\x01\x30\x01\x78\x05"),                 /* a frame that is a number */
        BAD("\x08\x04\x20\x01\x2a\x01\x01"),                     /* a number that is text */
        BAD("\x08\x04\x20\x01\x40\x02"),                         /* neither true nor false */
        BAD("\x08\x04\x20\x01\x68\x80\x80\x80\x80\x10"),         /* more than 32 bits */
        BAD("\x08\x04\x20\x01\x03"),                             /* a group */
        BAD("\x08\x04\x20\x01\x00"),                             /* field 0 */
        BAD("\x08\x05\x20\x01"),                                 /* BYE without a reason */
        BAD("\x08\x04\x20\x80\x80\x80\x80\x80\x80\x80\x80\x40"), /* 2^62 sessions */
    };
    tr_word word;
    assert_false(tr_word_read("", 0, &word));
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        unsigned char bytes[64];
        memcpy(bytes, from_1, sizeof from_1);
        memcpy(bytes + sizeof from_1, tails[i].bytes, tails[i].size);
        if (tr_word_read(bytes, sizeof from_1 + tails[i].size, &word)) {
            print_error("bad word %zu is taken\n", i);
            fail();
        }
    }
    unsigned char many[200];
    memcpy(many, from_1, sizeof from_1);
    memset(many + 9, 0x20, sizeof many - 9); /* field 4, again and again */
    many[sizeof many - 2] = 0x08;
    many[sizeof many - 1] = 0x04;
    assert_false(tr_word_read(many, sizeof many - 1, &word));
}

/* A frame may be 1 MiB. */
static void may_be_as_large_as_a_frame_and_no_larger(void **state)
{
    (void) state;
    unsigned char *bytes = calloc(1, TR_WORD_BYTES_MAX + 1);
    unsigned char *frame = bytes + TR_WORD_HEAD_BYTES_MAX;
    tr_word word = {.kind = TR_WORD_DATA, .from = 1, .to = 2, .session = 1, .sequence = 1};
    tr_word read;
    for (size_t more = 0; more < 2; more++) {
        word.frame_size = TR_FRAME_BYTES_MAX + more;
        const unsigned char *start = tr_word_write_before(&word, frame);
        const size_t size = (size_t) (frame - start) + word.frame_size;
        assert_int_equal(tr_word_read(start, size, &read), more == 0);
    }
    free(bytes);
}

/* A newer version may say more. */
static void may_have_fields_that_are_not_known(void **state)
{
    (void) state;
    static const char bytes[] =
        "\x11\x01\0\0\0\0\0\0\0"
        "\x08\x04\x20\x01"
        "\xa0\x06\x07"             /* field 100, a number */
        "\xaa\x06\x02xy"           /* 101, bytes */
        "\xb1\x06\0\0\0\0\0\0\0\0" /* 102, fixed */
        "\xbd\x06\0\0\0\0"         /* 103, fixed */
        "\x28\x05";
    tr_word word;
    assert_true(tr_word_read(bytes, sizeof bytes - 1, &word));
    assert_int_equal(word.received, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(have_the_same_bytes_for_ever),
        cmocka_unit_test(come_back_as_they_were),
        cmocka_unit_test(mean_what_the_proto_says),
        cmocka_unit_test(are_refused_if_they_are_none),
        cmocka_unit_test(may_be_as_large_as_a_frame_and_no_larger),
        cmocka_unit_test(may_have_fields_that_are_not_known),
    };
    return cmocka_run_group_tests_name("Words", tests, NULL, NULL);
}
