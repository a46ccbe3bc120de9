/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

static troupe_error server_start(troupe_self *self, void *state, void *argument)
{
    (void) state;
    bench_pin_worker(argument, self);
    return TROUPE_OK;
}

static troupe_error answer(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    return troupe_reply_struct(self, *message, &bench_ball_type,
                               troupe_message_struct(*message, &bench_ball_type));
}

static const troupe_handles answers[] = {{.type = &bench_ball_type, .handler = answer}, {0}};
static const troupe_behavior server =
    TROUPE_BEHAVIOR(.name = "server", .start = server_start, .handlers = answers);

static troupe_error make_server(troupe_self *self, bench_run *run, troupe_ref *out_server)
{
    return troupe_spawn(
        self,
        TROUPE_SPAWN(.behavior = &server, .argument = run, .place_worker = 1 % run->workers,
                     .place = run->is_forced ? TROUPE_PLACE_WORKER : TROUPE_PLACE_WITH_PARENT),
        out_server);
}

troupe_error bench_ask(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_ref to;
    troupe_error error = make_server(self, run, &to);
    if (error) {
        return error;
    }
    TROUPE_AUTO(troupe_message) *reply = NULL;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        error = troupe_ask_struct(self, to, &bench_ball_type, &i, TROUPE_WITHIN_S(60), &reply);
    }
    bench_end(run);
    return error ? error : troupe_stop(self, to);
}

struct client {
    troupe_self *self;
    troupe_ref server;
};

static int ask_once(void *context, uint64_t number)
{
    const struct client *client = context;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = troupe_ask_struct(client->self, client->server, &bench_ball_type,
                                                 &number, TROUPE_WITHIN_S(60), &reply);
    return error == TROUPE_OK;
}

troupe_error bench_round_trip(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    struct client client = {.self = self};
    const troupe_error error = make_server(self, run, &client.server);
    if (error) {
        return error;
    }
    bench_pin_worker(run, self);
    bench_begin(run);
    run->latencies = bench_round_trips(run->count, ask_once, &client);
    bench_end(run);
    return troupe_stop(self, client.server);
}
