/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    COMPUTE_STEPS = 70000
};

#define PERIOD_S 100e-6

/* The cores that the process may use, as it was when it began. */
static cpu_set_t allowed;

void bench_give_up(const char *file, int line, const char *condition)
{
    (void) fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

static void refuse(const char *program)
{
    (void) fprintf(stderr, "usage: %s WORKLOAD THREADS [DIVISOR]\n", program);
    exit(2); /* NOLINT(concurrency-mt-unsafe): one thread so far */
}

static uint64_t read_number(const char *program, const char *text)
{
    char *end = NULL;
    const uint64_t number = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number == 0) {
        refuse(program);
    }
    return number;
}

bench_arguments bench_read_arguments(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        refuse(argv[0]);
    }
    BENCH_MUST(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    return (bench_arguments) {
        .workload = argv[1],
        .threads = (uint32_t) read_number(argv[0], argv[2]),
        .divisor = argc > 3 ? read_number(argv[0], argv[3]) : 1,
    };
}

uint64_t bench_count_of(const bench_arguments *arguments, uint64_t count, uint64_t unit)
{
    const uint64_t units = count / arguments->divisor / unit;
    return (units > 0 ? units : 1) * unit;
}

uint64_t bench_leaves_of(const bench_arguments *arguments)
{
    uint64_t leaves = 1000000;
    for (uint64_t divided = 10; divided <= arguments->divisor && leaves > 10; divided *= 10) {
        leaves /= 10;
    }
    return leaves;
}

void bench_unknown(const bench_arguments *arguments)
{
    (void) fprintf(stderr, "unknown workload '%s' on %u threads\n", arguments->workload,
                   arguments->threads);
    exit(2); /* NOLINT(concurrency-mt-unsafe): one thread so far */
}

void bench_report(const bench_arguments *arguments, const char *suffix, const char *subject,
                  double value, const char *unit)
{
    (void) printf("%s%s %s/%u %.6g %s\n", arguments->workload, suffix, subject, arguments->threads,
                  value, unit);
    (void) fflush(stdout);
}

double bench_now_s(void)
{
    struct timespec now;
    BENCH_MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

void bench_pin(uint32_t index)
{
    size_t cpu = 0;
    for (uint32_t before = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && before++ == index) {
            break;
        }
    }
    if (cpu < CPU_SETSIZE) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        BENCH_MUST(sched_setaffinity(0, sizeof one, &one) == 0);
    }
}

/* The second number of statm is the resident pages. */
uint64_t bench_compute(uint64_t number)
{
    number |= 1;
    for (unsigned i = 0; i < COMPUTE_STEPS; i++) {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
    }
    return number;
}

double bench_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    BENCH_MUST(file != NULL);
    char line[256];
    BENCH_MUST(fgets(line, sizeof line, file) != NULL);
    BENCH_MUST(fclose(file) == 0);
    char *end = NULL;
    (void) strtoull(line, &end, 10); /* the size of all mappings */
    return (double) strtoull(end, NULL, 10) * (double) sysconf(_SC_PAGESIZE);
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *) left;
    const double b = *(const double *) right;
    return (a > b) - (a < b);
}

bench_latencies bench_round_trips(uint64_t count, int (*round_trip)(void *context, uint64_t number),
                                  void *context)
{
    double *taken_s = calloc(count, sizeof *taken_s);
    BENCH_MUST(taken_s != NULL);
    double next_s = bench_now_s();
    for (uint64_t i = 0; i < count; i++) {
        next_s += PERIOD_S;
        double start_s = bench_now_s();
        while (start_s < next_s) {
            start_s = bench_now_s();
        }
        BENCH_MUST(round_trip(context, i));
        taken_s[i] = bench_now_s() - start_s;
    }
    qsort(taken_s, count, sizeof *taken_s, compare);
    const bench_latencies latencies = {.p50_ns = taken_s[count / 2] * 1e9,
                                       .p99_ns = taken_s[count - 1 - count / 100] * 1e9};
    free(taken_s);
    return latencies;
}

void bench_report_latencies(const bench_arguments *arguments, const char *subject,
                            const bench_latencies *latencies)
{
    bench_report(arguments, "-p50", subject, latencies->p50_ns, "ns");
    bench_report(arguments, "-p99", subject, latencies->p99_ns, "ns");
}
