/* SPDX-License-Identifier: MIT */
/* What a node does with frames made by hand: such as no node of ours sends, or so many. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/outgoing.h"
#include "cluster/peer.h"
#include "core/types.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define GUEST UINT64_C(0x1111)
#define THIRD UINT64_C(0x3333)
#define ROOM ((size_t) TR_FRAME_BYTES_MAX)
#define LAST_MAX 16

/* A node, and what it sends to the guest. */
struct desk {
    tr_world *world;
    tr_border border;
    tr_arena arena;
    tr_envelope last[LAST_MAX]; /* without what is borrowed, in a ring */
    uint32_t sent;
    uint32_t frames;
    bool is_stuck;
    unsigned char *bytes; /* of the next frame */
    tr_frame_writer writer;
    struct cast cast;
    tr_failing_allocator memory;
};

static bool send_frame(void *context, uint64_t to_node, const void *data, size_t size)
{
    struct desk *desk = context;
    tr_frame_head head;
    tr_frame_reader reader;
    if (desk->is_stuck || to_node != GUEST) {
        return !desk->is_stuck;
    }
    assert_true(tr_frame_read(&desk->arena, data, size, &head, &reader));
    for (size_t i = 0; i < reader.count; i++) {
        tr_envelope *envelope = &desk->last[desk->sent++ % LAST_MAX];
        assert_true(tr_frame_envelope(&reader, i, envelope));
        envelope->type = NULL;
        envelope->body = NULL;
        envelope->name = NULL;
    }
    desk->frames++;
    return true;
}

static const tr_envelope *last_of(const struct desk *desk)
{
    assert_true(desk->sent > 0);
    return &desk->last[(desk->sent - 1) % LAST_MAX];
}

static void run(struct desk *desk, uint64_t ms)
{
    tr_world_advance(desk->world, ms * MS);
}

static uint64_t here(const struct desk *desk)
{
    return tr_world_worker(desk->world, 0)->system->options.node_id;
}

static int set(void **state)
{
    static struct desk desk;
    static troupe_allocator port;
    desk = (struct desk) {.bytes = malloc(ROOM), .memory = TR_FAILING_ALLOCATOR_INIT};
    port = tr_failing_allocator_port(&desk.memory);
    desk.world = a_world_of(&(const tr_world_options) {.seed = 1, .allocator = &port});
    tr_system *system = tr_world_worker(desk.world, 0)->system;
    const tr_wire_port wire = {.context = &desk, .send = send_frame};
    tr_arena_init(&desk.arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    tr_border_init(&desk.border, system, &wire);
    const troupe_spawn_options spawn = tr_border_spawn_options(&desk.border);
    (void) a_root(desk.world, &spawn);
    assert_ok(tr_types_learn(system, false, &figure_type));
    assert_ok(tr_types_learn(system, false, &bulk_type));
    assert_ok(tr_border_connected(&desk.border, GUEST));
    run(&desk, 1);
    desk.cast.seen = a_probe();
    *state = &desk;
    return 0;
}

static int drop(void **state)
{
    struct desk *desk = *state;
    assert_true(tr_world_stop(desk->world));
    assert_sound(desk->world);
    tr_border_fini(&desk->border);
    tr_world_destroy(&desk->world);
    tr_arena_fini(&desk->arena);
    drop_probe(&desk->cast.seen);
    free(desk->bytes);
    return 0;
}

static void begin(struct desk *desk, uint64_t from, uint64_t connection, uint64_t sequence)
{
    const tr_frame_head head = {
        .from = from, .to = here(desk), .connection = connection, .sequence = sequence};
    desk->writer = (tr_frame_writer) {.data = desk->bytes, .capacity = ROOM};
    tr_frame_begin(&desk->writer, &head);
}

static void end(struct desk *desk)
{
    tr_border_accept(&desk->border, GUEST, desk->bytes, desk->writer.size, 0);
}

/* A figure for an actor here. */
static tr_envelope an_envelope(tr_envelope_kind kind, troupe_ref to)
{
    to.node = 0;
    return (tr_envelope) {.kind = kind,
                          .form = TR_ENVELOPE_STRUCT,
                          .to = to,
                          .from = {.slot = 5, .generation = 6},
                          .type = "figure",
                          .body = "\7\0\0\0\0\0\0\0",
                          .body_size = sizeof(uint64_t)};
}

static void give(struct desk *desk, uint64_t sequence, const tr_envelope *envelope)
{
    begin(desk, GUEST, 1, sequence);
    assert_true(tr_frame_add(&desk->writer, envelope));
    end(desk);
    run(desk, 1);
}

/* Says of whom each message is, and sends it on to an actor of the guest's. */
static troupe_error sends_on(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        probe_say(cast->seen, "%d of %x:%u, trace %d", (int) figure_of(message),
                  (unsigned) troupe_message_sender(message).node,
                  (unsigned) troupe_message_sender(message).slot,
                  (int) troupe_message_trace_id(message));
        (void) (troupe_message_wants_reply(message)
                    ? troupe_forward(self, cast->refs[0], &message)
                    : troupe_send_message(self, cast->refs[0], &message));
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-REF, REMOTE-FORWARD */
static void name_their_senders_be_they_of_a_third_node(void **state)
{
    struct desk *desk = *state;
    desk->cast.refs[0] = (troupe_ref) {.node = GUEST, .slot = 1, .generation = 1};
    const troupe_ref to =
        a_root(desk->world, TROUPE_SPAWN(.body = sends_on, .argument = &desk->cast));
    tr_envelope tell = an_envelope(TR_ENVELOPE_TELL, to);
    give(desk, 1, &tell); /* 0 is the one it comes from */
    tell.from.node = THIRD;
    tell.trace_id = 77;
    give(desk, 2, &tell);

    assert_said(desk->cast.seen, "7 of 1111:5, trace 0", "7 of 3333:5, trace 77");
    assert_int_equal(desk->sent, 2);
    assert_int_equal(last_of(desk)->trace_id, 77);
    tell.kind = TR_ENVELOPE_ASK; /* forwarded: who asks is still the third */
    tell.number = 1;
    give(desk, 3, &tell);
    assert_int_equal(last_of(desk)->kind, TR_ENVELOPE_ASK);
    assert_int_equal(last_of(desk)->from.node, THIRD);
}

static troupe_error looks_up(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref = troupe_ref_none();
    const troupe_error error = troupe_lookup_on(self, GUEST, "clerk", TROUPE_FOREVER, &ref);
    probe_say(cast->seen, "%s %x:%u", troupe_error_name(error), (unsigned) ref.node,
              (unsigned) ref.slot);
    return TROUPE_OK;
}

/* Promise: REMOTE-LOOKUP */
static void find_an_actor_of_the_node_that_answers(void **state)
{
    struct desk *desk = *state;
    tr_envelope reply = an_envelope(TR_ENVELOPE_REPLY, troupe_ref_none());
    for (uint64_t i = 1; i <= 2; i++) {
        (void) a_root(desk->world, TROUPE_SPAWN(.body = looks_up, .argument = &desk->cast));
        run(desk, 1);
        reply.number = last_of(desk)->number;
        give(desk, i, &reply);
        reply.from = troupe_ref_none(); /* nobody was found, and no error */
    }
    assert_said(desk->cast.seen, "OK 1111:5", "PROTOCOL 0:0");
}

static troupe_error asks_once(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[0], 1, TROUPE_FOREVER, &answer);
    probe_say(cast->seen, "%s %d", troupe_error_name(error), (int) answer);
    return TROUPE_OK;
}

static uint64_t number_of_the_first(const struct desk *desk)
{
    uint64_t number = 0;
    const tr_peer *peer = tr_border_peer(&desk->border, GUEST);
    assert_non_null(tr_numbers_next_own(&peer->numbers, &number));
    return number;
}

static troupe_error watches_once(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_monitor_id id;
    const troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    return error ? error : play_listener(self, argument);
}

/* Promise: REMOTE-HOSTILE */
static void answer_nothing_that_was_not_sent_yet(void **state)
{
    struct desk *desk = *state;
    static const tr_envelope_kind kinds[] = {TR_ENVELOPE_REPLY, TR_ENVELOPE_DOWN};
    desk->cast.refs[0] = (troupe_ref) {.node = GUEST, .slot = 1, .generation = 1};
    uint64_t sequence = 0;
    for (unsigned i = 0; i < 2; i++) {
        desk->is_stuck = true;
        (void) a_root(desk->world, TROUPE_SPAWN(.body = i == 0 ? asks_once : watches_once,
                                                .argument = &desk->cast));
        run(desk, 1);
        tr_envelope answer = an_envelope(kinds[i], troupe_ref_none());
        answer.number = number_of_the_first(desk);
        answer.down = TROUPE_DOWN_STOPPED;
        give(desk, ++sequence, &answer);
        assert_int_equal(desk->border.counts.answers_late, i + 1);
        assert_silent(desk->cast.seen);
        desk->is_stuck = false;
        run(desk, 2);
        answer.kind = kinds[1 - i]; /* not the one that is waited for */
        give(desk, ++sequence, &answer);
        assert_silent(desk->cast.seen);
        desk->border.counts.answers_late = i + 1;
        answer.kind = kinds[i];
        give(desk, ++sequence, &answer);
        assert_int_equal(probe_count(desk->cast.seen), 1);
        probe_clear(desk->cast.seen);
    }
}

static troupe_error answers_later(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    return error ? error : reply_figure(self, message, 8);
}

/* Promise: REMOTE-HOSTILE */
static void take_back_what_they_have_asked_for_and_nothing_else(void **state)
{
    struct desk *desk = *state;
    const troupe_ref to = a_root(desk->world, TROUPE_SPAWN(.body = answers_later));
    tr_envelope envelope = an_envelope(TR_ENVELOPE_MONITOR, to);
    envelope.number = 1;
    give(desk, 1, &envelope);
    envelope.kind = TR_ENVELOPE_ASK;
    envelope.number = 2;
    give(desk, 2, &envelope);
    envelope.kind = TR_ENVELOPE_CANCEL; /* of the monitor */
    envelope.number = 1;
    give(desk, 3, &envelope);
    envelope.kind = TR_ENVELOPE_DEMONITOR; /* of the request */
    envelope.number = 2;
    give(desk, 4, &envelope);
    run(desk, 20);

    assert_int_equal(desk->sent, 2);
    assert_int_equal(desk->last[0].kind, TR_ENVELOPE_REPLY);
    assert_int_equal(desk->last[0].number, 2);
    assert_int_equal(desk->last[0].error, TROUPE_OK);
    assert_int_equal(desk->last[1].kind, TR_ENVELOPE_DOWN);
    assert_int_equal(desk->last[1].number, 1);
}

/* Promise: REMOTE-STALE */
static void reach_no_actor_in_the_place_of_one_of_another_node(void **state)
{
    struct desk *desk = *state;
    const troupe_ref to = a_root(desk->world, TROUPE_SPAWN(.body = play_doubler));
    tr_envelope ask = an_envelope(TR_ENVELOPE_ASK, to);
    ask.number = 1;
    ask.to.node = THIRD;
    give(desk, 1, &ask);
    assert_int_equal(last_of(desk)->error, TROUPE_ERROR_STALE);
}

/* Promise: REMOTE-LEDGER */
static void count_as_carried_there_and_accepted_here(void **state)
{
    struct desk *desk = *state;
    troupe_counts before;
    troupe_counts after;
    desk->cast.refs[0] = (troupe_ref) {.node = GUEST, .slot = 1, .generation = 1};
    tr_world_counts(desk->world, &before);
    (void) a_root(desk->world, TROUPE_SPAWN(.body = asks_once, .argument = &desk->cast));
    run(desk, 1);
    tr_world_counts(desk->world, &after);
    assert_int_equal(after.accepted - before.accepted, 1);
    assert_int_equal(after.outcomes[TROUPE_OUTCOME_CARRIED], 1);

    tr_envelope reply = an_envelope(TR_ENVELOPE_REPLY, troupe_ref_none());
    reply.number = last_of(desk)->number;
    give(desk, 1, &reply);
    tr_world_counts(desk->world, &after);
    assert_said(desk->cast.seen, "OK 7");
    assert_int_equal(after.accepted - before.accepted, 2);
    assert_int_equal(
        after.outcomes[TROUPE_OUTCOME_HANDLED] - before.outcomes[TROUPE_OUTCOME_HANDLED], 1);

    const troupe_ref doubler = a_root(desk->world, TROUPE_SPAWN(.body = play_doubler));
    const tr_envelope tell = an_envelope(TR_ENVELOPE_TELL, doubler);
    tr_envelope ask = an_envelope(TR_ENVELOPE_ASK, doubler);
    ask.number = 1;
    tr_world_counts(desk->world, &before);
    give(desk, 2, &ask);
    give(desk, 3, &tell);
    tr_world_counts(desk->world, &after);
    assert_int_equal(last_of(desk)->kind, TR_ENVELOPE_REPLY);
    assert_int_equal(after.accepted - before.accepted, 3); /* the answer too */
    assert_int_equal(after.outcomes[TROUPE_OUTCOME_CARRIED], 2);
}

/* Promise: REMOTE-HOSTILE */
static void answer_with_no_more_than_the_asker_takes(void **state)
{
    struct desk *desk = *state;
    desk->cast.refs[0] = (troupe_ref) {.node = GUEST, .slot = 1, .generation = 1};
    (void) a_root(desk->world, TROUPE_SPAWN(.body = asks_once, .argument = &desk->cast,
                                            .reply_bytes = sizeof(uint64_t) - 1));
    run(desk, 1);
    tr_envelope reply = an_envelope(TR_ENVELOPE_REPLY, troupe_ref_none());
    reply.number = last_of(desk)->number;
    give(desk, 1, &reply);
    assert_said(desk->cast.seen, "TOO_LARGE 0");
}

/* Promise: REMOTE-MEMORY */
static void are_counted_where_there_is_no_memory_for_them(void **state)
{
    static const unsigned char many[1024];
    struct desk *desk = *state;
    const troupe_ref to =
        a_root(desk->world, TROUPE_SPAWN(.body = play_listener, .argument = &desk->cast));
    tr_envelope tell = an_envelope(TR_ENVELOPE_TELL, to);
    tell.form = TR_ENVELOPE_BYTES;
    tell.type = bulk_type.name;
    tell.body = many;
    tell.body_size = sizeof many;
    give(desk, 1, &tell);
    assert_int_equal(probe_count(desk->cast.seen), 1);
    tr_failing_allocator_fail_after(&desk->memory, 0);
    give(desk, 2, &tell);
    tr_failing_allocator_fail_never(&desk->memory);
    assert_int_equal(desk->border.counts.envelopes_lost, 1);
    assert_int_equal(desk->border.counts.envelopes_refused, 0);
    assert_int_equal(probe_count(desk->cast.seen), 1);
}

/* Promise: REMOTE-MEMORY */
static void hear_of_the_connection_that_ends_before_the_next(void **state)
{
    struct desk *desk = *state;
    assert_ok(tr_border_connected(&desk->border, GUEST));
    const uint32_t frames = desk->frames;
    const uint64_t connections = desk->border.counts.connections;
    tr_outgoing_break(tr_border_peer(&desk->border, GUEST)); /* and it has not greeted yet */
    run(desk, 1);
    assert_int_equal(desk->border.counts.connections, connections + 1);
    assert_int_equal(desk->frames, frames + 2);
}

/* Promise: REMOTE-GAP */
static void are_not_taken_of_a_connection_that_was_lost_though_none_was_heard_of_since(void **state)
{
    struct desk *desk = *state;
    const troupe_ref to =
        a_root(desk->world, TROUPE_SPAWN(.body = play_listener, .argument = &desk->cast));
    const tr_envelope tell = an_envelope(TR_ENVELOPE_TELL, to);
    give(desk, 1, &tell);
    tr_border_lost(&desk->border, GUEST, TROUPE_ERROR_NODE_LOST);
    assert_ok(tr_border_connected(&desk->border, GUEST));
    run(desk, 1);
    const uint32_t frames = desk->frames;
    give(desk, 2, &tell);

    assert_said(desk->cast.seen, "got 7");
    assert_int_equal(desk->border.counts.frames_old, 1);
    assert_int_equal(desk->frames, frames + 1); /* they are told that there is a new one */
}

/* Promise: REMOTE-HOSTILE */
static void are_not_taken_in_the_name_of_another(void **state)
{
    struct desk *desk = *state;
    const troupe_ref to =
        a_root(desk->world, TROUPE_SPAWN(.body = play_listener, .argument = &desk->cast));
    const tr_envelope tell = an_envelope(TR_ENVELOPE_TELL, to);
    assert_ok(tr_border_connected(&desk->border, THIRD));
    begin(desk, THIRD, 1, 1);
    assert_true(tr_frame_add(&desk->writer, &tell));
    end(desk);
    run(desk, 1);
    assert_silent(desk->cast.seen);
    assert_int_equal(desk->border.counts.frames_malformed, 1);
}

/* Promise: REMOTE-HOSTILE */
static void open_no_more_requests_than_may_be(void **state)
{
    struct desk *desk = *state;
    const troupe_ref to =
        a_root(desk->world,
               TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = TR_ENTRANCE_ASKS_MAX + 1,
                            .mailbox_bytes = UINT64_C(1) << 30));
    tr_envelope ask = an_envelope(TR_ENVELOPE_ASK, to);
    uint64_t sequence = 0;
    while (ask.number < TR_ENTRANCE_ASKS_MAX) {
        begin(desk, GUEST, 1, ++sequence);
        for (uint32_t i = 0; i < 512; i++) {
            ask.number++;
            assert_true(tr_frame_add(&desk->writer, &ask));
        }
        end(desk);
    }
    run(desk, 1);
    assert_int_equal(desk->sent, 0);
    ask.number++;
    give(desk, ++sequence, &ask);
    assert_int_equal(desk->sent, 1);
    assert_int_equal(last_of(desk)->number, ask.number);
    assert_int_equal(last_of(desk)->error, TROUPE_ERROR_LIMIT_REACHED);
}

/* Promise: REMOTE-FULL */
static void are_parked_up_to_so_many_bytes(void **state)
{
    struct desk *desk = *state;
    const size_t size = 900 << 10;
    troupe_counts counts;
    const troupe_ref to =
        a_root(desk->world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    tr_envelope tell = an_envelope(TR_ENVELOPE_TELL, to);
    unsigned char *body = calloc(1, size);
    tell.form = TR_ENVELOPE_BYTES;
    tell.type = bulk_type.name;
    tell.body = body;
    tell.body_size = size;
    for (uint64_t i = 1; i <= 20; i++) {
        give(desk, i, &tell);
    }
    free(body);
    tr_world_counts(desk->world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 20 - 1 - (8 << 20) / size);
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(name_their_senders_be_they_of_a_third_node),
        WITH_DESK(find_an_actor_of_the_node_that_answers),
        WITH_DESK(answer_nothing_that_was_not_sent_yet),
        WITH_DESK(take_back_what_they_have_asked_for_and_nothing_else),
        WITH_DESK(reach_no_actor_in_the_place_of_one_of_another_node),
        WITH_DESK(count_as_carried_there_and_accepted_here),
        WITH_DESK(answer_with_no_more_than_the_asker_takes),
        WITH_DESK(are_counted_where_there_is_no_memory_for_them),
        WITH_DESK(hear_of_the_connection_that_ends_before_the_next),
        WITH_DESK(are_not_taken_of_a_connection_that_was_lost_though_none_was_heard_of_since),
        WITH_DESK(are_not_taken_in_the_name_of_another),
        WITH_DESK(open_no_more_requests_than_may_be),
        WITH_DESK(are_parked_up_to_so_many_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
