/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/peers/limit.h"

enum {
    BALLS = 40000000,
    PARCELS = 40000000,
    PLACES = 1024,
    ROUND_TRIPS = 20000,
    PIECES = 8000,
    STACK_SIZE = 65536
};

/* boost.context, as its assembly has it. */
struct transfer {
    void *context;
    void *data;
};
extern struct transfer jump_fcontext(void *to, void *data);
extern void *make_fcontext(void *top, size_t size, void (*body)(struct transfer));

static void throw_back(struct transfer from)
{
    for (;;) {
        uint64_t *ball = from.data;
        ++*ball;
        from = jump_fcontext(from.context, ball);
    }
}

void limit_ping_pong_coroutines(const bench_arguments *arguments)
{
    static _Alignas(16) char stack[STACK_SIZE];
    const uint64_t balls = bench_count_of(arguments, BALLS, 2);
    struct transfer other = {.context =
                                 make_fcontext(stack + sizeof stack, sizeof stack, throw_back)};
    uint64_t ball = 0;
    const double start_s = bench_now_s();
    while (ball < balls) {
        ++ball;
        other = jump_fcontext(other.context, &ball);
    }
    bench_report(arguments, "", "limit", (double) balls / (bench_now_s() - start_s), "messages/s");
}

/* A place in the ring; each side keeps what it last saw of the other's position. */
struct place {
    uint64_t number;
    char rest[56];
};

struct ring {
    _Alignas(128) _Atomic uint64_t written;
    _Alignas(128) _Atomic uint64_t read;
    _Alignas(128) struct place places[PLACES];
    uint64_t count;
};

static struct ring ring;

static void *produce(void *argument)
{
    (void) argument;
    bench_pin(0);
    uint64_t read = 0;
    for (uint64_t i = 0; i < ring.count; i++) {
        while (i - read >= PLACES) {
            read = atomic_load_explicit(&ring.read, memory_order_acquire);
        }
        const struct place place = {.number = i};
        ring.places[i % PLACES] = place;
        atomic_store_explicit(&ring.written, i + 1, memory_order_release);
    }
    return NULL;
}

void limit_count_two_threads(const bench_arguments *arguments)
{
    ring.count = bench_count_of(arguments, PARCELS, 1);
    bench_pin(1);
    pthread_t producer;
    const double start_s = bench_now_s();
    BENCH_MUST(pthread_create(&producer, NULL, produce, NULL) == 0);
    uint64_t sum = 0;
    uint64_t written = 0;
    for (uint64_t i = 0; i < ring.count; i++) {
        while (i == written) {
            written = atomic_load_explicit(&ring.written, memory_order_acquire);
        }
        struct place place;
        memcpy(&place, &ring.places[i % PLACES], sizeof place);
        sum += place.number;
        atomic_store_explicit(&ring.read, i + 1, memory_order_release);
    }
    const double taken_s = bench_now_s() - start_s;
    BENCH_MUST(pthread_join(producer, NULL) == 0);
    BENCH_MUST(sum == ring.count * (ring.count - 1) / 2);
    bench_report(arguments, "", "limit", (double) ring.count / taken_s, "messages/s");
}

static void compute(uint32_t thread, uint64_t pieces)
{
    uint64_t number = thread;
    bench_pin(thread);
    for (uint64_t i = 0; i < pieces; i++) {
        number = bench_compute(number);
    }
    BENCH_MUST(number != 0);
}

static void *compute_beside(void *pieces)
{
    compute(1, *(const uint64_t *) pieces);
    return NULL;
}

void limit_compute(const bench_arguments *arguments)
{
    uint64_t pieces = bench_count_of(arguments, PIECES, 2) / arguments->threads;
    pthread_t other;
    const double start_s = bench_now_s();
    BENCH_MUST(arguments->threads == 1 ||
               pthread_create(&other, NULL, compute_beside, &pieces) == 0);
    compute(0, pieces);
    BENCH_MUST(arguments->threads == 1 || pthread_join(other, NULL) == 0);
    bench_report(arguments, "", "limit", bench_now_s() - start_s, "s");
}

struct bells {
    int asked;
    int answered;
    uint64_t count;
};

static void push(int bell)
{
    const uint64_t one = 1;
    BENCH_MUST(write(bell, &one, sizeof one) == sizeof one);
}

static void await(int bell)
{
    uint64_t value;
    BENCH_MUST(read(bell, &value, sizeof value) == sizeof value);
}

static void *answer(void *argument)
{
    const struct bells *bells = argument;
    bench_pin(1);
    for (uint64_t i = 0; i < bells->count; i++) {
        await(bells->asked);
        push(bells->answered);
    }
    return NULL;
}

static int ask(void *context, uint64_t number)
{
    (void) number;
    const struct bells *bells = context;
    push(bells->asked);
    await(bells->answered);
    return 1;
}

void limit_round_trip(const bench_arguments *arguments)
{
    struct bells bells = {.asked = eventfd(0, EFD_CLOEXEC),
                          .answered = eventfd(0, EFD_CLOEXEC),
                          .count = bench_count_of(arguments, ROUND_TRIPS, 1)};
    BENCH_MUST(bells.asked >= 0 && bells.answered >= 0);
    bench_pin(0);
    pthread_t answerer;
    BENCH_MUST(pthread_create(&answerer, NULL, answer, &bells) == 0);
    const bench_latencies latencies = bench_round_trips(bells.count, ask, &bells);
    BENCH_MUST(pthread_join(answerer, NULL) == 0);
    BENCH_MUST(close(bells.asked) == 0 && close(bells.answered) == 0);
    bench_report_latencies(arguments, "limit", &latencies);
}
