/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

/* One's share, and what it made of it. */
struct work {
    uint64_t left;
    uint64_t number;
};

static troupe_error compute(troupe_self *self, void *argument)
{
    struct work *work = argument;
    troupe_error error = TROUPE_OK;
    for (; !error && work->left > 0; work->left--) {
        work->number = bench_compute(work->number);
        error = troupe_yield(self);
    }
    return error;
}

troupe_error bench_compute_all(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    struct work works[BENCH_COMPUTE_SIZE];
    troupe_ref workers[BENCH_COMPUTE_SIZE];
    troupe_error error = TROUPE_OK;
    bench_begin(run);
    for (uint32_t i = 0; !error && i < BENCH_COMPUTE_SIZE; i++) {
        works[i] = (struct work) {.left = run->count / BENCH_COMPUTE_SIZE, .number = i};
        error = troupe_spawn_nowait(self, TROUPE_SPAWN(.body = compute, .argument = &works[i]),
                                    &workers[i]);
    }
    for (uint32_t i = 0; !error && i < BENCH_COMPUTE_SIZE; i++) {
        error = bench_await_end(self, workers[i]);
    }
    bench_end(run);
    return error;
}
