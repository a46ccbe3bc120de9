/* SPDX-License-Identifier: MIT */
/* What a full mailbox does, by its own policy, with what comes from other nodes: two of them send
 * more than their windows take to a third, whose receiver takes nothing until all has been sent,
 * over links that lose frames and are cut. Each message is where it has to be, and is counted. */
#include <inttypes.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "core/shake.h"
#include "support/cast.h"
#include "support/fixtures.h"

enum {
    SENDERS = 2,
    NUMBERS = TR_SHAKEN(1300, 60), /* more than a window takes, as in credit_test */
    NUMBERS_PER_SENDER = 100000,
    KEYS = 3,
    CAPACITY = SENDERS * KEYS, /* a place for each key of each sender */
    CHAIN = 6,
    SEEDS = TR_SHAKEN(150, 80),
    HERE = 0 /* the number of the receivers' node */
};

/* Figures that a receiver may treat in another way. */
static troupe_type hint_type;

struct scene;

/* What has come to one actor. */
struct inbox {
    struct scene *scene;
    uint64_t count;
    uint64_t hints;
    uint64_t finals;
    uint64_t last[SENDERS][2 * KEYS];
    bool waits;   /* until the scene is open; else it is slow */
    bool is_over; /* from the beginning */
};

enum variant {
    TO_ONE_THAT_WAITS,
    TO_ONE_THAT_DROPS,
    TO_NOBODY,
    ALONG_A_CHAIN,
    VARIANTS
};

struct plot {
    troupe_error (*start)(struct scene *scene);
    void (*check)(struct scene *scene, const troupe_counts *counts);
    bool has_hints;  /* among the figures */
    bool has_finals; /* one figure more for each key, when all have been sent */
};

struct sender {
    struct scene *scene;
    uint64_t index;
    uint64_t hints;
};

struct scene {
    troupe_simulation *simulation;
    const struct plot *plot;
    enum variant variant;
    struct inbox receiver;
    struct inbox target;
    struct inbox links[CHAIN];
    struct sender senders[SENDERS];
    troupe_ref to;
    troupe_ref clerk;
    uint32_t watching; /* senders */
    uint32_t sent;     /* senders that have sent all, but for finals */
    uint32_t done;
    uint32_t told; /* that it was overloaded */
    bool is_open;
};

/* The receivers' node. */

static bool read_figure(const troupe_message *message, uint64_t *out_figure)
{
    const uint64_t *hint = troupe_message_struct(message, &hint_type);
    *out_figure = hint != NULL ? *hint : figure_of(message);
    return hint != NULL;
}

static uint64_t key_of(const troupe_message *message)
{
    uint64_t figure = 0;
    (void) read_figure(message, &figure);
    return figure / NUMBERS_PER_SENDER * KEYS + figure % NUMBERS_PER_SENDER % KEYS;
}

/* What has keys is in order for each of them. */
static void note(struct inbox *inbox, const troupe_message *message)
{
    struct scene *scene = inbox->scene;
    uint64_t figure = 0;
    const bool is_hint = read_figure(message, &figure);
    const uint64_t number = figure % NUMBERS_PER_SENDER;
    const bool has_key = is_hint || scene->plot->has_finals;
    uint64_t *last = &inbox->last[figure / NUMBERS_PER_SENDER]
                                 [(is_hint ? KEYS : 0) + (has_key ? number % KEYS : 0)];
    if (number <= *last) {
        troupe_simulation_fail(scene->simulation, "%" PRIu64 " came after number %" PRIu64, figure,
                               *last);
    }
    *last = number;
    inbox->count += is_hint ? 0 : 1;
    inbox->hints += is_hint ? 1 : 0;
    inbox->finals += number > NUMBERS ? 1 : 0;
}

static troupe_error receives(troupe_self *self, void *argument)
{
    struct inbox *inbox = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error : troupe_learn_type(self, &hint_type);
    while (!error && inbox->waits && !inbox->scene->is_open) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    }
    while (!error && !inbox->is_over) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            note(inbox, message);
        }
        if (!error && !inbox->waits && inbox->count % 16 == 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(1 + troupe_self_random(self) % 200));
        }
    }
    return error;
}

static troupe_error spawn(struct scene *scene, const troupe_spawn_options *options,
                          troupe_ref *out_ref)
{
    return troupe_simulation_spawn(scene->simulation, HERE, options, out_ref);
}

#define RECEIVER(scene)                                                                            \
    .body = receives, .argument = &(scene)->receiver, .place = TROUPE_PLACE_ANY,                   \
    .mailbox_capacity = CAPACITY

static void expect(struct scene *scene, const troupe_counts *counts, bool is_right)
{
    const uint64_t *dead = counts->dead_letters;
    if (!is_right) {
        troupe_simulation_fail(scene->simulation,
                               "%" PRIu64 " came, %" PRIu64 " went on, %" PRIu64
                               " are dropped, "
                               "dead letters: %" PRIu64 " full, %" PRIu64 " ended, %" PRIu64
                               " stale; %" PRIu32 " were told",
                               scene->receiver.count, scene->target.count,
                               counts->outcomes[TROUPE_OUTCOME_DROPPED], dead[TROUPE_DEAD_OVERFLOW],
                               dead[TROUPE_DEAD_ENDED], dead[TROUPE_DEAD_STALE], scene->told);
    }
}

static troupe_error start_conflating(struct scene *scene)
{
    return spawn(
        scene,
        TROUPE_SPAWN(RECEIVER(scene), .on_full = TROUPE_ON_FULL_CONFLATE, .conflate_key = key_of),
        &scene->to);
}

static void check_conflated(struct scene *scene, const troupe_counts *counts)
{
    expect(scene, counts,
           scene->receiver.count == CAPACITY && scene->receiver.finals == CAPACITY &&
               counts->outcomes[TROUPE_OUTCOME_DROPPED] == SENDERS * NUMBERS);
}

/* Each but the first redirects to the one before. */
static troupe_error start_chain(struct scene *scene)
{
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < CHAIN && !error; i++) {
        error = spawn(scene,
                      TROUPE_SPAWN(.body = receives, .argument = &scene->links[i],
                                   .place = TROUPE_PLACE_ANY, .mailbox_capacity = 1,
                                   .on_full = i > 0 ? TROUPE_ON_FULL_REDIRECT : TROUPE_ON_FULL_WAIT,
                                   .redirect_to = i > 0 ? scene->to : troupe_ref_none()),
                      &scene->to);
    }
    return error;
}

static troupe_error start_redirecting(struct scene *scene)
{
    const bool drops = scene->variant == TO_ONE_THAT_DROPS;
    troupe_ref target = troupe_ref_none();
    if (scene->variant == ALONG_A_CHAIN) {
        return start_chain(scene);
    }
    scene->target.waits = drops;
    scene->target.is_over = scene->variant == TO_NOBODY;
    troupe_error error =
        spawn(scene,
              TROUPE_SPAWN(.body = receives, .argument = &scene->target, .place = TROUPE_PLACE_ANY,
                           .mailbox_capacity = 2,
                           .on_full = drops ? TROUPE_ON_FULL_DROP_NEWEST : TROUPE_ON_FULL_WAIT),
              &target);
    error = error ? error
                  : spawn(scene,
                          TROUPE_SPAWN(RECEIVER(scene), .on_full = TROUPE_ON_FULL_REDIRECT,
                                       .redirect_to = target),
                          &scene->to);
    return error;
}

static void check_redirected(struct scene *scene, const troupe_counts *counts)
{
    const uint64_t all = SENDERS * NUMBERS;
    const uint64_t dropped = counts->outcomes[TROUPE_OUTCOME_DROPPED];
    const uint64_t *dead = counts->dead_letters;
    const uint64_t taken = scene->receiver.count;
    const uint64_t on = scene->target.count;
    uint64_t in_chain = 0;
    for (uint32_t i = 1; i < CHAIN; i++) { /* the last is a redirect too far */
        in_chain += scene->links[i].count;
    }
    const bool is_right[VARIANTS] = {
        [TO_ONE_THAT_WAITS] = taken == CAPACITY && taken + on == all,
        [TO_ONE_THAT_DROPS] = taken == CAPACITY && on == 2 && dropped == all - CAPACITY - 2,
        [TO_NOBODY] = taken == CAPACITY && dead[TROUPE_DEAD_STALE] == all - CAPACITY,
        [ALONG_A_CHAIN] = in_chain == CHAIN - 1 && scene->links[0].count == 0 &&
                          dead[TROUPE_DEAD_OVERFLOW] == all - in_chain,
    };
    expect(scene, counts, is_right[scene->variant]);
}

static troupe_error start_stopping(struct scene *scene)
{
    return spawn(scene, TROUPE_SPAWN(RECEIVER(scene), .on_full = TROUPE_ON_FULL_STOP_ACTOR),
                 &scene->to);
}

static void check_stopped(struct scene *scene, const troupe_counts *counts)
{
    const uint64_t *dead = counts->dead_letters;
    const uint64_t all =
        dead[TROUPE_DEAD_OVERFLOW] + dead[TROUPE_DEAD_ENDED] + dead[TROUPE_DEAD_STALE];
    expect(scene, counts,
           scene->told == SENDERS && scene->receiver.count == 0 && dead[TROUPE_DEAD_OVERFLOW] > 0 &&
               dead[TROUPE_DEAD_ENDED] == CAPACITY && all == SENDERS * NUMBERS);
}

/* Figures are to wait, hints are replaced; what else there might be is dropped. */
static troupe_error start_ruled(struct scene *scene)
{
    static const troupe_type_rule rules[] = {
        {.type = &figure_type, .on_full = TROUPE_ON_FULL_WAIT},
        {.type = &hint_type, .on_full = TROUPE_ON_FULL_CONFLATE},
    };
    scene->receiver.waits = false;
    return spawn(scene,
                 TROUPE_SPAWN(RECEIVER(scene), .on_full = TROUPE_ON_FULL_DROP_NEWEST,
                              .type_rules = rules, .type_rule_count = 2, .conflate_key = key_of),
                 &scene->to);
}

static void check_ruled(struct scene *scene, const troupe_counts *counts)
{
    const struct inbox *receiver = &scene->receiver;
    const uint64_t dropped = counts->outcomes[TROUPE_OUTCOME_DROPPED];
    const uint64_t hints = scene->senders[0].hints + scene->senders[1].hints;
    expect(scene, counts,
           receiver->count + hints == SENDERS * NUMBERS && dropped > 0 && receiver->hints > 0 &&
               receiver->hints + dropped == hints);
}

static troupe_error start_receivers(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct scene *scene = context;
    const troupe_error error = troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = play_doubler), &scene->clerk);
    return error ? error : scene->plot->start(scene);
}

/* The senders' nodes. */

static troupe_error pauses(troupe_self *self)
{
    return troupe_sleep(self, TROUPE_WITHIN_MS(1 + troupe_self_random(self) % 5));
}

/* Waits until each sender is so far. */
static troupe_error meet(troupe_self *self, uint32_t *count)
{
    troupe_error error = TROUPE_OK;
    for (++*count; *count < SENDERS && !error;) {
        error = pauses(self);
    }
    return error;
}

static troupe_error send_number(troupe_self *self, struct sender *sender, uint64_t number)
{
    const struct scene *scene = sender->scene;
    const uint64_t figure = sender->index * NUMBERS_PER_SENDER + number;
    const bool is_hint = scene->plot->has_hints && troupe_self_random(self) % 2 == 0;
    const troupe_error error =
        troupe_send_struct(self, scene->to, is_hint ? &hint_type : &figure_type, &figure);
    sender->hints += is_hint && !error ? 1 : 0;
    return error;
}

static troupe_error send_all(troupe_self *self, struct sender *sender)
{
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= NUMBERS && !error; i++) {
        error = send_number(self, sender, i);
        if (!error && troupe_self_random(self) % 512 == 0) {
            error = pauses(self);
        }
    }
    return error;
}

/* All that was sent is there. */
static troupe_error ask_clerk(troupe_self *self, const struct scene *scene)
{
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, scene->clerk, 1, TROUPE_WITHIN_S(10), &answer);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5)); /* on its worker, too */
}

/* Until both are known there nothing else is sent. */
static troupe_error watch(troupe_self *self, struct scene *scene)
{
    troupe_monitor_id id;
    troupe_error error = TROUPE_ERROR_UNREACHABLE;
    while (error == TROUPE_ERROR_UNREACHABLE) {
        error = pauses(self);
        error = error ? error : ask_clerk(self, scene);
    }
    error = error ? error : troupe_monitor(self, scene->to, &id);
    error = error ? error : ask_clerk(self, scene);
    return error ? error : meet(self, &scene->watching);
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct sender *sender = argument;
    struct scene *scene = sender->scene;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error : watch(self, scene);
    error = error ? error : send_all(self, sender);
    error = error ? error : ask_clerk(self, scene);
    error = error ? error : meet(self, &scene->sent);
    for (uint64_t i = 1; i <= KEYS && !error && scene->plot->has_finals; i++) {
        error = send_number(self, sender, NUMBERS + i);
    }
    error = error ? error : ask_clerk(self, scene);
    error = error ? error : meet(self, &scene->done);
    if (error) {
        troupe_simulation_fail(scene->simulation, "sender %" PRIu64 ": %s", sender->index,
                               troupe_error_name(error));
    }
    scene->is_open = true;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_down *down = error ? NULL : troupe_message_struct(message, &troupe_down_type);
        scene->told += down != NULL && down->reason == TROUPE_ERROR_OVERLOADED ? 1 : 0;
    }
    return error;
}

static troupe_error start_sender(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct sender *sender = context;
    troupe_ref ref;
    return troupe_simulation_spawn(
        simulation, node,
        TROUPE_SPAWN(.body = sends, .argument = sender, .place = TROUPE_PLACE_ANY), &ref);
}

/* The play. */

static bool all_is_sent(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct scene *) context)->is_open;
}

static void set_the_scene(struct scene *scene, troupe_simulation *simulation,
                          const struct plot *plot)
{
    *scene = (struct scene) {.simulation = simulation, .plot = plot};
    scene->variant = (enum variant) troupe_simulation_draw(simulation, VARIANTS);
    scene->receiver = (struct inbox) {.scene = scene, .waits = true};
    scene->target = (struct inbox) {.scene = scene};
    for (uint32_t i = 0; i < CHAIN; i++) {
        scene->links[i] = (struct inbox) {.scene = scene, .waits = true};
    }
    for (uint32_t i = 0; i < SENDERS; i++) {
        scene->senders[i] = (struct sender) {.scene = scene, .index = i};
    }
}

/* The receivers' node first. Each may wait longer for another than any cut takes. */
static troupe_error add_nodes(troupe_simulation *simulation, struct scene *scene)
{
    uint32_t node = 0;
    troupe_error error = troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.name = "b", .start = start_receivers, .context = scene,
                               .workers = 2, .sessions = TROUPE_WITHIN_S(5), .joins = 1),
        &node);
    for (uint32_t i = 0; i < SENDERS && !error; i++) {
        error = troupe_simulation_add(
            simulation,
            TROUPE_SIMULATION_NODE(.name = i == 0 ? "a" : "c", .start = start_sender,
                                   .context = &scene->senders[i], .sessions = TROUPE_WITHIN_S(5),
                                   .joins = 1),
            &node);
    }
    return error;
}

static troupe_error upset(troupe_simulation *simulation)
{
    char script[200];
    (void) snprintf(script, sizeof script,
                    "lose %u percent of a from b; lose %u percent of b from a; "
                    "at %u ms cut a from b for 300 ms; at %u ms cut c to b for 300 ms",
                    (unsigned) troupe_simulation_draw(simulation, 4),
                    (unsigned) troupe_simulation_draw(simulation, 4),
                    (unsigned) troupe_simulation_draw(simulation, 50),
                    (unsigned) troupe_simulation_draw(simulation, 50));
    return troupe_simulation_script(simulation, script);
}

static troupe_error play(troupe_simulation *simulation, void *context)
{
    struct scene scene;
    troupe_counts counts;
    set_the_scene(&scene, simulation, context);
    troupe_error error = add_nodes(simulation, &scene);
    error = error ? error : upset(simulation);
    error = error
                ? error
                : troupe_simulation_run_until(simulation, all_is_sent, &scene, TROUPE_WITHIN_S(30));
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(3));
    if (!error) {
        troupe_simulation_counts(simulation, HERE, &counts);
        scene.plot->check(&scene, &counts);
    }
    return error;
}

static void show(struct plot plot)
{
    hint_type = figure_type;
    hint_type.name = "hint";
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS), play, &plot));
}

/* Promise: CREDIT-CONFLATE */
static void the_last_of_each_key_is_there(void **state)
{
    (void) state;
    show((struct plot) {.start = start_conflating, .check = check_conflated, .has_finals = true});
}

/* Promise: CREDIT-REDIRECT */
static void what_has_no_room_goes_on(void **state)
{
    (void) state;
    show((struct plot) {.start = start_redirecting, .check = check_redirected});
}

/* Promise: CREDIT-STOP */
static void one_that_is_full_is_stopped_and_watchers_are_told(void **state)
{
    (void) state;
    show((struct plot) {.start = start_stopping, .check = check_stopped});
}

/* Promise: CREDIT-RULES */
static void each_type_has_its_rule(void **state)
{
    (void) state;
    show((struct plot) {.start = start_ruled, .check = check_ruled, .has_hints = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_of_each_key_is_there),
        cmocka_unit_test(what_has_no_room_goes_on),
        cmocka_unit_test(one_that_is_full_is_stopped_and_watchers_are_told),
        cmocka_unit_test(each_type_has_its_rule),
    };
    return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
