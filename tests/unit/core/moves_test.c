/* SPDX-License-Identifier: MIT */
/* What moving promises, one thing at a time. */
#include "core/moves.h"

#include <stdio.h>
#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/actors.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static tr_actor *find(tr_world *world, troupe_ref ref, uint32_t worker)
{
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    return tr_actor_at(tr_world_worker(world, worker), address);
}

static troupe_error sit(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) argument;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        /* Till it is told to stop. */
    }
    return TROUPE_ERROR_STOPPING;
}

/* Promise: MOVE-RUNS */
static void runs_on_the_new_worker_once_it_has_come(void **state)
{
    tr_world *world = *state;
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = sit));

    assert_true(tr_world_move(world, ref, 2));

    assert_null(find(world, ref, 0));
    tr_world_run(world);
    assert_non_null(find(world, ref, 2));
    assert_int_equal(atomic_load(&slot_of(world, ref)->way), 2);
    assert_true(tr_world_move(world, ref, 1)); /* and may move again */
}

static void moves_one_batch_of_a_worker_at_a_time(void **state)
{
    tr_world *world = *state;
    const troupe_ref first = a_root(world, TROUPE_SPAWN(.body = sit));
    const troupe_ref second = a_root(world, TROUPE_SPAWN(.body = sit));
    tr_actor *actor = find(world, second, 0);

    assert_true(tr_world_move(world, first, 1));

    assert_fails(tr_moves_give(tr_world_worker(world, 0), &actor, 1, 1), LIMIT_REACHED);
    assert_ptr_equal(find(world, second, 0), actor);
    tr_world_run(world);
    assert_true(tr_world_move(world, second, 1));
}

/* Promise: MOVE-PINNED */
static void leaves_those_where_they_are_that_are_pinned(void **state)
{
    tr_world *world = *state;
    const troupe_ref pinned = a_root(world, TROUPE_SPAWN(.body = sit, .pinned = 1));
    const troupe_ref placed =
        a_root(world, TROUPE_SPAWN(.body = sit, .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    const troupe_ref keyed =
        a_root(world, TROUPE_SPAWN(.body = sit, .place = TROUPE_PLACE_BY_KEY, .place_key = 7));
    const troupe_ref own =
        a_root(world, TROUPE_SPAWN(.body = sit, .place = TROUPE_PLACE_OWN_THREAD));

    for (uint32_t to = 0; to < 3; to++) {
        assert_false(tr_world_move(world, pinned, to));
        assert_false(tr_world_move(world, placed, to));
        assert_false(tr_world_move(world, keyed, to));
        assert_false(tr_world_move(world, own, to));
    }
}

static void is_refused_in_an_option_that_is_no_truth_value(void **state)
{
    tr_world *world = *state;
    troupe_ref ref;
    assert_fails(tr_world_spawn(world, TROUPE_SPAWN(.body = sit, .pinned = 2), &ref), BAD_ARGUMENT);
}

static troupe_error doze(troupe_self *self, void *argument)
{
    const uint64_t start_ns = troupe_self_now_ns(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
    probe_say(argument, "%s after %d ms on %u", troupe_error_name(error),
              (int) ((troupe_self_now_ns(self) - start_ns) / MS), troupe_self_worker(self));
    return error;
}

/* Promise: MOVE-KEEPS */
static void wakes_when_its_sleep_is_over_wherever_it_is(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = doze, .argument = seen));

    assert_true(tr_world_move(world, ref, 2));
    tr_world_advance(world, 20 * MS);

    assert_said(seen, "OK after 5 ms on 2");
    drop_probe(&seen);
}

static void frees_what_is_under_way_when_the_world_ends(void **state)
{
    (void) state;
    tr_world *world = a_world(5, 3);
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = sit));
    assert_true(tr_world_move(world, ref, 1));
    tr_world_destroy(&world); /* leaks are found by the sanitizer */
}

static void changes_nothing_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_world *world = a_world_of(&(const tr_world_options) {.workers = 2, .allocator = &allocator});
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = sit));

    tr_failing_allocator_fail_after(&memory, 0);
    assert_false(tr_world_move(world, ref, 1));
    tr_failing_allocator_fail_never(&memory);

    assert_non_null(find(world, ref, 0));
    assert_true(tr_world_move(world, ref, 1));
    drop_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(runs_on_the_new_worker_once_it_has_come),
        WITH_WORLD_OF_THREE(moves_one_batch_of_a_worker_at_a_time),
        WITH_WORLD_OF_THREE(leaves_those_where_they_are_that_are_pinned),
        WITH_WORLD_OF_THREE(is_refused_in_an_option_that_is_no_truth_value),
        WITH_WORLD_OF_THREE(wakes_when_its_sleep_is_over_wherever_it_is),
        cmocka_unit_test(frees_what_is_under_way_when_the_world_ends),
        cmocka_unit_test(changes_nothing_when_memory_is_out),
    };
    return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
