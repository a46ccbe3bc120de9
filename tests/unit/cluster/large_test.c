/* SPDX-License-Identifier: MIT */
/* What messages promise that are larger than a frame: they come whole, in their place, or not at
 * all. */
#include "cluster/large.h"

#include <string.h>

#include "cluster/peer.h"
#include "core/types.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/wire_fixture.h"

#define MS UINT64_C(1000000)
#define LARGE ((size_t) 3 << 20)

static unsigned char pattern[LARGE];

static troupe_error make_large(troupe_self *self, size_t size, troupe_message **out_message)
{
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (unsigned char) (i * 7 + i / 4096);
    }
    const troupe_bytes bytes = {.data = pattern, .size = size};
    return troupe_message_create_bytes(self, &bulk_type, &bytes, out_message);
}

static troupe_error send_large(troupe_self *self, troupe_ref to, size_t size)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = make_large(self, size, &message);
    return error ? error : troupe_send_message(self, to, &message);
}

/* Says what comes; of bytes whether they are as they were. */
static troupe_error reads_all(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        size_t size = 0;
        const void *bytes = troupe_message_bytes(message, &size);
        if (bytes == NULL) {
            probe_say(cast->seen, "%d", (int) figure_of(message));
        } else {
            probe_say(cast->seen, "%d KiB %s", (int) (size >> 10),
                      memcmp(bytes, pattern, size) == 0 ? "whole" : "broken");
            (void) troupe_reply_struct(self, message, &figure_type, &size);
        }
    }
    return TROUPE_OK;
}

static troupe_error sends_among_small_ones(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = send_figure(self, cast->refs[0], 1);
    error = error ? error : send_large(self, cast->refs[0], LARGE);
    error = error ? error : send_figure(self, cast->refs[0], 2);
    error = error ? error : send_large(self, cast->refs[0], LARGE - 1024);
    error = error ? error : send_figure(self, cast->refs[1], 4);
    return error ? error : send_figure(self, cast->refs[0], 3);
}

static troupe_ref a_reader(struct wires *wires, struct cast *cast)
{
    return wires_root(
        wires, 1,
        TROUPE_SPAWN(.body = reads_all, .argument = cast, .mailbox_bytes = UINT64_C(64) << 20));
}

/* Promise: REMOTE-LARGE */
static void come_whole_and_in_their_place(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    struct cast other = {.seen = a_probe()};
    assert_ok(tr_types_learn(wires_system(wires, 1), false, &bulk_type));
    cast.refs[0] = a_reader(wires, &cast);
    cast.refs[1] = a_reader(wires, &other);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_among_small_ones, .argument = &cast));
    wires_run(wires, 20 * MS);

    assert_said(cast.seen, "1", "3072 KiB whole", "2", "3071 KiB whole", "3");
    assert_said(other.seen, "4");
    assert_int_equal(wires->ends[1].border.counts.frames_malformed, 0);
    assert_int_equal(wires->ends[1].border.counts.envelopes_refused, 0);
    drop_probe(&cast.seen);
    drop_probe(&other.seen);
}

static troupe_error asks_with_much(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = make_large(self, LARGE, &message);
    error = error ? error
                  : troupe_ask_message(self, cast->refs[0], &message, TROUPE_WITHIN_S(1), &reply);
    return tell(cast, "asked", error);
}

/* Whoever waits when a connection ends of which only some pieces have gone is told. */
static void are_lost_as_a_whole(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    assert_ok(tr_types_learn(wires_system(wires, 1), false, &bulk_type));
    cast.refs[0] = a_reader(wires, &cast);
    wires->delay_ns_max = 1 * MS;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_with_much, .argument = &cast));
    wires_run(wires, MS / 2);
    wires_cut(wires, true);
    wires_connect(wires);
    wires_run(wires, 20 * MS);
    assert_said(cast.seen, "asked NODE_LOST");
    probe_clear(cast.seen);

    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_with_much, .argument = &cast));
    wires_run(wires, 20 * MS);
    assert_said(cast.seen, "3072 KiB whole", "asked OK");
    drop_probe(&cast.seen);
}

static troupe_error answers_with_much(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *request = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_receive(self, &request, TROUPE_FOREVER);
    error = error ? error : make_large(self, LARGE, &reply);
    return error ? error : troupe_reply_message(self, request, &reply);
}

static troupe_error asks_for_much(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t figure = 1;
    size_t size = 0;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error =
        troupe_ask_struct(self, cast->refs[0], &figure_type, &figure, TROUPE_WITHIN_S(1), &reply);
    const void *bytes = troupe_message_bytes(reply, &size);
    probe_say(cast->seen, "%d KiB", bytes != NULL ? (int) (size >> 10) : -1);
    return error;
}

/* Promise: REMOTE-LARGE */
static void are_answers_too(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    assert_ok(tr_types_learn(wires_system(wires, 0), false, &bulk_type));
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = answers_with_much));
    (void) wires_root(
        wires, 0, TROUPE_SPAWN(.body = asks_for_much, .argument = &cast, .reply_bytes = 2 * LARGE));
    wires_run(wires, 20 * MS);
    assert_said(cast.seen, "3072 KiB");
    const tr_peer *peer = tr_border_peer(&wires->ends[1].border, wires->ends[0].node);
    assert_int_equal(peer->at_once, 0);
    assert_int_equal(peer->answer_bytes, 0);
    drop_probe(&cast.seen);
}

static troupe_error sends_each_size(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (; cast->count < cast->number && error == TROUPE_OK; cast->count++) {
        error = send_large(self, cast->refs[0], TR_FRAME_BYTES_MAX + 11840 + cast->count);
    }
    return tell(cast, "sent", error);
}

/* However much is left for the last piece: with one of these sizes it is as much as the front. */
static void have_no_piece_too_many(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .number = 128};
    assert_ok(tr_types_learn(wires_system(wires, 1), false, &bulk_type));
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_each_size, .argument = &cast));
    wires_run(wires, 200 * MS);
    assert_int_equal(wires->ends[1].border.counts.envelopes_refused, 0);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(come_whole_and_in_their_place),
        WITH_WIRES(are_lost_as_a_whole),
        WITH_WIRES(are_answers_too),
        WITH_WIRES(have_no_piece_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
