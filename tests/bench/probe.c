/* SPDX-License-Identifier: MIT */
/* probe: in what state the machine is. Two pinned threads bounce one cache line for some
 * milliseconds; prints their round trips per second. What crosses cores moves with this.
 *
 *     probe machine THREADS [DIVISOR] */
#include <pthread.h>
#include <stdatomic.h>

#include "bench/bench.h"

enum {
    BOUNCES_AT_ONCE = 1000
};
#define PROBE_S 0.02

struct line {
    _Alignas(128) _Atomic uint64_t ball;
    _Alignas(128) _Atomic int is_over;
};

/* The ball is odd on its way out, even on its way back. */
static void *throw_back(void *argument)
{
    struct line *line = argument;
    bench_pin(1);
    uint64_t last = 0;
    while (!atomic_load_explicit(&line->is_over, memory_order_relaxed)) {
        const uint64_t ball = atomic_load_explicit(&line->ball, memory_order_acquire);
        if (ball != last && ball % 2 == 1) {
            last = ball + 1;
            atomic_store_explicit(&line->ball, last, memory_order_release);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct line line;
    const bench_arguments arguments = bench_read_arguments(argc, argv);
    pthread_t other;
    BENCH_MUST(pthread_create(&other, NULL, throw_back, &line) == 0);
    bench_pin(0);
    uint64_t count = 0;
    const double start_s = bench_now_s();
    const double end_s = start_s + PROBE_S / (double) arguments.divisor;
    while (bench_now_s() < end_s) {
        for (int i = 0; i < BOUNCES_AT_ONCE; i++) {
            const uint64_t ball = 2 * count++ + 1;
            atomic_store_explicit(&line.ball, ball, memory_order_release);
            while (atomic_load_explicit(&line.ball, memory_order_acquire) != ball + 1) {}
        }
    }
    const double taken_s = bench_now_s() - start_s;
    atomic_store(&line.is_over, 1);
    BENCH_MUST(pthread_join(other, NULL) == 0);
    bench_report(&arguments, "", "probe", (double) count / taken_s, "round-trips/s");
    return 0;
}
