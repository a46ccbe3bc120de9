/* SPDX-License-Identifier: MIT */
/* What envelopes in pieces promise: whatever comes as such, it takes no more than it may. */
#include "cluster/pieces.h"

#include "cluster/peer.h"
#include "support/wire_fixture.h"

#define MS UINT64_C(1000000)

/* Promise: REMOTE-HOSTILE */
static void that_are_more_than_may_be_end_the_connection(void **state)
{
    struct wires *wires = *state;
    tr_border *border = &wires->ends[1].border;
    unsigned char bytes[512];
    tr_frame_writer writer = {.data = bytes, .capacity = sizeof bytes};
    const uint64_t wholes[] = {UINT64_C(1) << 40, TR_LARGE_BYTES_MAX + 1, 2};
    for (unsigned i = 0; i < 3; i++) {
        wires_run(wires, 5 * MS);
        const tr_peer *peer = tr_border_peer(border, wires->ends[0].node);
        const tr_frame_head head = {.from = wires->ends[0].node,
                                    .to = wires->ends[1].node,
                                    .connection = peer->their_connection,
                                    .sequence = peer->their_sequence + 1};
        tr_frame_begin(&writer, &head);
        assert_true(tr_frame_add(&writer, &(const tr_envelope) {.kind = TR_ENVELOPE_PIECE,
                                                                .number = 1,
                                                                .body = "abc",
                                                                .body_size = 3,
                                                                .whole = wholes[i]}));
        tr_border_accept(border, wires->ends[0].node, bytes, writer.size, 0);
        wires_run(wires, 5 * MS);
        assert_int_equal(border->counts.offences, i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(that_are_more_than_may_be_end_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
