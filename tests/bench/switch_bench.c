/* SPDX-License-Identifier: MIT */
/* What coroutines cost: a switch, a whole life on a pooled stack, a new stack, one that waits.
 *
 *     switch_bench            prints lines of name, implementation, value, unit */
#include "base/clock.h"
#include "base/memory.h"
#include "core/coroutine.h"

#include <stdio.h>
#include <stdlib.h>

#define SWITCHES 20000000
#define LIVES 5000000
#define WAITING 100000

struct bench {
    tr_clock clock;
    tr_stacks *stacks;
    tr_stack_cache cache;
};

struct player {
    tr_coroutine *coroutine;
};

static void must(troupe_error error)
{
    if (error) {
        (void) fprintf(stderr, "switch_bench: %s\n", troupe_error_text(error));
        abort();
    }
}

static uint64_t now_ns(const struct bench *bench)
{
    return bench->clock.now_ns(bench->clock.context);
}

static void report(const char *name, uint64_t elapsed_ns, double count)
{
    (void) printf("%s troupe %.1f ns\n", name, (double) elapsed_ns / count);
}

static tr_coroutine *start(struct bench *bench, void (*body)(void *), void *argument)
{
    tr_stack *stack = NULL;
    must(tr_stack_cache_take(&bench->cache, &stack));
    return tr_coroutine_start(stack, body, argument);
}

static void drop(struct bench *bench, tr_coroutine *coroutine)
{
    tr_stack *stack = tr_coroutine_stack(coroutine);
    tr_stack_cache_give(&bench->cache, &stack);
}

static void suspend_for_ever(void *argument)
{
    const struct player *player = argument;
    for (;;) {
        tr_coroutine_suspend(player->coroutine);
    }
}

static void do_nothing(void *argument)
{
    (void) argument;
}

static void measure_switches(struct bench *bench)
{
    struct player player = {.coroutine = NULL};
    player.coroutine = start(bench, suspend_for_ever, &player);
    tr_coroutine_resume(player.coroutine);

    const uint64_t begin_ns = now_ns(bench);
    for (int i = 0; i < SWITCHES / 2; i++) {
        tr_coroutine_resume(player.coroutine);
    }
    report("switch", now_ns(bench) - begin_ns, SWITCHES);
    drop(bench, player.coroutine);
}

static void measure_lives(struct bench *bench)
{
    const uint64_t begin_ns = now_ns(bench);
    for (int i = 0; i < LIVES; i++) {
        tr_coroutine *coroutine = start(bench, do_nothing, NULL);
        tr_coroutine_resume(coroutine);
        drop(bench, coroutine);
    }
    report("coroutine_life", now_ns(bench) - begin_ns, LIVES);
}

/* Resident memory in pages: the second number of statm. */
static unsigned long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[256];
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        must(TROUPE_ERROR_SYSTEM);
        return 0;
    }
    (void) fclose(file); /* only read */

    char *end = NULL;
    (void) strtoul(line, &end, 10); /* the size of all mappings */
    return strtoul(end, NULL, 10);
}

static void measure_waiting(struct bench *bench)
{
    struct player *players = calloc(WAITING, sizeof *players);
    must(players != NULL ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY);
    const unsigned long pages_before = resident_pages();
    uint64_t begin_ns = now_ns(bench);
    for (int i = 0; i < WAITING; i++) {
        players[i].coroutine = start(bench, suspend_for_ever, &players[i]);
        tr_coroutine_resume(players[i].coroutine);
    }
    report("coroutine_on_a_new_stack", now_ns(bench) - begin_ns, WAITING);
    (void) printf("coroutine_waiting troupe %.0f bytes\n",
                  (double) (resident_pages() - pages_before) * 4096 / WAITING);

    begin_ns = now_ns(bench);
    for (int i = 0; i < WAITING; i++) {
        tr_coroutine_resume(players[i].coroutine);
    }
    report("switch_among_100000", now_ns(bench) - begin_ns, 2.0 * WAITING);
    for (int i = 0; i < WAITING; i++) {
        drop(bench, players[i].coroutine);
    }
    free(players);
}

int main(void)
{
    struct bench bench = {.clock = tr_clock_real()};
    must(tr_stacks_create(tr_allocator_default(), NULL, &bench.stacks));
    tr_stack_cache_init(&bench.cache, bench.stacks);
    measure_switches(&bench);
    measure_lives(&bench);
    measure_waiting(&bench);
    tr_stack_cache_fini(&bench.cache);
    tr_stacks_destroy(&bench.stacks);
    return 0;
}
