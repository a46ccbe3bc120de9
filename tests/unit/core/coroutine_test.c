/* SPDX-License-Identifier: MIT */
/* What a coroutine promises: it goes on where it stopped, with all it had. */
#include "unit/core/stacks_fixture.h"

#include "base/random.h"

/* How the floating-point unit rounds. boost.context keeps it on this processor only. */
#if defined(__x86_64__)
#include <xmmintrin.h>
#define KEEPS_ROUNDING true
#define GET_ROUNDING() _MM_GET_ROUNDING_MODE()
#define SET_ROUNDING(mode) _MM_SET_ROUNDING_MODE(mode)
#else
#define KEEPS_ROUNDING false
#define GET_ROUNDING() 0
#define SET_ROUNDING(mode) ((void) (mode))
#define _MM_ROUND_NEAREST 0
#define _MM_ROUND_DOWN 1
#define _MM_ROUND_UP 2
#endif

/* What a body gets; most of what happens in it is left here. */
struct player {
    tr_coroutine *coroutine;
    uint64_t seed;
    uint64_t result;
    uint32_t rounds;
};

static void count_rounds(void *argument)
{
    struct player *player = argument;
    for (; player->rounds < 3; player->rounds++) {
        tr_coroutine_suspend(player->coroutine);
    }
}

static void runs_only_while_it_is_resumed(void **state)
{
    struct player player = {.rounds = 0};
    player.coroutine = start(*state, count_rounds, &player);

    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(player.rounds, i == 0 ? 0 : i - 1);
        assert_false(tr_coroutine_has_ended(player.coroutine));
        tr_coroutine_resume(player.coroutine);
    }

    assert_int_equal(player.rounds, 2);
    assert_false(tr_coroutine_has_ended(player.coroutine));
    tr_coroutine_resume(player.coroutine);
    assert_int_equal(player.rounds, 3);
    assert_true(tr_coroutine_has_ended(player.coroutine));
    drop(*state, player.coroutine);
}

/* One that runs another, in which the first is suspended. */
struct pair {
    tr_coroutine *outer;
    tr_coroutine *inner;
    int steps;
};

static void suspends_both(void *argument)
{
    struct pair *pair = argument;
    volatile char here[256] = {1};
    pair->steps += here[0];
    tr_coroutine_suspend(pair->outer);
    pair->steps += here[0];
    tr_coroutine_suspend(pair->inner);
    pair->steps += here[0];
}

static void runs_the_inner(void *argument)
{
    struct pair *pair = argument;
    volatile char here[256] = {10};
    tr_coroutine_resume(pair->inner);
    pair->steps += here[0];
    tr_coroutine_suspend(pair->outer);
    tr_coroutine_resume(pair->inner);
    pair->steps += here[0];
}

static void stops_with_one_that_it_runs(void **state)
{
    struct pair pair = {0};
    pair.outer = start(*state, runs_the_inner, &pair);
    pair.inner = start(*state, suspends_both, &pair);

    static const int steps[] = {1, 12, 23};
    for (int i = 0; i < 3; i++) {
        assert_false(tr_coroutine_has_ended(pair.outer));
        tr_coroutine_resume(pair.outer);
        assert_int_equal(pair.steps, steps[i]);
    }
    assert_true(tr_coroutine_has_ended(pair.outer));
    assert_true(tr_coroutine_has_ended(pair.inner));
    drop(*state, pair.inner);
    drop(*state, pair.outer);
}

/* Mixes integers in registers, a double and an array; the same with and without a coroutine. */
static uint64_t mix(uint64_t seed, uint32_t rounds, tr_coroutine *coroutine)
{
    uint64_t a = seed + 1;
    uint64_t b = seed * 3;
    uint64_t c = ~seed;
    double d = (double) seed / 7;
    uint64_t spread[16] = {0};
    for (uint32_t i = 0; i < rounds; i++) {
        a = a * 6364136223846793005U + b;
        b = (b ^ a) + (c >> 3);
        c = c * 31 + i;
        d = d * 1.0625 + (double) (a >> 40);
        spread[a >> 60] += b;
        if (coroutine != NULL) {
            tr_coroutine_suspend(coroutine);
        }
    }

    uint64_t bits = 0;
    memcpy(&bits, &d, sizeof bits);
    for (int i = 0; i < 16; i++) {
        bits = bits * 33 + spread[i];
    }
    return a ^ b ^ c ^ bits;
}

static void mix_in_a_coroutine(void *argument)
{
    struct player *player = argument;
    player->result = mix(player->seed, player->rounds, player->coroutine);
}

static void keeps_all_values_in_any_order_of_running(void **state)
{
    enum {
        PLAYERS = 200
    };
    struct player players[PLAYERS];
    tr_random random;
    tr_random_seed(&random, 8817);
    for (uint32_t i = 0; i < PLAYERS; i++) {
        players[i] = (struct player) {.seed = i, .rounds = 50 + i};
        players[i].coroutine = start(*state, mix_in_a_coroutine, &players[i]);
    }

    for (uint32_t left = PLAYERS; left > 0;) {
        struct player *player = &players[tr_random_below(&random, PLAYERS)];
        if (!tr_coroutine_has_ended(player->coroutine)) {
            tr_coroutine_resume(player->coroutine);
            left -= tr_coroutine_has_ended(player->coroutine) ? 1 : 0;
        }
    }

    for (uint32_t i = 0; i < PLAYERS; i++) {
        assert_int_equal(players[i].result, mix(i, players[i].rounds, NULL));
        drop(*state, players[i].coroutine);
    }
}

/* Suspends on the way down and on the way up, with something in each frame. */
static uint64_t descend(struct player *player, uint64_t depth) /* NOLINT(misc-no-recursion) */
{
    volatile uint64_t frame[16];
    for (uint64_t i = 0; i < 16; i++) {
        frame[i] = depth * i;
    }
    tr_coroutine_suspend(player->coroutine);
    const uint64_t below = depth > 0 ? descend(player, depth - 1) : 0;
    tr_coroutine_suspend(player->coroutine);

    uint64_t sum = below;
    for (uint64_t i = 0; i < 16; i++) {
        sum += frame[i];
    }
    return sum;
}

static void descend_in_a_coroutine(void *argument)
{
    struct player *player = argument;
    player->result = descend(player, player->rounds);
}

static void keeps_every_frame_of_a_deep_recursion(void **state)
{
    enum {
        PLAYERS = 5,
        DEPTH = 60
    };
    struct player players[PLAYERS];
    for (uint32_t i = 0; i < PLAYERS; i++) {
        players[i] = (struct player) {.rounds = DEPTH};
        players[i].coroutine = start(*state, descend_in_a_coroutine, &players[i]);
    }

    for (uint32_t i = 0; i <= (uint32_t) 2 * (DEPTH + 1); i++) {
        for (uint32_t j = 0; j < PLAYERS; j++) {
            assert_false(tr_coroutine_has_ended(players[j].coroutine));
            tr_coroutine_resume(players[j].coroutine);
        }
    }

    for (uint32_t i = 0; i < PLAYERS; i++) {
        assert_true(tr_coroutine_has_ended(players[i].coroutine));
        assert_int_equal(players[i].result, 120 * DEPTH * (DEPTH + 1) / 2);
        drop(*state, players[i].coroutine);
    }
}

static void resume_another(void *argument)
{
    struct player *outer = argument;
    struct player *inner = outer + 1;
    while (!tr_coroutine_has_ended(inner->coroutine)) {
        tr_coroutine_resume(inner->coroutine);
        outer->rounds++;
        tr_coroutine_suspend(outer->coroutine);
    }
}

static void a_coroutine_resumes_others(void **state)
{
    struct player players[2] = {{.rounds = 0}, {.rounds = 0}};
    players[0].coroutine = start(*state, resume_another, &players[0]);
    players[1].coroutine = start(*state, count_rounds, &players[1]);

    while (!tr_coroutine_has_ended(players[0].coroutine)) {
        tr_coroutine_resume(players[0].coroutine);
    }

    assert_int_equal(players[0].rounds, 4);
    assert_int_equal(players[1].rounds, 3);
    drop(*state, players[0].coroutine);
    drop(*state, players[1].coroutine);
}

/* Rounds upwards, and looks after a switch whether it still does. */
static void round_upwards(void *argument)
{
    struct player *player = argument;
    player->rounds = GET_ROUNDING();
    SET_ROUNDING(_MM_ROUND_UP);
    tr_coroutine_suspend(player->coroutine);
    player->result = GET_ROUNDING();
}

static void has_floating_point_modes_of_its_own(void **state)
{
    if (!KEEPS_ROUNDING) {
        skip_because("boost.context does not keep the modes on this processor");
    }
    struct player player = {.rounds = 0};
    player.coroutine = start(*state, round_upwards, &player);

    tr_coroutine_resume(player.coroutine);
    assert_int_equal(GET_ROUNDING(), _MM_ROUND_NEAREST);
    assert_int_equal(player.rounds, _MM_ROUND_NEAREST);
    SET_ROUNDING(_MM_ROUND_DOWN);
    tr_coroutine_resume(player.coroutine);

    const uint32_t rounding = GET_ROUNDING();
    SET_ROUNDING(_MM_ROUND_NEAREST);
    assert_int_equal(rounding, _MM_ROUND_DOWN);
    assert_int_equal(player.result, _MM_ROUND_UP);
    drop(*state, player.coroutine);
}

static void add_one(void *argument)
{
    uint64_t *sum = argument;
    *sum += 1;
}

static void a_stack_serves_one_coroutine_after_the_other(void **state)
{
    const uint32_t count = tr_valgrind_is_running() ? 1000 : 100000;
    uint64_t sum = 0;
    const tr_stack *first = NULL;
    for (uint32_t i = 0; i < count; i++) {
        tr_coroutine *coroutine = start(*state, add_one, &sum);
        first = i == 0 ? tr_coroutine_stack(coroutine) : first;
        assert_ptr_equal(tr_coroutine_stack(coroutine), first);
        tr_coroutine_resume(coroutine);
        assert_true(tr_coroutine_has_ended(coroutine));
        drop(*state, coroutine);
    }

    assert_int_equal(sum, count);
}

/* Touches most of the stack, in frames of another shape than descend's. */
static uint64_t fill(uint64_t depth) /* NOLINT(misc-no-recursion) */
{
    char frame[500];
    memset(frame, (int) depth, sizeof frame);
    const uint64_t below = depth > 0 ? fill(depth - 1) : 0;
    return below + (uint64_t) frame[depth];
}

static void fill_in_a_coroutine(void *argument)
{
    uint64_t *sum = argument;
    *sum = fill(20);
}

static void a_coroutine_may_be_dropped_before_it_ends(void **state)
{
    for (uint32_t resumed = 0; resumed < 30; resumed += 10) {
        struct player player = {.rounds = 60};
        player.coroutine = start(*state, descend_in_a_coroutine, &player);
        for (uint32_t i = 0; i < resumed; i++) {
            tr_coroutine_resume(player.coroutine);
        }
        drop(*state, player.coroutine);
    }

    uint64_t sum = 0;
    tr_coroutine *coroutine = start(*state, fill_in_a_coroutine, &sum);
    tr_coroutine_resume(coroutine);
    assert_int_equal(sum, 20 * 21 / 2);
    drop(*state, coroutine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(runs_only_while_it_is_resumed),
        WITH_POOL(stops_with_one_that_it_runs),
        WITH_POOL(keeps_all_values_in_any_order_of_running),
        WITH_POOL(keeps_every_frame_of_a_deep_recursion),
        WITH_POOL(a_coroutine_resumes_others),
        WITH_POOL(has_floating_point_modes_of_its_own),
        WITH_POOL(a_stack_serves_one_coroutine_after_the_other),
        WITH_POOL(a_coroutine_may_be_dropped_before_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
