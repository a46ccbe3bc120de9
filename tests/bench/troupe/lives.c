/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

enum {
    AT_ONCE = 64 /* lives under way before the spawner lets them run */
};

/* What a spawner is given, and what its children tell it by: they are on its worker. */
struct brood {
    const troupe_spawn_options *kind;
    uint64_t count;
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

static const troupe_handles lives[] = {{.type = &bench_ball_type, .handler = live_and_end}, {0}};
static const troupe_behavior mayfly =
    TROUPE_BEHAVIOR(.name = "mayfly", .state_size = sizeof(struct brood *), .start = remember,
                    .handlers = lives);

static troupe_error mayfly_body(troupe_self *self, void *argument)
{
    struct brood *brood = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    brood->left--;
    return error;
}

static troupe_error spawner(troupe_self *self, void *argument)
{
    struct brood *brood = argument;
    troupe_spawn_options child_options = *brood->kind;
    child_options.argument = brood;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER); /* the word to begin */
    for (uint64_t i = 0; !error && i < brood->count; i++) {
        troupe_ref child;
        error = troupe_spawn_nowait(self, &child_options, &child);
        error = error ? error : troupe_send_struct(self, child, &bench_ball_type, &i);
        if (!error && i % AT_ONCE == AT_ONCE - 1) {
            error = troupe_yield(self);
        }
    }
    while (!error && brood->left > 0) {
        error = troupe_yield(self);
    }
    return error;
}

static troupe_error spawn_on_each_worker(troupe_self *self, bench_run *run,
                                         const troupe_spawn_options *kind)
{
    struct brood broods[64];
    troupe_ref spawners[64];
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; !error && i < run->workers; i++) {
        const uint64_t count = run->count / run->workers;
        broods[i] = (struct brood) {.kind = kind, .count = count, .left = count};
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.body = spawner, .argument = &broods[i],
                                          .place = TROUPE_PLACE_WORKER, .place_worker = i),
                             &spawners[i]);
    }
    bench_begin(run);
    for (uint32_t i = 0; !error && i < run->workers; i++) {
        error = troupe_send_struct(self, spawners[i], &bench_ball_type, NULL);
    }
    for (uint32_t i = 0; !error && i < run->workers; i++) {
        error = bench_await_end(self, spawners[i]);
    }
    bench_end(run);
    return error;
}

troupe_error bench_spawn_behaviors(troupe_self *self, void *argument)
{
    return spawn_on_each_worker(self, argument, TROUPE_SPAWN(.behavior = &mayfly, .pinned = 1));
}

troupe_error bench_spawn_coroutines(troupe_self *self, void *argument)
{
    return spawn_on_each_worker(self, argument, TROUPE_SPAWN(.body = mayfly_body, .pinned = 1));
}

/* Being idle. */

static troupe_error do_nothing(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    (void) message;
    return TROUPE_OK;
}

static const troupe_handles nothings[] = {{.type = &bench_ball_type, .handler = do_nothing}, {0}};
static const troupe_behavior idler = TROUPE_BEHAVIOR(.name = "idler", .handlers = nothings);

static troupe_error idler_body(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    return troupe_receive(self, &message, TROUPE_FOREVER);
}

static troupe_error idle(troupe_self *self, bench_run *run, const troupe_spawn_options *kind)
{
    troupe_error error = TROUPE_OK;
    const double before = bench_resident_bytes();
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        troupe_ref ref;
        error = troupe_spawn(self, kind, &ref); /* returns when it waits for its first message */
    }
    bench_end(run);
    run->bytes = (bench_resident_bytes() - before) / (double) run->count;
    return error;
}

troupe_error bench_idle_behaviors(troupe_self *self, void *argument)
{
    return idle(self, argument, TROUPE_SPAWN(.behavior = &idler));
}

troupe_error bench_idle_coroutines(troupe_self *self, void *argument)
{
    return idle(self, argument, TROUPE_SPAWN(.body = idler_body));
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
