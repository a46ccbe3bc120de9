/* SPDX-License-Identifier: MIT */
/* Streams of small messages over a line on which each byte takes 50 ms, either way: they come in
 * order, and as many are under way at a time as their windows have places. */
#include <inttypes.h>
#include <troupe/troupe.h>

#include "core/sanitizers.h"
#include "core/shake.h"
#include "support/cast.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "support/tcp_proxy.h"

enum {
    DELAY_MS = 50,
    STREAMS_MAX = 8,
    MESSAGES = TR_THREAD_SANITIZER ? 20000 : TR_SHAKEN(200000, 160),
    WAITS_MAX = 4 /* of 20 s each */
};

/* A sender and a receiver. */
struct stream {
    uint64_t node; /* the receiver's */
    uint64_t count;
    uint64_t begin_ns; /* of all nodes of a process the clock is the same */
    uint64_t end_ns;
    uint64_t last;
    uint64_t wrong; /* out of order, or after one that is missing */
    struct probe *probe;
    char name[24]; /* the receiver's */
};

static troupe_error receives(troupe_self *self, void *argument)
{
    struct stream *stream = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && stream->last < stream->count) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        stream->wrong += !error && figure_of(message) != stream->last + 1 ? 1 : 0;
        stream->last += error ? 0 : 1;
    }
    stream->end_ns = troupe_self_now_ns(self);
    probe_say(stream->probe, "%s", troupe_error_name(error));
    return error;
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct stream *stream = argument;
    troupe_ref to;
    troupe_ready(self);
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error : lookup_when_there(self, stream->node, stream->name, &to);
    stream->begin_ns = troupe_self_now_ns(self);
    for (uint64_t i = 1; i <= stream->count && !error; i++) {
        error = send_figure(self, to, i);
    }
    probe_say(stream->probe, "%s", troupe_error_name(error));
    return error;
}

/* Tells how long it took, for who looks. */
static void tell_rate(const struct stream *streams, uint32_t count)
{
    uint64_t begin_ns = UINT64_MAX;
    uint64_t end_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        begin_ns = streams[i].begin_ns < begin_ns ? streams[i].begin_ns : begin_ns;
        end_ns = streams[i].end_ns > end_ns ? streams[i].end_ns : end_ns;
    }
    const double seconds = (double) (end_ns - begin_ns) / 1e9;
    print_message("%d messages in %" PRIu32 " streams: %.2f s, %.0f thousand/s\n", MESSAGES, count,
                  seconds, MESSAGES / seconds / 1e3);
}

static void stream_over_a_long_line(uint32_t count)
{
    char endpoint[64];
    struct stream streams[STREAMS_MAX] = {0};
    struct probe *probe = a_probe();
    const struct tcp_faults faults = {.delay_ms = DELAY_MS};
    troupe_node *a =
        a_node(TROUPE_NODE_OPTIONS(.name = "a", .workers = 1, .listen = "tcp://127.0.0.1:*",
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(a, endpoint, sizeof endpoint));
    struct tcp_proxy *proxy = a_tcp_proxy(endpoint);
    tcp_proxy_be(proxy, &faults);
    const troupe_peer peer = {.endpoint = tcp_proxy_endpoint(proxy)};
    troupe_node *b =
        a_node(TROUPE_NODE_OPTIONS(.name = "b", .workers = 1, .peers = &peer, .peer_count = 1,
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    for (uint32_t i = 0; i < count; i++) {
        streams[i] =
            (struct stream) {.node = troupe_node_id(a), .count = MESSAGES / count, .probe = probe};
        (void) snprintf(streams[i].name, sizeof streams[i].name, "stream %" PRIu32, i);
        (void) a_root_of(
            a, TROUPE_SPAWN(.name = streams[i].name, .body = receives, .argument = &streams[i]));
        (void) a_root_of(b, TROUPE_SPAWN(.body = sends, .argument = &streams[i]));
    }
    for (int i = 0; i < WAITS_MAX && probe_count(probe) < 2 * (size_t) count; i++) {
        (void) probe_wait(probe, 2 * (size_t) count);
    }
    assert_int_equal(probe_count_of(probe, "OK"), 2 * count);
    tcp_proxy_be(proxy, &(const struct tcp_faults) {0}); /* they leave at once */
    drop_node(&b);
    drop_node(&a);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(streams[i].wrong, 0);
        assert_int_equal(streams[i].last, streams[i].count);
    }
    tell_rate(streams, count);
    drop_tcp_proxy(&proxy);
    drop_probe(&probe);
}

/* Promise: HOSTS-DELAY */
static void one_stream_comes_in_order(void **state)
{
    (void) state;
    stream_over_a_long_line(1);
}

/* Promise: HOSTS-DELAY */
static void so_do_several_side_by_side(void **state)
{
    (void) state;
    stream_over_a_long_line(STREAMS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_stream_comes_in_order),
        cmocka_unit_test(so_do_several_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
