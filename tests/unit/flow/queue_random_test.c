/* SPDX-License-Identifier: MIT */
/* Crowds that put and get, wait too briefly, are cancelled and moved at random moments: each
 * message that was put is got once, and each that was not is still with who wanted to put it. */
#include <string.h>
#include <troupe/troupe.h>

#include "base/random.h"
#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define PLAYERS 16 /* half of them produce */
#define ITEMS 12   /* of each producer */

struct player {
    uint64_t seed;
    unsigned number;
    unsigned next;
    troupe_ref ref;
};

static struct player players[PLAYERS];
static troupe_ref queue;
static unsigned put[PLAYERS * ITEMS];
static unsigned got[PLAYERS * ITEMS];
static unsigned swept; /* in one sweep */
static unsigned wrong; /* messages that are where they should not be */

static troupe_timeout some_timeout(tr_random *random)
{
    const uint64_t choice = tr_random_below(random, 6);
    return choice == 0   ? TROUPE_NOW
           : choice == 1 ? TROUPE_FOREVER
                         : TROUPE_WITHIN_US(1 + tr_random_below(random, 4000));
}

static void note_got(const troupe_message *message)
{
    const uint64_t number = figure_of(message);
    if (number < PLAYERS * ITEMS) {
        got[number]++;
    } else {
        wrong++;
    }
}

/* What became of a put. */
static void note_put(unsigned number, troupe_error error, const troupe_message *message)
{
    if (error == TROUPE_OK) {
        put[number]++;
    } else {
        wrong += message == NULL || figure_of(message) != number ? 1 : 0;
    }
}

static troupe_error play_producer(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    tr_random random;
    tr_random_seed(&random, player->seed);
    for (unsigned i = 0; i < ITEMS; i++) {
        const unsigned number = player->number * ITEMS + i;
        TROUPE_AUTO(troupe_message) *message = NULL;
        if (a_figure(self, number, &message) != TROUPE_OK) {
            continue;
        }
        const troupe_error error = troupe_queue_put(self, queue, &message, some_timeout(&random));
        note_put(number, error, message);
        if (error == TROUPE_ERROR_CANCELLED) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error play_consumer(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    tr_random random;
    tr_random_seed(&random, player->seed);
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 2 * ITEMS && error != TROUPE_ERROR_CANCELLED; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = troupe_queue_get(self, queue, &message, some_timeout(&random));
        if (error == TROUPE_OK) {
            note_got(message);
        }
    }
    return error == TROUPE_ERROR_CANCELLED ? error : TROUPE_OK;
}

/* The same as behaviors, one thing at a time. */

static troupe_error put_next(troupe_self *self, struct player *player);

static troupe_error was_put(troupe_self *self, void *state, troupe_error error,
                            troupe_message **reply, void *context)
{
    struct player *player = context;
    (void) state;
    note_put(player->number * ITEMS + player->next++, error, *reply);
    return put_next(self, player);
}

static troupe_error put_next(troupe_self *self, struct player *player)
{
    tr_random random;
    tr_random_seed(&random, player->seed + player->next);
    for (; player->next < ITEMS; player->next++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        if (a_figure(self, player->number * ITEMS + player->next, &message) == TROUPE_OK &&
            troupe_queue_put_then(self, queue, &message, some_timeout(&random), was_put, player) ==
                TROUPE_OK) {
            break;
        }
    }
    return TROUPE_OK;
}

static troupe_error get_next(troupe_self *self, struct player *player);

static troupe_error was_got(troupe_self *self, void *state, troupe_error error,
                            troupe_message **reply, void *context)
{
    (void) state;
    if (error == TROUPE_OK) {
        note_got(*reply);
    }
    return get_next(self, context);
}

static troupe_error get_next(troupe_self *self, struct player *player)
{
    tr_random random;
    while (player->next++ < 2 * ITEMS) {
        tr_random_seed(&random, player->seed + player->next);
        if (troupe_queue_get_then(self, queue, some_timeout(&random), was_got, player) ==
            TROUPE_OK) {
            break;
        }
    }
    return TROUPE_OK;
}

static troupe_error start_player(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    return player->number % 2 == 0 ? put_next(self, player) : get_next(self, player);
}

static const troupe_behavior player_behavior =
    TROUPE_BEHAVIOR(.name = "player", .start = start_player);

/* Owns the queue. */
static troupe_error play_owner(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const uint32_t *capacity = argument;
    troupe_error error = troupe_queue_create(
        self, TROUPE_QUEUE(.capacity = *capacity, .place = TROUPE_PLACE_ANY), &queue);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

/* Gets what is left. */
static troupe_error play_sweeper(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    (void) argument;
    while (error == TROUPE_OK || error == TROUPE_ERROR_NO_MEMORY) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = troupe_queue_get(self, queue, &message, TROUPE_WITHIN_MS(50));
        if (error == TROUPE_OK) {
            note_got(message);
            swept++;
        }
    }
    wrong += error == TROUPE_ERROR_TIMED_OUT ? 0 : 1;
    return TROUPE_OK;
}

static void spawn_all(tr_world *world, tr_random *random)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        const bool is_behavior = tr_random_chance(random, 1, 3);
        players[i].seed = tr_random_next(random);
        players[i].number = i;
        const troupe_spawn_options options = {
            .size = sizeof options,
            .body = is_behavior ? NULL : (i % 2 == 0 ? play_producer : play_consumer),
            .behavior = is_behavior ? &player_behavior : NULL,
            .argument = &players[i],
            .place = TROUPE_PLACE_ANY};
        if (tr_world_spawn(world, &options, &players[i].ref) != TROUPE_OK) {
            players[i].ref = troupe_ref_none();
        }
        tr_world_advance(world, tr_random_below(random, MS));
        const struct player *other = &players[tr_random_below(random, i + 1)];
        const tr_address address = {.slot = other->ref.slot, .generation = other->ref.generation};
        /* A behavior that ends loses what is on its way to it. */
        if (tr_random_chance(random, 1, 3) && address.generation != 0 && !is_behavior &&
            other == &players[i]) {
            (void) tr_actor_signal(tr_world_worker(world, 0), address, TR_SIGNAL_CANCEL);
        }
    }
}

static void run(uint64_t seed, void *context)
{
    unsigned *total = context;
    uint32_t capacity = 1 + (uint32_t) seed % 5;
    tr_random random;
    memset(players, 0, sizeof players);
    memset(put, 0, sizeof put);
    memset(got, 0, sizeof got);
    wrong = 0;
    queue = troupe_ref_none();
    tr_random_seed(&random, seed);
    tr_world *world = a_shaken_world_of(
        &(const tr_world_options) {.seed = seed,
                                   .workers = 3,
                                   .delay_ns_max = MS,
                                   .moves_percent = (uint32_t) tr_random_below(&random, 20),
                                   .refuse_chance_percent = 10});
    while (troupe_ref_is_none(queue)) {
        a_root(world, TROUPE_SPAWN(.body = play_owner, .argument = &capacity));
    }
    spawn_all(world, &random);
    swept = 1;
    while (swept > 0) { /* who waits for ever to put goes on when there is room */
        swept = 0;
        a_root(world, TROUPE_SPAWN(.body = play_sweeper));
        tr_world_advance(world, 1000 * MS);
    }
    for (unsigned i = 0; i < PLAYERS * ITEMS; i++) {
        assert_int_equal(put[i], got[i]);
        assert_true(put[i] <= 1);
        *total += got[i];
    }
    assert_int_equal(wrong, 0);
    drop_world(&world);
}

/* Promise: QUEUE-ONCE, QUEUE-CANCEL-SAFE */
static void loses_and_doubles_nothing(void **state)
{
    unsigned total = 0;
    (void) state;
    for_each_seed(300, run, &total);
    assert_true(total > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
