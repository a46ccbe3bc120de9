/* SPDX-License-Identifier: MIT */
/* Rings of waits over two and three nodes, whose links lose frames and are cut for a while: one is
 * told, by names, and no other; nobody where somebody can still go on; nobody waits for ever. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "core/shake.h"
#include "support/cast.h"
#include "support/fixtures.h"

enum {
    PLAYERS_MAX = 3,
    NUMBERS = TR_SHAKEN(1300, 60), /* more than a window takes */
    ROUNDS = 20
};
#ifndef SEEDS
#define SEEDS TR_SHAKEN(300, 100)
#endif

/* What a player does to the next one. */
enum move {
    ASKS,
    ASKS_BEHIND_OTHERS, /* its request lands */
    SENDS
};

struct scene;

struct player {
    struct scene *scene;
    uint32_t number;
    enum move move;
    troupe_error error;
    uint32_t rounds;
    bool is_done;
};

struct scene {
    troupe_simulation *simulation;
    struct player players[PLAYERS_MAX];
    troupe_ref refs[PLAYERS_MAX];
    uint32_t count;
    bool is_calm; /* no session is lost */
};

static const char *const names[PLAYERS_MAX] = {"ann", "bob", "cat"};
static const char *const nodes[PLAYERS_MAX] = {"a", "b", "c"};

/* Of the run that goes on. */
static char said[1000];
static uint32_t said_count;

static void hear(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    if (strstr(text, "ring of actors") != NULL) {
        said_count++;
        (void) snprintf(said, sizeof said, "%s", text);
    }
}

static troupe_ref next_of(const struct player *player)
{
    const struct scene *scene = player->scene;
    return scene->refs[(player->number + 1) % scene->count];
}

static troupe_error make_move(troupe_self *self, const struct player *player)
{
    const uint32_t before = player->move == SENDS                ? NUMBERS
                            : player->move == ASKS_BEHIND_OTHERS ? 3
                                                                 : 0;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < before && !error; i++) {
        error = send_figure(self, next_of(player), 1);
    }
    if (!error && player->move != SENDS) {
        error = ask_figure(self, next_of(player), 1, TROUPE_FOREVER, NULL);
    }
    return error;
}

static troupe_error serve(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error && troupe_message_wants_reply(message)) {
            (void) reply_figure(self, message, 1); /* or its session is lost */
        }
    }
    return TROUPE_OK;
}

/* Until the nodes have met. */
static troupe_error wait_for_others(troupe_self *self)
{
    const troupe_error error = troupe_learn_type(self, &figure_type);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(200));
}

static troupe_error plays(troupe_self *self, void *argument)
{
    struct player *player = argument;
    const troupe_error error = wait_for_others(self);
    player->error = error ? error : make_move(self, player);
    player->is_done = true;
    return serve(self);
}

static troupe_error answers_one(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(troupe_self_random(self) % 80));
    return error ? error : reply_figure(self, message, 1);
}

/* All but the last begin by asking: so there is always one that is not waiting for another. */
static troupe_error dances(troupe_self *self, void *argument)
{
    struct player *player = argument;
    troupe_error error = wait_for_others(self);
    for (; player->rounds < ROUNDS && !error; player->rounds++) {
        if (player->rounds > 0 || player->number + 1 == player->scene->count) {
            error = answers_one(self);
        }
        error = error ? error : ask_figure(self, next_of(player), 1, TROUPE_FOREVER, NULL);
    }
    player->error = error;
    player->is_done = true;
    return serve(self);
}

static troupe_error start_one(troupe_simulation *simulation, struct player *player, uint32_t node,
                              troupe_body *body)
{
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = body, .argument = player,
                                                .name = names[player->number],
                                                .mailbox_capacity = 2, .place = TROUPE_PLACE_ANY),
                                   &player->scene->refs[player->number]);
}

static troupe_error start_player(troupe_simulation *simulation, uint32_t node, void *context)
{
    return start_one(simulation, context, node, plays);
}

static troupe_error start_dancer(troupe_simulation *simulation, uint32_t node, void *context)
{
    return start_one(simulation, context, node, dances);
}

static bool all_are_done(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    const struct scene *scene = context;
    uint32_t done = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        done += scene->players[i].is_done ? 1 : 0;
    }
    return done == scene->count;
}

static troupe_error upset(troupe_simulation *simulation, const struct scene *scene)
{
    char script[200];
    (void) snprintf(script, sizeof script,
                    "lose %u percent of a from b; lose %u percent of b from a; "
                    "at %u ms cut a from b for %u ms",
                    (unsigned) troupe_simulation_draw(simulation, 10),
                    (unsigned) troupe_simulation_draw(simulation, 10),
                    150 + (unsigned) troupe_simulation_draw(simulation, 300),
                    scene->is_calm ? 300U : 2500U);
    return troupe_simulation_script(simulation, script);
}

static troupe_error run(troupe_simulation *simulation, struct scene *scene,
                        troupe_error (*start)(troupe_simulation *, uint32_t, void *))
{
    troupe_error error = TROUPE_OK;
    said_count = 0;
    for (uint32_t i = 0; i < scene->count && !error; i++) {
        uint32_t node = 0;
        error = troupe_simulation_add(
            simulation,
            TROUPE_SIMULATION_NODE(.name = nodes[i], .start = start, .context = &scene->players[i],
                                   .workers = 1 + i % 2, .sessions = TROUPE_WITHIN_S(2),
                                   .joins = 1),
            &node);
    }
    error = error ? error : upset(simulation, scene);
    return error ? error
                 : troupe_simulation_settle(simulation, all_are_done, scene, TROUPE_WITHIN_S(60));
}

static void set_the_scene(struct scene *scene, troupe_simulation *simulation)
{
    *scene = (struct scene) {.simulation = simulation};
    scene->count = 2 + (uint32_t) troupe_simulation_draw(simulation, PLAYERS_MAX - 1);
    scene->is_calm = troupe_simulation_draw(simulation, 3) != 0;
    for (uint32_t i = 0; i < PLAYERS_MAX; i++) {
        scene->players[i] = (struct player) {
            .scene = scene, .number = i, .move = (enum move) troupe_simulation_draw(simulation, 3)};
    }
}

static uint32_t count_of(const struct scene *scene, troupe_error error)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        count += scene->players[i].error == error ? 1 : 0;
    }
    return count;
}

static troupe_error play_ring(troupe_simulation *simulation, void *context)
{
    (void) context;
    struct scene scene;
    set_the_scene(&scene, simulation);
    const troupe_error error = run(simulation, &scene, start_player);
    const uint32_t told = count_of(&scene, TROUPE_ERROR_WOULD_DEADLOCK);
    if (!error && (told > 1 || told != said_count)) {
        troupe_simulation_fail(simulation, "%" PRIu32 " were told, the log says %" PRIu32, told,
                               said_count);
    }
    if (!error && scene.is_calm && (told != 1 || count_of(&scene, TROUPE_OK) != scene.count - 1)) {
        troupe_simulation_fail(simulation, "%" PRIu32 " were told of one ring", told);
    }
    for (uint32_t i = 0; i < scene.count && !error && told == 1; i++) {
        if (strstr(said, names[i]) == NULL) {
            troupe_simulation_fail(simulation, "'%s' is not in: %s", names[i], said);
        }
    }
    return error;
}

static troupe_error play_dance(troupe_simulation *simulation, void *context)
{
    (void) context;
    struct scene scene;
    set_the_scene(&scene, simulation);
    scene.is_calm = true;
    const troupe_error error = run(simulation, &scene, start_dancer);
    if (!error && (said_count != 0 || count_of(&scene, TROUPE_OK) != scene.count)) {
        troupe_simulation_fail(simulation, "somebody was told of a ring where one could go on");
    }
    return error;
}

/* A crowd of which each asks any other, and serves for a while: there are rings, and much that
 * looks like one for a moment. */

enum {
    CROWD = 6,
    CROWD_NODES = 3,
    NOBODY = CROWD
};

struct crowd;

struct member {
    struct crowd *crowd;
    uint32_t number;
};

struct crowd {
    troupe_simulation *simulation;
    struct member members[CROWD];
    troupe_ref refs[CROWD];
    uint32_t waits[CROWD]; /* for whom just now */
    uint32_t told;
    uint32_t done;
};

/* Whether the waits lead from this one back to it. */
static bool is_in_ring(const struct crowd *crowd, uint32_t number)
{
    uint32_t at = crowd->waits[number];
    for (uint32_t i = 0; i < CROWD && at != NOBODY && at != number; i++) {
        at = crowd->waits[at];
    }
    return at == number;
}

static troupe_error asks_any(troupe_self *self, const struct member *member)
{
    struct crowd *crowd = member->crowd;
    const uint32_t number = member->number;
    const uint32_t target =
        (number + 1 + (uint32_t) (troupe_self_random(self) % (CROWD - 1))) % CROWD;
    crowd->waits[number] = target;
    const troupe_error error = ask_figure(self, crowd->refs[target], 1, TROUPE_FOREVER, NULL);
    if (error == TROUPE_ERROR_WOULD_DEADLOCK) {
        crowd->told++;
        if (!is_in_ring(crowd, number)) {
            troupe_simulation_fail(crowd->simulation, "one was told who is in no ring");
        }
    }
    crowd->waits[number] = NOBODY;
    return error == TROUPE_ERROR_WOULD_DEADLOCK ? TROUPE_OK : error;
}

/* Takes what comes within a while. */
static troupe_error serves_some(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_MS(1 + troupe_self_random(self) % 40));
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(troupe_self_random(self) % 30));
        error = error ? error : reply_figure(self, message, 1);
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static troupe_error mingles(troupe_self *self, void *argument)
{
    const struct member *member = argument;
    troupe_error error = wait_for_others(self);
    for (uint32_t i = 0; i < ROUNDS && !error; i++) {
        error = asks_any(self, member);
        error = error ? error : serves_some(self);
    }
    if (error) {
        troupe_simulation_fail(member->crowd->simulation, "one was told %s",
                               troupe_error_name(error));
    }
    member->crowd->done++;
    return serve(self);
}

static troupe_error start_members(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct crowd *crowd = context;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = node; i < CROWD && !error; i += CROWD_NODES) {
        error =
            troupe_simulation_spawn(simulation, node,
                                    TROUPE_SPAWN(.body = mingles, .argument = &crowd->members[i],
                                                 .mailbox_capacity = 1, .place = TROUPE_PLACE_ANY),
                                    &crowd->refs[i]);
    }
    return error;
}

static bool crowd_is_done(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct crowd *) context)->done == CROWD;
}

static troupe_error play_crowd(troupe_simulation *simulation, void *context)
{
    uint64_t *told = context;
    struct crowd crowd = {.simulation = simulation};
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < CROWD; i++) {
        crowd.members[i] = (struct member) {.crowd = &crowd, .number = i};
        crowd.waits[i] = NOBODY;
    }
    for (uint32_t i = 0; i < CROWD_NODES && !error; i++) {
        uint32_t node = 0;
        error = troupe_simulation_add(
            simulation,
            TROUPE_SIMULATION_NODE(.name = nodes[i], .start = start_members, .context = &crowd,
                                   .workers = 1 + i % 2, .sessions = TROUPE_WITHIN_S(2),
                                   .joins = 1),
            &node);
    }
    error = error ? error : troupe_simulation_script(simulation, "lose 5 percent of a from b");
    error = error
                ? error
                : troupe_simulation_settle(simulation, crowd_is_done, &crowd, TROUPE_WITHIN_S(120));
    *told += crowd.told;
    return error;
}

static const troupe_log log_heard = {.write = hear};
static const troupe_simulation_options options = {.size = sizeof options, .log = &log_heard};

/* Promise: RING-FAR */
static void tell_one_of_those_in_them(void **state)
{
    (void) state;
    assert_ok(
        troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS, .options = &options), play_ring, NULL));
}

/* Promise: RING-FAR-NONE */
static void are_not_seen_where_one_can_go_on(void **state)
{
    (void) state;
    assert_ok(
        troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS, .options = &options), play_dance, NULL));
}

/* Promise: RING-FAR-NONE */
static void are_told_of_only_where_they_are(void **state)
{
    (void) state;
    uint64_t told = 0;
    assert_ok(
        troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS, .options = &options), play_crowd, &told));
    assert_true(told > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tell_one_of_those_in_them),
        cmocka_unit_test(are_not_seen_where_one_can_go_on),
        cmocka_unit_test(are_told_of_only_where_they_are),
    };
    return cmocka_run_group_tests_name("rings", tests, NULL, NULL);
}
