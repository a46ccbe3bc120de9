/* SPDX-License-Identifier: MIT */
/* Actors that keep many messages and destroy, answer, forward and pass them on in any order: each
 * ends once, and who asked is told at that moment. */
#include <troupe/troupe.h>

#include "base/random.h"
#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define SEEDS 300
#define KEPT_MAX 100
#define ASKERS 30
#define TELLS 200

struct game {
    troupe_ref hoarder;
    uint64_t ended_ns[ASKERS]; /* when the request was destroyed or answered */
    uint64_t told_ns[ASKERS];
    uint64_t answered;
    uint64_t unanswered;
};

struct hoard {
    struct game *game;
    troupe_message *kept[KEPT_MAX];
    uint32_t count;
};

struct asker {
    struct game *game;
    uint64_t number; /* from 1 on */
};

static troupe_message *take_any(troupe_self *self, struct hoard *hoard)
{
    const uint64_t random = troupe_self_random(self);
    const uint64_t which = random % 3 == 0   ? 0
                           : random % 3 == 1 ? hoard->count - 1
                                             : random / 3 % hoard->count;
    troupe_message *message = hoard->kept[which];
    hoard->count--;
    for (uint64_t i = which; i < hoard->count; i++) {
        hoard->kept[i] = hoard->kept[i + 1];
    }
    return message;
}

static void note_end(troupe_self *self, const struct hoard *hoard, const troupe_message *message)
{
    if (troupe_message_wants_reply(message)) {
        hoard->game->ended_ns[figure_of(message) - 1] = troupe_self_now_ns(self);
    }
}

/* Ends one that is kept, one way or another. */
static void lets_go(troupe_self *self, struct hoard *hoard)
{
    troupe_message *message = take_any(self, hoard);
    note_end(self, hoard, message);
    if (troupe_message_wants_reply(message) && troupe_self_random(self) % 2 == 0) {
        (void) reply_figure(self, message, 1);
    } else if (troupe_message_wants_reply(message) && hoard->count > 0 &&
               troupe_self_random(self) % 3 == 0) {
        troupe_message *answer = take_any(self, hoard); /* one that is kept is the reply */
        note_end(self, hoard, answer);
        if (!troupe_message_wants_reply(answer)) {
            (void) troupe_reply_message(self, message, &answer);
        }
        troupe_message_destroy(&answer);
    }
    troupe_message_destroy(&message);
}

static troupe_error hoards(troupe_self *self, void *state, troupe_message **message)
{
    struct hoard *hoard = state;
    hoard->kept[hoard->count++] = *message;
    *message = NULL;
    if (hoard->count == KEPT_MAX || troupe_self_random(self) % 32 == 0) {
        const uint64_t left = troupe_self_random(self) % hoard->count;
        while (hoard->count > left) {
            lets_go(self, hoard);
        }
    } else if (hoard->count > 1 && troupe_self_random(self) % 3 == 0) {
        lets_go(self, hoard);
    }
    return TROUPE_OK;
}

static troupe_error begins(troupe_self *self, void *state, void *argument)
{
    (void) self;
    ((struct hoard *) state)->game = argument;
    return TROUPE_OK;
}

static const troupe_behavior hoarder =
    TROUPE_BEHAVIOR(.name = "hoarder", .state_size = sizeof(struct hoard), .start = begins,
                    .other = hoards);

/* The same as a coroutine. */
static troupe_error hoards_by_receiving(troupe_self *self, void *argument)
{
    struct hoard hoard = {.game = argument};
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        troupe_message *message = NULL;
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            error = hoards(self, &hoard, &message);
        }
    }
    while (hoard.count > 0) {
        lets_go(self, &hoard);
    }
    return error;
}

static troupe_error asks(troupe_self *self, void *argument)
{
    const struct asker *asker = argument;
    struct game *game = asker->game;
    const troupe_error error =
        ask_figure(self, game->hoarder, asker->number, TROUPE_WITHIN_S(100), NULL);
    game->told_ns[asker->number - 1] = troupe_self_now_ns(self);
    game->answered += error == TROUPE_OK ? 1 : 0;
    game->unanswered += error == TROUPE_ERROR_NO_REPLY ? 1 : 0;
    return TROUPE_OK;
}

static troupe_error tells(troupe_self *self, void *argument)
{
    const struct game *game = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < TELLS && error == TROUPE_OK; i++) {
        error = send_figure(self, game->hoarder, 1000);
        if (error == TROUPE_OK && troupe_self_random(self) % 8 == 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(100));
        }
    }
    return error;
}

static void run(uint64_t seed, void *context)
{
    uint64_t *answers = context;
    struct game game = {.answered = 0};
    struct asker askers[ASKERS];
    tr_world *world = a_world(seed, 1);
    const troupe_spawn_options options = {.size = sizeof options,
                                          .behavior = seed % 2 == 0 ? &hoarder : NULL,
                                          .body = seed % 2 == 1 ? hoards_by_receiving : NULL,
                                          .argument = &game};
    game.hoarder = a_root(world, &options);
    (void) a_root(world, TROUPE_SPAWN(.body = tells, .argument = &game));
    for (uint64_t i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker) {.game = &game, .number = i + 1};
        (void) a_root(world, TROUPE_SPAWN(.body = asks, .argument = &askers[i]));
    }
    tr_world_advance(world, 1000 * MS);
    assert_sound(world);
    for (uint64_t i = 0; i < ASKERS; i++) {
        assert_int_equal(game.ended_ns[i], game.told_ns[i]); /* at once, or not yet */
    }
    assert_true(tr_world_stop(world));
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DROPPED], 0); /* no answer came too late */
    drop_world(&world);
    answers[0] += game.answered;
    answers[1] += game.unanswered;
}

/* Promise: MESSAGE-ENDS */
static void end_once_in_any_order_and_tell_who_asked(void **state)
{
    (void) state;
    uint64_t answers[2] = {0};
    for_each_seed(SEEDS, run, answers);
    assert_true(answers[0] > 0 && answers[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_once_in_any_order_and_tell_who_asked),
    };
    return cmocka_run_group_tests_name("held_random", tests, NULL, NULL);
}
