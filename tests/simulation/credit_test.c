/* SPDX-License-Identifier: MIT */
/* Windows over sessions whose links lose frames and are cut, between nodes that crash: what is sent
 * comes in order, or its session was lost; nothing is refused for want of room; nobody waits for
 * ever; and one who takes nothing holds up nobody else. */
#include <inttypes.h>
#include <string.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "core/shake.h"
#include "support/cast.h"
#include "support/fixtures.h"

enum {
    SENDERS = 3, /* to a receiver each */
    RECEIVERS = 3,
    NUMBERS = TR_SHAKEN(1300, 60), /* more than a window takes */
    NUMBERS_PER_SENDER = 100000
};
#ifndef SEEDS
#define SEEDS TR_SHAKEN(1000, 300)
#endif

struct scene;

/* A line of the log, of the run that goes on, says that one node had to complain of another. */
static bool has_complained;

static void hear(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    has_complained = has_complained || strstr(text, "begun anew") != NULL;
}

struct sender {
    struct scene *scene;
    uint32_t index;
    uint32_t number; /* of this life */
    uint64_t last;   /* that was sent, by this and those before it */
    bool is_done;
};

struct receiver {
    struct scene *scene;
    uint64_t nap_us_max;
    uint64_t last[2 * SENDERS]; /* of each, and of each again after a crash */
    bool takes_nothing;
};

struct scene {
    troupe_simulation *simulation;
    struct sender senders[SENDERS];
    struct receiver receivers[RECEIVERS];
    troupe_ref refs[RECEIVERS];
    uint64_t gaps;
    uint32_t starts;
    bool is_calm;
};

static troupe_error receives(troupe_self *self, void *argument)
{
    struct receiver *receiver = argument;
    struct scene *scene = receiver->scene;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && receiver->takes_nothing) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    }
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t figure = error ? 0 : figure_of(message);
        uint64_t *last = &receiver->last[figure / NUMBERS_PER_SENDER];
        if (!error && figure % NUMBERS_PER_SENDER <= *last) {
            troupe_simulation_fail(scene->simulation, "%" PRIu64 " came after %" PRIu64, figure,
                                   *last);
        }
        if (!error) {
            scene->gaps += figure % NUMBERS_PER_SENDER - *last - 1;
            *last = figure % NUMBERS_PER_SENDER;
        }
        if (!error && receiver->nap_us_max > 0 && troupe_self_random(self) % 4 == 0) {
            error = troupe_sleep(
                self, TROUPE_WITHIN_US(1 + troupe_self_random(self) % receiver->nap_us_max));
        }
    }
    return TROUPE_OK;
}

/* Each number goes once, or is not sent at all. */
static troupe_error sends(troupe_self *self, void *argument)
{
    struct sender *sender = argument;
    const struct scene *scene = sender->scene;
    const troupe_ref to = scene->refs[sender->index % RECEIVERS];
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && sender->last < NUMBERS) {
        const uint64_t number = sender->last + 1;
        const troupe_error sent =
            send_figure(self, to, (uint64_t) sender->number * NUMBERS_PER_SENDER + number);
        if (sent == TROUPE_OK) {
            sender->last = number;
        } else { /* not connected now */
            error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
        }
        if (!error && troupe_self_random(self) % 64 == 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(1 + troupe_self_random(self) % 5));
        }
    }
    sender->is_done = sender->last == NUMBERS;
    return TROUPE_OK;
}

static troupe_error start_receivers(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct scene *scene = context;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < RECEIVERS && !error; i++) {
        error = troupe_simulation_spawn(
            simulation, node,
            TROUPE_SPAWN(.body = receives, .argument = &scene->receivers[i],
                         .mailbox_capacity = 1 + (uint32_t) troupe_simulation_draw(simulation, 20)),
            &scene->refs[i]);
    }
    return error;
}

static troupe_error start_senders(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct scene *scene = context;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < SENDERS && !error; i++) {
        troupe_ref ref;
        scene->senders[i].number = scene->starts * SENDERS + i;
        error = troupe_simulation_spawn(
            simulation, node,
            TROUPE_SPAWN(.body = sends, .argument = &scene->senders[i], .place = TROUPE_PLACE_ANY),
            &ref);
    }
    scene->starts++;
    return error;
}

/* Whether all has come that is going to, where somebody takes it. */
static bool is_over(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    const struct scene *scene = context;
    bool is_so = true;
    for (uint32_t i = 0; i < SENDERS; i++) {
        const struct receiver *receiver = &scene->receivers[i % RECEIVERS];
        const bool is_all = !scene->is_calm || receiver->last[i] == NUMBERS;
        is_so = is_so && (receiver->takes_nothing || (scene->senders[i].is_done && is_all));
    }
    return is_so;
}

static bool lets_go(troupe_simulation *simulation, void *context)
{
    struct scene *scene = context;
    for (uint32_t i = 0; i < RECEIVERS; i++) {
        scene->receivers[i].takes_nothing = false;
    }
    return is_over(simulation, context);
}

static void set_the_scene(struct scene *scene, troupe_simulation *simulation)
{
    *scene = (struct scene) {.simulation = simulation};
    has_complained = false;
    scene->is_calm = troupe_simulation_draw(simulation, 2) == 0;
    for (uint32_t i = 0; i < SENDERS; i++) {
        scene->senders[i] = (struct sender) {.scene = scene, .index = i};
    }
    for (uint32_t i = 0; i < RECEIVERS; i++) {
        scene->receivers[i] = (struct receiver) {
            .scene = scene,
            .nap_us_max = troupe_simulation_draw(simulation, 3) * 500,
            .takes_nothing = i == 1,
        };
    }
}

/* A calm one loses no session. */
static troupe_error upset(troupe_simulation *simulation, const struct scene *scene)
{
    char script[300];
    const unsigned lost = (unsigned) troupe_simulation_draw(simulation, scene->is_calm ? 4 : 20);
    const unsigned cut_ms = scene->is_calm ? 300 : 2500;
    const unsigned first_ms = (unsigned) troupe_simulation_draw(simulation, 50);
    const unsigned second_ms = cut_ms + 100 + (unsigned) troupe_simulation_draw(simulation, 500);
    const bool crashes = !scene->is_calm && troupe_simulation_draw(simulation, 3) == 0;
    (void) snprintf(script, sizeof script,
                    "lose %u percent of a from b; lose %u percent of b from a; "
                    "at %u ms cut a from b for %u ms; at %u ms cut a to b for %u ms%s",
                    lost, lost, first_ms, cut_ms, second_ms, cut_ms,
                    crashes ? "; at 6 s crash a for 30 ms" : "");
    return troupe_simulation_script(simulation, script);
}

static troupe_error play(troupe_simulation *simulation, void *context)
{
    (void) context;
    struct scene scene;
    uint32_t node = 0;
    troupe_counts counts;
    set_the_scene(&scene, simulation);
    troupe_error error = troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.name = "b", .start = start_receivers, .context = &scene,
                               .sessions = TROUPE_WITHIN_S(2), .joins = 1),
        &node);
    error =
        error
            ? error
            : troupe_simulation_add(
                  simulation,
                  TROUPE_SIMULATION_NODE(.name = "a", .start = start_senders, .context = &scene,
                                         .workers = 2, .sessions = TROUPE_WITHIN_S(2), .joins = 1),
                  &node);
    error = error ? error : upset(simulation, &scene);
    error =
        error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(scene.is_calm ? 1 : 7));
    error =
        error ? error : troupe_simulation_settle(simulation, is_over, &scene, TROUPE_WITHIN_S(20));
    error =
        error ? error : troupe_simulation_settle(simulation, lets_go, &scene, TROUPE_WITHIN_S(20));
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(2));
    for (uint32_t i = 0; i < 2 && !error; i++) {
        troupe_simulation_counts(simulation, i, &counts);
        if (counts.dead_letters[TROUPE_DEAD_OVERFLOW] != 0) {
            troupe_simulation_fail(simulation, "%" PRIu64 " messages had no room",
                                   counts.dead_letters[TROUPE_DEAD_OVERFLOW]);
        }
    }
    if (!error && has_complained) {
        troupe_simulation_fail(simulation, "a node says of another that it breaks the rules");
    }
    if (!error && scene.is_calm && scene.gaps != 0) {
        troupe_simulation_fail(simulation, "%" PRIu64 " messages are lost", scene.gaps);
    }
    return error;
}

/* Promise: CREDIT-SEEDS */
static void nothing_is_refused_and_nobody_waits_for_ever(void **state)
{
    (void) state;
    const troupe_log log = {.write = hear};
    const troupe_simulation_options options = {.size = sizeof options, .log = &log};
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS, .options = &options), play, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_refused_and_nobody_waits_for_ever),
    };
    return cmocka_run_group_tests_name("credit", tests, NULL, NULL);
}
