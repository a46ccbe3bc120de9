/* SPDX-License-Identifier: MIT */
/* troupe_bench: the workloads on a node of as many workers as THREADS says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/troupe/workload.h"

enum {
    BALLS = 6000000,
    PARCELS = 8000000,
    BOTH_WORKERS = 2,
    LIVES = 2000000,
    COROUTINE_LIVES = 500000,
    IDLERS = 100000,
    BIG_MESSAGES = 4000000,
    ITEMS = 1000000,
    SCOPES = 10000000,
    GATHERED = 1000000,
    RESTARTS = 200000,
    CANCELLED = 10000, /* leaves: with those above 11 111 actors */
    TIMERS = 5000000,
    ROUND_TRIPS = 20000,
    PIECES = 8000 /* of 100 us */
};

enum figure {
    RATE,
    SECONDS,
    BYTES,
    LATENCIES
};

struct workload {
    const char *name;
    troupe_body *body;
    uint64_t count;
    uint64_t unit_count; /* the count is a multiple of it; 0: it is of a tree */
    enum figure figure;
    const char *unit;
    bool is_forced;
};

static const struct workload workloads[] = {
    {"ping-pong", bench_ping_pong_behaviors, BALLS, 2, RATE, "messages/s", false},
    {"ping-pong-coroutines", bench_ping_pong_coroutines, BALLS, 2, RATE, "messages/s", false},
    {"count", bench_count, PARCELS, 1, RATE, "messages/s", false},
    {"count-two-workers", bench_count, PARCELS, 1, RATE, "messages/s", true},
    {"ring", bench_ring, BALLS, 1, RATE, "hops/s", false},
    {"spawn", bench_spawn_behaviors, LIVES, 128, RATE, "actors/s", false},
    {"spawn-coroutines", bench_spawn_coroutines, COROUTINE_LIVES, 128, RATE, "actors/s", false},
    {"idle", bench_idle_behaviors, IDLERS, 1, BYTES, "bytes", false},
    {"idle-coroutines", bench_idle_coroutines, IDLERS, 1, BYTES, "bytes", false},
    {"tree", bench_tree, 0, 0, SECONDS, "s", false},
    {"big", bench_big, BIG_MESSAGES, 2 * BENCH_BIG_SIZE, RATE, "messages/s", false},
    {"scope", bench_scope, SCOPES, 1, RATE, "scopes/s", false},
    {"gather", bench_gather, GATHERED, BENCH_GATHER_SIZE, RATE, "tasks/s", false},
    {"compute", bench_compute_all, PIECES, BENCH_COMPUTE_SIZE, SECONDS, "s", false},
    {"queue", bench_queue, ITEMS, 1, RATE, "messages/s", false},
    {"stream", bench_stream, ITEMS, 1, RATE, "messages/s", false},
    {"restart", bench_restart, RESTARTS, 1, RATE, "restarts/s", false},
    {"cancel-tree", bench_cancel_tree, CANCELLED, 10, SECONDS, "s", false},
    {"timers", bench_timer_cancel, TIMERS, 1, RATE, "timers/s", false},
    {"round-trip", bench_round_trip, ROUND_TRIPS, 1, LATENCIES, "ns", true},
};

/* What the hooks of the run write to. */
static double begin_s;
static double end_s;

static void begin(bench_run *run)
{
    (void) run;
    begin_s = bench_now_s();
}

static void end(bench_run *run)
{
    (void) run;
    end_s = bench_now_s();
}

static void report(const bench_arguments *arguments, const struct workload *workload,
                   const bench_run *run)
{
    const double taken_s = end_s - begin_s;
    switch (workload->figure) {
    case RATE:
        bench_report(arguments, "", "troupe", (double) run->count / taken_s, workload->unit);
        break;
    case SECONDS:
        bench_report(arguments, "", "troupe", taken_s, workload->unit);
        break;
    case BYTES:
        bench_report(arguments, "", "troupe", run->bytes, workload->unit);
        break;
    case LATENCIES:
        bench_report_latencies(arguments, "troupe", &run->latencies);
        break;
    }
}

int main(int argc, char **argv)
{
    const bench_arguments arguments = bench_read_arguments(argc, argv);
    const struct workload *workload = workloads;
    const struct workload *const last = workloads + sizeof workloads / sizeof workloads[0];
    while (workload < last && strcmp(workload->name, arguments.workload) != 0) {
        workload++;
    }
    if (workload == last || (workload->is_forced && arguments.threads != BOTH_WORKERS)) {
        bench_unknown(&arguments);
    }
    const bool is_tree = workload->unit_count == 0;
    bench_run run = {
        .count = is_tree ? bench_leaves_of(&arguments)
                         : bench_count_of(&arguments, workload->count, workload->unit_count),
        .workers = arguments.threads,
        .is_forced = workload->is_forced,
        .begin = begin,
        .end = end};
    const troupe_error error =
        troupe_run(TROUPE_NODE_OPTIONS(.workers = arguments.threads,
                                       .balance = workload->is_forced ? TROUPE_BALANCE_OFF
                                                                      : TROUPE_BALANCE_ON),
                   workload->body, &run);
    if (error) {
        (void) fprintf(stderr, "%s: %s\n", workload->name, troupe_error_text(error));
        return 1;
    }
    report(&arguments, workload, &run);
    return 0;
}
