/* SPDX-License-Identifier: MIT */
/* bench: what the measuring programs share.
 *
 * Each is called as `PROGRAM WORKLOAD THREADS [DIVISOR]`, measures that workload once and prints
 * lines of `WORKLOAD SUBJECT/THREADS VALUE UNIT`. The number of operations is divided by DIVISOR,
 * for a quick look. tests/bench/run calls all of them in turn and makes the table.
 * Threads: any. */
#ifndef TR_BENCH_BENCH_H
#define TR_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Ends the program, with the place, unless the condition is true. */
#define BENCH_MUST(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            bench_give_up(__FILE__, __LINE__, #condition);                                         \
        }                                                                                          \
    } while (0)
_Noreturn void bench_give_up(const char *file, int line, const char *condition);

typedef struct bench_arguments {
    const char *workload;
    uint32_t threads;
    uint64_t divisor;
} bench_arguments;

/* What the program was called with; says how to call it, and ends it, if that was wrong. */
bench_arguments bench_read_arguments(int argc, char **argv);

/* `count` divided, rounded up to a multiple of `unit`, which is at least 1. */
uint64_t bench_count_of(const bench_arguments *arguments, uint64_t count, uint64_t unit);

/* The leaves of the tree: a million, divided by ten as often as that makes them no fewer than
 * divided. */
uint64_t bench_leaves_of(const bench_arguments *arguments);

/* Ends the program after saying that it knows no such workload. */
_Noreturn void bench_unknown(const bench_arguments *arguments);

/* Prints the line. `suffix` is put behind the workload's name; "" for none. */
void bench_report(const bench_arguments *arguments, const char *suffix, const char *subject,
                  double value, const char *unit);

double bench_now_s(void);

/* Keeps the calling thread on one of the cores that the process could use when it read its
 * arguments: the first, the second ... With fewer cores than that it does nothing. */
void bench_pin(uint32_t index);

/* Computes for some 100 us, the same each time; what it makes of `number`. */
uint64_t bench_compute(uint64_t number);

/* Bytes of memory that are in use by the process. */
double bench_resident_bytes(void);

/* Round trips at 10 000 per second, each begun in time whatever the one before took: between them
 * the caller spins. `round_trip` makes one; false ends it all. */
typedef struct bench_latencies {
    double p50_ns;
    double p99_ns;
} bench_latencies;
bench_latencies bench_round_trips(uint64_t count, int (*round_trip)(void *context, uint64_t number),
                                  void *context);

/* Prints both percentiles. */
void bench_report_latencies(const bench_arguments *arguments, const char *subject,
                            const bench_latencies *latencies);

#endif
