/* SPDX-License-Identifier: MIT */
/* Random trees of scopes, tasks and child actors, that fail, are cancelled, time out, are moved and
 * hand requests to each other at random: who leaves a scope leaves nobody in it, what was deferred
 * runs once, and nothing is left over. */
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "base/random.h"
#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define SEEDS 1000
#define ROOTS 3
#define SPANS 4000
#define NODES 4000
#define NOTES 4000
#define OPEN_MAX 4
#define DEPTH_MAX 4

/* What a scope has in it, and that its own have in theirs. */
struct span {
    struct span *outer;
    int32_t live;
    bool has_children;
    bool is_excused; /* somebody was left behind, or may have been */
};

/* What was deferred. */
struct note {
    struct forest *forest;
    uint32_t ran;
    bool is_deferred;
};

/* A task or actor. */
struct node {
    struct forest *forest;
    struct span *span; /* it lives in */
    uint32_t depth;
};

/* All of one world; one thread runs it. */
struct forest {
    struct span spans[SPANS];
    struct node nodes[NODES];
    struct note notes[NOTES];
    uint32_t span_count;
    uint32_t node_count;
    uint32_t note_count;
    uint32_t left_in_time;
    troupe_ref roots[ROOTS];
    const char *fault;
};

struct opened {
    troupe_scope *scope;
    struct span *span;
};

/* What one body is at. */
struct player {
    struct forest *forest;
    struct node *node;
    struct opened open[OPEN_MAX];
    uint32_t count;
};

static uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

static void count_in(struct span *span, int32_t more)
{
    for (; span != NULL; span = span->outer) {
        span->live += more;
    }
}

static struct span *innermost(const struct player *player)
{
    return player->count > 0 ? player->open[player->count - 1].span : player->node->span;
}

static struct node *a_node(struct forest *forest, struct span *span, uint32_t depth)
{
    if (forest->node_count == NODES) {
        return NULL;
    }
    struct node *node = &forest->nodes[forest->node_count++];
    *node = (struct node) {.forest = forest, .span = span, .depth = depth};
    return node;
}

static troupe_error lives(troupe_self *self, void *argument);

static troupe_error enters(troupe_self *self, struct player *player, bool is_shield)
{
    struct forest *forest = player->forest;
    if (player->count == OPEN_MAX || forest->span_count == SPANS) {
        return TROUPE_OK;
    }
    struct opened *opened = &player->open[player->count];
    const troupe_scope_options options = {
        .size = sizeof options,
        .timeout = draw(self, 3) == 0 ? TROUPE_WITHIN_MS(draw(self, 20)) : TROUPE_FOREVER,
        .grace = TROUPE_WITHIN_MS(draw(self, 60)),
        .on_failure = draw(self, 2) == 0 ? TROUPE_COLLECT_ALL : TROUPE_CANCEL_SIBLINGS,
        .tasks_max = draw(self, 4) == 0 ? 1 + (uint32_t) draw(self, 3) : 0};
    const troupe_error error = is_shield ? troupe_shield(self, options.grace, &opened->scope)
                                         : troupe_scope_enter(self, &options, &opened->scope);
    if (error == TROUPE_OK) {
        opened->span = &forest->spans[forest->span_count++];
        *opened->span = (struct span) {.outer = innermost(player)};
        player->count++;
    }
    return error;
}

static void excuse(struct span *span)
{
    for (; span != NULL; span = span->outer) {
        span->is_excused = true;
    }
}

static troupe_error leaves(troupe_self *self, struct player *player)
{
    if (player->count == 0) {
        return TROUPE_OK;
    }
    struct opened *opened = &player->open[--player->count];
    troupe_scope_report report;
    const troupe_error error = troupe_scope_leave_report(self, &opened->scope, &report);
    if (report.left > 0) {
        excuse(opened->span);
    }
    if (opened->span->live != 0 && !opened->span->is_excused) {
        player->forest->fault = "a scope was left with somebody in it";
    }
    player->forest->left_in_time += opened->span->is_excused ? 0 : 1;
    return error;
}

static void cleans_up(troupe_self *self, void *context)
{
    struct note *note = context;
    note->ran++;
    if (draw(self, 2) == 0) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(draw(self, 10)));
    }
    if (draw(self, 4) == 0) {
        struct player player = {.forest = note->forest};
        player.node = a_node(note->forest, NULL, DEPTH_MAX);
        if (player.node != NULL && enters(self, &player, false) == TROUPE_OK) {
            (void) troupe_sleep(self, TROUPE_WITHIN_MS(1)); /* and leaves it open */
        }
    }
}

static troupe_error defers(troupe_self *self, struct player *player)
{
    struct forest *forest = player->forest;
    if (forest->note_count == NOTES) {
        return TROUPE_OK;
    }
    struct note *note = &forest->notes[forest->note_count++];
    *note = (struct note) {.forest = forest};
    const troupe_error error = troupe_defer(self, cleans_up, note);
    note->is_deferred = error == TROUPE_OK;
    return error;
}

/* A task or a child in one of the open scopes. */
static troupe_error brings_up(troupe_self *self, struct player *player, bool is_actor)
{
    if (player->count == 0 || player->node->depth >= DEPTH_MAX) {
        return TROUPE_OK;
    }
    const struct opened *opened = &player->open[draw(self, player->count)];
    struct node *node = a_node(player->forest, opened->span, player->node->depth + 1);
    if (node == NULL) {
        return TROUPE_OK;
    }
    if (!is_actor) {
        troupe_task task;
        return troupe_task_start(self, opened->scope, TROUPE_TASK(.body = lives, .argument = node),
                                 draw(self, 2) == 0 ? &task : NULL);
    }
    opened->span->has_children = true;
    const troupe_spawn_options options = {.size = sizeof options,
                                          .body = lives,
                                          .argument = node,
                                          .scope = opened->scope,
                                          .place = (troupe_place) draw(self, 2)};
    troupe_ref ref;
    return draw(self, 2) == 0 ? troupe_spawn(self, &options, &ref)
                              : troupe_spawn_nowait(self, &options, &ref);
}

static troupe_error gathers(troupe_self *self, struct player *player)
{
    struct node *nodes[3];
    for (unsigned i = 0; i < 3; i++) {
        nodes[i] = a_node(player->forest, innermost(player), player->node->depth + 1);
        if (nodes[i] == NULL || player->node->depth >= DEPTH_MAX) {
            return TROUPE_OK;
        }
    }
    const troupe_task_options *const tasks[] = {TROUPE_TASK(.body = lives, .argument = nodes[0]),
                                                TROUPE_TASK(.body = lives, .argument = nodes[1]),
                                                TROUPE_TASK(.body = lives, .argument = nodes[2])};
    const uint64_t wins = draw(self, 4);
    size_t index;
    const troupe_error error =
        wins == 3 ? troupe_race(self, TROUPE_WITHIN_MS(draw(self, 30)), tasks, 3, &index)
                  : troupe_gather(self, TROUPE_GATHER(.wins = wins), tasks, 3, NULL);
    return error;
}

/* Handles a request that was handed over. */
static troupe_error handles(troupe_self *self, void *argument)
{
    struct node *node = argument;
    count_in(node->span, 1);
    troupe_error error = TROUPE_OK;
    if (draw(self, 4) != 0) {
        TROUPE_AUTO(troupe_message) *message = troupe_task_message(self);
        error = troupe_sleep(self, TROUPE_WITHIN_MS(draw(self, 5)));
        if (draw(self, 2) == 0 && message != NULL) {
            (void) reply_figure(self, message, 1);
        }
        error = draw(self, 4) == 0 ? TROUPE_ERROR_USER : error;
    }
    count_in(node->span, -1);
    return error;
}

static troupe_error receives(troupe_self *self, struct player *player)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_WITHIN_MS(draw(self, 8)));
    if (error == TROUPE_OK && player->count > 0 && draw(self, 3) != 0) {
        const struct opened *opened = &player->open[draw(self, player->count)];
        struct node *node = a_node(player->forest, opened->span, DEPTH_MAX);
        if (node != NULL) {
            error = troupe_task_start(
                self, opened->scope,
                TROUPE_TASK(.body = handles, .argument = node, .message = &message), NULL);
        }
    } else if (error == TROUPE_OK && troupe_message_wants_reply(message)) {
        error = reply_figure(self, message, 2);
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static troupe_error does_something(troupe_self *self, struct player *player)
{
    troupe_error result;
    troupe_task task;
    switch (draw(self, 16)) {
    case 0:
        return troupe_sleep(self, TROUPE_WITHIN_MS(draw(self, 20)));
    case 1:
        return troupe_yield(self);
    case 2:
    case 3:
        return enters(self, player, false);
    case 4:
        return enters(self, player, true);
    case 5:
    case 6:
        return brings_up(self, player, false);
    case 7:
        return brings_up(self, player, true);
    case 8:
        return defers(self, player);
    case 9:
        return player->count == 0 || draw(self, 3) != 0
                   ? TROUPE_OK
                   : troupe_scope_cancel(self, player->open[draw(self, player->count)].scope,
                                         TROUPE_ERROR_USER, "drawn");
    case 10:
        return leaves(self, player);
    case 11:
    case 12:
        return receives(self, player);
    case 13:
        return ask_figure(self, player->forest->roots[draw(self, ROOTS)], 1,
                          TROUPE_WITHIN_MS(draw(self, 20)), NULL);
    case 14:
        return gathers(self, player);
    default:
        return player->count == 0 ? TROUPE_OK
                                  : troupe_next(self, player->open[player->count - 1].scope,
                                                TROUPE_WITHIN_MS(draw(self, 10)), &task, &result);
    }
}

static troupe_error lives(troupe_self *self, void *argument)
{
    struct node *node = argument;
    struct player player = {.forest = node->forest, .node = node};
    count_in(node->span, 1);
    troupe_error error = TROUPE_OK;
    const uint64_t steps = 1 + draw(self, node->depth == 0 ? 60 : 8);
    for (uint64_t i = 0; i < steps && error == TROUPE_OK; i++) {
        error = does_something(self, &player);
        if (error && (node->depth == 0 || draw(self, 3) == 0)) {
            error = TROUPE_OK; /* as if nothing were */
        }
    }
    while (player.count > 0 && draw(self, 3) != 0) {
        (void) leaves(self, &player); /* or the runtime does */
    }
    error = draw(self, 8) == 0 ? TROUPE_ERROR_USER : error;
    /* What it has left open ends after it, and is counted itself. Nobody hears who of it was left
     * behind. */
    for (uint32_t i = 0; i < player.count; i++) {
        if (player.open[i].span->has_children) {
            excuse(player.open[i].span);
        }
    }
    count_in(node->span, -1);
    return error;
}

static void check(const struct forest *forest)
{
    assert_null(forest->fault);
    for (uint32_t i = 0; i < forest->span_count; i++) {
        assert_int_equal(forest->spans[i].live, 0);
    }
    for (uint32_t i = 0; i < forest->note_count; i++) {
        assert_int_equal(forest->notes[i].ran, forest->notes[i].is_deferred ? 1 : 0);
    }
}

static void signal_some(tr_world *world, const struct forest *forest, tr_random *random)
{
    const troupe_ref ref = forest->roots[tr_random_below(random, ROOTS)];
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    if (!troupe_ref_is_none(ref)) {
        (void) tr_actor_signal(tr_world_worker(world, 0), address,
                               tr_random_chance(random, 1, 2) ? TR_SIGNAL_STOP : TR_SIGNAL_CANCEL);
    }
}

/* What became of it, as a number. */
static uint64_t run(uint64_t seed, struct forest *forest)
{
    tr_random random;
    tr_random_seed(&random, seed);
    memset(forest, 0, sizeof *forest);
    tr_world *world =
        a_shaken_world_of(&(const tr_world_options) {.seed = seed,
                                                     .workers = 1 + (uint32_t) seed % 3,
                                                     .delay_ns_max = MS,
                                                     .moves_percent = seed % 2 == 0 ? 20 : 0});
    for (unsigned i = 0; i < ROOTS; i++) {
        const troupe_spawn_options options = {.size = sizeof options,
                                              .body = lives,
                                              .argument = a_node(forest, NULL, 0),
                                              .place = TROUPE_PLACE_ANY};
        if (tr_world_spawn(world, &options, &forest->roots[i]) != TROUPE_OK) {
            forest->roots[i] = troupe_ref_none();
        }
    }
    for (unsigned i = 0; i < 5; i++) {
        tr_world_advance(world, tr_random_below(&random, 60 * MS));
        if (tr_random_chance(&random, 1, 4)) {
            signal_some(world, forest, &random);
        }
    }
    drop_world(&world);
    check(forest);
    return forest->node_count * UINT64_C(1000003) + forest->note_count * UINT64_C(1009) +
           forest->left_in_time;
}

static void run_once(uint64_t seed, void *context)
{
    uint64_t *left = context;
    struct forest *forest = malloc(sizeof *forest);
    assert_non_null(forest);
    (void) run(seed, forest);
    *left += forest->left_in_time;
    free(forest);
}

/* Promise: SCOPE-NOTHING-LEFT, SCOPE-DEFER */
static void leave_nobody_behind_and_clean_up_once(void **state)
{
    (void) state;
    uint64_t left = 0;
    for_each_seed(SEEDS, run_once, &left);
    assert_true(left > 0);
}

/* Promise: SCOPE-NOTHING-LEFT */
static void go_the_same_way_with_the_same_seed(void **state)
{
    (void) state;
    struct forest *forest = malloc(sizeof *forest);
    assert_non_null(forest);
    assert_true(run(11, forest) == run(11, forest));
    assert_true(run(12, forest) == run(12, forest));
    free(forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leave_nobody_behind_and_clean_up_once),
        cmocka_unit_test(go_the_same_way_with_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
