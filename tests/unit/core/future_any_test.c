/* SPDX-License-Identifier: MIT */
/* Several futures of one actor, and how long they are waited for. In virtual time. */
#include "support/cast.h"
#include "unit/core/future_fixture.h"

static troupe_error play_chooser(troupe_self *self, void *argument)
{
    struct player *player = argument;
    troupe_future *futures[4] = {NULL};
    size_t index = 9;
    for (unsigned i = 0; i < 3; i++) {
        if (troupe_future_create(self, &futures[i + 1], &player->promises[i]) != TROUPE_OK) {
            return TROUPE_ERROR_NO_MEMORY;
        }
    }
    troupe_error error = troupe_future_wait_any(self, futures, 4, TROUPE_WITHIN_MS(1), &index);
    probe_say(player->seen, "any %s", troupe_error_name(error));
    for (unsigned i = 0; i < 3 && (error == TROUPE_OK || i == 0); i++) {
        void *result = NULL;
        error = troupe_future_wait_any(self, futures, 4, TROUPE_FOREVER, &index);
        probe_say(player->seen, "any %s %zu", troupe_error_name(error), index);
        if (error == TROUPE_OK) {
            error = troupe_future_wait(self, &futures[index], TROUPE_NOW, &result);
            say(player, "take", error, result);
            error = TROUPE_OK;
        }
    }
    error = troupe_future_wait_any(self, futures, 4, TROUPE_FOREVER, &index);
    probe_say(player->seen, "any %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: FUTURE-ANY */
static void waits_for_the_first_of_several(void **state)
{
    (void) state;
    struct player player;
    make(&player, 10);
    a_root(player.world, TROUPE_SPAWN(.body = play_chooser, .argument = &player));
    tr_world_advance(player.world, 5 * MS);
    assert_said(player.seen, "any TIMED_OUT");
    probe_clear(player.seen);
    assert_ok(troupe_promise_complete(&player.promises[1], &player.value, discard));
    tr_world_run(player.world);
    assert_said(player.seen, "any OK 2", "take OK value");
    probe_clear(player.seen);
    assert_ok(troupe_promise_fail(&player.promises[2], TROUPE_ERROR_USER));
    assert_ok(troupe_promise_complete(&player.promises[0], &player.value, discard));
    tr_world_run(player.world);
    assert_said(player.seen, "any OK 1", "take OK value", "any OK 3", "take USER",
                "any BAD_ARGUMENT");
    drop(&player);
    assert_int_equal(player.discarded, 0);
}

static troupe_error play_greedy(troupe_self *self, void *argument)
{
    struct player *player = argument;
    troupe_future *futures[3] = {NULL};
    for (unsigned i = 0; i < 3; i++) {
        say(player, "create", troupe_future_create(self, &futures[i], &player->promises[i]), NULL);
    }
    troupe_future_destroy(&futures[0]);
    say(player, "create", troupe_future_create(self, &futures[2], &player->promises[2]), NULL);
    return TROUPE_OK;
}

/* Promise: FUTURE-LIMIT */
static void has_a_limit(void **state)
{
    (void) state;
    struct player player;
    make(&player, 1);
    a_root(player.world, TROUPE_SPAWN(.body = play_greedy, .argument = &player, .asks_max = 2));
    tr_world_run(player.world);
    assert_said(player.seen, "create OK", "create OK", "create LIMIT_REACHED", "create OK");
    for (unsigned i = 0; i < 3; i++) {
        troupe_promise_destroy(&player.promises[i]);
    }
    drop(&player);
}

static troupe_error play_spoiled(troupe_self *self, void *argument)
{
    struct player *player = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error == TROUPE_OK &&
        troupe_future_create(self, &player->future, &player->promises[0]) == TROUPE_OK) {
        (void) wait_for_it(self, player);
    }
    return TROUPE_OK;
}

static troupe_error asks_briefly(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    (void) ask_figure(self, player->ref, 1, TROUPE_WITHIN_MS(1), NULL);
    return TROUPE_OK;
}

/* Promise: FUTURE-INHERITED */
static void waits_no_longer_than_the_message_being_handled_may_take(void **state)
{
    (void) state;
    struct player player;
    make(&player, 1);
    player.ref = a_root(player.world, TROUPE_SPAWN(.body = play_spoiled, .argument = &player));
    a_root(player.world, TROUPE_SPAWN(.body = asks_briefly, .argument = &player));
    tr_world_advance(player.world, MS);
    assert_said(player.seen, "wait TIMED_OUT");
    complete(&player);
    drop(&player);
    assert_int_equal(player.discarded, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_the_first_of_several),
        cmocka_unit_test(has_a_limit),
        cmocka_unit_test(waits_no_longer_than_the_message_being_handled_may_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
