/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "bench/troupe/workload.h"

enum {
    RING = 503,
    BOUND = 1024
};

const troupe_type bench_ball_type = TROUPE_TYPE(uint64_t);
static const troupe_type next_type = TROUPE_TYPE(troupe_ref);

void bench_pin_worker(const bench_run *run, const troupe_self *self)
{
    if (run->is_forced) {
        bench_pin(troupe_self_worker(self));
    }
}

troupe_error bench_await_end(troupe_self *self, troupe_ref actor)
{
    troupe_monitor_id monitor;
    const troupe_error error = troupe_monitor(self, actor, &monitor);
    const troupe_accept down = {.type = &troupe_down_type};
    TROUPE_AUTO(troupe_message) *message = NULL;
    return error ? error : troupe_receive_only(self, &down, 1, &message, TROUPE_FOREVER);
}

static troupe_error throw_ball(troupe_self *self, troupe_ref to, uint64_t number)
{
    return troupe_send_struct(self, to, &bench_ball_type, &number);
}

/* A player throws the ball on to the next, with a number less by one; who gets 0 ends. */

static troupe_error take_next(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    memcpy(state, troupe_message_struct(*message, &next_type), sizeof(troupe_ref));
    return TROUPE_OK;
}

static troupe_error hit(troupe_self *self, void *state, troupe_message **message)
{
    const troupe_ref *next = state;
    const uint64_t *number = troupe_message_struct(*message, &bench_ball_type);
    if (*number == 0) {
        return troupe_stop(self, troupe_self_ref(self));
    }
    return throw_ball(self, *next, *number - 1);
}

static const troupe_handles hits[] = {
    {.type = &bench_ball_type, .handler = hit}, {.type = &next_type, .handler = take_next}, {0}};
static const troupe_behavior player =
    TROUPE_BEHAVIOR(.name = "player", .state_size = sizeof(troupe_ref), .handlers = hits);

/* Makes `size` players, each with the next; the last with the first. */
static troupe_error make_ring(troupe_self *self, bench_run *run, uint32_t size, troupe_ref *players)
{
    for (uint32_t i = 0; i < size; i++) {
        const troupe_error error = troupe_spawn(
            self,
            TROUPE_SPAWN(.behavior = &player,
                         .place = run->is_forced ? TROUPE_PLACE_WORKER : TROUPE_PLACE_WITH_PARENT,
                         .place_worker = i % run->workers),
            &players[i]);
        if (error) {
            return error;
        }
    }
    for (uint32_t i = 0; i < size; i++) {
        const troupe_error error =
            troupe_send_struct(self, players[i], &next_type, &players[(i + 1) % size]);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error play(troupe_self *self, bench_run *run, uint32_t size)
{
    troupe_ref players[RING];
    troupe_error error = make_ring(self, run, size, players);
    if (error) {
        return error;
    }
    bench_begin(run);
    error = throw_ball(self, players[0], run->count - 1);
    const troupe_ref last = players[(run->count - 1) % size];
    error = error ? error : bench_await_end(self, last);
    bench_end(run);
    for (uint32_t i = 0; !error && i < size; i++) {
        const troupe_error stopped = troupe_stop(self, players[i]);
        error = stopped == TROUPE_ERROR_STALE ? TROUPE_OK : stopped;
    }
    return error;
}

troupe_error bench_ping_pong_behaviors(troupe_self *self, void *argument)
{
    return play(self, argument, 2);
}

troupe_error bench_ring(troupe_self *self, void *argument)
{
    return play(self, argument, RING);
}

static troupe_error throw_back(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (!error) {
        const uint64_t *number = troupe_message_struct(message, &bench_ball_type);
        error = throw_ball(self, troupe_message_sender(message), *number);
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

troupe_error bench_ping_pong_coroutines(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_ref other;
    troupe_error error = troupe_spawn(
        self,
        TROUPE_SPAWN(.body = throw_back, .place_worker = 1 % run->workers,
                     .place = run->is_forced ? TROUPE_PLACE_WORKER : TROUPE_PLACE_WITH_PARENT),
        &other);
    if (error) {
        return error;
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count / 2; i++) {
        error = throw_ball(self, other, i);
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    bench_end(run);
    return error ? error : troupe_stop(self, other);
}

/* Counting. */

static troupe_error consumer_start(troupe_self *self, void *state, void *argument)
{
    const bench_run *run = argument;
    uint64_t *left = state;
    *left = run->count;
    bench_pin_worker(run, self);
    return TROUPE_OK;
}

static troupe_error consume(troupe_self *self, void *state, troupe_message **message)
{
    (void) message;
    uint64_t *left = state;
    return --*left == 0 ? troupe_stop(self, troupe_self_ref(self)) : TROUPE_OK;
}

static const troupe_handles consumes[] = {{.type = &bench_ball_type, .handler = consume}, {0}};
static const troupe_behavior consumer =
    TROUPE_BEHAVIOR(.name = "consumer", .state_size = sizeof(uint64_t), .start = consumer_start,
                    .handlers = consumes);

troupe_error bench_count(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_ref to;
    troupe_error error = troupe_spawn(
        self,
        TROUPE_SPAWN(.behavior = &consumer, .argument = run, .mailbox_capacity = BOUND,
                     .place_worker = 1 % run->workers,
                     .place = run->is_forced ? TROUPE_PLACE_WORKER : TROUPE_PLACE_WITH_PARENT),
        &to);
    if (error) {
        return error;
    }
    bench_pin_worker(run, self);
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        error = throw_ball(self, to, i);
    }
    error = error ? error : bench_await_end(self, to);
    bench_end(run);
    return error;
}
