/* SPDX-License-Identifier: MIT */
/* What the record of a batch promises: each end owes its words, and an actor comes whole. */
#include "core/move.h"

#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static void counts_what_each_end_owes(void **state)
{
    const tr_worker *worker = tr_world_worker(*state, 0);
    tr_move *move = tr_move_create(worker, tr_way_of_move(0, 1, 7, 4), 1);
    assert_non_null(move);

    /* The new worker its mark; the two others their mark, and two for having heard. */
    assert_int_equal(move->left, 1 + 3 + 3);
    assert_true(move->rounds[0].has_heard && move->rounds[1].has_heard);
    assert_false(move->rounds[2].has_heard || move->rounds[3].has_relayed);
    assert_int_equal(tr_move_step_of(&move->rounds[3].mark), TR_MOVE_ANNOUNCE);
    assert_int_equal(move->rounds[3].mark.size, 3);

    tr_move_free(worker, move);
}

static void names_a_way_by_its_parts(void **state)
{
    (void) state;
    const uint64_t way = tr_way_of_move(255, 254, 65535, 256);

    assert_true(tr_way_is_moving(way));
    assert_int_equal(tr_way_from(way), 255);
    assert_int_equal(tr_way_to(way), 254);
    assert_int_equal(tr_way_batch(way), 65535);
    assert_int_equal(tr_way_ends(way), 256);
    assert_true(tr_way_has_end(way, 4, 4));
    assert_true(tr_way_has_end(way, 4, 255));
    assert_false(tr_way_has_end(way, 4, 256));
    assert_int_equal(tr_way_ends(way | TR_WAY_NO_PROXY), 256);
    assert_false(tr_way_has_end(way | TR_WAY_NO_PROXY, 4, 4)); /* no thread from outside */
    assert_true(tr_way_has_end(way | TR_WAY_NO_PROXY, 4, 5));
    assert_false(tr_way_is_moving(255));
}

static const troupe_behavior plain = TROUPE_BEHAVIOR(.name = "plain");

static void takes_a_runnable_actor_out_and_puts_it_back(void **state)
{
    tr_world *world = *state;
    tr_worker *worker = tr_world_worker(world, 0);
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.behavior = &plain));
    tr_actor *actor =
        tr_actor_at(worker, (tr_address) {.slot = ref.slot, .generation = ref.generation});
    tr_move *move = tr_move_create(worker, tr_way_of_move(0, 1, 1, 3), 1);
    assert_non_null(move);
    move->actors[0] = actor;
    tr_worker_make_runnable(worker, actor);
    const uint32_t count = worker->run_count;

    tr_move_pack(worker, move);
    assert_int_equal(worker->run_count, count - 1);
    assert_null(actor->worker);
    tr_move_unpack(worker, move);

    assert_int_equal(worker->run_count, count);
    assert_ptr_equal(actor->worker, worker);
    tr_move_free(worker, move);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(counts_what_each_end_owes),
        cmocka_unit_test(names_a_way_by_its_parts),
        WITH_WORLD_OF_THREE(takes_a_runnable_actor_out_and_puts_it_back),
    };
    return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
