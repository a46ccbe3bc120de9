/* SPDX-License-Identifier: MIT */
/* raw_zmq: the same workloads over two bare ZeroMQ PAIR sockets: no actors, no bound but the
 * sockets' own. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "bench/bench.h"

enum {
    BOUND = 1024,
    PARCELS = 8000000,
    BALLS = 4000000,
    ROUND_TRIPS = 20000
};

/* As large as the body of a Troupe message in the same workload, and what it says of it. */
struct parcel {
    uint64_t number;
    uint64_t type;
};

struct pair {
    void *context;
    void *ends[2];
    uint64_t count;
};

static void open_end(struct pair *pair, int end)
{
    const int half = BOUND / 2; /* a pipe holds what both of its ends allow */
    void *socket = zmq_socket(pair->context, ZMQ_PAIR);
    BENCH_MUST(socket != NULL);
    BENCH_MUST(zmq_setsockopt(socket, ZMQ_SNDHWM, &half, sizeof half) == 0);
    BENCH_MUST(zmq_setsockopt(socket, ZMQ_RCVHWM, &half, sizeof half) == 0);
    BENCH_MUST(end == 0 ? zmq_bind(socket, "inproc://pair") == 0
                        : zmq_connect(socket, "inproc://pair") == 0);
    pair->ends[end] = socket;
}

static void send_parcel(struct pair *pair, int end, uint64_t number)
{
    const struct parcel parcel = {.number = number, .type = 1};
    BENCH_MUST(zmq_send(pair->ends[end], &parcel, sizeof parcel, 0) == sizeof parcel);
}

static uint64_t receive_parcel(struct pair *pair, int end)
{
    struct parcel parcel = {0};
    BENCH_MUST(zmq_recv(pair->ends[end], &parcel, sizeof parcel, 0) == sizeof parcel);
    return parcel.number;
}

static void ping_pong(const bench_arguments *arguments, struct pair *pair)
{
    const uint64_t balls = bench_count_of(arguments, BALLS, 2);
    open_end(pair, 1);
    const double start_s = bench_now_s();
    for (uint64_t i = 0; i < balls / 2; i++) {
        send_parcel(pair, 0, i);
        send_parcel(pair, 1, receive_parcel(pair, 1));
        BENCH_MUST(receive_parcel(pair, 0) == i);
    }
    bench_report(arguments, "", "zmq", (double) balls / (bench_now_s() - start_s), "messages/s");
}

static void *produce(void *argument)
{
    struct pair *pair = argument;
    bench_pin(0);
    for (uint64_t i = 0; i < pair->count; i++) {
        send_parcel(pair, 1, i);
    }
    return NULL;
}

static void count(const bench_arguments *arguments, struct pair *pair)
{
    pair->count = bench_count_of(arguments, PARCELS, 1);
    open_end(pair, 1);
    bench_pin(1);
    pthread_t producer;
    const double start_s = bench_now_s();
    BENCH_MUST(pthread_create(&producer, NULL, produce, pair) == 0);
    for (uint64_t i = 0; i < pair->count; i++) {
        BENCH_MUST(receive_parcel(pair, 0) == i);
    }
    const double taken_s = bench_now_s() - start_s;
    BENCH_MUST(pthread_join(producer, NULL) == 0);
    bench_report(arguments, "", "zmq", (double) pair->count / taken_s, "messages/s");
}

static void *answer(void *argument)
{
    struct pair *pair = argument;
    bench_pin(1);
    for (uint64_t i = 0; i < pair->count; i++) {
        send_parcel(pair, 1, receive_parcel(pair, 1));
    }
    return NULL;
}

static int ask(void *context, uint64_t number)
{
    send_parcel(context, 0, number);
    return receive_parcel(context, 0) == number;
}

static void round_trip(const bench_arguments *arguments, struct pair *pair)
{
    pair->count = bench_count_of(arguments, ROUND_TRIPS, 1);
    open_end(pair, 1);
    bench_pin(0);
    pthread_t answerer;
    BENCH_MUST(pthread_create(&answerer, NULL, answer, pair) == 0);
    const bench_latencies latencies = bench_round_trips(pair->count, ask, pair);
    BENCH_MUST(pthread_join(answerer, NULL) == 0);
    bench_report_latencies(arguments, "zmq", &latencies);
}

int main(int argc, char **argv)
{
    const bench_arguments arguments = bench_read_arguments(argc, argv);
    struct pair pair = {.context = zmq_ctx_new()};
    BENCH_MUST(pair.context != NULL);
    open_end(&pair, 0);
    if (strcmp(arguments.workload, "ping-pong") == 0 && arguments.threads == 1) {
        ping_pong(&arguments, &pair);
    } else if (strcmp(arguments.workload, "count-two-workers") == 0 && arguments.threads == 2) {
        count(&arguments, &pair);
    } else if (strcmp(arguments.workload, "round-trip") == 0 && arguments.threads == 2) {
        round_trip(&arguments, &pair);
    } else {
        bench_unknown(&arguments);
    }
    BENCH_MUST(zmq_close(pair.ends[0]) == 0);
    BENCH_MUST(zmq_close(pair.ends[1]) == 0);
    BENCH_MUST(zmq_ctx_term(pair.context) == 0);
    return 0;
}
