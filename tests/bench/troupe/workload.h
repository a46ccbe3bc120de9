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

#include "bench/bench.h"

typedef struct bench_run {
    uint64_t count;
    uint32_t workers; /* of the node */
    bool is_forced;   /* onto the two workers, each pinned, where a workload is between two */
    /* The time between the two calls, or what else the caller measures, is the workload's. */
    void (*begin)(struct bench_run *run);
    void (*end)(struct bench_run *run);
    double bytes;              /* out: what each actor takes, of the idle ones */
    bench_latencies latencies; /* out: of bench_round_trip */
} bench_run;

static inline void bench_begin(bench_run *run)
{
    run->begin(run);
}

static inline void bench_end(bench_run *run)
{
    run->end(run);
}

/* messages.c: an operation is a message; in the ring a hop, of asks a round trip. */
troupe_body bench_ping_pong_behaviors;
troupe_body bench_ping_pong_coroutines;
troupe_body bench_count; /* one producer, one consumer with a mailbox of 1024 */
troupe_body bench_ring;  /* of 503 */

/* asks.c: by a coroutine, of a behavior. */
troupe_body bench_ask;
troupe_body bench_round_trip; /* the same, 10 000 times a second */

/* lives.c: an operation is a life with one message; there is a spawner on each worker. */
troupe_body bench_spawn_behaviors;
troupe_body bench_spawn_coroutines;
troupe_body bench_idle_behaviors;
troupe_body bench_idle_coroutines;
troupe_body bench_yield; /* an operation is a turn of a coroutine: to it and back */

/* crowds.c */
troupe_body bench_tree; /* of at most a million leaves; the ten below the root over all workers */
troupe_body bench_big;  /* 100 actors over all workers; an operation is a ping or its pong */

/* works.c: 8 coroutines that compute, spawned where the root is; an operation is 100 us of it. */
troupe_body bench_compute_all;

/* queues.c: an operation is a put and a get, by one coroutine, and from one to another. */
troupe_body bench_queue;
troupe_body bench_long_queue; /* with a thousand in it */
troupe_body bench_stream;

/* scopes.c */
troupe_body bench_scope;  /* an operation is an empty scope, entered and left */
troupe_body bench_gather; /* of tasks that end at once; an operation is a task */

/* falls.c: an operation is a restart without back-off, and a request; or the end of a tree of so
 * many leaves, which is cancelled. */
troupe_body bench_restart;
troupe_body bench_cancel_tree;

/* timers.c */
troupe_body bench_timer_cancel; /* set and cancelled */
troupe_body bench_timer_fire;   /* set, fired, and its message handled */

enum {
    BENCH_BIG_SIZE = 100,
    BENCH_COMPUTE_SIZE = 8,
    BENCH_GATHER_SIZE = 1000
};

/* The message of most workloads. */
extern const troupe_type bench_ball_type; /* uint64_t */

/* Pins the calling worker's thread if the run is forced. */
void bench_pin_worker(const bench_run *run, const troupe_self *self);

/* Waits until `actor` has ended. */
troupe_error bench_await_end(troupe_self *self, troupe_ref actor);

#endif
