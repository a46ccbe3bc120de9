/* SPDX-License-Identifier: MIT */
/* Stages between streams: they change, join and spread what comes, and pass on how it ends. In
 * virtual time. */
#include "flow/stage.h"

#include "unit/flow/stream_fixture.h"

/* Odd numbers are doubled, those divisible by four dropped; 90 fails. */
static troupe_error change(troupe_self *self, troupe_message **message, void *context)
{
    const uint64_t number = figure_of(*message);
    (void) context;
    if (number == 90) {
        return TROUPE_ERROR_USER;
    }
    if (number % 4 == 0) {
        troupe_message_destroy(message);
    } else if (number % 2 == 1) {
        troupe_message_destroy(message);
        return a_figure(self, 2 * number, message);
    }
    return TROUPE_OK;
}

static troupe_error connect_map(troupe_self *self, struct stage *stage)
{
    return troupe_stream_map(self, stage->streams[0], stage->streams[1], change, NULL);
}

static void open_streams(struct stage *stage)
{
    a_root(stage->world, TROUPE_SPAWN(.body = play_owner, .argument = stage));
}

/* Promise: STREAM-MAP */
static void changes_what_comes_and_ends_with_it(void **state)
{
    static const uint64_t expected[] = {2, 2, 6, 10, 6, 14};
    (void) state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct stage stage;
        struct producer producer = {.first = 1, .last = 8};
        struct consumer consumer = {.stream = 1};
        producer.end = seed % 2 == 0 ? TROUPE_OK : TROUPE_ERROR_USER;
        make(&stage, seed, connect_map);
        open_streams(&stage);
        produce(&stage, &producer);
        consume(&stage, &consumer);
        tr_world_advance(stage.world, 300 * MS);
        assert_int_equal(consumer.got_count, 6);
        assert_memory_equal(consumer.got, expected, sizeof expected);
        assert_int_equal(consumer.error, seed % 2 == 0 ? TROUPE_ERROR_END : TROUPE_ERROR_USER);
        drop(&stage);
    }
}

/* Promise: STREAM-MAP */
static void ends_both_sides_when_its_function_fails(void **state)
{
    (void) state;
    struct stage stage;
    struct producer producer = {.first = 89, .last = 99};
    struct consumer consumer = {.stream = 1};
    make(&stage, 1, connect_map);
    open_streams(&stage);
    produce(&stage, &producer);
    consume(&stage, &consumer);
    tr_world_advance(stage.world, 300 * MS);
    assert_int_equal(consumer.sum, 178);
    assert_int_equal(consumer.error, TROUPE_ERROR_USER);
    assert_said(stage.seen, "send CLOSED");
    drop(&stage);
}

/* Promise: STREAM-MAP */
static void closes_its_input_when_nobody_wants_more(void **state)
{
    (void) state;
    struct stage stage;
    struct producer producer = {.first = 1, .last = 99};
    struct consumer consumer = {.stream = 1, .count = 2};
    make(&stage, 1, connect_map);
    open_streams(&stage);
    produce(&stage, &producer);
    consume(&stage, &consumer);
    tr_world_advance(stage.world, 300 * MS);
    assert_int_equal(consumer.got_count, 2);
    assert_said(stage.seen, "send CLOSED");
    drop(&stage);
}

/* Larger than what an actor takes as a reply unless it says so. */
#define LARGE_SIZE (100U << 10)

static const unsigned char large[LARGE_SIZE];
static const troupe_type large_type = TROUPE_SIGNAL("large");

static troupe_error play_large_producer(troupe_self *self, void *argument)
{
    const struct producer *producer = argument;
    const troupe_ref stream = producer->stage->streams[0];
    for (uint64_t i = 0; i < producer->last; i++) {
        const troupe_bytes bytes = {.data = large, .size = sizeof large};
        TROUPE_AUTO(troupe_message) *message = NULL;
        troupe_error error = troupe_message_create_bytes(self, &large_type, &bytes, &message);
        error = error ? error : troupe_stream_send(self, stream, &message, TROUPE_FOREVER);
        if (error) {
            probe_say(producer->stage->seen, "send %s", troupe_error_name(error));
            return TROUPE_OK;
        }
    }
    return troupe_stream_end(self, stream, TROUPE_OK, TROUPE_FOREVER);
}

static troupe_error connect_plainly(troupe_self *self, struct stage *stage)
{
    return troupe_stream_map(self, stage->streams[0], stage->streams[1], NULL, NULL);
}

/* Promise: STREAM-MAP */
static void passes_large_messages_on(void **state)
{
    (void) state;
    struct stage stage;
    struct producer producer = {.stage = &stage, .last = 5};
    struct consumer consumer = {.stage = &stage, .stream = 1};
    make(&stage, 1, connect_plainly);
    open_streams(&stage);
    a_root(stage.world, TROUPE_SPAWN(.body = play_large_producer, .argument = &producer));
    a_root(stage.world,
           TROUPE_SPAWN(.body = play_consumer, .argument = &consumer, .reply_bytes = sizeof large));
    tr_world_advance(stage.world, 300 * MS);
    assert_int_equal(consumer.got_count, 5);
    assert_int_equal(consumer.error, TROUPE_ERROR_END);
    assert_silent(stage.seen);
    drop(&stage);
}

static troupe_error connect_merge(troupe_self *self, struct stage *stage)
{
    return troupe_stream_merge(self, stage->streams, 3, stage->streams[3]);
}

/* Promise: STREAM-MERGE */
static void brings_streams_together(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct stage stage;
        struct producer producers[3] = {{.first = 0}};
        struct consumer consumer = {.stream = 3};
        uint64_t last[3] = {0};
        make(&stage, seed, connect_merge);
        stage.closers = 3;
        open_streams(&stage);
        for (unsigned i = 0; i < 3; i++) {
            producers[i] =
                (struct producer) {.stream = i, .first = 100 * i + 1, .last = 100 * i + 6};
            produce(&stage, &producers[i]);
        }
        consume(&stage, &consumer);
        tr_world_advance(stage.world, 400 * MS);
        assert_int_equal(consumer.got_count, 18);
        assert_int_equal(consumer.error, TROUPE_ERROR_END);
        for (unsigned i = 0; i < 18; i++) {
            uint64_t *before = &last[consumer.got[i] / 100];
            assert_true(consumer.got[i] > *before); /* each keeps its order */
            *before = consumer.got[i];
        }
        drop(&stage);
    }
}

static uint64_t key_of(const troupe_message *message, void *context)
{
    (void) context;
    return figure_of(message);
}

static troupe_error connect_partition(troupe_self *self, struct stage *stage)
{
    return troupe_stream_partition(self, stage->streams[0], key_of, NULL, &stage->streams[1], 3);
}

/* Promise: STREAM-PARTITION */
static void spreads_a_stream_by_key(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct stage stage;
        struct producer producer = {.first = 1, .last = 18};
        struct consumer consumers[3] = {{.count = 0}};
        make(&stage, seed, connect_partition);
        open_streams(&stage);
        produce(&stage, &producer);
        for (unsigned i = 0; i < 3; i++) {
            consumers[i] = (struct consumer) {.stream = i + 1};
            consume(&stage, &consumers[i]);
        }
        tr_world_advance(stage.world, 400 * MS);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(consumers[i].got_count, 6);
            assert_int_equal(consumers[i].error, TROUPE_ERROR_END);
            for (unsigned j = 0; j < 6; j++) {
                assert_int_equal(consumers[i].got[j] % 3, i);
                assert_true(j == 0 || consumers[i].got[j] > consumers[i].got[j - 1]);
            }
        }
        drop(&stage);
    }
}

/* Its parent, and with it the stage and the streams, are stopped in the middle. */
static void leaves_nothing_when_it_is_stopped(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct stage stage;
        struct producer producer = {.first = 1, .last = 1000};
        struct consumer consumer = {.stream = 1};
        make(&stage, seed, connect_map);
        open_streams(&stage);
        produce(&stage, &producer);
        consume(&stage, &consumer);
        tr_world_advance(stage.world, seed * MS / 4);
        drop(&stage);
        assert_int_not_equal(consumer.error, TROUPE_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_what_comes_and_ends_with_it),
        cmocka_unit_test(ends_both_sides_when_its_function_fails),
        cmocka_unit_test(closes_its_input_when_nobody_wants_more),
        cmocka_unit_test(passes_large_messages_on),
        cmocka_unit_test(brings_streams_together),
        cmocka_unit_test(spreads_a_stream_by_key),
        cmocka_unit_test(leaves_nothing_when_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
