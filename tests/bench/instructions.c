/* SPDX-License-Identifier: MIT */
/* instructions: runs each hot path in the simulated world, so that valgrind can count the
 * instructions of one operation. Without valgrind it only runs.
 *
 *     valgrind --tool=callgrind --callgrind-out-file=PREFIX instructions
 *
 * leaves a file PREFIX.N for each path, "Trigger: Client Request: NAME COUNT" in it: what COUNT
 * operations took, by function. The world's own work is included: one step for each pass of up to
 * 64 turns and for each batch. It is one thread on virtual time, so the count is the same each
 * time. tests/bench/count_instructions runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

#include "base/memory.h"
#include "bench/troupe/workload.h"
#include "core/coroutine.h"
#include "simulation/world.h"

enum {
    COUNT = 20000, /* even, and a multiple of what the paths do at once */
    WARM_UP = 5120
};

struct path {
    const char *name;
    troupe_body *body;
    uint32_t workers;
};

/* What is counted; tests/bench/instructions.limits has the limits. */
static const struct path paths[] = {
    {"send-receive-behaviors", bench_ping_pong_behaviors, 1},
    {"send-receive-coroutines", bench_ping_pong_coroutines, 1},
    {"send-receive-bounded", bench_count, 1},
    {"send-receive-two-workers", bench_count, 2},
    {"ask-reply", bench_ask, 1},
    {"spawn-end-behavior", bench_spawn_behaviors, 1},
    {"spawn-end-coroutine", bench_spawn_coroutines, 1},
    {"timer-set-cancel", bench_timer_cancel, 1},
    {"timer-set-fire", bench_timer_fire, 1},
    {"yield", bench_yield, 1},
    {"scope-enter-leave", bench_scope, 1},
    {"gather-task", bench_gather, 1},
    {"queue-put-get", bench_queue, 1},
    {"queue-put-get-long", bench_long_queue, 1},
};

static void must(const char *name, troupe_error error)
{
    if (error) {
        (void) fprintf(stderr, "%s: %s\n", name, troupe_error_text(error));
        exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
}

static void begin(bench_run *run)
{
    (void) run;
    CALLGRIND_ZERO_STATS;
}

static const char *current;

static void dump(uint64_t count)
{
    char text[128];
    (void) snprintf(text, sizeof text, "%s %llu", current, (unsigned long long) count);
    CALLGRIND_DUMP_STATS_AT(text);
}

static void end(bench_run *run)
{
    dump(run->count);
}

static void end_warm_up(bench_run *run)
{
    (void) run;
}

static bool has_ended(void *context)
{
    return tr_world_roots_ended(context) > 0;
}

static bool has_ended_twice(void *context)
{
    return tr_world_roots_ended(context) > 1;
}

static void run_path(const struct path *path)
{
    tr_world *world = NULL;
    must(path->name,
         tr_world_create(&(const tr_world_options) {.seed = 1, .workers = path->workers}, &world));
    bench_run runs[] = {{.count = WARM_UP, .end = end_warm_up}, {.count = COUNT, .end = end}};
    current = path->name;
    for (uint32_t i = 0; i < 2; i++) {
        bench_run *run = &runs[i];
        run->begin = begin;
        run->workers = path->workers;
        run->is_forced = path->workers > 1;
        troupe_ref root;
        must(path->name,
             tr_world_spawn(world, TROUPE_SPAWN(.body = path->body, .argument = run), &root));
        if (!tr_world_until(world, i == 0 ? has_ended : has_ended_twice, world, TR_NEVER)) {
            (void) fprintf(stderr, "%s: the root actor does not end\n", path->name);
            exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
        }
        must(path->name, tr_world_root_error(world));
    }
    tr_world_destroy(&world);
    (void) printf("%s\n", path->name);
}

/* The switch alone: to a coroutine and back is two. */

static void suspend_for_ever(void *argument)
{
    tr_coroutine *const *coroutine = argument;
    for (;;) {
        tr_coroutine_suspend(*coroutine);
    }
}

static void run_switches(void)
{
    current = "coroutine-switch";
    tr_stacks *stacks = NULL;
    tr_stack_cache cache;
    tr_stack *stack = NULL;
    must(current, tr_stacks_create(tr_allocator_default(), NULL, &stacks));
    tr_stack_cache_init(&cache, stacks);
    must(current, tr_stack_cache_take(&cache, &stack));
    tr_coroutine *coroutine = NULL;
    coroutine = tr_coroutine_start(stack, suspend_for_ever, &coroutine);
    tr_coroutine_resume(coroutine);
    CALLGRIND_ZERO_STATS;
    for (int i = 0; i < COUNT / 2; i++) {
        tr_coroutine_resume(coroutine);
    }
    dump(COUNT);
    stack = tr_coroutine_stack(coroutine);
    tr_stack_cache_give(&cache, &stack);
    tr_stack_cache_fini(&cache);
    tr_stacks_destroy(&stacks);
    (void) printf("%s\n", current);
}

int main(void)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        run_path(&paths[i]);
    }
    run_switches();
    return 0;
}
