/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

static troupe_error put_one(troupe_self *self, troupe_ref queue, uint64_t number)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create(self, &bench_ball_type, &number, &message);
    return error ? error : troupe_queue_put(self, queue, &message, TROUPE_FOREVER);
}

/* With so many in it. */
static troupe_error put_and_get(troupe_self *self, bench_run *run, uint32_t waiting)
{
    troupe_ref queue;
    troupe_error error = troupe_queue_create(self, TROUPE_QUEUE(.capacity = waiting + 8), &queue);
    for (uint32_t i = 0; !error && i < waiting; i++) {
        error = put_one(self, queue, i);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        error = put_one(self, queue, i);
        if (!error) {
            error = troupe_queue_get(self, queue, &message, TROUPE_FOREVER);
        }
    }
    bench_end(run);
    return error ? error : troupe_stop(self, queue);
}

troupe_error bench_queue(troupe_self *self, void *argument)
{
    return put_and_get(self, argument, 5);
}

troupe_error bench_long_queue(troupe_self *self, void *argument)
{
    return put_and_get(self, argument, 1000);
}

struct producer {
    troupe_ref queue;
    uint64_t count;
};

static troupe_error produce(troupe_self *self, void *argument)
{
    const struct producer *producer = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; !error && i < producer->count; i++) {
        error = put_one(self, producer->queue, i);
    }
    return error ? error : troupe_stream_end(self, producer->queue, TROUPE_OK, TROUPE_FOREVER);
}

troupe_error bench_stream(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    struct producer producer = {.count = run->count};
    troupe_ref ref;
    troupe_error error = troupe_stream_create(self, TROUPE_QUEUE(.capacity = 64), &producer.queue);
    bench_begin(run);
    if (!error) {
        error =
            troupe_spawn_nowait(self, TROUPE_SPAWN(.body = produce, .argument = &producer), &ref);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (!error) {
        error = troupe_stream_next(self, producer.queue, &message, TROUPE_FOREVER);
    }
    bench_end(run);
    return error == TROUPE_ERROR_END ? troupe_stop(self, producer.queue) : error;
}
