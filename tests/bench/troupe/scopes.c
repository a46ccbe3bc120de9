/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

troupe_error bench_scope(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_error error = TROUPE_OK;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        troupe_scope *scope = NULL;
        error = troupe_scope_enter(self, NULL, &scope);
        error = error ? error : troupe_scope_leave(self, &scope);
    }
    bench_end(run);
    return error;
}

static troupe_error ends_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

troupe_error bench_gather(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_error error = TROUPE_OK;
    const troupe_task_options *const one = TROUPE_TASK(.body = ends_at_once);
    static const troupe_task_options *tasks[BENCH_GATHER_SIZE];
    for (size_t i = 0; i < BENCH_GATHER_SIZE; i++) {
        tasks[i] = one;
    }
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i += BENCH_GATHER_SIZE) {
        error = troupe_gather(self, NULL, tasks, BENCH_GATHER_SIZE, NULL);
    }
    bench_end(run);
    return error;
}
