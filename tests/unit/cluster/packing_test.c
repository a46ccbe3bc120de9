/* SPDX-License-Identifier: MIT */
/* What becomes of each message that goes out. */
#include "cluster/packing.h"

#include "core/failure.h"
#include "core/far.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static tr_peer *peer_of(struct wires *wires)
{
    return tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
}

static tr_pool *pool_of(struct wires *wires)
{
    return &wires->ends[0].border.worker->pool;
}

static tr_envelope packed(struct wires *wires, troupe_message *message)
{
    tr_envelope envelope;
    assert_ok(tr_packing_pack(peer_of(wires), message, &envelope));
    tr_message_free(pool_of(wires), message);
    return envelope;
}

static troupe_message *an_end(struct wires *wires, const troupe_type *type, uint64_t correlation)
{
    const troupe_down down = {.reason = TROUPE_ERROR_PROTOCOL, .kind = TROUPE_DOWN_FAILED};
    troupe_message *message = NULL;
    assert_ok(tr_message_of_struct(pool_of(wires), type, &down, &message));
    tr_message_set_kind(message, TR_KIND_DOWN);
    message->correlation = correlation;
    tr_packing_set_number(message, 7);
    return message;
}

static void tells_an_answer_from_an_exit(void **state)
{
    tr_envelope envelope = packed(*state, an_end(*state, &troupe_down_type, 5));
    assert_int_equal(envelope.kind, TR_ENVELOPE_DOWN);
    assert_int_equal(envelope.number, 5);
    envelope = packed(*state, an_end(*state, &troupe_exit_type, 5));
    assert_int_equal(envelope.kind, TR_ENVELOPE_DOWN);
    assert_int_equal(envelope.number, 5);
    envelope = packed(*state, an_end(*state, &troupe_exit_type, 0));
    assert_int_equal(envelope.kind, TR_ENVELOPE_EXIT);
    assert_int_equal(envelope.number, 7);
    assert_int_equal(envelope.error, TROUPE_ERROR_PROTOCOL);
    assert_int_equal(envelope.down, TROUPE_DOWN_FAILED);
}

static void tells_an_unlink_from_a_demonitor(void **state)
{
    troupe_message *message = tr_message_of_kind(pool_of(*state), TR_KIND_DEMONITOR);
    message->correlation = 5;
    tr_envelope envelope = packed(*state, message);
    assert_int_equal(envelope.kind, TR_ENVELOPE_DEMONITOR);
    assert_int_equal(envelope.number, 5);

    message = tr_message_of_kind(pool_of(*state), TR_KIND_DEMONITOR);
    message->correlation = 5;
    message->value = 1;
    tr_packing_set_number(message, 7);
    envelope = packed(*state, message);
    assert_int_equal(envelope.kind, TR_ENVELOPE_EXIT);
    assert_int_equal(envelope.number, 7);
    assert_int_equal(envelope.error, TROUPE_OK);
}

static void says_what_signal_it_is(void **state)
{
    static const struct {
        uint32_t bits;
        tr_envelope_signal signal;
    } cases[] = {{TR_SIGNAL_STOP, TR_ENVELOPE_STOP},
                 {TR_SIGNAL_CANCEL, TR_ENVELOPE_CANCEL_ACTOR},
                 {TR_SIGNAL_CANCEL | TR_SIGNAL_KILL, TR_ENVELOPE_KILL}};
    for (unsigned i = 0; i < 3; i++) {
        const tr_far_signal signal = {.bits = cases[i].bits};
        troupe_message *message = NULL;
        assert_ok(tr_message_of_struct(pool_of(*state), &tr_far_signal_type, &signal, &message));
        assert_ok(tr_message_extend(pool_of(*state), &message));
        tr_message_extended(message)->to = (tr_address) {.slot = 3, .generation = 4};
        const tr_envelope envelope = packed(*state, message);
        assert_int_equal(envelope.kind, TR_ENVELOPE_SIGNAL);
        assert_int_equal(envelope.signal, cases[i].signal);
        assert_int_equal(envelope.to.slot, 3);
        assert_int_equal(envelope.to.generation, 4);
    }
}

static void says_why_a_handler_failed(void **state)
{
    troupe_message *message = NULL;
    tr_envelope envelope;
    assert_ok(tr_failure_make(pool_of(*state), TROUPE_ERROR_PROTOCOL, "no tea", 6, &message));
    tr_message_set_kind(message, TR_KIND_REPLY);
    message->correlation = 5;
    assert_ok(tr_packing_pack(peer_of(*state), message, &envelope));
    assert_int_equal(envelope.kind, TR_ENVELOPE_REPLY);
    assert_int_equal(envelope.number, 5);
    assert_int_equal(envelope.error, TROUPE_ERROR_HANDLER_FAILED);
    assert_int_equal(envelope.cause, TROUPE_ERROR_PROTOCOL);
    assert_int_equal(envelope.text_size, 6);
    assert_memory_equal(envelope.text, "no tea", 6);
    tr_message_free(pool_of(*state), message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(tells_an_answer_from_an_exit),
        WITH_WIRES(tells_an_unlink_from_a_demonitor),
        WITH_WIRES(says_what_signal_it_is),
        WITH_WIRES(says_why_a_handler_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
