/* SPDX-License-Identifier: MIT */
/* What a monitor says, played by a socket of the test. */
#include "transport/zmq_news.h"

#include <string.h>
#include <zmq.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"

struct fixture {
    void *zmq;
    void *speaker;
    void *monitor;
    tr_zmq_news news;
};

static int make(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture) {.zmq = zmq_ctx_new()};
    fixture.speaker = zmq_socket(fixture.zmq, ZMQ_PAIR);
    fixture.monitor = zmq_socket(fixture.zmq, ZMQ_PAIR);
    assert_int_equal(zmq_bind(fixture.speaker, "inproc://news"), 0);
    assert_int_equal(zmq_connect(fixture.monitor, "inproc://news"), 0);
    tr_zmq_news_init(&fixture.news, tr_allocator_default());
    *state = &fixture;
    return 0;
}

static int drop(void **state)
{
    struct fixture *fixture = *state;
    tr_zmq_news_fini(&fixture->news);
    assert_int_equal(zmq_close(fixture->speaker), 0);
    assert_int_equal(zmq_close(fixture->monitor), 0);
    assert_int_equal(zmq_ctx_term(fixture->zmq), 0);
    return 0;
}

static void say(const struct fixture *fixture, uint16_t event, int32_t value)
{
    unsigned char bytes[6];
    memcpy(bytes, &event, 2);
    memcpy(bytes + 2, &value, 4);
    assert_int_equal(zmq_send(fixture->speaker, bytes, sizeof bytes, ZMQ_SNDMORE), 6);
    assert_int_equal(zmq_send(fixture->speaker, "tcp://", 6, 0), 6);
}

static void assert_next(struct fixture *fixture, uint64_t order, uint32_t event, int32_t value)
{
    tr_zmq_notice notice;
    assert_true(tr_zmq_news_take(&fixture->news, fixture->monitor, &notice));
    assert_int_equal(notice.order, order);
    assert_int_equal(notice.event, event);
    assert_int_equal(notice.value, value);
}

static void assert_no_more(struct fixture *fixture)
{
    tr_zmq_notice notice;
    assert_false(tr_zmq_news_take(&fixture->news, fixture->monitor, &notice));
    assert_false(tr_zmq_news_are_kept(&fixture->news));
}

/* Descriptor 7 has been given back and is another connection's, whose message was received. */
static void tell_apart_who_had_a_descriptor_before(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, ZMQ_EVENT_ACCEPTED, 7);
    assert_int_equal(tr_zmq_news_beginning(&fixture->news, fixture->monitor, 7), 1);
    assert_next(fixture, 1, ZMQ_EVENT_ACCEPTED, 7);
    assert_int_equal(tr_zmq_news_beginning(&fixture->news, fixture->monitor, 7), 0);
    say(fixture, ZMQ_EVENT_DISCONNECTED, 7);
    say(fixture, ZMQ_EVENT_ACCEPTED, 8);
    say(fixture, ZMQ_EVENT_ACCEPTED, 7);
    say(fixture, ZMQ_EVENT_DISCONNECTED, 7);
    assert_int_equal(tr_zmq_news_beginning(&fixture->news, fixture->monitor, 7), 4);
    assert_int_equal(tr_zmq_news_beginning(&fixture->news, fixture->monitor, 8), 3);
    assert_int_equal(tr_zmq_news_beginning(&fixture->news, fixture->monitor, 9), 0);
    assert_true(tr_zmq_news_is_over(&fixture->news, fixture->monitor, 7, 4));
    assert_false(tr_zmq_news_is_over(&fixture->news, fixture->monitor, 8, 3));
    assert_false(tr_zmq_news_is_over(&fixture->news, fixture->monitor, 9, 0));
    assert_next(fixture, 2, ZMQ_EVENT_DISCONNECTED, 7); /* the one before */
    assert_next(fixture, 3, ZMQ_EVENT_ACCEPTED, 8);
    assert_next(fixture, 4, ZMQ_EVENT_ACCEPTED, 7);
    assert_next(fixture, 5, ZMQ_EVENT_DISCONNECTED, 7); /* its own */
    assert_no_more(fixture);
}

static void keep_the_order_however_many_there_are(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 1; i <= 100; i++) {
        say(fixture, ZMQ_EVENT_DISCONNECTED, i);
        if (i % 40 == 0) {
            (void) tr_zmq_news_beginning(&fixture->news, fixture->monitor, 1);
        }
    }
    for (int i = 1; i <= 100; i++) {
        assert_next(fixture, (uint64_t) i, ZMQ_EVENT_DISCONNECTED, i);
    }
    assert_no_more(fixture);
}

static void stay_with_the_monitor_without_memory(void **state)
{
    struct fixture *fixture = *state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_failing_allocator_fail_after(&memory, 0);
    tr_zmq_news_init(&fixture->news, &allocator);
    say(fixture, ZMQ_EVENT_ACCEPTED, 7);
    assert_int_equal(tr_zmq_news_beginning(&fixture->news, fixture->monitor, 7), 0);
    assert_next(fixture, 1, ZMQ_EVENT_ACCEPTED, 7);
    assert_no_more(fixture);
    tr_zmq_news_init(&fixture->news, tr_allocator_default());
}

int main(void)
{
#define WITH_NEWS(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_NEWS(tell_apart_who_had_a_descriptor_before),
        WITH_NEWS(keep_the_order_however_many_there_are),
        WITH_NEWS(stay_with_the_monitor_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
