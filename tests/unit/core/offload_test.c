/* SPDX-License-Identifier: MIT */
/* What becomes of work that actors give away, and of what it is done on. In virtual time. */
#include "core/offload.h"

#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/works.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* A test's actor, its piece of work and how long it waits. */
struct player {
    struct piece piece;
    troupe_timeout timeout;
    struct probe *seen;
    tr_world *world;
    troupe_ref ref;
};

/* Gives its piece away. */
static troupe_error play_offloader(troupe_self *self, void *argument)
{
    struct player *player = argument;
    (void) offload_piece(self, &player->piece, player->timeout);
    return TROUPE_OK;
}

static troupe_error start_offload(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    const troupe_error error = troupe_offload_then(self, PIECE_JOB(&player->piece), player->timeout,
                                                   piece_is_over, &player->piece);
    if (error) {
        probe_say(player->seen, "refused %s", troupe_error_name(error));
    }
    return TROUPE_OK;
}

static const troupe_behavior offloader =
    TROUPE_BEHAVIOR(.name = "offloader", .start = start_offload);

/* A world in which each job takes up to 10 ms, on one thread, with room for one more. */
static void make(struct player *player, uint64_t seed, uint32_t threads, uint32_t queue)
{
    *player = (struct player) {.seen = a_probe()};
    player->piece.seen = player->seen;
    player->world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                          .workers = 2,
                                                          .delay_ns_max = MS,
                                                          .job_ns_max = 10 * MS,
                                                          .offload_threads_max = threads,
                                                          .offload_queue_max = queue});
}

static void drop(struct player *player)
{
    drop_world(&player->world);
    drop_probe(&player->seen);
}

static troupe_offload_counts counts_of(tr_world *world)
{
    troupe_offload_counts counts;
    tr_offload_count(tr_world_worker(world, 0)->system, &counts);
    return counts;
}

/* Promise: OFFLOAD-RESULT */
static void gives_the_result_while_others_go_on(void **state)
{
    (void) state;
    struct player player;
    make(&player, 3, 1, 1);
    struct cast cast = {.seen = player.seen};
    a_root(player.world, TROUPE_SPAWN(.body = play_offloader, .argument = &player));
    const troupe_ref listener =
        a_root(player.world, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    assert_silent(player.seen); /* nobody has waited for the work */
    assert_int_equal(counts_of(player.world).running, 1);
    tr_world_run(player.world);
    assert_said(player.seen, "works", "offload OK");
    assert_int_equal(player.piece.taken, 1);
    assert_int_equal(counts_of(player.world).done, 1);
    (void) listener;
    drop(&player);
    assert_int_equal(player.piece.discarded, 0);
}

/* Promise: OFFLOAD-RESULT */
static void continues_a_behavior_with_the_result(void **state)
{
    (void) state;
    struct player player;
    make(&player, 1, 1, 1);
    a_root(player.world, TROUPE_SPAWN(.behavior = &offloader, .argument = &player));
    tr_world_run(player.world);
    assert_said(player.seen, "works", "then OK");
    assert_int_equal(player.piece.taken, 1);
    drop(&player);
    assert_int_equal(player.piece.discarded, 0);
}

static void spawn_two_forms(struct player *players, bool is_behavior, troupe_ref *out_ref)
{
    const troupe_spawn_options coroutine = {.size = sizeof(troupe_spawn_options),
                                            .body = play_offloader,
                                            .name = "waiter",
                                            .argument = players};
    const troupe_spawn_options behavior = {.size = sizeof(troupe_spawn_options),
                                           .behavior = &offloader,
                                           .name = "waiter",
                                           .argument = players};
    *out_ref = a_root(players->world, is_behavior ? &behavior : &coroutine);
}

static void waits_no_longer(bool is_behavior, const char *told)
{
    struct player player;
    troupe_ref ref;
    make(&player, 2, 1, 1);
    player.timeout = TROUPE_WITHIN_US(1);
    spawn_two_forms(&player, is_behavior, &ref);
    const uint64_t before_ns = tr_world_now_ns(player.world);
    tr_world_advance(player.world, 1000);
    assert_said(player.seen, told);
    assert_int_equal(tr_world_now_ns(player.world) - before_ns, 1000);
    assert_int_equal(counts_of(player.world).abandoned, 1); /* it keeps its place */
    assert_int_equal(counts_of(player.world).running, 1);
    assert_int_equal(player.piece.discarded, 0);
    tr_world_run(player.world);
    assert_said(player.seen, told, "works", "discarded");
    assert_int_equal(counts_of(player.world).abandoned, 0);
    assert_int_equal(counts_of(player.world).given_up, 1);
    drop(&player);
    assert_int_equal(player.piece.taken, 0);
}

/* Promise: OFFLOAD-GIVEN-UP */
static void is_abandoned_at_the_deadline(void **state)
{
    (void) state;
    waits_no_longer(false, "offload TIMED_OUT");
    waits_no_longer(true, "then TIMED_OUT");
}

/* Promise: OFFLOAD-GIVEN-UP */
static void is_never_begun_when_given_up_in_the_queue(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player first;
        make(&first, 4, 1, 8);
        struct player second = {
            .seen = a_probe(), .world = first.world, .timeout = TROUPE_WITHIN_US(1)};
        second.piece.seen = second.seen;
        troupe_ref ref;
        a_root(first.world, TROUPE_SPAWN(.body = play_offloader, .argument = &first));
        spawn_two_forms(&second, is_behavior != 0, &ref);
        assert_int_equal(counts_of(first.world).queued, 1);
        tr_world_run(first.world);
        assert_said(first.seen, "works", "offload OK");
        assert_said(second.seen, "undone",
                    is_behavior != 0 ? "then TIMED_OUT" : "offload TIMED_OUT");
        assert_int_equal(second.piece.begun, 0);
        drop(&first);
        drop_probe(&second.seen);
    }
}

/* Promise: OFFLOAD-GIVEN-UP */
static void lets_go_of_who_is_cancelled_or_stopped(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player player;
        troupe_ref ref;
        make(&player, 5, 1, 1);
        spawn_two_forms(&player, is_behavior != 0, &ref);
        const tr_address address = {.slot = ref.slot, .generation = ref.generation};
        assert_ok(tr_actor_signal(tr_world_worker(player.world, 0), address, TR_SIGNAL_CANCEL));
        tr_world_advance(player.world, 0);
        assert_int_equal(tr_world_roots_ended(player.world), 1);
        assert_int_equal(counts_of(player.world).abandoned, 1);
        tr_world_run(player.world);
        if (is_behavior != 0) {
            assert_said(player.seen, "works", "discarded");
        } else {
            assert_said(player.seen, "offload CANCELLED", "works", "discarded");
        }
        drop(&player);
    }
}

static bool has_begun(void *context)
{
    const struct player *player = context;
    return player->piece.begun > 0;
}

/* Runs until the work is done, and keeps the message that says so from arriving. */
static troupe_message *hold_back(struct player *player)
{
    assert_true(tr_world_until(player->world, has_begun, player, TR_NEVER));
    troupe_message *message = tr_queue_pop(&tr_world_worker(player->world, 0)->inner);
    assert_non_null(message);
    assert_int_equal(tr_message_kind(message), TR_KIND_JOB);
    assert_null(tr_world_worker(player->world, 0)->inner.head);
    return message;
}

/* It arrives after all, and means nothing any more. */
static void let_through(struct player *player, troupe_message *message, const char *told)
{
    assert_said(player->seen, "works", told);
    tr_worker_route(tr_world_worker(player->world, 0), message);
    tr_world_run(player->world);
    assert_said(player->seen, "works", told);
    assert_int_equal(player->piece.taken, 1);
    drop(player);
    assert_int_equal(player->piece.discarded, 0);
}

/* Promise: OFFLOAD-CANCEL-SAFE */
static void gives_a_result_that_was_there_before_the_cancel(void **state)
{
    (void) state;
    struct player player;
    troupe_ref ref;
    make(&player, 8, 1, 1);
    spawn_two_forms(&player, false, &ref);
    troupe_message *message = hold_back(&player);
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(player.world, 0), address, TR_SIGNAL_CANCEL));
    tr_world_advance(player.world, 1000);
    let_through(&player, message, "offload OK");
}

/* Promise: OFFLOAD-CANCEL-SAFE */
static void gives_a_result_that_was_there_before_the_deadline(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        struct player player;
        troupe_ref ref;
        make(&player, 9, 1, 1);
        player.timeout = TROUPE_WITHIN_MS(20);
        spawn_two_forms(&player, is_behavior != 0, &ref);
        troupe_message *message = hold_back(&player);
        tr_world_advance(player.world, 20 * MS);
        let_through(&player, message, is_behavior != 0 ? "then OK" : "offload OK");
    }
}

static troupe_error play_spoiled(troupe_self *self, void *argument)
{
    struct player *player = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error == TROUPE_OK) {
        (void) offload_piece(self, &player->piece, TROUPE_FOREVER);
    }
    return TROUPE_OK;
}

static troupe_error asks_briefly(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    const troupe_error error = ask_figure(self, player->ref, 1, TROUPE_WITHIN_US(1), NULL);
    probe_say(player->seen, "ask %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: OFFLOAD-INHERITED */
static void waits_no_longer_than_the_message_being_handled_may_take(void **state)
{
    (void) state;
    struct player player;
    make(&player, 6, 1, 1);
    player.ref = a_root(player.world, TROUPE_SPAWN(.body = play_spoiled, .argument = &player));
    a_root(player.world, TROUPE_SPAWN(.body = asks_briefly, .argument = &player));
    tr_world_advance(player.world, 1000);
    assert_int_equal(probe_count_of(player.seen, "offload TIMED_OUT"), 1);
    drop(&player);
    assert_int_equal(player.piece.discarded, 1);
}

/* Promise: OFFLOAD-QUEUE */
static void refuses_a_behavior_when_the_queue_is_full_but_not_a_coroutine(void **state)
{
    (void) state;
    struct player players[4] = {{.seen = NULL}};
    make(&players[0], 7, 1, 1);
    for (unsigned i = 1; i < 4; i++) {
        players[i] = (struct player) {.seen = a_probe(), .world = players[0].world};
        players[i].piece.seen = players[i].seen;
    }
    for (unsigned i = 0; i < 2; i++) {
        a_root(players[0].world, TROUPE_SPAWN(.behavior = &offloader, .argument = &players[i]));
    }
    a_root(players[0].world, TROUPE_SPAWN(.behavior = &offloader, .argument = &players[2]));
    assert_said(players[2].seen, "undone", "refused LIMIT_REACHED");
    a_root(players[0].world, TROUPE_SPAWN(.body = play_offloader, .argument = &players[3]));
    assert_int_equal(counts_of(players[0].world).refused, 1);
    assert_int_equal(counts_of(players[0].world).queued, 2);
    tr_world_run(players[0].world);
    assert_said(players[3].seen, "works", "offload OK");
    assert_int_equal(players[0].piece.taken + players[1].piece.taken, 2);
    for (unsigned i = 1; i < 4; i++) {
        drop_probe(&players[i].seen);
    }
    drop(&players[0]);
}

static troupe_error start_two(troupe_self *self, void *state, void *argument)
{
    (void) start_offload(self, state, argument);
    return start_offload(self, state, argument);
}

static const troupe_behavior greedy = TROUPE_BEHAVIOR(.name = "greedy", .start = start_two);

/* Promise: OFFLOAD-QUEUE */
static void counts_as_an_ask_of_a_behavior(void **state)
{
    (void) state;
    struct player player;
    make(&player, 1, 4, 4);
    a_root(player.world, TROUPE_SPAWN(.behavior = &greedy, .argument = &player, .asks_max = 1));
    tr_world_run(player.world);
    assert_said(player.seen, "undone", "refused LIMIT_REACHED", "works", "then OK");
    drop(&player);
}

static troupe_error misuses(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    (void) offload_piece(self, &player->piece, TROUPE_FOREVER);
    return TROUPE_OK;
}

static const troupe_behavior misuser = TROUPE_BEHAVIOR(.name = "misuser", .start = misuses);

/* Promise: OFFLOAD-DISCARD */
static void discards_what_it_never_took(void **state)
{
    (void) state;
    struct player player;
    make(&player, 1, 1, 1);
    a_root(player.world, TROUPE_SPAWN(.behavior = &misuser, .argument = &player));
    assert_said(player.seen, "undone", "offload CANNOT_WAIT");
    probe_clear(player.seen);
    player.timeout = TROUPE_NOW;
    a_root(player.world, TROUPE_SPAWN(.body = play_offloader, .argument = &player));
    assert_said(player.seen, "undone", "offload TIMED_OUT");
    probe_clear(player.seen);
    a_root(player.world, TROUPE_SPAWN(.behavior = &offloader, .argument = &player));
    assert_said(player.seen, "undone", "refused TIMED_OUT");
    drop(&player);
    assert_int_equal(player.piece.begun, 0);
}

/* Promise: OFFLOAD-DISCARD */
static void discards_what_is_left_at_the_end_of_a_node(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
            struct player player;
            troupe_ref ref;
            make(&player, seed, 1, 1);
            spawn_two_forms(&player, is_behavior != 0, &ref);
            while (seed % 2 == 0 && player.piece.begun == 0) {
                tr_world_advance(player.world, 1000); /* it may be on its way then */
            }
            const unsigned taken = player.piece.taken;
            tr_world_destroy(&player.world);
            assert_int_equal(player.piece.discarded, taken == 1 ? 0 : 1);
            drop_probe(&player.seen);
        }
    }
}

/* Promise: OFFLOAD-DISCARD */
static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    (void) state;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        bool is_done = false;
        for (int64_t allowed = 0; !is_done; allowed++) {
            tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
            const troupe_allocator port = tr_failing_allocator_port(&memory);
            struct player player = {.seen = a_probe()};
            player.piece.seen = player.seen;
            player.world = a_world_of(&(const tr_world_options) {.seed = 1, .allocator = &port});
            troupe_ref ref = troupe_ref_none();
            const troupe_spawn_options coroutine = {
                .size = sizeof(troupe_spawn_options), .body = play_offloader, .argument = &player};
            const troupe_spawn_options behavior = {
                .size = sizeof(troupe_spawn_options), .behavior = &offloader, .argument = &player};
            tr_failing_allocator_fail_one(&memory, allowed);
            const bool is_spawned =
                tr_world_spawn(player.world, is_behavior != 0 ? &behavior : &coroutine, &ref) ==
                TROUPE_OK;
            is_done = !tr_failing_allocator_has_refused(&memory);
            tr_failing_allocator_fail_never(&memory);
            tr_world_run(player.world);
            const unsigned ends = player.piece.taken + player.piece.discarded;
            assert_int_equal(ends, is_spawned ? 1 : 0);
            assert_true(!is_done || player.piece.taken == 1);
            drop(&player);
            assert_int_equal(tr_failing_allocator_live(&memory), 0);
        }
    }
}

static void shows_in_a_snapshot(void **state)
{
    (void) state;
    struct player player;
    troupe_ref ref;
    troupe_snapshot *snapshot = NULL;
    make(&player, 1, 1, 1);
    spawn_two_forms(&player, false, &ref);
    assert_ok(tr_world_snapshot(player.world, &snapshot));
    assert_int_equal(snapshot->offloads.running, 1);
    assert_int_equal(snapshot->offloads.threads, 1);
    assert_int_equal(snapshot->actor_count, 1);
    assert_int_equal(snapshot->actors[0].wait, TROUPE_WAIT_OFFLOAD);
    troupe_snapshot_destroy(&snapshot);
    drop(&player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_result_while_others_go_on),
        cmocka_unit_test(continues_a_behavior_with_the_result),
        cmocka_unit_test(is_abandoned_at_the_deadline),
        cmocka_unit_test(is_never_begun_when_given_up_in_the_queue),
        cmocka_unit_test(lets_go_of_who_is_cancelled_or_stopped),
        cmocka_unit_test(gives_a_result_that_was_there_before_the_cancel),
        cmocka_unit_test(gives_a_result_that_was_there_before_the_deadline),
        cmocka_unit_test(waits_no_longer_than_the_message_being_handled_may_take),
        cmocka_unit_test(refuses_a_behavior_when_the_queue_is_full_but_not_a_coroutine),
        cmocka_unit_test(counts_as_an_ask_of_a_behavior),
        cmocka_unit_test(discards_what_it_never_took),
        cmocka_unit_test(discards_what_is_left_at_the_end_of_a_node),
        cmocka_unit_test(is_whole_or_not_at_all_when_memory_is_out),
        cmocka_unit_test(shows_in_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
