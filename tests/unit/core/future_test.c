/* SPDX-License-Identifier: MIT */
/* What becomes of what is promised to actors. In virtual time. */
#include "core/future.h"

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "unit/core/future_fixture.h"

static troupe_error play_waiter(troupe_self *self, void *argument)
{
    struct player *player = argument;
    troupe_error error = troupe_future_create(self, &player->future, &player->promises[0]);
    if (error == TROUPE_OK) {
        error = wait_for_it(self, player);
    }
    if (error == TROUPE_ERROR_TIMED_OUT && player->future != NULL) {
        player->timeout = TROUPE_FOREVER;
        (void) wait_for_it(self, player);
    }
    return TROUPE_OK;
}

static troupe_error resolved(troupe_self *self, void *state, troupe_error error, void *result,
                             void *context)
{
    (void) self;
    (void) state;
    say(context, "then", error, result);
    return TROUPE_OK;
}

static troupe_error start_waiter(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    troupe_error error = troupe_future_create(self, &player->future, &player->promises[0]);
    if (error == TROUPE_OK) {
        error = troupe_future_then(self, &player->future, player->timeout, resolved, player);
    }
    if (error) {
        probe_say(player->seen, "refused %s", troupe_error_name(error));
        troupe_promise_destroy(&player->promises[0]);
    }
    return TROUPE_OK;
}

static const troupe_behavior waiter = TROUPE_BEHAVIOR(.name = "waiter", .start = start_waiter);

static void spawn(struct player *player, bool is_behavior)
{
    const troupe_spawn_options options = {.size = sizeof options,
                                          .body = is_behavior ? NULL : play_waiter,
                                          .behavior = is_behavior ? &waiter : NULL,
                                          .argument = player};
    player->ref = a_root(player->world, &options);
}

static void cancel(const struct player *player)
{
    const tr_address address = {.slot = player->ref.slot, .generation = player->ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(player->world, 0), address, TR_SIGNAL_CANCEL));
}

/* Promise: FUTURE-RESULT */
static void gives_the_result_to_who_waits(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player player;
        make(&player, 1);
        spawn(&player, is_behavior != 0);
        tr_world_run(player.world);
        assert_silent(player.seen);
        assert_true(troupe_promise_is_wanted(player.promises[0]));
        complete(&player);
        assert_silent(player.seen); /* it is the actor's turn to notice */
        tr_world_run(player.world);
        assert_said(player.seen, is_behavior != 0 ? "then OK value" : "wait OK value");
        assert_null(player.future);
        drop(&player);
        assert_int_equal(player.discarded, 0);
    }
}

static troupe_error play_keeper(troupe_self *self, void *argument)
{
    struct player *player = argument;
    (void) self;
    (void) troupe_promise_complete(&player->promises[0], &player->value, discard);
    return TROUPE_OK;
}

/* Promise: FUTURE-RESULT */
static void is_kept_by_another_actor(void **state)
{
    (void) state;
    struct player player;
    make(&player, 2);
    spawn(&player, false);
    a_root(player.world, TROUPE_SPAWN(.body = play_keeper, .argument = &player,
                                      .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    tr_world_run(player.world);
    assert_said(player.seen, "wait OK value");
    drop(&player);
}

static troupe_error play_late(troupe_self *self, void *argument)
{
    struct player *player = argument;
    if (troupe_future_create(self, &player->future, &player->promises[0]) == TROUPE_OK) {
        (void) troupe_promise_complete(&player->promises[0], &player->value, discard);
        player->timeout = TROUPE_NOW;
        (void) wait_for_it(self, player);
    }
    return TROUPE_OK;
}

static troupe_error start_late(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    if (troupe_future_create(self, &player->future, &player->promises[0]) == TROUPE_OK) {
        (void) troupe_promise_complete(&player->promises[0], &player->value, discard);
        say(player, "later",
            troupe_future_then(self, &player->future, player->timeout, resolved, player), NULL);
    }
    if (troupe_future_create(self, &player->future, &player->promises[0]) == TROUPE_OK) {
        (void) wait_for_it(self, player); /* cannot */
        player->timeout = TROUPE_NOW;
        (void) wait_for_it(self, player); /* looks */
        (void) troupe_promise_complete(&player->promises[0], &player->value, discard);
        (void) wait_for_it(self, player);
    }
    return TROUPE_OK;
}

static const troupe_behavior late = TROUPE_BEHAVIOR(.name = "late", .start = start_late);

/* Promise: FUTURE-RESULT */
static void gives_what_was_there_before_the_wait(void **state)
{
    (void) state;
    struct player player;
    make(&player, 1);
    a_root(player.world, TROUPE_SPAWN(.body = play_late, .argument = &player));
    tr_world_run(player.world);
    assert_said(player.seen, "wait OK value");
    probe_clear(player.seen);
    player.timeout = TROUPE_FOREVER;
    a_root(player.world, TROUPE_SPAWN(.behavior = &late, .argument = &player));
    tr_world_run(player.world);
    assert_said(player.seen, "later OK", "wait CANNOT_WAIT", "wait TIMED_OUT", "wait OK value",
                "then OK value");
    drop(&player);
    assert_int_equal(player.discarded, 0);
}

/* Promise: FUTURE-FAILS */
static void gives_the_promises_error(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player player;
        make(&player, 3);
        spawn(&player, is_behavior != 0);
        assert_ok(troupe_promise_fail(&player.promises[0], TROUPE_ERROR_USER));
        tr_world_run(player.world);
        assert_said(player.seen, is_behavior != 0 ? "then USER" : "wait USER");
        assert_null(player.future);
        probe_clear(player.seen);
        spawn(&player, is_behavior != 0);
        troupe_promise_destroy(&player.promises[0]);
        assert_null(player.promises[0]);
        tr_world_run(player.world);
        assert_said(player.seen, is_behavior != 0 ? "then NO_REPLY" : "wait NO_REPLY");
        drop(&player);
    }
}

/* Promise: FUTURE-AGAIN */
static void may_be_waited_for_again(void **state)
{
    (void) state;
    struct player player;
    make(&player, 4);
    player.timeout = TROUPE_WITHIN_MS(2);
    spawn(&player, false);
    tr_world_advance(player.world, 2 * MS);
    assert_said(player.seen, "wait TIMED_OUT");
    assert_non_null(player.future);
    complete(&player);
    tr_world_run(player.world);
    assert_said(player.seen, "wait TIMED_OUT", "wait OK value");
    drop(&player);
    assert_int_equal(player.discarded, 0);
}

/* Promise: FUTURE-DROPPED */
static void continues_without_it_at_the_deadline(void **state)
{
    (void) state;
    struct player player;
    make(&player, 4);
    player.timeout = TROUPE_WITHIN_MS(2);
    spawn(&player, true);
    tr_world_advance(player.world, 2 * MS);
    assert_said(player.seen, "then TIMED_OUT");
    assert_false(troupe_promise_is_wanted(player.promises[0]));
    complete(&player);
    assert_int_equal(player.discarded, 1);
    drop(&player);
}

/* Keeps the promise, and the message that says so from arriving. */
static troupe_message *hold_back(struct player *player)
{
    complete(player);
    troupe_message *message = tr_queue_pop(&tr_world_worker(player->world, 0)->inner);
    assert_non_null(message);
    assert_int_equal(tr_message_kind(message), TR_KIND_PROMISE);
    return message;
}

static void let_through(struct player *player, troupe_message *message, const char *told)
{
    assert_said(player->seen, told);
    tr_worker_route(tr_world_worker(player->world, 0), message);
    tr_world_run(player->world);
    assert_said(player->seen, told);
    drop(player);
    assert_int_equal(player->discarded, 0);
}

/* Promise: FUTURE-CANCEL-SAFE */
static void gives_a_result_that_was_there_before_the_cancel(void **state)
{
    (void) state;
    struct player player;
    make(&player, 5);
    spawn(&player, false);
    troupe_message *message = hold_back(&player);
    cancel(&player);
    tr_world_advance(player.world, 1000);
    let_through(&player, message, "wait OK value");
}

/* Promise: FUTURE-CANCEL-SAFE */
static void gives_a_result_that_was_there_before_the_deadline(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player player;
        make(&player, 6);
        player.timeout = TROUPE_WITHIN_MS(20);
        spawn(&player, is_behavior != 0);
        troupe_message *message = hold_back(&player);
        tr_world_advance(player.world, 20 * MS);
        let_through(&player, message, is_behavior != 0 ? "then OK value" : "wait OK value");
    }
}

/* Promise: FUTURE-DROPPED */
static void is_discarded_when_the_actor_has_ended(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player player;
        make(&player, 7);
        spawn(&player, is_behavior != 0);
        cancel(&player);
        tr_world_run(player.world);
        assert_int_equal(tr_world_roots_ended(player.world), 1);
        if (is_behavior == 0) {
            assert_said(player.seen, "wait CANCELLED");
        }
        assert_false(troupe_promise_is_wanted(player.promises[0]));
        complete(&player);
        assert_int_equal(player.discarded, 1);
        drop(&player);
    }
}

/* Promise: FUTURE-DROPPED */
static void is_discarded_when_the_node_has_gone(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        for (unsigned is_early = 0; is_early < 2; is_early++) {
            struct player player;
            make(&player, 8);
            spawn(&player, is_behavior != 0);
            if (is_early != 0) {
                complete(&player); /* on its way */
            }
            tr_world_destroy(&player.world);
            if (is_early == 0) {
                assert_false(troupe_promise_is_wanted(player.promises[0]));
                complete(&player);
            }
            assert_int_equal(player.discarded, 1);
            drop_probe(&player.seen);
        }
    }
}

static troupe_error play_changing_mind(troupe_self *self, void *argument)
{
    struct player *player = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (unsigned i = 0; i < 2; i++) {
        TROUPE_AUTO(troupe_future) *future = NULL;
        if (troupe_future_create(self, &future, &player->promises[i]) == TROUPE_OK) {
            (void) troupe_receive(self, &message, TROUPE_FOREVER);
        }
    }
    return TROUPE_OK;
}

static troupe_error send_one(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    return send_figure(self, player->ref, 1);
}

/* Promise: FUTURE-DROPPED */
static void is_discarded_when_it_has_been_destroyed(void **state)
{
    (void) state;
    struct player player;
    make(&player, 9);
    player.ref =
        a_root(player.world, TROUPE_SPAWN(.body = play_changing_mind, .argument = &player));
    complete(&player); /* is on its way, and then has come */
    assert_int_equal(player.discarded, 0);
    a_root(player.world, TROUPE_SPAWN(.body = send_one, .argument = &player));
    tr_world_run(player.world);
    assert_int_equal(player.discarded, 1);
    a_root(player.world, TROUPE_SPAWN(.body = send_one, .argument = &player));
    tr_world_run(player.world);
    assert_ok(troupe_promise_complete(&player.promises[1], &player.value, discard));
    assert_int_equal(player.discarded, 2);
    drop(&player);
}

/* Promise: FUTURE-DROPPED */
static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        unsigned failed = 0;
        bool is_done = false;
        for (int64_t allowed = 0; !is_done; allowed++) {
            tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
            const troupe_allocator port = tr_failing_allocator_port(&memory);
            struct player player = {.seen = a_probe(), .timeout = TROUPE_FOREVER};
            discards = &player.discarded;
            player.world = a_world_of(&(const tr_world_options) {.seed = 1, .allocator = &port});
            const troupe_spawn_options options = {.size = sizeof options,
                                                  .body = is_behavior != 0 ? NULL : play_waiter,
                                                  .behavior = is_behavior != 0 ? &waiter : NULL,
                                                  .argument = &player};
            tr_failing_allocator_fail_after(&memory, allowed);
            const troupe_error error = tr_world_spawn(player.world, &options, &player.ref);
            tr_failing_allocator_fail_never(&memory);
            is_done = player.promises[0] != NULL;
            failed += is_done ? 0 : 1;
            assert_true(error == TROUPE_OK || error == TROUPE_ERROR_NO_MEMORY);
            if (is_done) {
                complete(&player);
            }
            tr_world_run(player.world);
            assert_true(!is_done || probe_has(player.seen, "OK value"));
            drop(&player);
            assert_int_equal(tr_failing_allocator_live(&memory), 0);
        }
        assert_true(failed > 1);
    }
}

static void shows_in_a_snapshot(void **state)
{
    (void) state;
    struct player player;
    troupe_snapshot *snapshot = NULL;
    make(&player, 1);
    spawn(&player, false);
    assert_ok(tr_world_snapshot(player.world, &snapshot));
    assert_int_equal(snapshot->actors[0].wait, TROUPE_WAIT_FUTURE);
    troupe_snapshot_destroy(&snapshot);
    complete(&player);
    tr_world_run(player.world);
    drop(&player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_result_to_who_waits),
        cmocka_unit_test(is_kept_by_another_actor),
        cmocka_unit_test(gives_what_was_there_before_the_wait),
        cmocka_unit_test(gives_the_promises_error),
        cmocka_unit_test(may_be_waited_for_again),
        cmocka_unit_test(continues_without_it_at_the_deadline),
        cmocka_unit_test(gives_a_result_that_was_there_before_the_cancel),
        cmocka_unit_test(gives_a_result_that_was_there_before_the_deadline),
        cmocka_unit_test(is_discarded_when_the_actor_has_ended),
        cmocka_unit_test(is_discarded_when_the_node_has_gone),
        cmocka_unit_test(is_discarded_when_it_has_been_destroyed),
        cmocka_unit_test(is_whole_or_not_at_all_when_memory_is_out),
        cmocka_unit_test(shows_in_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
