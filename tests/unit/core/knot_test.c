/* SPDX-License-Identifier: MIT */
/* What is promised of rings through actors with several tasks: a ring through a task that handles a
 * request is found, and a knot through all tasks; and nobody is told who may still be served. */
#include <string.h>
#include <troupe/troupe.h>

#include "base/random.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define SEEDS 240
#define ACTORS_MAX 6
#define TASKS_MAX 3
#define NOBODY ACTORS_MAX

struct game;

struct asker {
    struct game *game;
    uint32_t actor;
    uint32_t task;
};

/* All of one world; one thread runs it. */
struct game {
    troupe_ref refs[ACTORS_MAX];
    uint32_t count;
    uint32_t tasks[ACTORS_MAX];
    uint32_t targets[ACTORS_MAX][TASKS_MAX]; /* planned; NOBODY: none */
    uint32_t waits[ACTORS_MAX][TASKS_MAX];   /* for whom just now */
    struct asker askers[ACTORS_MAX][TASKS_MAX];
    uint64_t asked;
    uint64_t answered;
    uint64_t told;
    uint64_t wrong;
    bool serves_always;
};

/* Whether one leads to the other by waits. */
static bool leads_to(const struct game *game, uint32_t from, uint32_t to)
{
    bool is_reached[ACTORS_MAX + 1] = {false};
    is_reached[from] = true;
    for (uint32_t round = 0; round < game->count; round++) {
        for (uint32_t i = 0; i < game->count; i++) {
            for (uint32_t j = 0; is_reached[i] && j < game->tasks[i]; j++) {
                is_reached[game->waits[i][j]] = true;
            }
        }
    }
    return is_reached[to];
}

static troupe_error asks_one(troupe_self *self, struct game *game, uint32_t actor, uint32_t task)
{
    const uint32_t target = game->targets[actor][task];
    game->asked++;
    game->waits[actor][task] = target;
    const troupe_error error = ask_figure(self, game->refs[target], 1, TROUPE_FOREVER, NULL);
    game->answered += error == TROUPE_OK ? 1 : 0;
    if (error == TROUPE_ERROR_WOULD_DEADLOCK) {
        game->told++;
        game->wrong += leads_to(game, target, actor) ? 0 : 1;
    }
    game->waits[actor][task] = NOBODY;
    return error;
}

/* A task: asks in its own time. */
static troupe_error asks(troupe_self *self, void *argument)
{
    const struct asker *asker = argument;
    const uint64_t pause_ms = 5 + troupe_self_random(self) % 40;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(pause_ms));
    if (error == TROUPE_OK && asker->game->targets[asker->actor][asker->task] != NOBODY) {
        error = asks_one(self, asker->game, asker->actor, asker->task);
    }
    return error == TROUPE_ERROR_WOULD_DEADLOCK ? TROUPE_OK : error;
}

/* Answers what comes, in its time. */
static troupe_error serves(troupe_self *self, uint64_t pause_ms)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        error = pause_ms > 0
                    ? troupe_sleep(self, TROUPE_WITHIN_MS(troupe_self_random(self) % pause_ms))
                    : TROUPE_OK;
        error = error ? error : reply_figure(self, message, 1);
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

/* An actor with several tasks that ask. It serves when they have ended, or always. */
static troupe_error asks_by_tasks(troupe_self *self, void *argument)
{
    struct asker *askers = argument;
    struct game *game = askers->game;
    const uint32_t actor = askers->actor;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10)); /* until all are there */
    error = error ? error : troupe_scope_enter(self, NULL, &scope);
    for (uint32_t i = 0; i < game->tasks[actor] && error == TROUPE_OK; i++) {
        error =
            troupe_task_start(self, scope, TROUPE_TASK(.body = asks, .argument = &askers[i]), NULL);
    }
    if (error == TROUPE_OK && game->serves_always) {
        error = serves(self, 60);
        (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    error = error ? error : left;
    return error ? error : serves(self, 0);
}

static void play(struct game *game, uint64_t seed, troupe_body *body, uint64_t ms)
{
    tr_world *world = a_world(seed, 1 + (uint32_t) (seed % 3));
    for (uint32_t i = 0; i < game->count; i++) {
        for (uint32_t j = 0; j < TASKS_MAX; j++) {
            game->waits[i][j] = NOBODY;
            game->askers[i][j] = (struct asker) {.game = game, .actor = i, .task = j};
        }
    }
    for (uint32_t i = 0; i < game->count; i++) {
        game->refs[i] = a_root(world, TROUPE_SPAWN(.body = body, .argument = game->askers[i],
                                                   .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, ms * MS);
    drop_world(&world);
}

/* A ring of two: each handles what comes in a task of its own, which asks the other; their bodies
 * go on receiving. */

static troupe_error asks_back(troupe_self *self, void *argument)
{
    const struct asker *asker = argument;
    TROUPE_AUTO(troupe_message) *request = troupe_task_message(self);
    (void) asks_one(self, asker->game, asker->actor, 1);
    return reply_figure(self, request, 1);
}

static troupe_error handles_in_tasks(troupe_self *self, void *argument)
{
    struct asker *askers = argument;
    const uint32_t actor = askers->actor;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error == TROUPE_OK) {
        error =
            troupe_task_start(self, scope, TROUPE_TASK(.body = asks, .argument = &askers[0]), NULL);
    }
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && actor == 0) { /* the first asks back; the other never answers */
            error = troupe_task_start(
                self, scope,
                TROUPE_TASK(.body = asks_back, .argument = &askers[1], .message = &message), NULL);
        }
    }
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    (void) troupe_scope_leave(self, &scope);
    return error;
}

/* The second asks by its body, and serves after that. */
static troupe_error asks_and_serves(troupe_self *self, void *argument)
{
    struct asker *askers = argument;
    if (askers->actor == 0) {
        return handles_in_tasks(self, argument);
    }
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(50));
    (void) asks_one(self, askers->game, askers->actor, 0);
    return error ? error : serves(self, 0);
}

static void run_handlers(uint64_t seed, void *context)
{
    uint64_t *told = context;
    struct game game = {.count = 2, .tasks = {2, 1}, .targets = {{NOBODY, 1, NOBODY}, {0}}};
    play(&game, seed, asks_and_serves, 20000);
    assert_int_equal(game.asked, 2);
    assert_int_equal(game.told, 1);
    assert_true(game.answered <= 1); /* the other goes on, answered or given up */
    assert_int_equal(game.waits[0][1], NOBODY);
    assert_int_equal(game.waits[1][0], NOBODY);
    assert_int_equal(game.wrong, 0);
    *told += game.told;
}

/* Promise: RING-TASKS */
static void is_found_through_a_task_that_handles_a_request(void **state)
{
    (void) state;
    uint64_t told = 0;
    for_each_seed(SEEDS, run_handlers, &told);
    assert_true(told > 0);
}

/* Whatever graph the tasks make by their asks: each ask ends, and who is told was in a ring. */
static void run_knot(uint64_t seed, void *context)
{
    uint64_t *told = context;
    struct game game = {.count = 2 + (uint32_t) (seed % (ACTORS_MAX - 1))};
    tr_random random;
    tr_random_seed(&random, seed);
    for (uint32_t i = 0; i < game.count; i++) {
        game.tasks[i] = 1 + (uint32_t) tr_random_below(&random, TASKS_MAX);
        for (uint32_t j = 0; j < TASKS_MAX; j++) {
            const uint32_t target = (uint32_t) tr_random_below(&random, game.count + 1);
            game.targets[i][j] = target == i || target == game.count ? NOBODY : target;
        }
    }
    play(&game, seed, asks_by_tasks, 60000);
    assert_true(game.asked > 0 || game.told == 0);
    assert_int_equal(game.answered + game.told, game.asked);
    assert_int_equal(game.wrong, 0);
    *told += game.told;
}

/* Promise: RING-TASKS */
static void leaves_nobody_waiting_in_a_knot(void **state)
{
    (void) state;
    uint64_t told = 0;
    for_each_seed(SEEDS, run_knot, &told);
    assert_true(told > SEEDS / 4);
}

/* Everybody asks everybody, by tasks, and bodies serve, if slowly. */
static void run_served(uint64_t seed, void *context)
{
    (void) context;
    struct game game = {.count = ACTORS_MAX, .serves_always = true};
    for (uint32_t i = 0; i < game.count; i++) {
        game.tasks[i] = TASKS_MAX;
        for (uint32_t j = 0; j < TASKS_MAX; j++) {
            game.targets[i][j] = (i + 1 + j) % ACTORS_MAX;
        }
    }
    play(&game, seed, asks_by_tasks, 20000);
    assert_int_equal(game.told, 0);
    assert_int_equal(game.answered, ACTORS_MAX * TASKS_MAX);
}

/* Promise: RING-NONE, RING-TASKS */
static void tells_nobody_whom_a_body_may_serve(void **state)
{
    (void) state;
    for_each_seed(SEEDS, run_served, NULL);
}

/* The first asks the second by one task, who asks it; and a third by another, who takes its time:
 * then that task serves them. The ring alone is no knot. */

static troupe_error asks_then_serves(troupe_self *self, void *argument)
{
    const struct asker *asker = argument;
    (void) asks_one(self, asker->game, asker->actor, asker->task);
    return serves(self, 0);
}

static troupe_error has_a_way_out(troupe_self *self, void *argument)
{
    struct asker *askers = argument;
    const struct game *game = askers->game;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    if (askers->actor == 2) {
        return error ? error : serves(self, 2000);
    }
    error = error ? error : troupe_scope_enter(self, NULL, &scope);
    for (uint32_t i = 0; i < game->tasks[askers->actor] && error == TROUPE_OK; i++) {
        error = troupe_task_start(
            self, scope, TROUPE_TASK(.body = asks_then_serves, .argument = &askers[i]), NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    return error ? error : left;
}

static void run_way_out(uint64_t seed, void *context)
{
    (void) context;
    const uint32_t first = (uint32_t) (seed % 2); /* of the tasks, the one in the ring */
    struct game game = {.count = 3, .tasks = {2, 1, 0}, .targets = {{2, 2, 0}, {0}, {0}}};
    game.targets[0][first] = 1;
    play(&game, seed, has_a_way_out, 20000);
    assert_int_equal(game.told, 0);
    assert_int_equal(game.answered, 3);
}

/* Promise: RING-NONE, RING-TASKS */
static void tells_nobody_whom_another_task_may_serve(void **state)
{
    (void) state;
    for_each_seed(SEEDS, run_way_out, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_found_through_a_task_that_handles_a_request),
        cmocka_unit_test(leaves_nobody_waiting_in_a_knot),
        cmocka_unit_test(tells_nobody_whom_a_body_may_serve),
        cmocka_unit_test(tells_nobody_whom_another_task_may_serve),
    };
    return cmocka_run_group_tests_name("knot", tests, NULL, NULL);
}
