/* SPDX-License-Identifier: MIT */
/* What squeezed pieces promise: they come back as they were, there are none where that saves little
 * or the other cannot read them, and whatever is said to be one takes no more than it may. */
#include "cluster/squeeze.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "cluster/peer.h"
#include "core/types.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/wire_fixture.h"

#define MS UINT64_C(1000000)
#define MUCH ((size_t) 300 << 10)

static unsigned char even[MUCH];
static unsigned char odd[MUCH];

static int make_bytes(void **state)
{
    tr_random random;
    (void) state;
    tr_random_seed(&random, 1);
    for (size_t i = 0; i < MUCH; i++) {
        even[i] = (unsigned char) (i % 101 + i / 10000);
        odd[i] = (unsigned char) tr_random_next(&random);
    }
    return 0;
}

static bool is_there(void)
{
    return tr_squeeze_features() != 0;
}

static void comes_back_as_it_was_or_is_left_as_it_is(void **state)
{
    (void) state;
    static unsigned char back[MUCH + 1];
    tr_scratch scratch = {.allocator = tr_allocator_default()};
    const void *block = NULL;
    for (size_t size = 1; size <= MUCH; size = size * 3 + 1) {
        const size_t block_size = tr_squeeze(&scratch, even, size, &block);
        assert_true(block_size <= size - size / 8);
        assert_true(block_size > 0 || size < 1000 || !is_there());
        if (block_size > 0) {
            memset(back, 0xee, sizeof back);
            assert_true(tr_unsqueeze(block, block_size, back, size));
            assert_memory_equal(back, even, size);
            assert_int_equal(back[size], 0xee);
            assert_false(tr_unsqueeze(block, block_size, back, size - 1));
            assert_false(tr_unsqueeze(block, block_size, back, size + 1));
            assert_false(tr_unsqueeze(block, block_size - 1, back, size));
        }
        assert_int_equal(tr_squeeze(&scratch, odd, size, &block), 0);
    }
    tr_scratch_fini(&scratch);
}

/* Promise: REMOTE-WIRE */
static void reads_the_same_bytes_for_ever(void **state)
{
    (void) state;
    /* 8 bytes as they are, 4 + 15 + 255 + 13 again from 8 before, and 5 as they are: 300. */
    static const char block[] = "\x8fsome tea\x08\x00\xff\x0d\x50 tea!";
    char expected[300];
    char back[300];
    for (size_t i = 0; i < sizeof expected; i++) {
        expected[i] = "some tea"[i % 8];
    }
    for (size_t i = 0; i < 5; i++) {
        expected[295 + i] = " tea!"[i];
    }
    assert_int_equal(tr_unsqueeze(block, sizeof block - 1, back, sizeof back), is_there());
    if (is_there()) {
        assert_memory_equal(back, expected, sizeof back);
    }
}

/* Nothing is written behind what there is room for. */
/* Promise: REMOTE-HOSTILE */
static void bears_any_bytes(void **state)
{
    (void) state;
    tr_random random;
    static unsigned char back[5000];
    unsigned char block[600];
    tr_scratch scratch = {.allocator = tr_allocator_default()};
    const void *good = NULL;
    const size_t good_size = tr_squeeze(&scratch, even, 4096, &good);
    assert_true(good_size <= sizeof block);
    tr_random_seed(&random, 2);
    for (unsigned i = 0; i < 20000; i++) {
        const size_t size = i % 2 == 0 ? good_size : tr_random_below(&random, sizeof block);
        for (size_t at = 0; at < size; at++) {
            const bool is_changed = i % 2 == 1 || tr_random_below(&random, 100) == 0;
            block[at] = is_changed ? (unsigned char) tr_random_next(&random)
                                   : ((const unsigned char *) good)[at];
        }
        const size_t room = tr_random_below(&random, sizeof back - 1);
        back[room] = 0x5a;
        (void) tr_unsqueeze(block, size, back, room);
        assert_int_equal(back[room], 0x5a);
    }
    tr_scratch_fini(&scratch);
}

/* Messages. */

static troupe_error send_bytes(troupe_self *self, troupe_ref to, const void *data)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_bytes bytes = {.data = data, .size = MUCH};
    const troupe_error error = troupe_message_create_bytes(self, &bulk_type, &bytes, &message);
    return error ? error : troupe_send_message(self, to, &message);
}

static troupe_error sends_both(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = send_bytes(self, cast->refs[0], even);
    error = error ? error : send_figure(self, cast->refs[0], 1);
    error = error ? error : send_bytes(self, cast->refs[0], odd);
    return error ? error : send_figure(self, cast->refs[0], 2);
}

static troupe_error reads_all(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        size_t size = 0;
        const void *bytes = troupe_message_bytes(message, &size);
        const bool is_whole = bytes != NULL && size == MUCH;
        probe_say(cast->seen, "%s",
                  bytes == NULL                                ? "figure"
                  : is_whole && memcmp(bytes, even, size) == 0 ? "even"
                  : is_whole && memcmp(bytes, odd, size) == 0  ? "odd"
                                                               : "broken");
    }
    return TROUPE_OK;
}

/* What is saved when one says that it squeezes, and the other that it reads it. */
static uint64_t saved_if(struct wires *wires, bool squeezes, bool reads)
{
    tr_border *border = &wires->ends[0].border;
    struct cast cast = {.seen = a_probe()};
    const uint64_t before = border->counts.bytes_saved;
    tr_border_set_squeezes(border, squeezes);
    wires_cut(wires, true);
    wires_connect(wires);
    if (reads) {
        tr_border_give_squeezed(border, wires->ends[1].node);
    }
    assert_ok(tr_types_learn(wires_system(wires, 1), false, &bulk_type));
    cast.refs[0] = wires_root(
        wires, 1,
        TROUPE_SPAWN(.body = reads_all, .argument = &cast, .mailbox_bytes = UINT64_C(64) << 20));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_both, .argument = &cast));
    wires_run(wires, 20 * MS);
    assert_said(cast.seen, "even", "figure", "odd", "figure");
    drop_probe(&cast.seen);
    assert_int_equal(wires->ends[1].border.counts.offences, 0);
    return border->counts.bytes_saved - before;
}

/* Promise: SQUEEZE-WHOLE */
static void comes_whole_and_in_its_place(void **state)
{
    assert_int_equal(saved_if(*state, false, true), 0);
    assert_int_equal(saved_if(*state, true, false), 0);
    const uint64_t saved = saved_if(*state, true, true);
    assert_true(is_there() ? saved > MUCH / 2 && saved < MUCH : saved == 0);
}

/* Two pieces of one envelope, the second said to be of so many bytes; how often it was refused. */
static uint64_t offences_of(struct wires *wires, const void *block, size_t size, uint64_t original)
{
    tr_border *border = &wires->ends[1].border;
    unsigned char bytes[2048];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    const uint64_t before = border->counts.offences;
    wires_run(wires, 5 * MS);
    const tr_peer *peer = tr_border_peer(border, wires->ends[0].node);
    const tr_frame_head head = {.from = wires->ends[0].node,
                                .to = wires->ends[1].node,
                                .connection = peer->their_connection,
                                .sequence = peer->their_sequence + 1};
    tr_envelope piece = {
        .kind = TR_ENVELOPE_PIECE, .number = 1, .body = "abc", .body_size = 3, .whole = 5000};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, &piece));
    piece.whole = 0;
    piece.body = block;
    piece.body_size = size;
    piece.original = original;
    assert_true(tr_frame_add(&writer, &piece));
    tr_border_accept(border, wires->ends[0].node, bytes, writer.size, 0);
    wires_run(wires, 5 * MS);
    return border->counts.offences - before;
}

/* Promise: REMOTE-HOSTILE */
static void that_is_none_or_more_than_granted_ends_the_connection(void **state)
{
    struct wires *wires = *state;
    tr_scratch scratch = {.allocator = tr_allocator_default()};
    const void *block = "abc";
    const size_t squeezed = tr_squeeze(&scratch, even, 4096, &block);
    const size_t size = squeezed > 0 ? squeezed : 3;
    assert_int_equal(offences_of(wires, block, size, 4096), is_there() ? 0 : 1);
    wires_cut(wires, true);
    wires_connect(wires);
    assert_int_equal(offences_of(wires, block, size, 4095), 1);
    assert_int_equal(offences_of(wires, block, size, 4097), 1);
    assert_int_equal(offences_of(wires, block, size - 1, 4096), 1);
    assert_int_equal(offences_of(wires, odd, 500, 4096), 1);
    assert_int_equal(offences_of(wires, block, size, 4998), 1); /* than is left of the whole */
    assert_int_equal(offences_of(wires, block, size, UINT64_MAX), 1);
    tr_scratch_fini(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was_or_is_left_as_it_is),
        cmocka_unit_test(reads_the_same_bytes_for_ever),
        cmocka_unit_test(bears_any_bytes),
        WITH_WIRES(comes_whole_and_in_its_place),
        WITH_WIRES(that_is_none_or_more_than_granted_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, make_bytes, NULL);
}
