/* SPDX-License-Identifier: MIT */
/* Many small worlds in which pipelines, pools, trees of actors, scopes, supervisors and callers of
 * other nodes run while nodes crash, stall and are cut off, as the seed says. Each checks what it
 * was promised, and goes on when the faults are over. tests/simulation/run runs more of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "simulation/passes.h"
#include "support/cast.h"
#include "support/fixtures.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 1000
#else
#define SEEDS 10000
#endif

enum {
    NODES_MAX = 3,
    ACTS_MAX = 3, /* of a node */
    WORDS = 12,
    TASKS = 4,
    DEPTH = 3
};

/* What one root actor plays again and again. */
struct act {
    troupe_simulation *simulation;
    troupe_error (*play)(troupe_self *self, struct act *act);
    const uint64_t *nodes; /* their ids, now */
    uint32_t nodes_count;
    uint64_t rounds;
    uint64_t target;
};

struct host {
    struct act acts[ACTS_MAX];
    uint32_t count;
    uint64_t *id; /* its own among the nodes' */
};

struct mix {
    struct host hosts[NODES_MAX];
    uint64_t nodes[NODES_MAX];
    uint32_t count;
};

#define BREAK(act, ...) troupe_simulation_fail((act)->simulation, __VA_ARGS__)

static troupe_timeout a_moment(troupe_self *self)
{
    return TROUPE_WITHIN_US(1 + troupe_self_random(self) % 2000);
}

/* Narrow or wide. */
static uint32_t a_capacity(troupe_self *self)
{
    return troupe_self_random(self) % 2 == 0 ? 1 : 16;
}

static bool is_end(troupe_error error)
{
    return error == TROUPE_ERROR_CANCELLED || error == TROUPE_ERROR_STOPPING;
}

/* Pipelines: one sends, one passes on, one looks at the order. */

struct stage {
    struct act *act;
    troupe_ref next;
};

static troupe_error passes_on(troupe_self *self, void *argument)
{
    const struct stage stage = *(const struct stage *) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t figure = 1;
    troupe_error error = TROUPE_OK;
    while (!error && figure != 0) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            figure = figure_of(message);
            error = send_figure(self, stage.next, figure);
        }
    }
    return error;
}

static troupe_error looks_at_order(troupe_self *self, void *argument)
{
    const struct stage stage = *(const struct stage *) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t last = 0;
    for (;;) {
        const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t figure = error ? 0 : figure_of(message);
        if (error || figure == 0) {
            if (!error && last != WORDS) {
                BREAK(stage.act, "the end came after %" PRIu64 " words", last);
            }
            return error;
        }
        if (figure != last + 1) {
            BREAK(stage.act, "word %" PRIu64 " came after %" PRIu64, figure, last);
        }
        last = figure;
        if (figure % 5 == 0) {
            (void) troupe_sleep(self, a_moment(self)); /* the next wait says the same */
        }
    }
}

static troupe_error play_pipeline(troupe_self *self, struct act *act)
{
    struct stage last = {.act = act};
    struct stage middle = {.act = act};
    troupe_ref first = troupe_ref_none();
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.body = looks_at_order, .argument = &last, .scope = scope,
                                  .mailbox_capacity = a_capacity(self), .place = TROUPE_PLACE_ANY),
                     &middle.next);
    error = error ? error
                  : troupe_spawn(self,
                                 TROUPE_SPAWN(.body = passes_on, .argument = &middle,
                                              .scope = scope, .mailbox_capacity = a_capacity(self),
                                              .place = TROUPE_PLACE_ANY),
                                 &first);
    for (uint64_t i = 1; i <= WORDS + 1 && !error; i++) {
        error = send_figure(self, first, i <= WORDS ? i : 0);
    }
    if (error) {
        (void) troupe_scope_cancel(self, scope, error, NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    return error ? error : left;
}

/* Pools: several tasks ask several workers, and each gets its own answer. */

struct question {
    struct act *act;
    troupe_ref worker;
    uint64_t number;
};

static troupe_error asks_one(troupe_self *self, void *argument)
{
    const struct question *question = argument;
    uint64_t answer = 0;
    const troupe_error error =
        ask_figure(self, question->worker, question->number, TROUPE_FOREVER, &answer);
    if (!error && answer != 2 * question->number) {
        BREAK(question->act, "%" PRIu64 " for twice %" PRIu64, answer, question->number);
    }
    return error;
}

static troupe_error play_pool(troupe_self *self, struct act *act)
{
    struct question questions[TASKS];
    troupe_task_options tasks[TASKS];
    const troupe_task_options *all[TASKS];
    troupe_ref workers[2] = {troupe_ref_none(), troupe_ref_none()};
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    for (uint32_t i = 0; i < 2 && !error; i++) {
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.body = play_doubler, .scope = scope,
                                          .mailbox_capacity = 1, .place = TROUPE_PLACE_ANY),
                             &workers[i]);
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        questions[i] = (struct question) {act, workers[i % 2], 100 + i};
        tasks[i] = *TROUPE_TASK(.body = asks_one, .argument = &questions[i]);
        all[i] = &tasks[i];
    }
    error = error ? error : troupe_gather(self, NULL, all, TASKS, NULL);
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    const troupe_error left = troupe_scope_leave(self, &scope);
    return error || left == TROUPE_ERROR_CANCELLED ? error : left;
}

/* Trees: each but a leaf has two children, and the leaves are counted. */

struct branch {
    uint32_t *leaves;
    uint32_t depth;
};

static troupe_error grows(troupe_self *self, void *argument)
{
    const struct branch branch = *(const struct branch *) argument;
    if (branch.depth == 0) {
        const troupe_error error = troupe_sleep(self, a_moment(self));
        *branch.leaves += error ? 0 : 1;
        return error;
    }
    struct branch below = {.leaves = branch.leaves, .depth = branch.depth - 1};
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    for (uint32_t i = 0; i < 2 && !error; i++) {
        troupe_ref ref = troupe_ref_none();
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.body = grows, .argument = &below, .scope = scope,
                                          .place = TROUPE_PLACE_ANY),
                             &ref);
    }
    const troupe_error left = scope != NULL ? troupe_scope_leave(self, &scope) : TROUPE_OK;
    return error ? error : left;
}

static troupe_error play_tree(troupe_self *self, struct act *act)
{
    uint32_t leaves = 0;
    struct branch root = {.leaves = &leaves, .depth = DEPTH};
    troupe_error error = grows(self, &root);
    /* At a stop those below end early, which is no failure; the next wait tells. */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(1));
    if (!error && leaves != 1U << DEPTH) {
        BREAK(act, "%" PRIu32 " leaves in a tree of depth %d", leaves, DEPTH);
    }
    return error;
}

/* Scopes: when one is left nothing of it runs any more. */

static troupe_error lives(troupe_self *self, void *argument)
{
    uint32_t *alive = argument;
    ++*alive;
    const troupe_error error = troupe_sleep(self, a_moment(self));
    --*alive;
    return error;
}

static troupe_error play_scope(troupe_self *self, struct act *act)
{
    uint32_t alive = 0;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, TROUPE_SCOPE(.timeout = a_moment(self)), &scope);
    if (error) {
        return error;
    }
    for (uint32_t i = 0; i < TASKS && !error; i++) {
        error =
            troupe_task_start(self, scope, TROUPE_TASK(.body = lives, .argument = &alive), NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    if (alive != 0) {
        BREAK(act, "%" PRIu32 " tasks run in a scope that was left", alive);
    }
    error = error ? error : left;
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

/* Callers: what comes from another node, if anything comes, is right. */

static troupe_error play_caller(troupe_self *self, struct act *act)
{
    const uint64_t node = act->nodes[troupe_self_random(self) % act->nodes_count];
    const uint64_t number = 1 + troupe_self_random(self) % 1000;
    troupe_ref ref = troupe_ref_none();
    uint64_t answer = 0;
    troupe_error error = troupe_lookup_on(self, node, "doubler", TROUPE_WITHIN_MS(20), &ref);
    error = error ? error : ask_figure(self, ref, number, TROUPE_WITHIN_MS(20), &answer);
    if (!error && answer != 2 * number) {
        BREAK(act, "%" PRIu64 " came from another node for twice %" PRIu64, answer, number);
    }
    return error && !is_end(error) ? troupe_sleep(self, TROUPE_WITHIN_MS(1)) : error;
}

/* Nodes. */

static troupe_error plays(troupe_self *self, void *argument)
{
    struct act *act = argument;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        error = act->play(self, act);
        act->rounds += error ? 0 : 1;
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(2));
    }
    if (!is_end(error)) {
        BREAK(act, "an act ended with %s", troupe_error_name(error));
    }
    return error;
}

static troupe_error doubles(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_learn_type(self, &figure_type);
    return error ? error : play_doubler(self, argument);
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct host *host = context;
    troupe_ref ref = troupe_ref_none();
    *host->id = troupe_simulation_node_id(simulation, node);
    troupe_error error = troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = doubles, .name = "doubler"), &ref);
    for (uint32_t i = 0; i < host->count && !error; i++) {
        error = troupe_simulation_spawn(
            simulation, node,
            TROUPE_SPAWN(.body = plays, .argument = &host->acts[i], .place = TROUPE_PLACE_ANY),
            &ref);
    }
    return error;
}

static uint32_t draw(troupe_simulation *simulation, uint32_t limit)
{
    return (uint32_t) troupe_simulation_draw(simulation, limit);
}

static void cast_acts(troupe_simulation *simulation, struct mix *mix, struct host *host)
{
    static troupe_error (*const plays_there_are[])(troupe_self *, struct act *) = {
        play_pipeline, play_pool, play_tree, play_scope, play_caller};
    host->count = 1 + draw(simulation, ACTS_MAX);
    for (uint32_t i = 0; i < host->count; i++) {
        host->acts[i] = (struct act) {
            .simulation = simulation,
            .play = plays_there_are[draw(simulation,
                                         sizeof plays_there_are / sizeof plays_there_are[0])],
            .nodes = mix->nodes,
            .nodes_count = mix->count,
        };
    }
}

static troupe_error add_host(troupe_simulation *simulation, struct mix *mix, uint32_t index)
{
    struct host *host = &mix->hosts[index];
    const bool has_chances = tr_passes_can_stop() && draw(simulation, 3) == 0;
    uint32_t node = 0;
    host->id = &mix->nodes[index];
    cast_acts(simulation, mix, host);
    return troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.start = start, .context = host, .workers = 1 + draw(simulation, 3),
                               .delay_max = TROUPE_WITHIN_US(1 + draw(simulation, 500)),
                               .moves_percent = draw(simulation, 2) * 5,
                               .refuse_percent = draw(simulation, 2) * 5,
                               .switch_percent = has_chances ? 5 : 0,
                               .rare_percent = has_chances ? 5 : 0),
        &node);
}

/* Each kind of fault in every second run. */
static troupe_timeout every(troupe_simulation *simulation)
{
    const uint32_t ms = 10 + draw(simulation, 60);
    return draw(simulation, 2) == 0 ? (troupe_timeout) {0} : TROUPE_WITHIN_MS(ms);
}

static bool have_gone_on(troupe_simulation *simulation, void *context)
{
    const struct mix *mix = context;
    bool have = true;
    (void) simulation;
    for (uint32_t i = 0; i < mix->count; i++) {
        for (uint32_t k = 0; k < mix->hosts[i].count; k++) {
            have = have && mix->hosts[i].acts[k].rounds >= mix->hosts[i].acts[k].target;
        }
    }
    return have;
}

static troupe_error scenario(troupe_simulation *simulation, void *context)
{
    struct mix *mix = context;
    *mix = (struct mix) {.count = troupe_simulation_draw_nodes(simulation, 1, NODES_MAX)};
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < mix->count && !error; i++) {
        error = add_host(simulation, mix, i);
    }
    const troupe_timeout a_bit = TROUPE_WITHIN_MS(20);
    const troupe_simulation_rates rates = {
        .size = sizeof rates,
        .crash_every = every(simulation),
        .crash_for = a_bit,
        .stall_every = every(simulation),
        .stall_for = a_bit,
        .cut_every = every(simulation),
        .cut_for = a_bit,
        .skew_every = every(simulation),
    };
    error = error ? error : troupe_simulation_rate(simulation, &rates);
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_MS(50));
    for (uint32_t i = 0; i < mix->count; i++) {
        for (uint32_t k = 0; k < mix->hosts[i].count; k++) {
            mix->hosts[i].acts[k].target = mix->hosts[i].acts[k].rounds + 2;
        }
    }
    return error ? error
                 : troupe_simulation_settle(simulation, have_gone_on, mix, TROUPE_WITHIN_S(5));
}

/* Promise: SIMULATION-MIXED */
static void go_on_and_keep_their_promises(void **state)
{
    (void) state;
    struct mix mix;
    const char *given = getenv("TROUPE_SEEDS"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    assert_ok(
        troupe_simulate(TROUPE_SIMULATE(.seeds = given != NULL ? strtoull(given, NULL, 10) : SEEDS,
                                        .command = "tests/simulation/run"),
                        scenario, &mix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go_on_and_keep_their_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
