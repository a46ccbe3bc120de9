/* SPDX-License-Identifier: MIT */
/* Work on real threads: beside actors that go on, from wherever an actor is, and in crowds that
 * give up at random. */
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"
#include "support/works.h"

#define PLAYERS 32
#define PIECES 50

struct player {
    struct piece pieces[PIECES];
    bool has_begun[PIECES]; /* the call */
    troupe_timeout timeout;
    troupe_ref ref;
};

static troupe_error play_offloader(troupe_self *self, void *argument)
{
    struct player *player = argument;
    return offload_piece(self, &player->pieces[0], player->timeout);
}

/* Promise: OFFLOAD-RESULT */
static void leaves_the_worker_to_others(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    static struct player player;
    struct latch *latch = a_latch();
    struct probe *seen = a_probe();
    player = (struct player) {.pieces = {{.seen = seen, .latch = latch}}};
    a_root_of(node, TROUPE_SPAWN(.body = play_offloader, .argument = &player));
    const troupe_ref doubler = a_root_of(node, TROUPE_SPAWN(.body = play_doubler));
    assert_true(probe_wait(seen, 1));

    troupe_self *self = NULL;
    uint64_t answer = 0;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(ask_figure(self, doubler, 21, TROUPE_WITHIN_S(20), &answer));
    assert_int_equal(answer, 42);
    latch_open(latch);
    assert_true(probe_wait(seen, 2));
    assert_said(seen, "works", "offload OK");
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    drop_probe(&seen);
    drop_latch(&latch);
}

/* Promise: OFFLOAD-RESULT */
static void serves_own_threads_and_threads_from_outside_too(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    static struct player player;
    struct probe *seen = a_probe();
    player = (struct player) {.pieces = {{.seen = seen}}};
    a_root_of(node, TROUPE_SPAWN(.body = play_offloader, .argument = &player,
                                 .place = TROUPE_PLACE_OWN_THREAD));
    assert_true(probe_wait(seen, 2));
    assert_said(seen, "works", "offload OK");
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(offload_piece(self, &player.pieces[1], TROUPE_WITHIN_S(20)));
    assert_int_equal(player.pieces[1].taken, 1);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    drop_probe(&seen);
}

static troupe_timeout some_timeout(troupe_self *self)
{
    const uint64_t random = troupe_self_random(self);
    return random % 3 == 0 ? TROUPE_FOREVER : TROUPE_WITHIN_US(random % 200);
}

static troupe_error play_random(troupe_self *self, void *argument)
{
    struct player *player = argument;
    for (unsigned i = 0; i < PIECES; i++) {
        player->has_begun[i] = true;
        if (offload_piece(self, &player->pieces[i], some_timeout(self)) == TROUPE_ERROR_CANCELLED) {
            break;
        }
    }
    return TROUPE_OK;
}

static troupe_error start_random(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    (void) state;
    for (unsigned i = 0; i < PIECES; i++) {
        player->has_begun[i] = true;
        /* What is refused is discarded like the rest. */
        (void) troupe_offload_then(self, PIECE_JOB(&player->pieces[i]), some_timeout(self),
                                   piece_is_over, &player->pieces[i]);
    }
    return TROUPE_OK;
}

static const troupe_behavior random_behavior =
    TROUPE_BEHAVIOR(.name = "random", .start = start_random);

/* Promise: OFFLOAD-DISCARD */
static void ends_each_piece_of_work_in_exactly_one_way(void **state)
{
    (void) state;
    static struct player players[PLAYERS];
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.workers = 3, .offload_threads_max = 3, .offload_queue_max = 64));
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, NULL, &self));
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i] = (struct player) {.timeout = TROUPE_FOREVER};
        const troupe_spawn_options options = {.size = sizeof options,
                                              .body = i % 2 == 0 ? play_random : NULL,
                                              .behavior = i % 2 == 0 ? NULL : &random_behavior,
                                              .argument = &players[i],
                                              .place = TROUPE_PLACE_ANY};
        assert_ok(troupe_spawn_nowait(self, &options, &players[i].ref));
    }
    for (unsigned i = 0; i < PLAYERS; i += 3) {
        const troupe_error error = troupe_cancel(self, players[i].ref);
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_STALE);
    }
    struct piece mine = {.seen = NULL};
    assert_ok(offload_piece(self, &mine, TROUPE_FOREVER)); /* behind the crowd's */
    assert_ok(troupe_detach(&self)); /* and with it those that it has spawned */
    drop_node(&node);
    for (unsigned i = 0; i < PLAYERS; i++) {
        for (unsigned j = 0; j < PIECES; j++) {
            const struct piece *piece = &players[i].pieces[j];
            const unsigned once = players[i].has_begun[j] ? 1 : 0;
            assert_int_equal(piece->taken + piece->discarded, once);
            assert_int_equal(piece->begun + piece->undone, once);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_the_worker_to_others),
        cmocka_unit_test(serves_own_threads_and_threads_from_outside_too),
        cmocka_unit_test(ends_each_piece_of_work_in_exactly_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
