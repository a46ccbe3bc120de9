/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

enum {
    AT_ONCE = 64
};

troupe_error bench_timer_cancel(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_error error = TROUPE_OK;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        troupe_timer timer;
        error =
            troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(10 + i % 64)), &timer);
        if (!error && !troupe_timer_cancel(self, timer)) {
            error = TROUPE_ERROR_TIMED_OUT; /* it has fired, so this is no measurement */
        }
    }
    bench_end(run);
    return error;
}

troupe_error bench_timer_fire(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_error error = TROUPE_OK;
    TROUPE_AUTO(troupe_message) *message = NULL;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        troupe_timer timer;
        error = troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_US(100)), &timer);
        for (int k = 0; !error && i % AT_ONCE == AT_ONCE - 1 && k < AT_ONCE; k++) {
            error = troupe_receive(self, &message, TROUPE_FOREVER);
        }
    }
    bench_end(run);
    return error;
}
