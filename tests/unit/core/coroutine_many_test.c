/* SPDX-License-Identifier: MIT */
/* What many coroutines promise: to go from thread to thread, to cost little, to fail by name. */
#include "unit/core/stacks_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct player {
    tr_coroutine *coroutine;
    uint64_t seed;
    uint64_t result;
    uint32_t rounds;
};

/* A value that each suspension lies in the midst of. */
static uint64_t mix(uint64_t seed, uint32_t rounds, tr_coroutine *coroutine)
{
    uint64_t value = seed;
    for (uint32_t i = 0; i < rounds; i++) {
        value = value * 31 + i;
        if (coroutine != NULL) {
            tr_coroutine_suspend(coroutine);
        }
    }
    return value;
}

static void mix_in_a_coroutine(void *argument)
{
    struct player *player = argument;
    player->result = mix(player->seed, player->rounds, player->coroutine);
}

#define HANDED 16
#define HANDED_ROUNDS 300
#define THREADS 2

/* Passes coroutines between threads: each thread runs those that the other one left. */
struct counter {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct traveller *waiting[THREADS][HANDED];
    uint32_t waiting_count[THREADS];
    uint32_t ended_count;
};

struct traveller {
    struct player player;
    uint32_t runs_on; /* written by the thread that resumes */
    uint32_t mistakes;
};

static _Thread_local uint32_t thread_number;

/* Not inlined: the address of a thread-local must not live longer than a stay on the thread. */
static __attribute__((noinline)) uint32_t this_thread(void)
{
    return thread_number;
}

static void travel(void *argument)
{
    struct traveller *traveller = argument;
    struct player *player = &traveller->player;
    uint64_t value = player->seed;
    for (uint32_t i = 0; i < player->rounds; i++) {
        value = value * 31 + i;
        traveller->mistakes += this_thread() != traveller->runs_on ? 1 : 0;
        tr_coroutine_suspend(player->coroutine);
    }
    player->result = value;
}

static struct traveller *next_traveller(struct counter *counter, uint32_t here)
{
    while (counter->waiting_count[here] == 0 && counter->ended_count < HANDED) {
        (void) pthread_cond_wait(&counter->changed, &counter->mutex);
    }
    if (counter->waiting_count[here] == 0) {
        return NULL;
    }
    counter->waiting_count[here]--;
    return counter->waiting[here][counter->waiting_count[here]];
}

static void *run_travellers(struct counter *counter, uint32_t here)
{
    thread_number = here;
    (void) pthread_mutex_lock(&counter->mutex);
    struct traveller *traveller = next_traveller(counter, here);
    while (traveller != NULL) {
        (void) pthread_mutex_unlock(&counter->mutex);
        traveller->runs_on = here;
        tr_coroutine_resume(traveller->player.coroutine);
        const bool has_ended = tr_coroutine_has_ended(traveller->player.coroutine);
        (void) pthread_mutex_lock(&counter->mutex);

        const uint32_t there = 1 - here;
        if (has_ended) {
            counter->ended_count++;
        } else {
            counter->waiting[there][counter->waiting_count[there]++] = traveller;
        }
        (void) pthread_cond_broadcast(&counter->changed);
        traveller = next_traveller(counter, here);
    }
    (void) pthread_mutex_unlock(&counter->mutex);
    return NULL;
}

static void *run_here(void *context)
{
    return run_travellers(context, 0);
}

static void *run_there(void *context)
{
    return run_travellers(context, 1);
}

static void goes_on_in_another_thread(void **state)
{
    struct counter counter = {.waiting_count = {HANDED, 0}};
    struct traveller travellers[HANDED];
    assert_int_equal(pthread_mutex_init(&counter.mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&counter.changed, NULL), 0);
    for (uint32_t i = 0; i < HANDED; i++) {
        travellers[i] = (struct traveller) {.player = {.seed = i, .rounds = HANDED_ROUNDS}};
        travellers[i].player.coroutine = start(*state, travel, &travellers[i]);
        counter.waiting[0][i] = &travellers[i];
    }
    pthread_t threads[THREADS];

    assert_int_equal(pthread_create(&threads[0], NULL, run_here, &counter), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, run_there, &counter), 0);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);

    for (uint32_t i = 0; i < HANDED; i++) {
        assert_int_equal(travellers[i].mistakes, 0);
        assert_int_equal(travellers[i].player.result, mix(i, HANDED_ROUNDS, NULL));
        drop(*state, travellers[i].player.coroutine);
    }
    assert_int_equal(pthread_cond_destroy(&counter.changed), 0);
    assert_int_equal(pthread_mutex_destroy(&counter.mutex), 0);
}

/* For a handler of signals, in a process of its own. */
static const tr_stacks *stacks_of_the_handler;

enum {
    STATUS_NAMED = 42,
    STATUS_UNKNOWN = 43
};

static void name_the_owner(int number, siginfo_t *info, void *context)
{
    (void) number;
    (void) context;
    const tr_stack *stack = tr_stacks_find(stacks_of_the_handler, info->si_addr);
    const bool is_named = stack != NULL && tr_stack_guards(stack, info->si_addr) &&
                          strcmp(tr_stack_owner(stack), "ada") == 0;
    _exit(is_named ? STATUS_NAMED : STATUS_UNKNOWN);
}

static uint64_t recurse_for_ever(volatile uint64_t *above) /* NOLINT(misc-no-recursion) */
{
    volatile uint64_t frame[32] = {*above};
    const uint64_t below = *above < UINT64_MAX ? recurse_for_ever(frame) : 0;
    return below + frame[0];
}

static void overflow(void *argument)
{
    volatile uint64_t *first = argument;
    *first = recurse_for_ever(first);
}

static void overflow_with_a_handler(struct pool *pool)
{
    static char signal_stack[1 << 16];
    const stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    const struct sigaction action = {.sa_sigaction = name_the_owner,
                                     .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void) setrlimit(RLIMIT_CORE, &(struct rlimit) {.rlim_cur = 0, .rlim_max = 0});
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0) {
        _exit(1);
    }

    uint64_t value = 1;
    static char name[] = "ada";
    tr_coroutine *coroutine = start(pool, overflow, &value);
    tr_stack_set_owner(tr_coroutine_stack(coroutine), name);
    stacks_of_the_handler = pool->stacks;
    tr_coroutine_resume(coroutine);
    _exit(2);
}

/* Promise: TASK-GUARD */
static void an_overflow_ends_in_the_guard_and_can_be_named(void **state)
{
    const pid_t child = fork();
    if (child == 0) {
        overflow_with_a_handler(*state);
    }

    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS_NAMED);
}

/* Many at once, each resumed `rounds` times; `between` looks at them when all wait. */
static void run_many(struct pool *pool, uint32_t count, void (*between)(uint32_t count))
{
    struct player *players = calloc(count, sizeof *players);
    assert_non_null(players);
    for (uint32_t i = 0; i < count; i++) {
        players[i] = (struct player) {.seed = i, .rounds = 2};
        players[i].coroutine = start(pool, mix_in_a_coroutine, &players[i]);
        tr_coroutine_resume(players[i].coroutine);
    }
    if (between != NULL) {
        between(count);
    }

    uint32_t mistakes = 0;
    for (uint32_t round = 1; round <= 2; round++) {
        for (uint32_t i = 0; i < count; i++) {
            tr_coroutine_resume(players[i].coroutine);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        mistakes += !tr_coroutine_has_ended(players[i].coroutine) ? 1 : 0;
        mistakes += players[i].result != mix(i, 2, NULL) ? 1 : 0;
        drop(pool, players[i].coroutine);
    }
    free(players);
    assert_int_equal(mistakes, 0);
}

/* Promise: TASK-MANY */
static void there_may_be_a_hundred_thousand(void **state)
{
    const struct pool *pool = *state;
    if (!tr_stacks_has_guard_regions(pool->stacks)) {
        skip_because("the kernel has no guard regions, and too few mappings");
    }

    run_many(*state, at_most(100000), NULL);
}

/* Resident memory and page tables, in bytes. */
static size_t memory_of_this_process(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    size_t sum = 0;
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0 || strncmp(line, "VmPTE:", 6) == 0) {
            sum += strtoul(line + 6, NULL, 10) << 10;
        }
    }
    assert_int_equal(fclose(file), 0);
    return sum;
}

static size_t memory_before;

static void check_memory(uint32_t count)
{
    const size_t used = memory_of_this_process() - memory_before;
    assert_in_range(used / count, 1, 5 << 10);
}

static void an_idle_one_costs_at_most_five_kibibytes(void **state)
{
    if (TR_ADDRESS_SANITIZER || TR_THREAD_SANITIZER || tr_valgrind_is_running()) {
        skip_because("the tool has memory of its own");
    }

    memory_before = memory_of_this_process();
    run_many(*state, 10000, check_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(goes_on_in_another_thread),
        WITH_POOL(an_overflow_ends_in_the_guard_and_can_be_named),
        WITH_POOL(an_idle_one_costs_at_most_five_kibibytes),
        WITH_POOL(there_may_be_a_hundred_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
