/* SPDX-License-Identifier: MIT */
/* Probes that go from node to node: what they say, and what becomes of those that lie. */
#include "cluster/rings.h"

#include <string.h>

#include "core/probe.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

/* Promise: RING-FAR-WIRE */
static void have_the_same_bytes_for_ever(void **state)
{
    struct wires *wires = *state;
    tr_peer *peer = wires_peer(wires, 0);
    tr_pool *pool = &wires->ends[0].border.worker->pool;
    static const unsigned char golden[] = {0x09, 5, 0,    0,  0, 0, 0, 0, 0, /* wait */
                                           0x11, 6, 0,    0,  0, 0, 0, 0, 0, /* since */
                                           0x18, 1,                          /* for an answer */
                                           0x21, 7, 0,    0,  0, 0, 0, 0, 0, /* choice */
                                           0x29, 8, 0,    0,  0, 0, 0, 0, 0, /* first */
                                           0x31, 9, 0,    0,  0, 0, 0, 0, 0, /* met */
                                           0x38, 3, 0x40, 1,                 /* hops, second */
                                           0x4a, 2, 'a',  'b'};              /* names */
    troupe_message *message = NULL;
    tr_envelope envelope = {.kind = TR_ENVELOPE_TELL};
    assert_ok(tr_message_with_own_body(pool, TR_FORM_STRUCT, NULL, sizeof(tr_probe_way), &message));
    *tr_probe_way_of(message) =
        (tr_probe_way) {.origin_node = 77,
                        .origin = {.slot = 1, .generation = 2},
                        .origin_edge = {.id = 5, .since_ns = 6, .is_reply = true},
                        .choice = 7,
                        .first_hash = 8,
                        .hash = 9,
                        .hops = 3,
                        .is_second = true,
                        .border = {.window = 4, .count = 10, .to = {.slot = 11, .generation = 12}},
                        .ring = "ab"};
    assert_ok(tr_rings_pack(peer, message, &envelope));
    assert_int_equal(envelope.kind, TR_ENVELOPE_RING);
    assert_int_equal(envelope.kind, 16);
    assert_int_equal(envelope.number, 0);
    assert_int_equal(envelope.window, 4);
    assert_int_equal(envelope.charge, 10);
    assert_int_equal(envelope.to.slot, 11);
    assert_int_equal(envelope.from.node, 77);
    assert_int_equal(envelope.from.generation, 2);
    assert_int_equal(envelope.body_size, sizeof golden);
    assert_memory_equal(envelope.body, golden, sizeof golden);
    tr_message_free(pool, message);
}

static troupe_error asks_for_ever(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return tell(cast, "ask", ask_figure(self, cast->refs[0], 1, TROUPE_FOREVER, &answer));
}

/* Promise: RING-FAR-LIES */
static void do_nothing_when_they_lie(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    struct cast there = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_sleeper));
    const troupe_ref asker =
        wires_root(wires, 0, TROUPE_SPAWN(.body = asks_for_ever, .argument = &cast));
    there.refs[0] = asker;
    (void) wires_root(wires, 1, TROUPE_SPAWN(.body = asks_for_ever, .argument = &there));
    wires_run(wires, 50 * MS);

    /* The wait of `asker` is another's, by its number or its beginning. */
    tr_peer *peer = wires_peer(wires, 0);
    const tr_their *their = tr_numbers_first_their(&peer->numbers);
    assert_non_null(their);
    const uint64_t refused = wires->ends[0].border.counts.envelopes_refused;
    unsigned char body[] = {0x09, 1, 0,    0,   0,   0, 0, 0, 0, /* wait */
                            0x18, 1, 0x38, 255, 255, 3,          /* for an answer; hops */
                            0x40, 1, 0x4a, 1,   '\n'};           /* second; names */
    for (unsigned wait = 0; wait < 20; wait++) {
        tr_envelope lie = {.kind = TR_ENVELOPE_RING,
                           .number = their->number,
                           .from = asker,
                           .form = TR_ENVELOPE_BYTES,
                           .body = body,
                           .body_size = sizeof body};
        body[1] = (unsigned char) wait;
        tr_rings_take(peer, &lie);
        lie.number = 1000 + wait; /* no request of theirs */
        tr_rings_take(peer, &lie);
        lie.number = 0; /* no window of theirs; nobody */
        lie.window = 1 + wait;
        lie.charge = wait;
        lie.to = wait % 2 == 0 ? asker : (troupe_ref) {.slot = 4000000000U, .generation = 1};
        tr_rings_take(peer, &lie);
        lie.from.slot = 4000000000U;
        lie.number = their->number;
        tr_rings_take(peer, &lie);
        wires_run(wires, MS);
    }
    assert_int_equal(wires->ends[0].border.counts.envelopes_refused, refused);
    const tr_envelope broken = {.kind = TR_ENVELOPE_RING,
                                .number = their->number,
                                .from = asker,
                                .form = TR_ENVELOPE_BYTES,
                                .body = body,
                                .body_size = 5};
    tr_rings_take(peer, &broken);
    assert_int_equal(wires->ends[0].border.counts.envelopes_refused, refused + 1);
    wires_run(wires, 3000 * MS);
    assert_silent(cast.seen);
    assert_silent(there.seen);
    assert_true((tr_rights_for(TR_ENVELOPE_RING) & TR_RIGHT_SEND) != 0);
    drop_wires((struct wires **) state); /* ends both */
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

/* Hands one request on, then asks who had sent it. */
static troupe_error hands_on_and_asks(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t answer = 0;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_forward(self, cast->refs[1], &message);
    (void) tell(cast, "forward", error);
    return tell(cast, "ask back", ask_figure(self, cast->refs[2], 1, TROUPE_FOREVER, &answer));
}

static troupe_error answers_late(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(3000));
    return error ? error : play_doubler(self, argument);
}

static troupe_error asks_and_doubles(troupe_self *self, void *argument)
{
    const troupe_error error = asks_for_ever(self, argument);
    return error ? error : play_doubler(self, NULL);
}

/* Promise: RING-FAR-NONE */
static void are_not_seen_where_a_request_was_handed_on(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[1] = wires_root(wires, 1, TROUPE_SPAWN(.body = answers_late));
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = hands_on_and_asks, .argument = &cast));
    cast.refs[2] = wires_root(wires, 0, TROUPE_SPAWN(.body = asks_and_doubles, .argument = &cast));
    wires_run(wires, 2500 * MS);
    assert_said(cast.seen, "forward OK");
    wires_run(wires, 1000 * MS);
    assert_said(cast.seen, "forward OK", "ask OK", "ask back OK");
    drop_probe(&cast.seen);
}

/* Promise: RING-FAR-LIES */
static void are_looked_for_no_longer_than_a_tenth_of_the_time(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 40};
    unsigned char body[] = {0x09, 1, 0, 0, 0, 0, 0, 0, 0};
    wires_open_windows(wires);
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 2));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = play_sender, .argument = &cast));
    wires_run(wires, 10 * MS);
    tr_peer *peer = wires_peer(wires, 1);
    const uint32_t held = tr_landing_held(&peer->landings);
    assert_true(held > 0);
    const tr_envelope ring = {.kind = TR_ENVELOPE_RING,
                              .window = 1,
                              .charge = held,
                              .to = cast.refs[0],
                              .from = {.slot = 1, .generation = 1},
                              .form = TR_ENVELOPE_BYTES,
                              .body = body,
                              .body_size = sizeof body};
    const uint64_t now_ns = wires->ends[1].border.worker->now_ns;
    for (uint64_t i = 0; i < TR_RINGS_AHEAD_NS; i++) {
        tr_rings_take(peer, &ring);
        if (peer->rings_until_ns > now_ns + TR_RINGS_AHEAD_NS) {
            break;
        }
        assert_int_equal(peer->rings_until_ns, now_ns + (i + 1) * held * TR_RING_STEP_NS);
    }
    const uint64_t until_ns = peer->rings_until_ns;
    assert_in_range(until_ns, now_ns + TR_RINGS_AHEAD_NS,
                    now_ns + TR_RINGS_AHEAD_NS + held * TR_RING_STEP_NS);
    tr_rings_take(peer, &ring);
    assert_int_equal(peer->rings_until_ns, until_ns);
    wires_run(wires, 20 * MS);
    tr_rings_take(peer, &ring);
    assert_true(peer->rings_until_ns > until_ns); /* later there is time again */
    drop_wires((struct wires **) state); /* with tiny limits it sends still */
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(have_the_same_bytes_for_ever),
        WITH_WIRES(do_nothing_when_they_lie),
        WITH_WIRES(are_not_seen_where_a_request_was_handed_on),
        WITH_WIRES(are_looked_for_no_longer_than_a_tenth_of_the_time),
    };
    return cmocka_run_group_tests_name("rings", tests, NULL, NULL);
}
