/* SPDX-License-Identifier: MIT */
/* workload: what is measured of Troupe, as root actors.
 *
 * A workload is the body of a root coroutine; its argument is a bench_run. It makes what it needs,
 * calls bench_begin, does `count` operations, and calls bench_end. So the same bodies run on a real
 * node (troupe_bench) and in the simulated world, where instructions are counted (instructions).
 * Threads: that of the root actor. */
#ifndef TR_BENCH_TROUPE_WORKLOAD_H
#define TR_BENCH_TROUPE_WORKLOAD_H

#include <troupe/troupe.h>

typedef struct bench_run {
    uint64_t count;
    uint32_t workers; /* of the node */
    bool is_forced;   /* onto both of two workers, where a workload can be */
    /* The time between the two calls, or what else the caller measures, is the workload's. */
    void (*begin)(struct bench_run *run);
    void (*end)(struct bench_run *run);
    double figure; /* set by workloads that are not of operations per second */
} bench_run;

static inline void bench_begin(bench_run *run)
{
    run->begin(run);
}

static inline void bench_end(bench_run *run)
{
    run->end(run);
}

/* messages.c: between two, and around a ring. An operation is a message; in the ring a hop. */
troupe_body bench_ping_pong_behaviors;
troupe_body bench_ping_pong_coroutines;
troupe_body bench_count; /* one producer, one consumer with a mailbox of 1024 */
troupe_body bench_ring;  /* of 503 */
troupe_body bench_ask;   /* by a coroutine, of a behavior; the operation is the round trip */

/* lives.c: the operation is a life with one message. */
troupe_body bench_spawn_behaviors;
troupe_body bench_spawn_coroutines;

/* timers.c */
troupe_body bench_timer_cancel; /* set and cancelled */
troupe_body bench_timer_fire;   /* set, fired, and its message handled */

/* An operation is a turn of a coroutine that yields: to it and back. */
troupe_body bench_yield;

/* The message of most workloads, and a way to send it. */
extern const troupe_type bench_ball_type; /* uint64_t */

/* Waits until `actor` has ended. */
troupe_error bench_await_end(troupe_self *self, troupe_ref actor);

#endif
