/* SPDX-License-Identifier: MIT */
/* What envelopes in pieces promise: whatever comes as such, it takes no more than it may. */
#include "cluster/pieces.h"

#include "cluster/peer.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

#define MS UINT64_C(1000000)

/* The next frame of the first node's, with one piece. */
static void accept_piece(struct wires *wires, const tr_envelope *piece)
{
    unsigned char bytes[1024];
    tr_border *border = &wires->ends[1].border;
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    const tr_peer *peer = tr_border_peer(border, wires->ends[0].node);
    const tr_frame_head head = {.from = wires->ends[0].node,
                                .to = wires->ends[1].node,
                                .connection = peer->their_connection,
                                .sequence = peer->their_sequence + 1};
    tr_frame_begin(&writer, &head);
    assert_true(tr_frame_add(&writer, piece));
    tr_border_accept(border, wires->ends[0].node, bytes, writer.size, 0);
}

/* Promise: REMOTE-HOSTILE */
static void that_are_more_than_may_be_end_the_connection(void **state)
{
    struct wires *wires = *state;
    tr_border *border = &wires->ends[1].border;
    const uint64_t wholes[] = {UINT64_C(1) << 40, TR_LARGE_BYTES_MAX + 1, 2};
    for (unsigned i = 0; i < 3; i++) {
        wires_run(wires, 5 * MS);
        accept_piece(wires, &(const tr_envelope) {.kind = TR_ENVELOPE_PIECE,
                                                  .number = 1,
                                                  .body = "abc",
                                                  .body_size = 3,
                                                  .whole = wholes[i]});
        wires_run(wires, 5 * MS);
        assert_int_equal(border->counts.offences, i + 1);
    }
}

/* Of one for which there is no memory only the first bytes are looked at, whatever they say.
 * Promise: REMOTE-HOSTILE */
static void may_say_anything_when_there_is_no_memory(void **state)
{
    (void) state;
    unsigned char front[256];
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator port = tr_failing_allocator_port(&memory);
    const tr_envelope told = {.kind = TR_ENVELOPE_TELL,
                              .to = {.slot = 1, .generation = 1},
                              .form = TR_ENVELOPE_BYTES,
                              .body_size = 100000,
                              .window = UINT32_MAX,
                              .charge = UINT64_MAX};
    const size_t size = tr_frame_write_front(&told, front, sizeof front);
    assert_in_range(size, 1, sizeof front);
    for (int64_t allowed = 0; allowed < 8; allowed++) {
        struct wires *wires = some_wires_of(&(const tr_world_options) {
            .seed = 1, .workers = 1, .delay_ns_max = MS / 50, .allocator = &port});
        wires_connect(wires);
        wires_run(wires, 5 * MS);
        if (allowed < 4) {
            tr_failing_allocator_fail_one(&memory, allowed);
        } else {
            tr_failing_allocator_fail_after(&memory, allowed - 4);
        }
        accept_piece(wires, &(const tr_envelope) {.kind = TR_ENVELOPE_PIECE,
                                                  .number = 1,
                                                  .body = front,
                                                  .body_size = size,
                                                  .whole = size + told.body_size});
        tr_failing_allocator_fail_never(&memory);
        wires_run(wires, 5 * MS);
        assert_int_equal(wires->ends[1].border.counts.offences, 0);
        drop_wires(&wires);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(that_are_more_than_may_be_end_the_connection),
        cmocka_unit_test(may_say_anything_when_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
