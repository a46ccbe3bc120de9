/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

enum {
    AT_ONCE = 64 /* lives under way before the spawner lets them run */
};

/* What the children of one spawner tell it by: they are on its worker. */
struct brood {
    uint64_t left;
};

static troupe_error remember(troupe_self *self, void *state, void *argument)
{
    (void) self;
    struct brood **brood = state;
    *brood = argument;
    return TROUPE_OK;
}

static troupe_error live_and_end(troupe_self *self, void *state, troupe_message **message)
{
    (void) message;
    struct brood **brood = state;
    (*brood)->left--;
    return troupe_stop(self, troupe_self_ref(self));
}

static const troupe_handles handles[] = {{.type = &bench_ball_type, .handler = live_and_end}, {0}};
static const troupe_behavior mayfly =
    TROUPE_BEHAVIOR(.name = "mayfly", .state_size = sizeof(struct brood *), .start = remember,
                    .handlers = handles);

static troupe_error mayfly_body(troupe_self *self, void *argument)
{
    struct brood *brood = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    brood->left--;
    return error;
}

static troupe_error live(troupe_self *self, bench_run *run, const troupe_spawn_options *options)
{
    struct brood *brood = options->argument;
    troupe_error error = TROUPE_OK;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        troupe_ref child;
        error = troupe_spawn_nowait(self, options, &child);
        error = error ? error : troupe_send_struct(self, child, &bench_ball_type, &i);
        if (!error && i % AT_ONCE == AT_ONCE - 1) {
            error = troupe_yield(self);
        }
    }
    while (!error && brood->left > 0) {
        error = troupe_yield(self);
    }
    bench_end(run);
    return error;
}

troupe_error bench_spawn_behaviors(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    struct brood brood = {.left = run->count};
    return live(self, run, TROUPE_SPAWN(.behavior = &mayfly, .argument = &brood));
}

troupe_error bench_spawn_coroutines(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    struct brood brood = {.left = run->count};
    return live(self, run, TROUPE_SPAWN(.body = mayfly_body, .argument = &brood));
}

/* Each turn of the root is one operation: to it and back to the worker. */
troupe_error bench_yield(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_error error = TROUPE_OK;
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        error = troupe_yield(self);
    }
    bench_end(run);
    return error;
}
