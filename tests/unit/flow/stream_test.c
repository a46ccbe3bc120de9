/* SPDX-License-Identifier: MIT */
/* Streams: order, credit, ends and errors in band, batches. In virtual time. */
#include "unit/flow/stream_fixture.h"

static void open_streams(struct stage *stage)
{
    a_root(stage->world, TROUPE_SPAWN(.body = play_owner, .argument = stage));
}

/* Promise: STREAM-ORDER, STREAM-END */
static void gives_all_in_order_and_then_the_end(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct stage stage;
        struct producer producer = {.first = 1, .last = 20};
        struct consumer consumer = {.count = 0};
        make(&stage, seed, NULL);
        open_streams(&stage);
        produce(&stage, &producer);
        consume(&stage, &consumer);
        tr_world_advance(stage.world, 200 * MS);
        assert_int_equal(consumer.got_count, 20);
        for (unsigned i = 0; i < 20; i++) {
            assert_int_equal(consumer.got[i], i + 1);
        }
        assert_int_equal(consumer.error, TROUPE_ERROR_END);
        drop(&stage);
    }
}

/* Promise: STREAM-END */
static void gives_what_was_sent_and_then_the_error(void **state)
{
    (void) state;
    struct stage stage;
    struct producer producer = {.first = 1, .last = 2, .end = TROUPE_ERROR_USER};
    struct producer late = {.first = 3, .last = 3};
    struct consumer consumer = {.count = 0};
    make(&stage, 2, NULL);
    open_streams(&stage);
    produce(&stage, &producer);
    tr_world_advance(stage.world, 100 * MS);
    produce(&stage, &late);
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "send CLOSED");
    consume(&stage, &consumer);
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(consumer.got_count, 2);
    assert_int_equal(consumer.error, TROUPE_ERROR_USER);
    drop(&stage);
}

/* Promise: STREAM-CREDIT */
static void lets_a_producer_be_ahead_by_its_credit(void **state)
{
    (void) state;
    struct stage stage;
    struct producer producer = {.first = 1, .last = 9};
    struct consumer consumer = {.count = 2};
    make(&stage, 1, NULL);
    stage.capacity = 3;
    open_streams(&stage);
    produce(&stage, &producer);
    tr_world_advance(stage.world, 100 * MS);
    assert_silent(stage.seen);
    consume(&stage, &consumer); /* takes two, and wants no more */
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(consumer.sum, 3);
    assert_said(stage.seen, "send CLOSED");
    drop(&stage);
}

static troupe_error play_batches(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        troupe_message *messages[4] = {NULL};
        const troupe_batch batch = {.messages = messages, .max = 4, .linger = TROUPE_WITHIN_MS(20)};
        size_t count = 0;
        error = troupe_stream_next_batch(self, stage->streams[0], &batch, TROUPE_FOREVER, &count);
        probe_say(stage->seen, "%s %zu from %u", troupe_error_name(error), count,
                  (unsigned) figure_of(messages[0]));
        for (size_t i = 0; i < count; i++) {
            troupe_message_destroy(&messages[i]);
        }
    }
    return TROUPE_OK;
}

static troupe_error play_slow(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    struct producer producer = {.stage = stage, .first = 10, .last = 11};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = a_figure(self, 9, &message);
    if (error == TROUPE_OK) {
        error = troupe_stream_send(self, stage->streams[0], &message, TROUPE_FOREVER);
    }
    if (error == TROUPE_OK) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(100));
    }
    return error ? error : play_producer(self, &producer);
}

/* Promise: STREAM-BATCH */
static void comes_in_batches_by_size_or_by_time(void **state)
{
    (void) state;
    struct stage stage;
    struct producer producer = {.first = 1, .last = 8, .end = TROUPE_OK};
    make(&stage, 2, NULL);
    open_streams(&stage);
    a_root(stage.world, TROUPE_SPAWN(.body = play_batches, .argument = &stage));
    a_root(stage.world, TROUPE_SPAWN(.body = play_slow, .argument = &stage));
    tr_world_advance(stage.world, 300 * MS);
    assert_said(stage.seen, "OK 1 from 9", "OK 2 from 10", "END 0 from 0");
    drop(&stage);
    make(&stage, 2, NULL);
    open_streams(&stage);
    a_root(stage.world, TROUPE_SPAWN(.body = play_batches, .argument = &stage));
    produce(&stage, &producer);
    tr_world_advance(stage.world, 300 * MS);
    assert_said(stage.seen, "OK 4 from 1", "OK 4 from 5", "END 0 from 0");
    drop(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_all_in_order_and_then_the_end),
        cmocka_unit_test(gives_what_was_sent_and_then_the_error),
        cmocka_unit_test(lets_a_producer_be_ahead_by_its_credit),
        cmocka_unit_test(comes_in_batches_by_size_or_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
