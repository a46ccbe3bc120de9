/* SPDX-License-Identifier: MIT */
/* Credit that is owed to another node: what is said of it, and when. */
#include "cluster/credit.h"

#include "base/memory.h"
#include "cluster/peer.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

/* What node 0 has said of it. */
struct seen {
    tr_arena arena;
    uint32_t frames;
    uint64_t messages[4];
    uint64_t bytes[4];
};

static void see(void *context, uint32_t from, const void *data, size_t size)
{
    struct seen *seen = context;
    tr_frame_head head;
    tr_frame_reader reader;
    if (from != 0) {
        return;
    }
    seen->frames++;
    assert_true(tr_frame_read(&seen->arena, data, size, &head, &reader));
    for (size_t i = 0; i < reader.count; i++) {
        tr_envelope envelope;
        assert_true(tr_frame_envelope(&reader, i, &envelope));
        assert_int_equal(envelope.kind, TR_ENVELOPE_CREDIT);
        assert_in_range(envelope.window, 1, 3);
        seen->messages[envelope.window] += envelope.number;
        seen->bytes[envelope.window] += envelope.charge;
    }
}

static tr_peer *begin(struct wires *wires, struct seen *seen)
{
    *seen = (struct seen) {.frames = 0};
    tr_arena_init(&seen->arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    wires_run(wires, 2 * MS);
    wires->see = see;
    wires->context = seen;
    return tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
}

/* Promise: CREDIT-SAID */
static void is_said_after_a_while_or_when_it_is_much(void **state)
{
    struct wires *wires = *state;
    struct seen seen;
    tr_peer *peer = begin(wires, &seen);
    wires->ends[1].is_deaf = true; /* which has not sent anything */
    tr_credit_owe(peer, 2, 0);
    tr_credit_owe(peer, 1, 100);
    if (!SHAKES) { /* there one is much */
        wires_run(wires, TR_CREDIT_NS / 2);
        assert_int_equal(seen.frames, 0);
    }
    wires_run(wires, TR_CREDIT_NS);
    assert_int_equal(seen.frames, 1);
    assert_int_equal(seen.messages[1], 1);
    assert_int_equal(seen.bytes[1], 100);
    assert_int_equal(seen.messages[2], 1);
    assert_int_equal(seen.bytes[2], 0);

    for (unsigned i = 0; i < TR_CREDIT_SOON_MESSAGES; i++) {
        tr_credit_owe(peer, 3, 0);
    }
    tr_credit_owe(peer, 1, TR_CREDIT_SOON_BYTES);
    wires_run(wires, TR_CREDIT_NS / 10);
    assert_int_equal(seen.frames, 2);
    assert_int_equal(seen.messages[3], TR_CREDIT_SOON_MESSAGES);
    assert_int_equal(seen.bytes[1], 100 + TR_CREDIT_SOON_BYTES);
    wires_run(wires, 5 * TR_CREDIT_NS);
    assert_int_equal(seen.frames, 2);
    wires->see = NULL;
    tr_arena_fini(&seen.arena);
}

/* Promise: CREDIT-SAID */
static void is_kept_while_the_wire_takes_nothing_and_not_beyond_the_session(void **state)
{
    struct wires *wires = *state;
    struct seen seen;
    tr_peer *peer = begin(wires, &seen);
    wires->ends[1].is_deaf = true;
    wires->ends[0].is_stuck = true;
    tr_credit_owe(peer, 900, 1); /* makes room for more numbers */
    tr_credit_forget(peer);
    tr_credit_owe(peer, 1, 1);
    wires_run(wires, 10 * TR_CREDIT_NS);
    tr_credit_owe(peer, 1, 1);
    wires->ends[0].is_stuck = false;
    wires_run(wires, 2 * TR_CREDIT_NS);
    assert_int_equal(seen.messages[1], 2);
    assert_int_equal(seen.bytes[1], 2);

    tr_credit_owe(peer, 2, 1);
    wires->see = NULL;
    wires_cut(wires, true);
    assert_int_equal(peer->credit.first, 0);
    tr_credit_owe(peer, 2, 1); /* of a session that is over */
    assert_int_equal(peer->credit.first, 0);
    tr_arena_fini(&seen.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(is_said_after_a_while_or_when_it_is_much),
        WITH_WIRES(is_kept_while_the_wire_takes_nothing_and_not_beyond_the_session),
    };
    return cmocka_run_group_tests_name("credit", tests, NULL, NULL);
}
