/* SPDX-License-Identifier: MIT */
/* Crowds that give work away, wait too briefly, are cancelled, stopped and moved at random moments:
 * each piece of work ends in exactly one way, and nothing is left. */
#include <string.h>
#include <troupe/troupe.h>

#include "base/random.h"
#include "core/actor.h"
#include "core/offload.h"
#include "support/cast.h"
#include "support/works.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define PLAYERS 24
#define PIECES 6

struct player {
    struct piece pieces[PIECES];
    bool has_begun[PIECES]; /* the call */
    uint64_t seed;
    unsigned open;
    troupe_ref ref;
};

static troupe_timeout some_timeout(tr_random *random)
{
    return tr_random_chance(random, 1, 3) ? TROUPE_FOREVER
                                          : TROUPE_WITHIN_US(tr_random_below(random, 4000));
}

static troupe_error play_random(troupe_self *self, void *argument)
{
    struct player *player = argument;
    tr_random random;
    tr_random_seed(&random, player->seed);
    for (unsigned i = 0; i < PIECES; i++) {
        player->has_begun[i] = true;
        const troupe_error error = offload_piece(self, &player->pieces[i], some_timeout(&random));
        if (error == TROUPE_ERROR_CANCELLED) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error start_random(troupe_self *self, void *state, void *argument)
{
    struct player *player = argument;
    tr_random random;
    (void) state;
    tr_random_seed(&random, player->seed);
    for (unsigned i = 0; i < PIECES; i++) {
        player->has_begun[i] = true;
        /* What is refused is discarded like the rest. */
        (void) troupe_offload_then(self, PIECE_JOB(&player->pieces[i]), some_timeout(&random),
                                   piece_is_over, &player->pieces[i]);
    }
    return TROUPE_OK;
}

static const troupe_behavior random_behavior =
    TROUPE_BEHAVIOR(.name = "random", .start = start_random);

static void signal_some(tr_world *world, const struct player *players, tr_random *random)
{
    const struct player *player = &players[tr_random_below(random, PLAYERS)];
    const tr_address address = {.slot = player->ref.slot, .generation = player->ref.generation};
    if (address.generation != 0) {
        /* It may have ended. */
        (void) tr_actor_signal(tr_world_worker(world, 0), address,
                               tr_random_chance(random, 1, 2) ? TR_SIGNAL_CANCEL : TR_SIGNAL_STOP);
    }
}

static void check(const struct player *player)
{
    for (unsigned i = 0; i < PIECES; i++) {
        const struct piece *piece = &player->pieces[i];
        assert_int_equal(piece->taken + piece->discarded, player->has_begun[i] ? 1 : 0);
        assert_int_equal(piece->begun + piece->undone, player->has_begun[i] ? 1 : 0);
    }
}

static uint64_t run(uint64_t seed)
{
    static struct player players[PLAYERS];
    tr_random random;
    memset(players, 0, sizeof players);
    tr_random_seed(&random, seed);
    tr_world *world = a_shaken_world_of(
        &(const tr_world_options) {.seed = seed,
                                   .workers = 3,
                                   .delay_ns_max = MS,
                                   .job_ns_max = 2 * MS,
                                   .moves_percent = (uint32_t) tr_random_below(&random, 20),
                                   .refuse_chance_percent = 10,
                                   .offload_threads_max = 1 + (uint32_t) seed % 4,
                                   .offload_queue_max = 8});
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i].seed = tr_random_next(&random);
        const troupe_spawn_options options = {.size = sizeof options,
                                              .body = i % 2 == 0 ? play_random : NULL,
                                              .behavior = i % 2 == 0 ? NULL : &random_behavior,
                                              .argument = &players[i],
                                              .place = TROUPE_PLACE_ANY};
        if (tr_world_spawn(world, &options, &players[i].ref) != TROUPE_OK) {
            players[i].ref = troupe_ref_none();
        }
        tr_world_advance(world, tr_random_below(&random, MS));
        if (tr_random_chance(&random, 1, 3)) {
            signal_some(world, players, &random);
        }
    }
    if (seed % 2 == 0) {
        tr_world_run(world);
    }
    drop_world(&world);
    uint64_t sum = 0;
    for (unsigned i = 0; i < PLAYERS; i++) {
        check(&players[i]);
        for (unsigned j = 0; j < PIECES; j++) {
            sum = sum * 3 + players[i].pieces[j].taken + 2 * players[i].pieces[j].undone;
        }
    }
    return sum;
}

static void run_once(uint64_t seed, void *context)
{
    (void) context;
    (void) run(seed);
}

/* Promise: OFFLOAD-DISCARD, OFFLOAD-MOVES */
static void ends_each_piece_of_work_in_exactly_one_way(void **state)
{
    (void) state;
    for_each_seed(300, run_once, NULL);
}

/* Promise: OFFLOAD-SEEDED */
static void goes_the_same_way_with_the_same_seed(void **state)
{
    (void) state;
    assert_true(run(11) == run(11));
    assert_true(run(12) == run(12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_each_piece_of_work_in_exactly_one_way),
        cmocka_unit_test(goes_the_same_way_with_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
