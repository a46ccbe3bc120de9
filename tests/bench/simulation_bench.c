/* SPDX-License-Identifier: MIT */
/* simulation_bench: how many events of real actors a simulated world handles in a second.
 *
 *     simulation_bench [NODES [ACTORS [EVENTS [UNSEEN]]]]
 *                                  1000 nodes of 100 actors, 10 million events, all seen
 *
 * simulation_eyes_bench is the same with the library that users have, in which there are eyes.
 *
 * `messages`: in each node ten of the actors' messages go round among all its actors. `timers`:
 * each actor has a timer of 10 ms. Prints `workload subject value unit`, one line each. */
#include <stdio.h>
#include <stdlib.h>
#include <troupe/simulation.h>
#include <troupe/troupe.h>

#include "bench/bench.h"

enum {
    ROUND_AT_ONCE = 10
};

struct bench {
    uint64_t nodes;
    uint64_t actors; /* of each */
    uint64_t events;
    uint64_t handled;
    uint64_t until;   /* so many are */
    troupe_ref *refs; /* by node and actor */
    const troupe_behavior *behavior;
    uint64_t unseen;
};

struct place {
    struct bench *bench;
    troupe_ref *next;
};

static const troupe_type token_type = TROUPE_SIGNAL("token");

static troupe_error begin(troupe_self *self, void *state, void *argument)
{
    (void) self;
    struct place *place = state;
    *place = *(const struct place *) argument;
    return TROUPE_OK;
}

static troupe_error pass_on(troupe_self *self, void *state, troupe_message **message)
{
    const struct place *place = state;
    place->bench->handled++;
    return troupe_send_message(self, *place->next, message);
}

static const troupe_handles passes[] = {{.type = &token_type, .handler = pass_on}, {0}};
static const troupe_behavior passer =
    TROUPE_BEHAVIOR(.name = "passer", .start = begin, .state_size = sizeof(struct place),
                    .handlers = passes);

static troupe_error begin_to_tick(troupe_self *self, void *state, void *argument)
{
    struct place *place = state;
    troupe_timer timer;
    *place = *(const struct place *) argument;
    const uint64_t after_us = 1 + troupe_self_random(self) % 10000;
    return troupe_timer_start(
        self, TROUPE_TIMER(.after = TROUPE_WITHIN_US(after_us), .every = TROUPE_WITHIN_MS(10)),
        &timer);
}

static troupe_error count(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) message;
    ((const struct place *) state)->bench->handled++;
    return TROUPE_OK;
}

static const troupe_handles counts[] = {{.type = &troupe_tick_type, .handler = count}, {0}};
static const troupe_behavior ticker =
    TROUPE_BEHAVIOR(.name = "ticker", .start = begin_to_tick, .state_size = sizeof(struct place),
                    .handlers = counts);

/* The tokens come from one that leaves. */
static troupe_error gives_tokens(troupe_self *self, void *argument)
{
    const troupe_ref *refs = argument;
    const troupe_error slept = troupe_sleep(self, TROUPE_WITHIN_S(1)); /* until all are there */
    if (slept) {
        return slept;
    }
    for (int i = 0; i < ROUND_AT_ONCE; i++) {
        troupe_message *message = NULL;
        troupe_error error = troupe_message_create(self, &token_type, NULL, &message);
        error = error ? error : troupe_send_message(self, refs[0], &message);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static void spawn_actors(troupe_simulation *simulation, struct bench *bench, uint32_t node)
{
    troupe_ref *refs = bench->refs + node * bench->actors;
    for (uint64_t i = 0; i < bench->actors; i++) {
        struct place place = {.bench = bench, .next = &refs[(i + 1) % bench->actors]};
        BENCH_MUST(
            troupe_simulation_spawn(simulation, node,
                                    TROUPE_SPAWN(.behavior = bench->behavior, .argument = &place),
                                    &refs[i]) == TROUPE_OK);
    }
}

/* A second later the world has no rest any more. */
static troupe_error give_tokens(troupe_simulation *simulation, uint32_t node, void *context)
{
    const struct bench *bench = context;
    troupe_ref *refs = bench->refs + node * bench->actors;
    troupe_ref giver;
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = gives_tokens, .argument = refs), &giver);
}

static bool is_done(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    const struct bench *bench = context;
    return bench->handled >= bench->until;
}

static void measure(struct bench *bench, const char *workload)
{
    troupe_simulation *simulation = NULL;
    bench->handled = 0;
    const double made_s = bench_now_s();
    BENCH_MUST(troupe_simulation_create(
                   TROUPE_SIMULATION(.seed = 1, .steps_max = UINT64_MAX, .check_every = UINT64_MAX),
                   &simulation) == TROUPE_OK);
    for (uint64_t i = 0; i < bench->nodes; i++) {
        uint32_t node = 0;
        BENCH_MUST(troupe_simulation_add(simulation,
                                         TROUPE_SIMULATION_NODE(.unseen = bench->unseen),
                                         &node) == TROUPE_OK);
    }
    for (uint64_t i = 0; i < bench->nodes; i++) {
        spawn_actors(simulation, bench, (uint32_t) i);
    }
    for (uint64_t i = 0; i < bench->nodes && bench->behavior == &passer; i++) {
        BENCH_MUST(give_tokens(simulation, (uint32_t) i, bench) == TROUPE_OK);
    }
    const double begun_s = bench_now_s();
    const uint64_t before = bench->handled;
    bench->until = before + bench->events;
    BENCH_MUST(troupe_simulation_run_until(simulation, is_done, bench, TROUPE_FOREVER) ==
               TROUPE_OK);
    const double seconds = bench_now_s() - begun_s;
    printf("%s simulation/1 %.0f events/s\n", workload,
           (double) (bench->handled - before) / seconds);
    printf("%s_made simulation/1 %.2f s\n", workload, begun_s - made_s);
    printf("%s_memory simulation/1 %.0f bytes/actor\n", workload,
           bench_resident_bytes() / (double) (bench->nodes * bench->actors));
    troupe_simulation_destroy(&simulation);
}

static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
    const uint64_t given = at < argc ? strtoull(argv[at], NULL, 10) : 0;
    return given != 0 ? given : otherwise;
}

int main(int argc, char **argv)
{
    struct bench bench = {.nodes = number(argc, argv, 1, 1000),
                          .actors = number(argc, argv, 2, 100),
                          .events = number(argc, argv, 3, 10000000),
                          .unseen = number(argc, argv, 4, 0)};
    bench.refs = calloc(bench.nodes * bench.actors, sizeof *bench.refs);
    BENCH_MUST(bench.refs != NULL);
    bench.behavior = &passer;
    measure(&bench, "messages");
    bench.behavior = &ticker;
    measure(&bench, "timers");
    free(bench.refs);
    return 0;
}
